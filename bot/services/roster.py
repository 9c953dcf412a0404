"""The accounts of all staff, as an admin sees and changes them; every change is audited."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from bot.errors import StaffError
from bot.models.desks import Desk, DeskMember, StaffPresence
from bot.models.staff import Staff
from bot.services import audit, desks, staff
from bot.services.pages import Page, cut
from nlu.text import fold

AT_DESKS = ("agent", "admin")  # roles that answer citizens


@dataclass(frozen=True)
class Row:
    """One account. `capacity`: conversations at once."""

    id: int
    email: str
    name: str
    role: str
    active: bool
    last_login_at: dt.datetime | None
    capacity: int
    desks: tuple[tuple[int, str], ...]  # id and name


def listed(session: Session, page: int, words: str = "") -> Page[Row]:
    """The accounts whose name or e-mail holds the words, active ones first, by name."""
    wanted = fold(words).strip()
    rows = session.execute(_rows().order_by(Staff.active.desc(), Staff.name, Staff.id)).all()
    found = cut([row for row in rows if wanted in fold(f"{row.name} {row.email}")], page)
    return Page(_with_desks(session, found.rows), page, found.total)


def one(session: Session, staff_id: int) -> Row | None:
    """One account, the disabled ones too."""
    rows = session.execute(_rows().where(Staff.id == staff_id)).all()
    return _with_desks(session, rows)[0] if rows else None


def create(session: Session, by: int, *, email: str, name: str, role: str, password: str) -> int:
    """Make an account; its id. Raises StaffError when a value is not acceptable."""
    made = staff.create(session, email=email, name=name, role=role, password=password)
    audit.record(session, by, "staff_created", "staff", made.id, {"role": role})
    return made.id


def set_active(session: Session, by: int, staff_id: int, active: bool) -> None:
    """Enable or disable an account; raises StaffError for the last admin.

    A disabled one is out at its next request and takes no conversations.
    """
    if not active:
        _keep_an_admin(session, staff_id)
        _leave(session, staff_id)
    staff.set_active(session, staff_id, active)
    action = "staff_enabled" if active else "staff_disabled"
    audit.record(session, by, action, "staff", staff_id)


def change_role(session: Session, by: int, staff_id: int, role: str) -> None:
    """Give somebody another role; raises StaffError for the last admin or an unknown role.

    Who answers no citizens any more leaves their desks.
    """
    if role not in staff.ROLES:
        raise StaffError(f"{role!r} is no role", "Chưa chọn vai trò.")
    if role != "admin":
        _keep_an_admin(session, staff_id)
    session.execute(
        update(Staff)
        .where(Staff.id == staff_id)
        .values(role=role)
        .execution_options(synchronize_session=False)
    )
    if role not in AT_DESKS:
        _leave(session, staff_id)
        session.execute(delete(DeskMember).where(DeskMember.staff_id == staff_id))
    audit.record(session, by, "staff_role_changed", "staff", staff_id, {"role": role})


def set_password(session: Session, by: int, staff_id: int, password: str) -> None:
    """Give somebody a new password, which ends their sessions; StaffError when too short."""
    staff.set_password(session, staff_id, password)
    audit.record(session, by, "password_reset", "staff", staff_id)


def change_own_password(
    session: Session, staff_id: int, current: str, password: str, *, token: str
) -> None:
    """Change one's own password and end one's other sessions.

    Raises StaffError when the present one is wrong or the new one too short.
    """
    if not staff.knows_password(session, staff_id, current):
        raise StaffError("the present password is wrong", "Mật khẩu hiện tại chưa đúng.")
    staff.set_password(session, staff_id, password, keep=token)
    audit.record(session, staff_id, "password_changed", "staff", staff_id)


def _keep_an_admin(session: Session, staff_id: int) -> None:
    # Locked, so that two admins who step down at the same instant see one another.
    admins = session.execute(
        select(Staff.id)
        .where(Staff.role == "admin", Staff.active.is_(True))
        .order_by(Staff.id)
        .with_for_update()
    ).scalars()
    if set(admins) == {staff_id}:
        raise StaffError(
            "the last active admin must stay",
            "Đây là quản trị viên cuối cùng. Mời thêm một quản trị viên khác trước.",
        )


def _leave(session: Session, staff_id: int) -> None:
    session.execute(
        update(StaffPresence)
        .where(StaffPresence.staff_id == staff_id)
        .values(state=desks.OFF, reason="")
        .execution_options(synchronize_session=False)
    )


def _rows() -> Any:
    return select(
        Staff.id,
        Staff.email,
        Staff.name,
        Staff.role,
        Staff.active,
        Staff.last_login_at,
        func.coalesce(StaffPresence.capacity, desks.USUAL_CAPACITY).label("capacity"),
    ).outerjoin(StaffPresence, StaffPresence.staff_id == Staff.id)


def _with_desks(session: Session, rows: Sequence[Any]) -> tuple[Row, ...]:
    memberships = session.execute(
        select(DeskMember.staff_id, Desk.id, Desk.name)
        .join(Desk, Desk.id == DeskMember.desk_id)
        .where(DeskMember.staff_id.in_([row.id for row in rows]))
        .order_by(Desk.name)
    )
    theirs: dict[int, list[tuple[int, str]]] = {}
    for staff_id, desk_id, name in memberships:
        theirs.setdefault(staff_id, []).append((desk_id, name))
    return tuple(
        Row(
            id=row.id,
            email=row.email,
            name=row.name,
            role=row.role,
            active=row.active,
            last_login_at=row.last_login_at,
            capacity=row.capacity,
            desks=tuple(theirs.get(row.id, ())),
        )
        for row in rows
    )
