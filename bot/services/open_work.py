"""The work that is open: what one conversation waits for, which are due, and how much there is."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, case, exists, func, or_, select, update
from sqlalchemy.orm import Session, aliased

from bot.database import utcnow
from bot.errors import NEEDS_PERSON, RENEWED_IS_REFUSED, TokenError
from bot.models.conversations import ChannelToken, Conversation, Message
from bot.services.delivery import OPEN_REPLIES, Outbound, outbox
from bot.services.inbox import Inbound, pending

OPEN_STATES = ("pending", *OPEN_REPLIES)
# How the error of a reply reads that a new grant may set free.
_HELD_BY_GRANT = (
    f"{TokenError.MARK}%",
    f"zalo %: {RENEWED_IS_REFUSED}",
    f"zalo %: {NEEDS_PERSON}",
)
ORPHAN_AGE = dt.timedelta(seconds=10)  # a row this old that nobody works on lost its wake-up


@dataclass(frozen=True)
class OpenWork:
    """Everything that is open in one conversation, read in one transaction."""

    conversation_id: int
    channel: str
    user_id: str
    version: int
    last_interaction_at: dt.datetime | None
    inbound: tuple[Inbound, ...]
    outbound: tuple[Outbound, ...]


def of(session: Session, conversation_id: int) -> OpenWork | None:
    """What is to be answered and sent in a conversation; None if there is no such one."""
    head = session.execute(
        select(
            Conversation.channel,
            Conversation.channel_user_id,
            Conversation.version,
            Conversation.last_interaction_at,
        ).where(Conversation.id == conversation_id)
    ).first()
    if head is None:
        return None
    inbound = tuple(pending(session, conversation_id))
    return OpenWork(
        conversation_id=conversation_id,
        channel=head.channel,
        user_id=head.channel_user_id,
        version=head.version,
        last_interaction_at=head.last_interaction_at,
        inbound=inbound,
        outbound=tuple(outbox(session, conversation_id)),
    )


def due_conversations(session: Session, *, after: int = 0, limit: int = 500) -> list[int]:
    """Conversations with work that is due and that no wake-up seems to be coming for.

    At most `limit`, in the order of their ids from the one behind `after` on, and round again: who
    gives the last id of one look to the next one misses nobody, however many there are.
    """
    now = utcnow()
    waiting = aliased(Message)
    due = or_(
        and_(Message.state.in_(OPEN_STATES), Message.not_before <= now),
        and_(
            Message.state.in_(("pending", "queued")),
            Message.not_before.is_(None),
            Message.created_at < now - ORPHAN_AGE,
        ),
    )
    # Nothing goes before its turn: what stands behind a row that must wait waits with it.
    held = exists().where(
        waiting.conversation_id == Message.conversation_id,
        waiting.direction == Message.direction,
        waiting.state.in_(OPEN_STATES),
        waiting.not_before > now,
        waiting.kind != "template",  # which holds up nothing
        _stands_before(waiting),
    )
    # The order is made outside, or SQLite takes the index that has it and reads all that is closed.
    found = select(Message.conversation_id).where(due, ~held).distinct().subquery()
    ids = found.c.conversation_id
    rows = session.execute(select(ids).order_by(case((ids > after, 0), else_=1), ids).limit(limit))
    return [row[0] for row in rows]


def wake_token_waiters(session: Session, channel: str) -> int:
    """Let the replies that a missing or refused token held up be due now; returns how many.

    They start anew: the tries that the lost grant cost say nothing against them.
    """
    woken = session.execute(
        update(Message)
        .where(*_waits_for_token(channel))
        .values(not_before=utcnow(), attempts=0, error="")
        .execution_options(synchronize_session=False)
    )
    return int(woken.rowcount)


def waiting_for_token(session: Session, channel: str) -> int:
    """How many replies wait for a token, with those that wait behind them in their conversation."""
    held = select(Message.conversation_id).where(*_waits_for_token(channel))
    counted = select(func.count()).where(
        Message.state == "queued", Message.conversation_id.in_(held)
    )
    return int(session.execute(counted).scalar_one())


def gauges(session: Session) -> dict[str, float]:
    """What the metrics page says of the inbox, the outbox and the token."""
    rows = session.execute(
        select(Message.state, func.count(), func.min(Message.created_at))
        .where(Message.state.in_(OPEN_STATES))
        .group_by(Message.state)
    ).all()
    counts = {state: count for state, count, _ in rows}
    oldest = next((first for state, _, first in rows if state == "pending"), None)
    lost = session.execute(
        select(func.count()).select_from(ChannelToken).where(ChannelToken.lost_at.is_not(None))
    ).scalar_one()
    return {
        **{f"messages_{state}": float(counts.get(state, 0)) for state in OPEN_STATES},
        "oldest_pending_seconds": (utcnow() - oldest).total_seconds() if oldest else 0.0,
        "channel_grants_lost": float(lost),
    }


def _stands_before(other: Any) -> Any:
    """Whether the other row's turn is before a message's: replies by id, a citizen's as written."""
    earlier = other.id < Message.id
    written = and_(other.occurred_at == Message.occurred_at, earlier)
    return case(
        (Message.direction == "out", earlier),
        else_=or_(other.occurred_at < Message.occurred_at, written),
    )


def _waits_for_token(channel: str) -> tuple[Any, ...]:
    return (
        Message.state == "queued",
        Message.direction == "out",
        Message.channel == channel,
        or_(*(Message.error.like(pattern) for pattern in _HELD_BY_GRANT)),
    )
