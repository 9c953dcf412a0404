"""/admin/staff: accounts, roles, passwords, and how many conversations each may hold."""

from __future__ import annotations

from collections.abc import Callable

from flask import abort, current_app, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from bot import auth
from bot.admin.views import blueprint, page_number, told
from bot.database import session_scope
from bot.errors import StaffError
from bot.services import desk_members, desks, roster
from bot.services.staff import LEAST_PASSWORD, ROLES

READERS = ("admin", "auditor")
_BAD_CAPACITY = f"Số hội thoại cùng lúc là từ 1 đến {desks.MOST_CAPACITY}."


@blueprint.get("/staff")
@auth.allow(*READERS)
def staff() -> ResponseReturnValue:
    """Everybody who has an account."""
    return _list()


@blueprint.post("/staff")
@auth.allow("admin")
def staff_create() -> ResponseReturnValue:
    """Make an account."""
    given = {key: request.form.get(key, "")[:1000] for key in ("email", "name", "role")}
    password = request.form.get("password", "")[:1000]
    try:
        with session_scope(current_app.extensions["sessions"]) as session:
            made = roster.create(session, auth.signed_in().id, **given, password=password)
    except StaffError as error:
        return _list(error=error.said, given=given), 422
    said = "Đã tạo tài khoản. Mời chọn bàn trực nếu người này trả lời người dân."
    return told(said, "admin.staff_one", staff_id=made)


@blueprint.get("/staff/<int(max=2147483647):staff_id>")
@auth.allow(*READERS)
def staff_one(staff_id: int) -> ResponseReturnValue:
    """One account."""
    with session_scope(current_app.extensions["sessions"], readonly=True) as session:
        row = roster.one(session, staff_id)
        every = desk_members.listed(session)
    if row is None:
        abort(404)
    return render_template(
        "admin/staff_one.html",
        row=row,
        every=every,
        roles=ROLES,
        at_desks=roster.AT_DESKS,
        most=desks.MOST_CAPACITY,
        least=LEAST_PASSWORD,
        may_act=auth.signed_in().role == "admin",
    )


@blueprint.post("/staff/<int(max=2147483647):staff_id>/active")
@auth.allow("admin")
def staff_active(staff_id: int) -> ResponseReturnValue:
    """Enable or disable an account."""
    active = request.form.get("active") == "yes"
    said = "Đã mở tài khoản." if active else "Đã khoá tài khoản."
    return _change(
        staff_id, said, lambda session, by: roster.set_active(session, by, staff_id, active)
    )


@blueprint.post("/staff/<int(max=2147483647):staff_id>/role")
@auth.allow("admin")
def staff_role(staff_id: int) -> ResponseReturnValue:
    """Give somebody another role."""
    role = request.form.get("role", "")
    return _change(
        staff_id,
        "Đã đổi vai trò.",
        lambda session, by: roster.change_role(session, by, staff_id, role),
    )


@blueprint.post("/staff/<int(max=2147483647):staff_id>/capacity")
@auth.allow("admin")
def staff_capacity(staff_id: int) -> ResponseReturnValue:
    """How many conversations somebody may hold at once."""
    given = request.form.get("capacity", "")
    capacity = int(given) if given.isascii() and given.isdigit() and len(given) < 4 else 0

    def change(session: Session, by: int) -> None:
        try:
            desks.set_capacity(session, staff_id, capacity, by)
        except ValueError as error:
            raise StaffError(str(error), _BAD_CAPACITY) from error

    return _change(staff_id, "Đã đổi số hội thoại cùng lúc.", change)


@blueprint.post("/staff/<int(max=2147483647):staff_id>/password")
@auth.allow("admin")
def staff_password(staff_id: int) -> ResponseReturnValue:
    """Give somebody a new password."""
    password = request.form.get("password", "")[:1000]
    return _change(
        staff_id,
        "Đã đặt mật khẩu mới; các phiên cũ của người này đã kết thúc.",
        lambda session, by: roster.set_password(session, by, staff_id, password),
    )


@blueprint.post("/staff/<int(max=2147483647):staff_id>/desks")
@auth.allow("admin")
def staff_desk(staff_id: int) -> ResponseReturnValue:
    """Seat somebody at one more desk."""
    given = request.form.get("desk_id", "")
    desk_id = int(given) if given.isascii() and given.isdigit() and len(given) < 10 else 0

    def change(session: Session, by: int) -> None:
        if not desk_members.add(session, by, desk_id, staff_id=staff_id):
            raise StaffError("no such desk", "Chưa chọn bàn trực.")

    return _change(staff_id, "Đã thêm vào bàn trực.", change)


@blueprint.get("/password")
@auth.allow(*ROLES)
def own_password() -> ResponseReturnValue:
    """The form for one's own password."""
    return render_template("admin/password.html", error="", least=LEAST_PASSWORD)


@blueprint.post("/password")
@auth.allow(*ROLES)
def own_password_change() -> ResponseReturnValue:
    """Change one's own password."""
    current, password, again = (
        request.form.get(key, "")[:1000] for key in ("current", "password", "again")
    )
    try:
        if password != again:
            raise StaffError("the two differ", "Hai lần nhập mật khẩu mới không giống nhau.")
        with session_scope(current_app.extensions["sessions"]) as session:
            roster.change_own_password(
                session, auth.signed_in().id, current, password, token=auth.session_token()
            )
    except StaffError as error:
        page = render_template("admin/password.html", error=error.said, least=LEAST_PASSWORD)
        return page, 422
    said = "Đã đổi mật khẩu. Các phiên đăng nhập khác của anh/chị đã kết thúc."
    return told(said, "admin.own_password")


def _change(
    staff_id: int, said: str, change: Callable[[Session, int], None]
) -> ResponseReturnValue:
    try:
        with session_scope(current_app.extensions["sessions"]) as session:
            if roster.one(session, staff_id) is None:
                abort(404)
            change(session, auth.signed_in().id)
    except StaffError as error:
        said = error.said
    if auth.signed_in().id == staff_id and request.endpoint in _ON_ONESELF:
        return told(said, "auth.login")
    return told(said, "admin.staff_one", staff_id=staff_id)


_ON_ONESELF = ("admin.staff_active", "admin.staff_role", "admin.staff_password")


def _list(*, error: str = "", given: dict[str, str] | None = None) -> str:
    words = request.args.get("q", "")[:200]
    with session_scope(current_app.extensions["sessions"], readonly=True) as session:
        page = roster.listed(session, page_number(), words)
    return render_template(
        "admin/staff.html",
        page=page,
        words=words,
        error=error,
        given=given or {},
        roles=ROLES,
        least=LEAST_PASSWORD,
        may_act=auth.signed_in().role == "admin",
    )
