"""Handing a handoff on: to a colleague who is there, to another desk, or to who takes it over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from bot.errors import StaffError
from bot.models.desks import Desk
from bot.models.handoffs import Handoff
from bot.services import audit, desks, handoff_words
from bot.services.desks import Presence
from bot.services.handoff_agents import active_name, claimed_by, draft_first, picked_up, theirs
from bot.services.handoff_changes import lock_of, lost, move, take_over, taken_by, tell
from bot.services.handoff_lists import WAITING


@dataclass(frozen=True)
class Colleagues:
    """Who of one desk a handoff can be handed to: only who is present; the others are shown."""

    desk_name: str
    people: tuple[Presence, ...]  # the present ones first


def colleagues(
    session: Session,
    desk_id: int | None,
    *,
    but: Sequence[int | None] = (),
    all_desks: bool = False,
) -> list[Colleagues]:
    """The members of the desk that a handoff is at, and of who takes over from it.

    `but`: ids that are left out. `all_desks`: of every other desk those who are present, too.
    Nobody is named twice.
    """
    members = desks.members_of_all(session)
    own = () if desk_id is None else (desk_id, *desks.overflow_desks(session, desk_id))
    others = sorted(set(members) - set(own)) if all_desks else ()
    names: dict[int, str] = {
        row.id: row.name
        for row in session.execute(select(Desk.id, Desk.name).where(Desk.id.in_([*own, *others])))
    }
    named = {staff_id for staff_id in but if staff_id is not None}
    found = []
    for number in (*own, *others):
        there = [
            who
            for who in members.get(number, ())
            if who.staff_id not in named and (number in own or who.state == desks.PRESENT)
        ]
        named |= {who.staff_id for who in there}
        if there:
            there.sort(key=lambda who: who.state != desks.PRESENT)
            found.append(Colleagues(names[number], tuple(there)))
    return found


def transfer(
    session: Session,
    handoff_id: int,
    staff_id: int,
    *,
    desk_id: int | None = None,
    to_staff_id: int | None = None,
    force: bool = False,
    held_by: int | None = None,
) -> int | None:
    """Hand a handoff to a colleague or to another desk; the conversation's id, None if none.

    One that waits may be handed on by anybody. `force`: a supervisor may do that with anybody's,
    to anybody present; with `held_by` only while it is with that person. Who held it is told.
    Raises LostRace when it is somebody else's, and StaffError when the colleague or the desk is
    not there.
    """
    conversation_id = lock_of(session, handoff_id)
    if conversation_id is None:
        return None
    name = ""
    if to_staff_id is not None:
        name = active_name(session, to_staff_id)
        if to_staff_id != staff_id:
            _present(session, handoff_id, to_staff_id, anywhere=force)
    desk = _active_desk(session, desk_id) if desk_id is not None else ""
    if not name and not desk:
        raise StaffError("a colleague or a desk is needed")
    held = and_(*theirs(staff_id, force))
    if held_by is not None:
        allowed = and_(held, Handoff.claimed_by == held_by)
    else:
        allowed = or_(Handoff.state == WAITING, held)
    before = session.execute(select(Handoff.claimed_by).where(Handoff.id == handoff_id)).scalar()
    if not move(session, handoff_id, allowed, **_handed_to(staff_id, desk_id, to_staff_id)):
        raise lost(session, handoff_id)
    if to_staff_id is not None:
        take_over(session, conversation_id, staff_id)
        picked_up(session, handoff_id)
        draft_first(session, handoff_id)
    detail = {"desk_id": desk_id, "to_staff_id": to_staff_id, "from_staff_id": before}
    audit.record(session, staff_id, "handoff_transferred", "handoff", handoff_id, detail)
    tell(session, conversation_id, handoff_words.transferred(desk, name))
    return conversation_id


def _handed_to(staff_id: int, desk_id: int | None, to_staff_id: int | None) -> dict[str, Any]:
    values: dict[str, Any] = {} if desk_id is None else {"desk_id": desk_id}
    if to_staff_id is None:
        values |= {"state": WAITING, "claimed_by": None, "claimed_at": None}
    else:
        values |= claimed_by(to_staff_id)
    return {**values, **taken_by(staff_id)}


def _present(session: Session, handoff_id: int, staff_id: int, *, anywhere: bool) -> None:
    who = desks.presence(session, staff_id)
    if who is None or who.state != desks.PRESENT:
        raise StaffError(
            "the colleague is not present",
            "Đồng nghiệp này hiện không trực nên chưa chuyển. Mời anh/chị chọn người khác.",
        )
    at = session.execute(select(Handoff.desk_id).where(Handoff.id == handoff_id)).scalar()
    if anywhere or at is None:
        return
    if not desks.desks_of(session, staff_id) & {at, *desks.overflow_desks(session, at)}:
        raise StaffError(
            "the colleague is not of a desk that serves this conversation",
            "Đồng nghiệp này không thuộc bàn trực đang phụ trách. Mời chuyển sang bàn của họ.",
        )


def _active_desk(session: Session, desk_id: int) -> str:
    name = session.execute(
        select(Desk.name).where(Desk.id == desk_id, Desk.active.is_(True))
    ).scalar()
    if name is None:
        raise StaffError(
            "there is no such desk, or it is not active",
            "Bàn trực này không còn nhận hội thoại. Mời anh/chị chọn bàn khác.",
        )
    return str(name)
