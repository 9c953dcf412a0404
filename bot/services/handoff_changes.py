"""How a handoff changes its state: each change is one conditional UPDATE under the conversation.

Lock order, everywhere: the conversation first, then its handoff, then its messages.
"""

from __future__ import annotations

import logging
from typing import Any

from sqlalchemy import case, select, update
from sqlalchemy.orm import Session

from bot.database import utcnow
from bot.errors import LostRace
from bot.models.conversations import Conversation, Message
from bot.models.handoffs import Handoff
from bot.models.staff import Staff
from bot.services.inbox import NewReply, store_replies

log = logging.getLogger(__name__)

TAKEN_OVER = "taken over"  # the error of a reply of the assistant that a person's coming withdrew


def lock(session: Session, conversation_id: int) -> None:
    """Hold the conversation until the end of the transaction."""
    session.execute(
        select(Conversation.id).where(Conversation.id == conversation_id).with_for_update()
    ).one()


def lock_of(session: Session, handoff_id: int) -> int | None:
    """Hold the conversation of a handoff; its id, or None when there is no such handoff."""
    conversation_id = session.execute(
        select(Handoff.conversation_id).where(Handoff.id == handoff_id)
    ).scalar()
    if conversation_id is None:
        return None
    lock(session, conversation_id)
    return int(conversation_id)


def move(session: Session, handoff_id: int, *conditions: Any, **values: Any) -> bool:
    """Change a handoff where the conditions still hold; whether they did."""
    done = session.execute(
        update(Handoff)
        .where(Handoff.id == handoff_id, *conditions)
        .values(version=Handoff.version + 1, **values)
        .execution_options(synchronize_session=False)
    )
    return bool(done.rowcount == 1)


def lost(session: Session, handoff_id: int) -> LostRace:
    """The error for who came too late: it names who was first, or the state ("closed")."""
    state, name = session.execute(
        select(Handoff.state, Staff.name)
        .outerjoin(Staff, Staff.id == Handoff.claimed_by)
        .where(Handoff.id == handoff_id)
    ).one()
    return LostRace(name or state)


def take_over(session: Session, conversation_id: int, staff_id: int) -> int:
    """Nothing that the assistant has computed up to now may follow; how many replies that was.

    A reply of which a part was begun goes on to its end: half an answer would be worse.
    """
    session.execute(
        update(Conversation)
        .where(Conversation.id == conversation_id)
        .values(version=Conversation.version + 1)
        .execution_options(synchronize_session=False)
    )
    rows = session.execute(
        select(Message.id, Message.reply_to_id)
        .where(
            Message.conversation_id == conversation_id,
            Message.direction == "out",
            Message.state == "queued",
            Message.reply_to_id.is_not(None),
        )
        .order_by(Message.id)
    ).all()
    parts: dict[int, list[int]] = {}
    for message_id, reply_to in rows:
        parts.setdefault(reply_to, []).append(message_id)
    withdrawn = sum(
        _withdraw(session, conversation_id, reply_to, ids, staff_id)
        for reply_to, ids in parts.items()
    )
    if withdrawn:
        log.info("conversation %s: %s replies withdrawn, taken over", conversation_id, withdrawn)
    return withdrawn


def taken_by(staff_id: int) -> dict[str, Any]:
    """The columns that tell whoever holds a handoff that somebody else takes it from them."""
    another = Handoff.claimed_by.is_not(None) & (Handoff.claimed_by != staff_id)
    return {
        "taken_from": case((another, Handoff.claimed_by)),
        "taken_by": case((another, staff_id)),
    }


def tell(session: Session, conversation_id: int, text: str) -> None:
    """Put a sentence of ours into the outbox; whoever commits has it delivered."""
    store_replies(session, conversation_id, [NewReply(text, {"notice": "handoff"})])


def _withdraw(
    session: Session, conversation_id: int, reply_to: int, ids: list[int], staff_id: int
) -> int:
    begun = session.execute(
        select(Message.id)
        .where(
            Message.conversation_id == conversation_id,
            Message.direction == "out",
            Message.reply_to_id == reply_to,
            Message.state.in_(("sending", "sent", "unknown")),
        )
        .limit(1)
    ).first()
    if begun:
        return 0
    # Parts go in order: who closes the first one before it is begun has closed them all.
    if not _refuse(session, ids[:1], staff_id):
        return 0
    return 1 + _refuse(session, ids[1:], staff_id)


def _refuse(session: Session, ids: list[int], staff_id: int) -> int:
    now = utcnow()
    done = session.execute(
        update(Message)
        .where(Message.id.in_(ids), Message.state == "queued")
        .values(
            state="refused",
            error=TAKEN_OVER,
            not_before=None,
            finished_at=now,
            # Meant so: no failure that somebody has to look at.
            settled_at=now,
            settled_by=staff_id,
        )
        .execution_options(synchronize_session=False)
    )
    return int(done.rowcount)
