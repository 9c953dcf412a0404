"""An approved template message to a citizen whose window is closed: fill in, look, send."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from flask import abort, current_app, flash, make_response, redirect, render_template, request
from flask import url_for as url
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from bot import auth
from bot.bell import ring
from bot.conversation.messages import Reply, TemplateData
from bot.conversation.sending import to_row
from bot.database import session_scope, utcnow
from bot.desk.handoff import context_of
from bot.desk.views import WRITERS, blueprint
from bot.errors import LostRace, TemplateError, WindowClosed, WindowOpen
from bot.services import console, handoffs, message_templates
from bot.services import requests as waiting
from bot.services.message_templates import Template
from bot.services.requests import Thread

ADDRESS = (
    "/conversations/<int(max=4611686018427387904):conversation_id>"
    "/templates/<int(max=2147483647):template_id>"
)
NIGHT = (
    f"Zalo chỉ nhận mẫu này từ {message_templates.MORNING}:00 đến {message_templates.EVENING}:00. "
    "Nội dung còn nguyên ở đây, mời anh/chị gửi trong giờ đó."
)
REOPENED = (
    "Người dân vừa nhắn lại, nên anh/chị trả lời miễn phí được rồi. "
    "Tin mẫu chưa gửi, không mất phí."
)
UNREACHABLE = "Người dân này không nhận được tin mẫu nữa. Tin chưa gửi."
UNPAID = "Hệ thống đang đặt không gửi tin mất phí, nên không gửi được tin mẫu."


@blueprint.get(ADDRESS)
@auth.allow(*WRITERS)
def template_message(conversation_id: int, template_id: int) -> ResponseReturnValue:
    """The form of one template, filled in as far as anything is known."""
    with session_scope(current_app.extensions["sessions"]) as session:
        thread, template = _find(session, conversation_id, template_id)
        values = _prefilled(session, thread, template)
    return _page(thread, template, values)


@blueprint.post(ADDRESS)
@auth.allow(*WRITERS)
def template_write(conversation_id: int, template_id: int) -> ResponseReturnValue:
    """Show what the citizen would read, or send what was shown."""
    given = {
        name.removeprefix("p-"): value[:1_000]
        for name, value in request.form.items()
        if name.startswith("p-")
    }
    with session_scope(current_app.extensions["sessions"], readonly=True) as session:
        thread, template = _find(session, conversation_id, template_id)
    try:
        values = message_templates.checked(template, given)
    except TemplateError as error:
        return _page(thread, template, given, error=str(error), code=422)
    if request.form.get("act") != "send" or not _is_paid_for():
        return _page(thread, template, values, preview=template.text(values))
    # A browser sends the line ends of a hidden field as it likes.
    if request.form.get("seen", "").replace("\r\n", "\n") != template.text(values):
        # Changed after it was shown, here or by an admin: what costs money is looked at first.
        return _page(thread, template, values, preview=template.text(values))
    if message_templates.refused_now(template, utcnow()):
        return _page(thread, template, values, error=NIGHT, code=409)
    return _send(thread, template, values)


def _send(thread: Thread, template: Template, values: Mapping[str, str]) -> ResponseReturnValue:
    known = current_app.extensions
    pairs = tuple(values.items())
    reply = Reply(template.text(values), template=TemplateData(template.template_id, pairs))
    form_id = request.form.get("form_id", "") or secrets.token_urlsafe(12)
    who = auth.signed_in()
    try:
        with session_scope(known["sessions"]) as session:
            sent = waiting.template_with(
                session, thread.conversation_id, who.id, to_row(reply), form_id=form_id
            )
    except WindowOpen:
        flash(REOPENED)
        return redirect(_back(thread.conversation_id), 303)
    except WindowClosed:
        return _page(thread, template, values, error=UNREACHABLE, code=409)
    except LostRace as lost:
        said = f"{lost} đang trả lời người dân này. Tin mẫu của anh/chị chưa gửi."
        return _page(thread, template, values, error=said, code=409)
    if sent is None:
        flash("Tin này đã được gửi rồi, không gửi lần thứ hai.")
    else:
        # After the commit; when the queue is down, the sweep finds the row.
        known["queue"].enqueue("deliver", thread.conversation_id)
        ring(known["store"], handoffs.QUEUE_BELL)
        flash("Tin mẫu đang được gửi. Trạng thái gửi hiện dưới tin.")
    return redirect(_back(thread.conversation_id), 303)


def _find(session: Session, conversation_id: int, template_id: int) -> tuple[Thread, Template]:
    thread = waiting.thread(session, conversation_id)
    if thread is None or not console.may_open(session, auth.signed_in(), conversation_id):
        abort(404)
    template = message_templates.get(session, template_id)
    if template is None or not template.active:
        abort(404)
    return thread, template


def _prefilled(session: Session, thread: Thread, template: Template) -> dict[str, str]:
    found = handoffs.open_for(session, thread.conversation_id)
    kept: Mapping[str, Any] = (
        found.packet if found else handoffs.gather_packet(session, thread.conversation_id, "taken")
    )
    packet = handoffs.read_packet(session, thread.conversation_id, kept)
    with_case = any(p.field == "case.status" for p in template.params)
    about = context_of(
        session, thread.conversation_id, packet, thread.display_name, with_case=with_case
    )
    return message_templates.prefilled(session, template, about)


def _page(
    thread: Thread,
    template: Template,
    values: Mapping[str, str],
    *,
    preview: str = "",
    error: str = "",
    code: int = 200,
) -> ResponseReturnValue:
    if not _is_paid_for():
        error, preview, code = UNPAID, "", 409
    elif thread.writable:
        error, preview, code = error or REOPENED, "", 409
    elif not thread.takes_templates:
        error, preview, code = UNREACHABLE, "", 409
    page = render_template(
        "desk/template_message.html",
        thread=thread,
        template=template,
        values=values,
        preview=preview,
        error=error,
        night=message_templates.refused_now(template, utcnow()),
        label=message_templates.label,
        back=_back(thread.conversation_id),
        form_id=secrets.token_urlsafe(12),
        hours=(message_templates.MORNING, message_templates.EVENING),
    )
    return make_response(page, code)


def _is_paid_for() -> bool:
    return bool(current_app.extensions["settings"].zalo_paid_messages)


def _back(conversation_id: int) -> str:
    """Where the agent came from: the handoff that is open, else the conversation."""
    with session_scope(current_app.extensions["sessions"], readonly=True) as session:
        found = handoffs.open_for(session, conversation_id)
    if found is not None:
        return url("desk.handoff", handoff_id=found.id)
    return url("desk.conversation", conversation_id=conversation_id)
