"""What a visitor of the web chat may read of their own conversation, and from where on."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from bot.database import utcnow
from bot.models.conversations import Conversation, Message

CHANNEL = "web"
PAGE = 100  # rows read at a time, and messages shown to a page that has none yet
# A transaction that took its row's id earlier may commit this much later than one that took a
# higher id; so long a row may still appear before rows that were shown.
SETTLED_AFTER = dt.timedelta(minutes=1)

# From `sending` on a reply is on the visitor's page: it is never taken back, whatever its state.
_SHOWN_REPLY = and_(Message.direction == "out", Message.state.in_(("sending", "sent", "unknown")))
_SHOWN = or_(_SHOWN_REPLY, and_(Message.direction == "in", Message.kind != "withdraw"))
_TO_COME = and_(Message.direction == "out", Message.state == "queued")


@dataclass(frozen=True)
class Visitor:
    """A known visitor; `erased_at` is when their words were last erased."""

    conversation_id: int
    erased_at: dt.datetime | None


@dataclass(frozen=True)
class Line:
    """One message as its visitor reads it. `given_id` is what their page called it."""

    id: int
    direction: str
    kind: str
    text: str
    content: Mapping[str, Any] = field(hash=False)
    given_id: str
    at: dt.datetime


@dataclass(frozen=True)
class Reading:
    """What is visible after a mark; a later reading may start from the new `mark`."""

    lines: tuple[Line, ...]
    mark: int


def find(session: Session, user_id: str) -> Visitor | None:
    """The visitor behind a token's digest; None for a stranger and for one who withdrew."""
    found = session.execute(
        select(Conversation.id, Conversation.erased_at).where(
            Conversation.channel == CHANNEL, Conversation.channel_user_id == user_id
        )
    ).first()
    return None if found is None else Visitor(*found)


def start_of(session: Session, conversation_id: int) -> int:
    """The mark from which a page without any message reads: its newest PAGE messages follow."""
    newest = (
        select(Message.id)
        .where(Message.conversation_id == conversation_id, _SHOWN)
        .order_by(Message.id.desc())
        .limit(PAGE)
        .subquery()
    )
    count, first = session.execute(select(func.count(), func.min(newest.c.id))).one()
    if count < PAGE:
        return 0
    waiting = session.execute(
        select(func.min(Message.id)).where(Message.conversation_id == conversation_id, _TO_COME)
    ).scalar()
    return min(first, waiting or first) - 1


def read(session: Session, conversation_id: int, mark: int) -> Reading:
    """Everything visible after `mark`, in the order of the rows.

    Ids alone are no cursor: a reply that waits to be sent has a lower id than what the visitor
    writes meanwhile, and becomes visible after it. So the mark stays before the first row that
    may still appear, and whoever reads from it again drops what they have.
    """
    lines: list[Line] = []
    settled, new_mark, position = True, mark, mark
    old = utcnow() - SETTLED_AFTER
    while True:
        rows = session.execute(_rows(conversation_id, position)).all()
        for row in rows:
            settled = settled and not row.to_come and row.created_at < old
            new_mark = row.id if settled else new_mark
            if row.shown and (row.text or row.content):  # nothing is left of an erased one
                lines.append(_line(row))
        if len(rows) < PAGE:
            return Reading(tuple(lines), new_mark)
        position = rows[-1].id


def file_of(session: Session, conversation_id: int, message_id: int) -> tuple[str, str] | None:
    """Key and name of the file that a visible reply carries; None when there is none for them."""
    content = session.execute(
        select(Message.content).where(
            Message.id == message_id,
            Message.conversation_id == conversation_id,
            _SHOWN_REPLY,
        )
    ).scalar()
    key, name = (content or {}).get("file") or ("", "")
    return (key, name) if key else None


def _rows(conversation_id: int, position: int) -> Any:
    return (
        select(
            Message.id,
            Message.direction,
            Message.kind,
            Message.text,
            Message.content,
            Message.channel_message_id,
            Message.created_at,
            _SHOWN.label("shown"),
            _TO_COME.label("to_come"),
        )
        .where(Message.conversation_id == conversation_id, Message.id > position)
        .order_by(Message.id)
        .limit(PAGE)
    )


def _line(row: Any) -> Line:
    given = (row.channel_message_id or "").partition(":")[2] if row.direction == "in" else ""
    return Line(row.id, row.direction, row.kind, row.text, row.content, given, row.created_at)
