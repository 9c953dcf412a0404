"""/admin/inbox/lessons: what was proposed, what is in use, what waits to be done."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from bot import auth
from bot.admin.inbox import APPROVERS
from bot.admin.views import READERS, WRITERS, blueprint, page_number
from bot.database import session_scope
from bot.errors import LostRace, ReviewError
from bot.services import lessons as services
from bot.services import review_decisions

SHOWN = {
    "waiting": "Chờ duyệt",
    "live": "Cách nói đang dùng",
    "training": "Ví dụ chờ huấn luyện",
    "corrections": "Danh mục cần sửa",
    "past": "Đã xong, đã rút, bị từ chối",
}
LESSON = "/inbox/lessons/<int(max=4611686018427387904):lesson_id>"


@blueprint.get("/inbox/lessons")
@auth.allow(*READERS)
def lessons() -> ResponseReturnValue:
    """One of the lists of what staff taught."""
    shown = request.args.get("shown", "")
    shown = shown if shown in SHOWN else "waiting"
    with session_scope(current_app.extensions["sessions"], readonly=True) as session:
        page = services.listed(session, shown, page_number())
    return render_template("admin/lessons.html", page=page, shown=shown, lists=SHOWN)


@blueprint.post(f"{LESSON}/approve")
@auth.allow(*APPROVERS)
def lesson_approve(lesson_id: int) -> ResponseReturnValue:
    """Let a colleague's proposal take effect."""

    def act(session: Session, me: int) -> str:
        found = services.approve(session, me, lesson_id)
        if found.kind == services.SAYING:
            return "Đã duyệt. Trợ lý hiểu cách nói này trong vài giây nữa."
        return "Đã duyệt, chờ huấn luyện."

    return _act(act)


@blueprint.post(f"{LESSON}/reject")
@auth.allow(*APPROVERS)
def lesson_reject(lesson_id: int) -> ResponseReturnValue:
    """Turn a colleague's proposal down."""
    note = request.form.get("note", "")

    def act(session: Session, me: int) -> str:
        review_decisions.reject(session, me, lesson_id, note)
        return "Đã từ chối. Nhóm câu này lại nằm trong danh sách chờ quyết định."

    return _act(act)


@blueprint.post(f"{LESSON}/done")
@auth.allow(*WRITERS)
def lesson_done(lesson_id: int) -> ResponseReturnValue:
    """A correction of the catalogue is made, or it is not after all."""
    done = request.form.get("done") == "yes"

    def act(session: Session, me: int) -> str:
        services.set_done(session, me, lesson_id, done)
        return "Đã đánh dấu là sửa xong." if done else "Đã mở lại việc sửa này."

    return _act(act)


def _act(act: Callable[[Session, int], str]) -> ResponseReturnValue:
    try:
        with session_scope(current_app.extensions["sessions"]) as session:
            said = act(session, auth.signed_in().id)
    except (ReviewError, LostRace) as error:
        said = str(error)
    flash(said)
    return redirect(_back(), 303)


def _back() -> Any:
    given = request.form.get("back", "")
    return given if auth.is_local(given) else url_for("admin.lessons")
