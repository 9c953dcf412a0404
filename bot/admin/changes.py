"""/admin/changes, /admin/procedures/…/history: what was changed, undone, planned, retired."""

from __future__ import annotations

import datetime as dt

from flask import abort, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from bot import auth
from bot.admin.views import READERS, WRITERS, blueprint, page_number
from bot.catalogue import fact_words
from bot.catalogue.form_reading import read_day
from bot.database import session_scope
from bot.errors import EditRefused
from bot.services import procedure_edits, revisions, schedules

KINDS = {
    "import": "Nạp tệp",
    "create": "Thêm mới",
    "edit": "Sửa",
    "undo": "Hoàn tác",
    "retire": "Ngừng áp dụng",
    "restore": "Dùng lại",
    "schedule": "Đến ngày hẹn",
}


@blueprint.get("/changes")
@auth.allow(*READERS)
def changes() -> ResponseReturnValue:
    """The last changes of all procedures."""
    files = request.args.get("files") == "1"
    with session_scope(current_app.extensions["sessions"], readonly=True) as session:
        page = revisions.recent(session, page_number(), files=files)
    return render_template(
        "admin/changes.html", page=page, files=files, kinds=KINDS, diff=fact_words.diff
    )


@blueprint.get("/procedures/<path:code>/history")
@auth.allow(*READERS)
def history(code: str) -> ResponseReturnValue:
    """Every change of one procedure."""
    return _history(code)


@blueprint.post("/procedures/<path:code>/undo")
@auth.allow(*WRITERS)
def undo(code: str) -> ResponseReturnValue:
    """Take one change back."""
    given = request.form.get("version", "")
    version = int(given) if given.isascii() and given.isdigit() and len(given) < 9 else 0
    try:
        with session_scope(current_app.extensions["sessions"]) as session:
            procedure_edits.undo(session, auth.signed_in().id, code[:60], version)
    except EditRefused as error:
        return _history(code, str(error), error.version, 409)
    flash(f"Đã hoàn tác lần sửa {version}. Trợ lý trả lời theo nội dung cũ ngay từ bây giờ.")
    return redirect(url_for("admin.history", code=code), 303)


@blueprint.get("/procedures/<path:code>/retire")
@auth.allow(*WRITERS)
def retire_form(code: str) -> ResponseReturnValue:
    """The form that takes a procedure out of use."""
    return _retire(code)


@blueprint.post("/procedures/<path:code>/retire")
@auth.allow(*WRITERS)
def retire(code: str) -> ResponseReturnValue:
    """Take a procedure out of use, now or from a day on."""
    text = request.form.get("effective_on", "").strip()
    day, today = read_day(text) if text else None, schedules.today_here()
    if text and (day is None or day < today):
        said = "Ngày chưa đúng hoặc đã qua. Muốn ngừng ngay thì để trống ô này."
        return _retire(code, said, "effective_on")
    later = day if day is not None and day > today else None
    instead = request.form.get("replaced_by", "").strip()[:60]
    note = " ".join(request.form.get("note", "").split())[:200]
    try:
        with session_scope(current_app.extensions["sessions"]) as session:
            procedure_edits.retire(session, auth.signed_in().id, code[:60], instead, later, note)
    except EditRefused as error:
        return _retire(code, str(error), error.field or "replaced_by")
    flash(
        f"Đã hẹn ngừng áp dụng từ ngày {later:%d/%m/%Y}."
        if later
        else "Đã ngừng. Người dân hỏi tới sẽ được báo và được mời sang thủ tục thay thế."
    )
    return redirect(url_for("admin.procedure", code=code), 303)


@blueprint.post("/procedures/<path:code>/restore")
@auth.allow(*WRITERS)
def restore(code: str) -> ResponseReturnValue:
    """Put a retired procedure back into use."""
    try:
        with session_scope(current_app.extensions["sessions"]) as session:
            procedure_edits.restore(session, auth.signed_in().id, code[:60])
    except EditRefused:
        abort(404)
    flash("Đã dùng lại thủ tục này.")
    return redirect(url_for("admin.procedure", code=code), 303)


@blueprint.post("/procedures/<path:code>/planned/<int(max=2147483647):change_id>/cancel")
@auth.allow(*WRITERS)
def cancel_planned(code: str, change_id: int) -> ResponseReturnValue:
    """Take back a change before its day."""
    staff_id = auth.signed_in().id
    with session_scope(current_app.extensions["sessions"]) as session:
        done = schedules.cancel(session, staff_id, code[:60], change_id, schedules.today_here())
    flash(
        "Đã huỷ thay đổi hẹn trước."
        if done
        else "Thay đổi này đã có hiệu lực hoặc đã được huỷ. Muốn bỏ thì mời hoàn tác trong lịch sử."
    )
    return redirect(url_for("admin.procedure", code=code), 303)


def _history(
    code: str, refused: str = "", later: int | None = None, status: int = 200
) -> ResponseReturnValue:
    with session_scope(current_app.extensions["sessions"], readonly=True) as session:
        found = procedure_edits.opened(session, code[:60])
        page = revisions.history(session, code[:60], page_number())
    if found is None:
        abort(404)
    shown = render_template(
        "admin/history.html",
        code=found.record.code,
        name=found.record.name,
        page=page,
        kinds=KINDS,
        diff=fact_words.diff,
        refused=refused,
        later=later,
    )
    return shown, status


def _retire(code: str, said: str = "", field: str = "") -> ResponseReturnValue:
    with session_scope(current_app.extensions["sessions"], readonly=True) as session:
        found = procedure_edits.opened(session, code[:60])
    if found is None:
        abort(404)
    shown = render_template(
        "admin/retire.html",
        code=found.record.code,
        name=found.record.name,
        error=said,
        wrong=field,
        fields=request.form,
        tomorrow=schedules.today_here() + dt.timedelta(days=1),
    )
    return shown, 422 if said else 200
