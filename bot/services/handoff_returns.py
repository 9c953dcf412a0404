"""Nobody is left with a person who does not answer: their handoff goes back into the queue."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from bot.database import utcnow
from bot.models.desks import StaffPresence
from bot.models.handoffs import Handoff
from bot.models.staff import Staff
from bot.services import audit, handoff_words, opening_hours
from bot.services.handoff_changes import lock, move, taken_by, tell
from bot.services.handoff_lists import CLAIMED, WAITING
from bot.services.handoff_waiting import waiting

AT_ONCE = 100


def return_silent(session: Session, older_than: dt.timedelta) -> list[int]:
    """Put back what a citizen has waited on for so long; the conversations to deliver to."""
    since = utcnow() - older_than
    silent = Handoff.unanswered_since <= since
    found = session.execute(
        select(Handoff.id, Handoff.conversation_id)
        .where(Handoff.state == CLAIMED, silent)
        .order_by(Handoff.id)
        .limit(AT_ONCE)
    ).all()
    return _return(session, found, "silent", silent)


def return_absent(session: Session) -> list[int]:
    """Put back what is held by who was disabled or has signed off; whom to deliver to."""
    found = session.execute(
        select(Handoff.id, Handoff.conversation_id)
        .join(Staff, Staff.id == Handoff.claimed_by)
        .outerjoin(StaffPresence, StaffPresence.staff_id == Handoff.claimed_by)
        .where(
            Handoff.state == CLAIMED,
            or_(
                Staff.active.is_(False),
                # Who took a conversation without ever having signed on is there all the same.
                (StaffPresence.state == "off") & (StaffPresence.changed_at > Handoff.claimed_at),
            ),
        )
        .order_by(Handoff.id)
        .limit(AT_ONCE)
    ).all()
    return _return(session, found, "absent")


def to_queue(
    session: Session,
    handoff_id: int,
    conversation_id: int,
    *conditions: Any,
    released_by: int | None = None,
) -> bool:
    """claimed → waiting, and the citizen is told; False when the conditions hold no more.

    Its place is that of when it was asked for. `released_by`: who let go of it on purpose; else
    nobody answered. The caller holds the conversation.
    """
    values = {"state": WAITING, "claimed_by": None, "claimed_at": None, "told_at": utcnow()}
    if released_by is not None:
        values |= taken_by(released_by)
    if not move(session, handoff_id, Handoff.state == CLAIMED, *conditions, **values):
        return False
    now = waiting(session, handoff_id)
    if now.open:
        said = handoff_words.returned if released_by is None else handoff_words.released
        tell(session, conversation_id, said(now.place))
        return True
    # Nobody is there until then: the assistant goes on answering meanwhile.
    packet = session.execute(select(Handoff.packet).where(Handoff.id == handoff_id)).scalar_one()
    session.execute(
        update(Handoff)
        .where(Handoff.id == handoff_id)
        .values(callback=True, packet={**packet, "message_left": True})
        .execution_options(synchronize_session=False)
    )
    opens = opening_hours.say(now.opens, utcnow())
    text = (
        handoff_words.returned_out_of_hours(opens)
        if released_by is None
        else handoff_words.released_out_of_hours(opens)
    )
    tell(session, conversation_id, text)
    return True


def _return(session: Session, found: Any, why: str, *conditions: Any) -> list[int]:
    returned = []
    for handoff_id, conversation_id in found:
        lock(session, conversation_id)
        if to_queue(session, handoff_id, conversation_id, *conditions):
            detail = {"why": why}
            audit.record(session, None, "handoff_returned", "handoff", handoff_id, detail)
            returned.append(int(conversation_id))
    return returned
