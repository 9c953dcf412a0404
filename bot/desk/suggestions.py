"""At closing: an agent offers a question and its answer for the assistant to learn from."""

from __future__ import annotations

from flask import current_app, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from bot import auth
from bot.database import session_scope
from bot.desk.handoff import ADDRESS, find
from bot.desk.views import WRITERS, blueprint, clean
from bot.services import learning


@blueprint.post(f"{ADDRESS}/suggest")
@auth.allow(*WRITERS)
def suggest(handoff_id: int) -> ResponseReturnValue:
    """Put a citizen's question, masked, and the agent's answer into the admins' inbox."""
    given, suggestion = request.form.get("message", ""), request.form.get("suggestion", "")
    known = given.isascii() and given.isdigit() and len(given) < 19
    kept = False
    with session_scope(current_app.extensions["sessions"]) as session:
        found = find(session, handoff_id)
        if known and suggestion in learning.SUGGESTIONS:
            kept = learning.suggest(
                session,
                found.conversation_id,
                int(given),
                staff_id=auth.signed_in().id,
                suggestion=suggestion,
                answer=clean(request.form.get("answer", "")),
            )
    flash(
        "Đã gửi đề xuất tới hộp câu chưa hiểu của quản trị."
        if kept
        else "Câu hỏi này không còn nữa nên chưa đề xuất được. Mời anh/chị chọn câu khác."
    )
    return redirect(url_for("desk.handoff", handoff_id=handoff_id), 303)
