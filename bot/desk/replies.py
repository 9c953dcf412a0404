"""What staff write to a citizen: words, a picture or a document, or both."""

from __future__ import annotations

import secrets

from flask import abort, current_app, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from bot import auth
from bot.database import session_scope
from bot.desk.views import WRITERS, blueprint, clean, conversation_page
from bot.errors import FileNotSendable, LostRace, WindowClosed
from bot.services import canned, console, outgoing_files
from bot.services import requests as waiting
from bot.services.outgoing_files import OutgoingFile

MAX_BODY = 6 * 1024 * 1024  # bytes: a file of 5 MB and the form around it
CLOSED = "Đã quá 7 ngày kể từ lần cuối người dân nhắn, hoặc người dân đã rút. Tin chưa gửi."


@blueprint.post("/conversations/<int(max=4611686018427387904):conversation_id>/reply")
@auth.allow(*WRITERS, max_body=MAX_BODY)
def reply(conversation_id: int) -> ResponseReturnValue:
    """Write to the citizen."""
    _may_open(conversation_id)  # before any file is kept
    text = clean(request.form.get("text", ""))
    uploaded = request.files.get("file")
    name = (uploaded.filename if uploaded else None) or ""
    wrong = _fault_of(text, has_file=bool(name))
    if wrong:
        return conversation_page(conversation_id, draft=text, error=wrong, code=422)
    try:
        # On the disk before the row is: no row ever names a file that is not there.
        file = _keep(uploaded.read(), name) if uploaded and name else None
    except FileNotSendable as refused:
        return conversation_page(conversation_id, draft=text, file_error=str(refused), code=422)
    form_id = request.form.get("form_id", "") or secrets.token_urlsafe(12)
    try:
        reply_id = _store(conversation_id, text, file, form_id)
    except WindowClosed:
        return conversation_page(conversation_id, draft=text, error=CLOSED, code=409)
    except LostRace as lost:
        said = f"{lost} đang trả lời người dân này. Tin của anh/chị chưa gửi."
        return conversation_page(conversation_id, draft=text, error=said, code=409)
    if reply_id is None:
        flash("Tin này đã được gửi rồi, không gửi lần thứ hai.")
    else:
        # After the commit; when the queue is down, the sweep finds the row.
        current_app.extensions["queue"].enqueue("deliver", conversation_id)
        flash("Tin đang được gửi. Trạng thái gửi hiện dưới tin.")
    return redirect(url_for("desk.conversation", conversation_id=conversation_id), 303)


def _fault_of(text: str, *, has_file: bool) -> str:
    if len(text) > waiting.REPLY_LIMIT:
        return f"Tin dài {len(text)} ký tự, mỗi tin chỉ được {waiting.REPLY_LIMIT}. Mời rút ngắn."
    if not text and not has_file:
        return "Anh/chị chưa viết nội dung và chưa chọn tệp."
    return fault_of_gaps(text)


def fault_of_gaps(text: str) -> str:
    """What to tell an agent whose text still holds an empty field; "" when it holds none."""
    missing = canned.gaps(text)
    return f"Còn thiếu: {', '.join(missing)}. Mời điền vào chỗ trống rồi gửi." if missing else ""


def _keep(data: bytes, name: str) -> OutgoingFile:
    folder = outgoing_files.folder_of(current_app.extensions["settings"].var_dir)
    return outgoing_files.store(folder, data, name)


def _may_open(conversation_id: int) -> None:
    with session_scope(current_app.extensions["sessions"], readonly=True) as session:
        if waiting.thread(session, conversation_id) is None:
            abort(404)
        if not console.may_open(session, auth.signed_in(), conversation_id):
            abort(404)


def _store(conversation_id: int, text: str, file: OutgoingFile | None, form_id: str) -> int | None:
    who = auth.signed_in().id
    with session_scope(current_app.extensions["sessions"]) as session:
        return waiting.reply(session, conversation_id, who, text, form_id=form_id, file=file)
