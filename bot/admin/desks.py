"""/admin/desks: which desks there are, whether they are open, who sits there."""

from __future__ import annotations

from flask import abort, current_app, render_template, request
from flask.typing import ResponseReturnValue

from bot import auth
from bot.admin.staff import READERS
from bot.admin.views import blueprint, told
from bot.database import session_scope
from bot.errors import StaffError
from bot.services import desk_members

KINDS = {"centre": "Trung tâm", "department": "Sở, ngành", "commune": "Xã, phường"}


@blueprint.get("/desks")
@auth.allow(*READERS)
def desks() -> ResponseReturnValue:
    """Every desk."""
    words = request.args.get("q", "")[:200]
    kind = request.args.get("kind", "")
    kind = kind if kind in KINDS else ""
    with session_scope(current_app.extensions["sessions"], readonly=True) as session:
        rows = desk_members.listed(session, kind=kind, words=words)
    return render_template("admin/desks.html", rows=rows, words=words, kind=kind, kinds=KINDS)


@blueprint.get("/desks/<int(max=2147483647):desk_id>")
@auth.allow(*READERS)
def desk(desk_id: int) -> ResponseReturnValue:
    """One desk and its members."""
    with session_scope(current_app.extensions["sessions"], readonly=True) as session:
        found = desk_members.one(session, desk_id)
    if found is None:
        abort(404)
    row, members = found
    return render_template(
        "admin/desk.html",
        row=row,
        members=members,
        kinds=KINDS,
        most_target=desk_members.MOST_TARGET,
        may_act=auth.signed_in().role == "admin",
    )


@blueprint.post("/desks/<int(max=2147483647):desk_id>/active")
@auth.allow("admin")
def desk_active(desk_id: int) -> ResponseReturnValue:
    """Open or close a desk."""
    active = request.form.get("active") == "yes"
    said = "Đã mở bàn trực." if active else "Đã đóng bàn trực; việc mới sẽ về sở ngành, trung tâm."
    try:
        with session_scope(current_app.extensions["sessions"]) as session:
            if not desk_members.set_active(session, auth.signed_in().id, desk_id, active):
                abort(404)
    except StaffError as error:
        said = error.said
    return told(said, "admin.desk", desk_id=desk_id)


@blueprint.post("/desks/<int(max=2147483647):desk_id>/drafts")
@auth.allow("admin")
def desk_drafts(desk_id: int) -> ResponseReturnValue:
    """Switch the drafts of a desk on or off."""
    on = request.form.get("drafts") == "yes"
    with session_scope(current_app.extensions["sessions"]) as session:
        if not desk_members.set_drafts(session, auth.signed_in().id, desk_id, on):
            abort(404)
    said = "Đã bật gợi ý trả lời cho bàn này." if on else "Đã tắt gợi ý trả lời của bàn này."
    return told(said, "admin.desk", desk_id=desk_id)


@blueprint.post("/desks/<int(max=2147483647):desk_id>/target")
@auth.allow("admin")
def desk_target(desk_id: int) -> ResponseReturnValue:
    """Within how many minutes of working time citizens are to be picked up."""
    given = request.form.get("minutes", "").strip()
    minutes = int(given) if given.isascii() and given.isdigit() and len(given) < 6 else 0
    said = f"Đã đặt mục tiêu {minutes} phút cho những người xin gặp cán bộ từ bây giờ."
    try:
        with session_scope(current_app.extensions["sessions"]) as session:
            if not desk_members.set_target(session, auth.signed_in().id, desk_id, minutes):
                abort(404)
    except StaffError as error:
        said = error.said
    return told(said, "admin.desk", desk_id=desk_id)


@blueprint.post("/desks/<int(max=2147483647):desk_id>/members")
@auth.allow("admin")
def desk_add(desk_id: int) -> ResponseReturnValue:
    """Seat somebody at a desk."""
    said = "Đã thêm vào bàn trực."
    email = request.form.get("email", "")[:200]
    try:
        with session_scope(current_app.extensions["sessions"]) as session:
            if not desk_members.add(session, auth.signed_in().id, desk_id, email=email):
                abort(404)
    except StaffError as error:
        said = error.said
    return told(said, "admin.desk", desk_id=desk_id)


@blueprint.post(
    "/desks/<int(max=2147483647):desk_id>/members/<int(max=2147483647):staff_id>/remove"
)
@auth.allow("admin")
def desk_remove(desk_id: int, staff_id: int) -> ResponseReturnValue:
    """Take somebody off a desk."""
    with session_scope(current_app.extensions["sessions"]) as session:
        if not desk_members.remove(session, auth.signed_in().id, desk_id, staff_id):
            abort(404)
    if request.form.get("back") == "staff":
        return told("Đã bỏ khỏi bàn trực.", "admin.staff_one", staff_id=staff_id)
    return told("Đã bỏ khỏi bàn trực.", "admin.desk", desk_id=desk_id)
