"""The outbox: replies on their way to the platform, in order, each sent once.

queued → sending (committed) → sent | refused | queued again | unknown. A row that stays
`sending` was left by a process that died; with `unknown` rows it is looked up at the platform.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import func, or_, select, update
from sqlalchemy.orm import Session

from bot.database import utcnow
from bot.errors import LostRace
from bot.models.conversations import Message
from bot.services.inbox import ARRIVES_WITHIN, SENDING_DOUBT

OPEN_REPLIES = ("queued", "sending", "unknown")


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
