"""The desks as an admin sees and changes them: who sits where, which are open."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from bot.errors import StaffError
from bot.models.desks import Desk, DeskMember
from bot.models.handoffs import Handoff
from bot.models.staff import Staff
from bot.services import audit, desks
from bot.services.desks import Presence
from bot.services.roster import AT_DESKS
from bot.services.rows import insert_once
from nlu.text import fold

MOST_TARGET = 480  # minutes: a working day


@dataclass(frozen=True)
class DeskRow:
    """One desk and how it stands."""

    id: int
    code: str
    name: str
    kind: str  # department | commune | centre
    active: bool
    members: int
    present: int
    waiting: int
    target_minutes: int
    drafts: bool  # the assistant drafts each reply of its agents


def listed(session: Session, *, kind: str = "", words: str = "") -> list[DeskRow]:
    """Every desk of a kind whose name holds the words: the centre, departments, communes."""
    found = session.execute(select(Desk)).scalars()
    members = _count(session, DeskMember.desk_id)
    waiting = _count(session, Handoff.desk_id, Handoff.state == "waiting")
    present = desks.count_present(session)
    rows = [
        DeskRow(
            id=d.id,
            code=d.code,
            name=d.name,
            kind=d.kind,
            active=d.active,
            members=members[d.id],
            present=present[d.id],
            waiting=waiting[d.id],
            target_minutes=d.target_minutes,
            drafts=d.drafts,
        )
        for d in found
        if (not kind or d.kind == kind) and fold(words).strip() in fold(d.name)
    ]
    order = (desks.CENTRE, desks.DEPARTMENT, desks.COMMUNE)
    return sorted(rows, key=lambda row: (order.index(row.kind), fold(row.name)))


def one(session: Session, desk_id: int) -> tuple[DeskRow, list[Presence]] | None:
    """One desk and its active members, by name; None when there is none."""
    row = next((row for row in listed(session) if row.id == desk_id), None)
    return None if row is None else (row, desks.members_of(session, desk_id))


def set_active(session: Session, by: int, desk_id: int, active: bool) -> bool:
    """Open or close a desk; False when there is none. What waits at a closed one overflows.

    Raises StaffError for the centre: what has no other desk goes there.
    """
    desk = session.get(Desk, desk_id)
    if desk is None:
        return False
    if desk.kind == desks.CENTRE and not active:
        raise StaffError(
            "the centre must stay open",
            "Trung tâm nhận mọi việc không thuộc bàn nào, nên không đóng được.",
        )
    session.execute(
        update(Desk)
        .where(Desk.id == desk_id)
        .values(active=active)
        .execution_options(synchronize_session=False)
    )
    audit.record(session, by, "desk_opened" if active else "desk_closed", "desk", desk_id)
    return True


def set_drafts(session: Session, by: int, desk_id: int, on: bool) -> bool:
    """Have the assistant draft each reply of a desk, or not; False when there is no such desk.

    Off, what is already drafted is out of date at once.
    """
    if session.get(Desk, desk_id) is None:
        return False
    changed = session.execute(
        update(Desk)
        .where(Desk.id == desk_id, Desk.drafts.is_(not on))
        .values(drafts=on)
        .execution_options(synchronize_session=False)
    )
    if changed.rowcount == 1:
        audit.record(session, by, "desk_drafts_on" if on else "desk_drafts_off", "desk", desk_id)
    return True


def set_target(session: Session, by: int, desk_id: int, minutes: int) -> bool:
    """Within how many minutes of working time somebody is to pick up; False: no such desk.

    It holds for who asks from now on. Raises StaffError outside 1 to MOST_TARGET.
    """
    if not 1 <= minutes <= MOST_TARGET:
        raise StaffError(
            f"the target must be between 1 and {MOST_TARGET} minutes",
            f"Mục tiêu phải là số phút từ 1 đến {MOST_TARGET}. Mời anh/chị nhập lại.",
        )
    desk = session.get(Desk, desk_id)
    if desk is None:
        return False
    detail = {"minutes": minutes, "before": desk.target_minutes}
    desk.target_minutes = minutes
    session.flush()
    audit.record(session, by, "desk_target_changed", "desk", desk_id, detail)
    return True


def add(session: Session, by: int, desk_id: int, *, staff_id: int = 0, email: str = "") -> bool:
    """Seat somebody, named by id or e-mail, at a desk; False when there is no such desk.

    Raises StaffError when they don't exist, are disabled, or have a role that answers nobody.
    """
    if session.get(Desk, desk_id) is None:
        return False
    named = Staff.id == staff_id if staff_id else Staff.email == email.strip().lower()
    row = session.execute(select(Staff.id, Staff.role).where(named, Staff.active.is_(True))).first()
    if row is None:
        raise StaffError("no such active account", "Không có tài khoản nào đang dùng như vậy.")
    if row.role not in AT_DESKS:
        raise StaffError(
            "this role answers no citizens",
            "Chỉ cán bộ trực và quản trị mới ngồi bàn trực được. Mời đổi vai trò trước.",
        )
    if insert_once(session, DeskMember, {"desk_id": desk_id, "staff_id": row.id}):
        audit.record(session, by, "desk_member_added", "desk", desk_id, {"staff_id": row.id})
    return True


def remove(session: Session, by: int, desk_id: int, staff_id: int) -> bool:
    """Take somebody off a desk; False when they are not there."""
    done = session.execute(
        delete(DeskMember)
        .where(DeskMember.desk_id == desk_id, DeskMember.staff_id == staff_id)
        .execution_options(synchronize_session=False)
    )
    if done.rowcount != 1:
        return False
    audit.record(session, by, "desk_member_removed", "desk", desk_id, {"staff_id": staff_id})
    return True


def _count(session: Session, column: Any, *conditions: Any) -> Counter[int]:
    rows = session.execute(select(column, func.count()).where(*conditions).group_by(column))
    return Counter({desk_id: number for desk_id, number in rows if desk_id is not None})
