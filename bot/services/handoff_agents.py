"""What staff do with a handoff: claim, take, release, close, remark, reply."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from bot.database import utcnow
from bot.errors import StaffError
from bot.models.handoffs import Handoff, HandoffNote
from bot.models.staff import Staff
from bot.services import audit, desks, handoff_packet, handoff_words, reply_drafts
from bot.services.handoff_changes import lock, lock_of, lost, move, take_over, taken_by, tell
from bot.services.handoff_lists import CLAIMED, CLOSING, WAITING, get, open_for
from bot.services.handoff_returns import to_queue
from bot.services.rows import insert_once

OUTCOMES = ("answered", "referred", "called_back", "no_answer", "other")
NOTE_LIMIT = 4_000  # characters


def claim(session: Session, handoff_id: int, staff_id: int) -> int | None:
    """Take a handoff that waits; its conversation's id, or None when there is no such handoff.

    Raises LostRace, with the name of who was first, when it does not wait any more.
    """
    conversation_id = lock_of(session, handoff_id)
    if conversation_id is None:
        return None
    if not move(session, handoff_id, Handoff.state == WAITING, **claimed_by(staff_id)):
        raise lost(session, handoff_id)
    _began(session, handoff_id, conversation_id, staff_id, "handoff_claimed")
    return conversation_id


def take(session: Session, conversation_id: int, staff_id: int) -> int:
    """Step into a conversation that nobody handed over; the handoff's id.

    One that waits is claimed; one that is being closed is reopened. Raises LostRace, with their
    name, when somebody else is at it.
    """
    lock(session, conversation_id)
    now = utcnow()
    packet = handoff_packet.gather(session, conversation_id, "taken")
    desk_id = desks.route(
        session, procedure_code=packet["procedure_code"], commune_code=packet["commune_code"]
    )
    values = {
        "conversation_id": conversation_id,
        "desk_id": desk_id,
        "reason": "taken",
        "packet": packet,
        "created_at": now,
        **claimed_by(staff_id),
        "picked_up_at": now,
    }
    new = insert_once(session, Handoff, {**values, "state": CLAIMED})
    found = open_for(session, conversation_id)
    assert found is not None
    if not new:
        free = Handoff.state.in_((WAITING, CLOSING))
        again = {"outcome": "", "closing_at": None, "due_at": None, "closed_by": None}
        if not move(session, found.id, free, **claimed_by(staff_id), **again):
            if found.claimed_by == staff_id:
                return found.id
            raise lost(session, found.id)
    _began(session, found.id, conversation_id, staff_id, "handoff_taken")
    return found.id


def acknowledge(session: Session, handoff_id: int, staff_id: int) -> None:
    """Somebody has read that this was taken from them."""
    session.execute(
        update(Handoff)
        .where(Handoff.id == handoff_id, Handoff.taken_from == staff_id)
        .values(taken_from=None, taken_by=None)
        .execution_options(synchronize_session=False)
    )


def release(session: Session, handoff_id: int, staff_id: int, *, force: bool = False) -> int | None:
    """Put a claimed handoff back into the queue; the conversation's id, None if there is none.

    `force`: a supervisor may do that with anybody's. Raises LostRace when it is not theirs.
    """
    conversation_id = lock_of(session, handoff_id)
    if conversation_id is None:
        return None
    conditions = theirs(staff_id, force)
    if not to_queue(session, handoff_id, conversation_id, *conditions, released_by=staff_id):
        raise lost(session, handoff_id)
    audit.record(session, staff_id, "handoff_released", "handoff", handoff_id)
    return conversation_id


def close(
    session: Session, handoff_id: int, staff_id: int, outcome: str, *, force: bool = False
) -> int | None:
    """The person is done: → closing; the worker gives the conversation back to the assistant.

    `outcome` is one of OUTCOMES (else ValueError). The conversation's id, None if there is no such
    handoff. Raises LostRace when it is not theirs any more.
    """
    if outcome not in OUTCOMES:
        raise ValueError(f"{outcome!r} is none of {', '.join(OUTCOMES)}")
    conversation_id = lock_of(session, handoff_id)
    if conversation_id is None:
        return None
    now = utcnow()
    values: dict[str, Any] = {
        "state": CLOSING,
        "closing_at": now,
        "due_at": now,
        "closed_by": staff_id,
    }
    values |= taken_by(staff_id)
    if not move(session, handoff_id, *theirs(staff_id, force), outcome=outcome, **values):
        raise lost(session, handoff_id)
    audit.record(session, staff_id, "handoff_closed", "handoff", handoff_id, {"outcome": outcome})
    return conversation_id


def note(session: Session, handoff_id: int, staff_id: int, text: str) -> bool:
    """Keep a remark for staff; False when it is empty or there is no such handoff."""
    known = session.execute(select(Handoff.id).where(Handoff.id == handoff_id)).first()
    if known is None or not text.strip():
        return False
    session.add(
        HandoffNote(handoff_id=handoff_id, staff_id=staff_id, text=text.strip()[:NOTE_LIMIT])
    )
    session.flush()
    audit.record(session, staff_id, "handoff_note", "handoff", handoff_id)
    return True


def replying(session: Session, conversation_id: int, staff_id: int) -> None:
    """A member of staff writes to the citizen: what waits becomes theirs.

    Raises LostRace, with their name, when somebody else is at it: two never answer at once.
    """
    lock(session, conversation_id)
    found = open_for(session, conversation_id)
    if found is None or found.state == CLOSING:
        return
    if found.state == WAITING:
        claim(session, found.id, staff_id)
    said = {"last_staff_at": utcnow(), "unanswered_since": None}
    if not move(session, found.id, *theirs(staff_id, False), **said):
        raise lost(session, found.id)


def claimed_by(staff_id: int) -> dict[str, Any]:
    """The columns of a handoff that is with somebody from now on."""
    now = utcnow()
    return {
        "state": CLAIMED,
        "claimed_by": staff_id,
        "claimed_at": now,
        "callback": False,
        "taken_from": None,
        "taken_by": None,
        "unanswered_since": now,  # the citizen waits from now for the first reply
    }


def theirs(staff_id: int, force: bool) -> tuple[Any, ...]:
    """The conditions under which somebody may act on what is held; `force`: on anybody's."""
    held = Handoff.state == CLAIMED
    return (held,) if force else (held, Handoff.claimed_by == staff_id)


def _began(
    session: Session, handoff_id: int, conversation_id: int, staff_id: int, action: str
) -> None:
    """What follows from a person's coming, whichever way they came."""
    withdrawn = take_over(session, conversation_id, staff_id)
    picked_up(session, handoff_id)
    draft_first(session, handoff_id)
    detail = {"conversation_id": conversation_id, "withdrawn": withdrawn}
    audit.record(session, staff_id, action, "handoff", handoff_id, detail)
    tell(session, conversation_id, handoff_words.claimed(active_name(session, staff_id)))


def draft_first(session: Session, handoff_id: int) -> None:
    """Where the desk wants drafts: one for what waits for the person who has just come."""
    found = get(session, handoff_id)
    assert found is not None
    reply_drafts.begin_for_new_holder(session, found)


def picked_up(session: Session, handoff_id: int) -> None:
    """Note the first time that a person came."""
    session.execute(
        update(Handoff)
        .where(Handoff.id == handoff_id, Handoff.picked_up_at.is_(None))
        .values(picked_up_at=utcnow())
        .execution_options(synchronize_session=False)
    )


def active_name(session: Session, staff_id: int) -> str:
    """The name of somebody whose account is in use; raises StaffError for anybody else."""
    name = session.execute(
        select(Staff.name).where(Staff.id == staff_id, Staff.active.is_(True))
    ).scalar()
    if name is None:
        raise StaffError("there is no such colleague, or their account is disabled")
    return str(name)
