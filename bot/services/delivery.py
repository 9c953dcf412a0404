"""The outbox: replies on their way to the platform, in order, each sent once.

queued → sending (committed) → sent | refused | queued again | unknown. A row that stays
`sending` was left by a process that died; with `unknown` rows it is looked up at the platform.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import and_, case, exists, func, or_, select, update
from sqlalchemy.orm import Session, aliased

from bot.database import utcnow
from bot.errors import NEEDS_PERSON, RENEWED_IS_REFUSED, LostRace, TokenError
from bot.models.conversations import ChannelToken, Conversation, Message
from bot.services.inbox import ARRIVES_WITHIN, SENDING_DOUBT, Inbound, pending

OPEN_REPLIES = ("queued", "sending", "unknown")
OPEN_STATES = ("pending", *OPEN_REPLIES)
# How the error of a reply reads that a new grant may set free.
_HELD_BY_GRANT = (
    f"{TokenError.MARK}%",
    f"zalo %: {RENEWED_IS_REFUSED}",
    f"zalo %: {NEEDS_PERSON}",
)
ORPHAN_AGE = dt.timedelta(seconds=10)  # a row this old that nobody works on lost its wake-up


@dataclass(frozen=True)
class Outbound:
    """A reply in the outbox as the sender reads it."""

    id: int
    state: str
    text: str
    content: Mapping[str, Any] = field(hash=False)
    attempts: int
    not_before: dt.datetime | None
    decisive_at: dt.datetime | None
    created_at: dt.datetime


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


def open_work(session: Session, conversation_id: int) -> OpenWork | None:
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


def outbox(session: Session, conversation_id: int) -> list[Outbound]:
    """The replies that are not settled, in the order in which they must go."""
    rows = session.execute(
        select(
            Message.id,
            Message.state,
            Message.text,
            Message.content,
            Message.attempts,
            Message.not_before,
            Message.decisive_at,
            Message.created_at,
        ).where(
            Message.conversation_id == conversation_id,
            # Only so, and without ORDER BY, does SQLite take the index of the states; else it walks
            # through all that was ever said here.
            Message.state.in_(OPEN_REPLIES),
            or_(Message.state != "unknown", Message.not_before.is_not(None)),
        )
    )
    return sorted((Outbound(*row) for row in rows), key=lambda reply: reply.id)


def start(session: Session, reply_id: int) -> None:
    """Claim a queued reply for sending; raises LostRace when it is not queued any more.

    Committed before the call. A kill after it leaves the row `sending`: at `not_before` the sweep
    wakes the conversation, and the platform is asked before anything is sent again.
    """
    now = utcnow()
    _move(
        session,
        reply_id,
        from_states=("queued",),
        state="sending",
        attempts=Message.attempts + 1,
        not_before=now + SENDING_DOUBT,
        decisive_at=now + ARRIVES_WITHIN,
    )


def sent(
    session: Session, reply_id: int, platform_id: str, *, start_next: int | None = None
) -> bool:
    """Note that the platform took a reply, and claim the next one in the same transaction.

    False when the next one was withdrawn meanwhile; that this one was sent is noted all the same.
    A kill between the platform's yes and this commit leaves `sending`; see `start`.
    """
    _move(
        session,
        reply_id,
        from_states=OPEN_REPLIES,  # whatever others thought of it meanwhile: the platform has it
        state="sent",
        channel_message_id=platform_id or None,
        not_before=None,
        error="",
        finished_at=utcnow(),
    )
    if start_next is not None:
        try:
            start(session, start_next)
        except LostRace:
            return False
    return True


def refused(session: Session, reply_id: int, reason: str, *, from_state: str = "sending") -> None:
    """Close a reply that can never be sent; it is kept and shown with its reason."""
    _move(
        session,
        reply_id,
        from_states=(from_state,),
        state="refused",
        error=reason[:300],
        not_before=None,
        finished_at=utcnow(),
    )


def deferred(
    session: Session,
    reply_id: int,
    reason: str,
    seconds: float,
    *,
    tried: bool = True,
    seen: Outbound | None = None,
) -> None:
    """Put a reply that was certainly not sent back into the queue, due in `seconds`.

    With `tried` False the platform was not even asked, and the try does not count. This and
    `doubtful` are about the caller's own send, or about a row as it was `seen`; they raise LostRace
    when somebody has changed it since.
    """
    due = utcnow() + dt.timedelta(seconds=seconds)
    _move(
        session,
        reply_id,
        seen=seen,
        state="queued",
        attempts=Message.attempts - int(not tried),  # counted when it was claimed
        error=reason[:300],
        not_before=due,
    )


def doubtful(
    session: Session,
    reply_id: int,
    reason: str,
    *,
    look_up_in: float | None,
    decisive_now: bool = False,
    seen: Outbound | None = None,
) -> None:
    """Mark a reply of which nobody knows whether it arrived; looked up again if a time is given.

    `decisive_now`: the platform is done with the call, so that its list tells at once.
    """
    now = utcnow()
    due = None if look_up_in is None else now + dt.timedelta(seconds=look_up_in)
    more: dict[str, Any] = {"decisive_at": now} if decisive_now else {}
    _move(
        session,
        reply_id,
        seen=seen,
        state="unknown",
        error=reason[:300],
        not_before=due,
        finished_at=None if due else now,
        **more,
    )


def unclaimed(session: Session, channel: str, platform_ids: Sequence[str]) -> str | None:
    """The first of these ids that no reply of ours holds yet."""
    held = session.execute(
        select(Message.channel_message_id).where(
            Message.channel == channel,
            Message.direction == "out",
            Message.channel_message_id.in_(platform_ids),
        )
    ).scalars()
    taken = set(held)
    return next((i for i in platform_ids if i not in taken), None)


def note_receipt(
    session: Session, channel: str, platform_ids: tuple[str, ...], *, seen: bool, at: dt.datetime
) -> int:
    """Mark our messages delivered (or seen, which implies delivered); returns how many."""
    ours = (
        Message.channel == channel,
        Message.direction == "out",
        Message.channel_message_id.in_(platform_ids),
    )
    delivered = {"delivered_at": func.coalesce(Message.delivered_at, at)}
    values = {**delivered, "seen_at": func.coalesce(Message.seen_at, at)} if seen else delivered
    changed = session.execute(
        update(Message).where(*ours).values(values).execution_options(synchronize_session=False)
    )
    return int(changed.rowcount)


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


def _move(
    session: Session,
    reply_id: int,
    *,
    from_states: Sequence[str] = ("sending",),
    seen: Outbound | None = None,
    **values: Any,
) -> None:
    same = [Message.state.in_(from_states)]
    if seen is not None:
        # Two workers may look one row up when the store has lost the lock: one of them acts on it.
        due = seen.not_before
        when = Message.not_before.is_(None) if due is None else Message.not_before == due
        same = [Message.state == seen.state, when]
    moved = session.execute(
        update(Message)
        .where(Message.id == reply_id, *same)
        .values(values)
        .execution_options(synchronize_session=False)
    )
    if moved.rowcount != 1:
        raise LostRace(f"reply {reply_id} is not open any more")
