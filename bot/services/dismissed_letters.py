"""Dead letters that a person took off the list: who, when and why; and putting one back."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session

from bot.models.conversations import DISMISSED, Conversation, Message
from bot.models.staff import Staff
from bot.services import audit
from bot.services.dead_letters import Key
from bot.services.failure_reasons import reason_of
from bot.services.pages import PAGE_SIZE, Page

_DISMISSED = text(DISMISSED)  # word for word what the partial index holds, or it isn't used


@dataclass(frozen=True)
class Dismissed:
    """A failure that somebody settled. The key's stamp is the moment at which they did."""

    key: Key
    conversation_id: int
    display_name: str
    direction: str
    kind: str
    text: str
    error: str
    reason: str  # one of failure_reasons.REASONS
    at: dt.datetime
    dismissed_at: dt.datetime
    dismissed_by: str
    note: str


def count(session: Session) -> int:
    """How many there are."""
    wanted = select(func.count()).select_from(Message).where(_DISMISSED)
    return int(session.execute(wanted).scalar_one())


def page_of(session: Session, number: int) -> Page[Dismissed]:
    """One page of them, the last to be dismissed first."""
    rows = session.execute(page_query().offset((number - 1) * PAGE_SIZE))
    return Page(tuple(_dismissed(row) for row in rows), number, count(session))


def page_query() -> Any:
    """The first page of them."""
    return (
        select(Message, Conversation.display_name, func.coalesce(Staff.name, "").label("by"))
        .join(Conversation, Conversation.id == Message.conversation_id)
        .outerjoin(Staff, Staff.id == Message.settled_by)
        .where(_DISMISSED)
        .order_by(Message.settled_at.desc())
        .limit(PAGE_SIZE)
    )


def restore(session: Session, key: Key, staff_id: int) -> bool:
    """Put one back on the list, as it failed; False when it is not dismissed so any more.

    Nothing is sent by that.
    """
    found = session.execute(
        select(Message.conversation_id).where(_DISMISSED, *_same(key))
    ).scalar_one_or_none()
    changed = session.execute(
        update(Message)
        .where(_DISMISSED, *_same(key))
        .values(settled_at=None, settled_by=None, settled_note="")
        .execution_options(synchronize_session=False)
    )
    if found is None or changed.rowcount != 1:
        return False
    audit.record(session, staff_id, "message_restored", "conversation", found, {"message": key.id})
    return True


def _same(key: Key) -> tuple[Any, ...]:
    return (Message.id == key.id, Message.settled_at == key.time)


def _dismissed(found: Any) -> Dismissed:
    row = found[0]
    return Dismissed(
        key=Key.of(row.id, row.settled_at),
        conversation_id=row.conversation_id,
        display_name=found.display_name,
        direction=row.direction,
        kind=row.kind,
        text=row.text,
        error=row.error,
        reason=reason_of(row.direction, row.state, row.error),
        at=row.created_at,
        dismissed_at=row.settled_at,
        dismissed_by=found.by,
        note=row.settled_note,
    )
