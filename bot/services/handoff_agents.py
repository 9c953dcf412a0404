"""What staff do with a handoff: claim, take, release, transfer, close, remark, reply."""

from __future__ import annotations

from typing import Any

from sqlalchemy import and_, or_, select, update
from sqlalchemy.orm import Session

from bot.database import utcnow
from bot.errors import StaffError
from bot.models.desks import Desk
from bot.models.handoffs import Handoff, HandoffNote
from bot.models.staff import Staff
from bot.services import audit, desks, handoff_packet, handoff_words, reply_drafts
from bot.services.handoff_changes import lock, lock_of, lost, move, take_over, tell
from bot.services.handoff_lists import CLAIMED, CLOSING, WAITING, get, open_for
from bot.services.handoff_returns import to_queue
from bot.services.rows import insert_once

OUTCOMES = ("answered", "referred", "called_back", "no_answer", "other")
NOTE_LIMIT = 4_000  # characters
_NOBODYS: dict[str, Any] = {"claimed_by": None, "claimed_at": None}


def claim(session: Session, handoff_id: int, staff_id: int) -> int | None:
    """Take a handoff that waits; its conversation's id, or None when there is no such handoff.

    Raises LostRace, with the name of who was first, when it does not wait any more.
    """
    conversation_id = lock_of(session, handoff_id)
    if conversation_id is None:
        return None
    if not move(session, handoff_id, Handoff.state == WAITING, **_claimed(staff_id)):
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
        **_claimed(staff_id),
        "picked_up_at": now,
    }
    new = insert_once(session, Handoff, {**values, "state": CLAIMED})
    found = open_for(session, conversation_id)
    assert found is not None
    if not new:
        free = Handoff.state.in_((WAITING, CLOSING))
        again = {"outcome": "", "closing_at": None, "due_at": None, "closed_by": None}
        if not move(session, found.id, free, **_claimed(staff_id), **again):
            if found.claimed_by == staff_id:
                return found.id
            raise lost(session, found.id)
    _began(session, found.id, conversation_id, staff_id, "handoff_taken")
    return found.id


def release(session: Session, handoff_id: int, staff_id: int, *, force: bool = False) -> int | None:
    """Put a claimed handoff back into the queue; the conversation's id, None if there is none.

    `force`: a supervisor may do that with anybody's. Raises LostRace when it is not theirs.
    """
    conversation_id = lock_of(session, handoff_id)
    if conversation_id is None:
        return None
    if not to_queue(session, handoff_id, conversation_id, *_theirs(staff_id, force)):
        raise lost(session, handoff_id)
    audit.record(session, staff_id, "handoff_released", "handoff", handoff_id)
    return conversation_id


def transfer(
    session: Session,
    handoff_id: int,
    staff_id: int,
    *,
    desk_id: int | None = None,
    to_staff_id: int | None = None,
    force: bool = False,
) -> int | None:
    """Hand a handoff to a colleague or to another desk; the conversation's id, None if none.

    One that waits may be handed on by anybody. Raises LostRace when it is somebody else's, and
    StaffError when the colleague or the desk is not there.
    """
    conversation_id = lock_of(session, handoff_id)
    if conversation_id is None:
        return None
    name = _active_name(session, Staff, to_staff_id) if to_staff_id is not None else ""
    desk = _active_name(session, Desk, desk_id) if desk_id is not None else ""
    if not name and not desk:
        raise StaffError("a colleague or a desk is needed")
    allowed = or_(Handoff.state == WAITING, and_(*_theirs(staff_id, force)))
    values: dict[str, Any] = {} if desk_id is None else {"desk_id": desk_id}
    if to_staff_id is None:
        values |= {"state": WAITING, **_NOBODYS}
    else:
        values |= _claimed(to_staff_id)
    if not move(session, handoff_id, allowed, **values):
        raise lost(session, handoff_id)
    if to_staff_id is not None:
        take_over(session, conversation_id, staff_id)
        _picked_up(session, handoff_id)
        _draft_first(session, handoff_id)
    detail = {"desk_id": desk_id, "to_staff_id": to_staff_id}
    audit.record(session, staff_id, "handoff_transferred", "handoff", handoff_id, detail)
    tell(session, conversation_id, handoff_words.transferred(desk, name))
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
    values = {"state": CLOSING, "closing_at": now, "due_at": now, "closed_by": staff_id}
    if not move(session, handoff_id, *_theirs(staff_id, force), outcome=outcome, **values):
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
    if not move(session, found.id, *_theirs(staff_id, False), **said):
        raise lost(session, found.id)


def _claimed(staff_id: int) -> dict[str, Any]:
    now = utcnow()
    return {
        "state": CLAIMED,
        "claimed_by": staff_id,
        "claimed_at": now,
        "callback": False,
        "unanswered_since": now,  # the citizen waits from now for the first reply
    }


def _theirs(staff_id: int, force: bool) -> tuple[Any, ...]:
    held = Handoff.state == CLAIMED
    return (held,) if force else (held, Handoff.claimed_by == staff_id)


def _began(
    session: Session, handoff_id: int, conversation_id: int, staff_id: int, action: str
) -> None:
    """What follows from a person's coming, whichever way they came."""
    withdrawn = take_over(session, conversation_id, staff_id)
    _picked_up(session, handoff_id)
    _draft_first(session, handoff_id)
    detail = {"conversation_id": conversation_id, "withdrawn": withdrawn}
    audit.record(session, staff_id, action, "handoff", handoff_id, detail)
    tell(session, conversation_id, handoff_words.claimed(_active_name(session, Staff, staff_id)))


def _draft_first(session: Session, handoff_id: int) -> None:
    found = get(session, handoff_id)
    assert found is not None
    reply_drafts.begin_for_new_holder(session, found)


def _picked_up(session: Session, handoff_id: int) -> None:
    session.execute(
        update(Handoff)
        .where(Handoff.id == handoff_id, Handoff.picked_up_at.is_(None))
        .values(picked_up_at=utcnow())
        .execution_options(synchronize_session=False)
    )


def _active_name(session: Session, model: type[Staff] | type[Desk], known_id: int) -> str:
    """The name of a colleague or a desk; raises StaffError when it is not there or not active."""
    name = session.execute(
        select(model.name).where(model.id == known_id, model.active.is_(True))
    ).scalar()
    if name is None:
        raise StaffError(f"there is no {model.__name__} {known_id}, or it is not active")
    return str(name)
