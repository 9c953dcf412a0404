"""/desk/: lists of what waits for people, and the conversation behind each of their rows."""

from __future__ import annotations

import secrets
import unicodedata
from collections.abc import Callable
from typing import Any

from flask import Blueprint, abort, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from bot import auth
from bot.database import session_scope
from bot.errors import LostRace, WindowClosed
from bot.services import audit
from bot.services import requests as waiting
from bot.services.pages import Page

blueprint = Blueprint("desk", __name__, url_prefix="/desk")
auth.close_by_default(blueprint)

READERS = auth.READERS_OF_DESK
WRITERS = ("agent", "admin")


@blueprint.get("/")
@auth.allow(*READERS)
def requests() -> ResponseReturnValue:
    """Citizens who asked for a person."""
    return _list("desk/requests.html", waiting.people_asked_for)


@blueprint.get("/feedback")
@auth.allow(*READERS)
def feedback() -> ResponseReturnValue:
    """What citizens said about the service."""
    return _list("desk/feedback.html", waiting.feedback)


@blueprint.get("/conversations/<int(max=4611686018427387904):conversation_id>")
@auth.allow(*READERS)
def conversation(conversation_id: int) -> ResponseReturnValue:
    """One conversation; looking at it leaves a line in the audit trail."""
    return _conversation(conversation_id)


@blueprint.post("/conversations/<int(max=4611686018427387904):conversation_id>/reply")
@auth.allow(*WRITERS)
def reply(conversation_id: int) -> ResponseReturnValue:
    """Write to the citizen."""
    text = unicodedata.normalize("NFC", request.form.get("text", "").replace("\r\n", "\n")).strip()
    if not text or len(text) > waiting.REPLY_LIMIT:
        said = (
            f"Tin dài {len(text)} ký tự, mỗi tin chỉ được {waiting.REPLY_LIMIT}. Mời rút ngắn."
            if text
            else "Anh/chị chưa viết nội dung."
        )
        return _conversation(conversation_id, draft=text, error=said, code=422)
    form_id = request.form.get("form_id", "") or secrets.token_urlsafe(12)
    try:
        with session_scope(current_app.extensions["sessions"]) as session:
            if waiting.thread(session, conversation_id) is None:
                abort(404)
            who = auth.signed_in()
            reply_id = waiting.reply(session, conversation_id, who.id, text, form_id=form_id)
    except WindowClosed:
        said = "Đã quá 7 ngày kể từ lần cuối người dân nhắn, hoặc người dân đã rút. Tin chưa gửi."
        return _conversation(conversation_id, draft=text, error=said, code=409)
    if reply_id is None:
        flash("Tin này đã được gửi rồi, không gửi lần thứ hai.")
    else:
        # After the commit; when the queue is down, the sweep finds the row.
        current_app.extensions["queue"].enqueue("deliver", conversation_id)
        flash("Tin đang được gửi. Trạng thái gửi hiện dưới tin.")
    return redirect(url_for("desk.conversation", conversation_id=conversation_id), 303)


@blueprint.post("/requests/<int(max=4611686018427387904):request_id>/handled")
@auth.allow(*WRITERS)
def handled(request_id: int) -> ResponseReturnValue:
    """Mark a request as handled."""
    try:
        with session_scope(current_app.extensions["sessions"]) as session:
            found = waiting.handle(
                session, request_id, auth.signed_in().id, request.form.get("note", "")
            )
    except LostRace as lost:
        flash(f"Yêu cầu này đã được {lost} xử lý trước. Ghi chú của anh/chị chưa được lưu.")
        return redirect(url_for("desk.requests"), 303)
    if found is None:
        abort(404)
    flash("Đã ghi nhận: yêu cầu đã xử lý.")
    return redirect(url_for("desk.requests"), 303)


def _conversation(
    conversation_id: int, *, draft: str = "", error: str = "", code: int = 200
) -> ResponseReturnValue:
    before = request.args.get("before", "")
    with session_scope(current_app.extensions["sessions"]) as session:
        found = waiting.thread(
            session, conversation_id, before=int(before) if _is_number(before) else None
        )
        if found is None:
            abort(404)
        audit.record(
            session, auth.signed_in().id, "view_conversation", "conversation", conversation_id
        )
        counts = waiting.counts(session)
    page = render_template(
        "desk/conversation.html",
        thread=found,
        counts=counts,
        draft=draft,
        error=error,
        form_id=secrets.token_urlsafe(12),
        limit=waiting.REPLY_LIMIT,
        may_write=auth.signed_in().role in WRITERS,
    )
    return page, code


def _list(template: str, read: Callable[[Session, int], Page[Any]]) -> str:
    with session_scope(current_app.extensions["sessions"], readonly=True) as session:
        page = read(session, page_number())
        counts = waiting.counts(session)
    may_write = auth.signed_in().role in WRITERS
    return render_template(template, page=page, counts=counts, may_write=may_write)


def page_number() -> int:
    """The page that the address asks for, from 1."""
    given = request.args.get("page", "1")
    return max(1, int(given)) if _is_number(given) else 1


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 10
