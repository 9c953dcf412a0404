"""/desk/: lists of what waits for people, and the conversation behind each of their rows."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

from flask import Blueprint, abort, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from bot import auth
from bot.database import session_scope
from bot.errors import LostRace
from bot.services import audit, outgoing_files
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
    return conversation_page(conversation_id)


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


def conversation_page(
    conversation_id: int,
    *,
    draft: str = "",
    error: str = "",
    file_error: str = "",
    code: int = 200,
) -> ResponseReturnValue:
    """The page of a conversation, with what was written so far and what is wrong with it."""
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
        file_error=file_error,
        accept=",".join(outgoing_files.EXTENSIONS),
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
