"""What an agent does with a handoff: claim, write, remark, hand on, give back, close."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterator

from flask import (
    Response,
    abort,
    current_app,
    flash,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from bot import auth
from bot.bell import ring
from bot.conversation.cutting import fit
from bot.conversation.messages import Button, Reply
from bot.conversation.sending import to_row
from bot.database import session_scope
from bot.desk.handoff import ADDRESS, DRAFT_LIMIT, find, number, page_of
from bot.desk.replies import CLOSED, MAX_BODY, fault_of_gaps
from bot.desk.views import WRITERS, blueprint, clean
from bot.errors import DraftNotOpen, FileNotSendable, LostRace, StaffError, WindowClosed
from bot.services import console, draft_decisions, handoffs, outgoing_files
from bot.services import requests as waiting
from bot.services.handoffs import Handoff
from bot.templating import web_address

ASK_INFO = (
    "Để cán bộ tiện liên hệ và hỗ trợ bạn, bạn vui lòng cho biết họ tên và số điện thoại nhé. "
    "Bạn không muốn thì cứ bỏ qua."
)
EDITED_BEFORE = (
    "Gợi ý mà anh/chị sửa đã được gửi hoặc bỏ qua ở nơi khác, nên tin này chưa gửi. "
    "Mời xem lại hội thoại; nếu vẫn cần, bấm Gửi lần nữa."
)
STATES = {
    "waiting": "Hội thoại này đang chờ người nhận.",
    "closing": "Hội thoại này đã được trả về trợ lý.",
    "closed": "Hội thoại này đã đóng.",
}
_PHONE = re.compile(r"\+?[0-9][0-9 .\-]{2,19}")
Act = Callable[[Session, Handoff, int, bool], "int | None"]


@blueprint.post(f"{ADDRESS}/claim")
@auth.allow(*WRITERS)
def claim(handoff_id: int) -> ResponseReturnValue:
    """Take who waits. Of two at the same instant one wins; the other is told who."""
    return _act(
        handoff_id,
        lambda session, found, me, _: handoffs.claim(session, found.id, me),
        done="Anh/chị đã nhận hội thoại này. Người dân đã được báo.",
    )


@blueprint.post(f"{ADDRESS}/take-over")
@auth.allow("admin")
def take_over(handoff_id: int) -> ResponseReturnValue:
    """A supervisor takes the place of whoever the page showed to be at it; they are told."""
    given = request.form.get("held_by", "")
    held_by = int(given) if given.isascii() and given.isdigit() and len(given) < 10 else None
    return _act(
        handoff_id,
        lambda session, found, me, force: handoffs.transfer(
            session, found.id, me, to_staff_id=me, force=force, held_by=held_by
        ),
        done="Anh/chị đã nhận thay hội thoại này.",
    )


@blueprint.post("/conversations/<int(max=4611686018427387904):conversation_id>/take")
@auth.allow(*WRITERS)
def take(conversation_id: int) -> ResponseReturnValue:
    """Step into a conversation that nobody handed over."""
    who = auth.signed_in()
    try:
        with session_scope(current_app.extensions["sessions"]) as session:
            thread = waiting.thread(session, conversation_id)
            if thread is None or not console.may_open(session, who, conversation_id):
                abort(404)
            handoff_id = handoffs.take(session, conversation_id, who.id)
    except LostRace as lost:
        flash(who_was_first(lost))
        return redirect(url_for("desk.conversation", conversation_id=conversation_id), 303)
    tell(handoff_id, conversation_id)
    flash("Anh/chị đã vào hội thoại. Trợ lý sẽ không trả lời nữa cho tới khi anh/chị đóng.")
    return redirect(url_for("desk.handoff", handoff_id=handoff_id), 303)


@blueprint.post(f"{ADDRESS}/release")
@auth.allow(*WRITERS)
def release(handoff_id: int) -> ResponseReturnValue:
    """Back into the queue."""
    return _act(
        handoff_id,
        lambda session, found, me, force: handoffs.release(session, found.id, me, force=force),
        done="Hội thoại đã trở lại hàng đợi. Người dân đã được báo.",
        to_list=True,
    )


@blueprint.post(f"{ADDRESS}/transfer")
@auth.allow(*WRITERS)
def transfer(handoff_id: int) -> ResponseReturnValue:
    """To a colleague or to another desk."""
    kind, _, given = request.form.get("to", "").partition(":")
    if kind not in ("desk", "staff") or not given.isascii() or not given.isdigit():
        flash("Anh/chị chưa chọn chuyển cho ai.")
        return back_to(handoff_id)
    to = {"desk_id": int(given)} if kind == "desk" else {"to_staff_id": int(given)}
    return _act(
        handoff_id,
        lambda session, found, me, force: handoffs.transfer(
            session, found.id, me, force=force, **to
        ),
        done="Đã chuyển hội thoại. Người dân đã được báo.",
        to_list=True,
    )


@blueprint.post(f"{ADDRESS}/taken")
@auth.allow(*WRITERS)
def taken(handoff_id: int) -> ResponseReturnValue:
    """The reader knows that a supervisor took this from them; it may be out of their sight now."""
    with session_scope(current_app.extensions["sessions"]) as session:
        handoffs.acknowledge(session, handoff_id, auth.signed_in().id)
    target = request.form.get("next", "")
    return redirect(target if auth.is_local(target) else url_for("desk.queue"), 303)


@blueprint.post(f"{ADDRESS}/close")
@auth.allow(*WRITERS)
def close(handoff_id: int) -> ResponseReturnValue:
    """Give the conversation back to the assistant."""
    outcome = request.form.get("outcome", "")
    if outcome not in handoffs.OUTCOMES:
        flash("Anh/chị chưa chọn kết quả.")
        return back_to(handoff_id)
    return _act(
        handoff_id,
        lambda session, found, me, force: handoffs.close(
            session, found.id, me, outcome, force=force
        ),
        done="Đã đóng. Trợ lý tiếp tục hỗ trợ người dân và xin đánh giá.",
        to_list=True,
    )


@blueprint.post(f"{ADDRESS}/note")
@auth.allow(*WRITERS)
def note(handoff_id: int) -> ResponseReturnValue:
    """A remark for colleagues; it is never sent."""
    text = clean(request.form.get("text", ""))
    with session_scope(current_app.extensions["sessions"]) as session:
        found = find(session, handoff_id)
        kept = handoffs.note(session, handoff_id, auth.signed_in().id, text)
    if kept:
        tell(handoff_id, found.conversation_id, deliver=False)
    flash("Đã lưu ghi chú nội bộ." if kept else "Ghi chú chưa có nội dung.")
    return back_to(handoff_id)


@blueprint.post(f"{ADDRESS}/ask-info")
@auth.allow(*WRITERS)
def ask_info(handoff_id: int) -> ResponseReturnValue:
    """Ask the citizen for name and phone: a form on Zalo, words on the web."""
    return _send(handoff_id, [Reply(ASK_INFO, asks_info=True)], draft="")


@blueprint.post(f"{ADDRESS}/reply")
@auth.allow(*WRITERS, max_body=MAX_BODY)
def write(handoff_id: int) -> ResponseReturnValue:
    """Write to the citizen: a text (a long one in parts), buttons, a picture or file."""
    text = clean(request.form.get("text", ""))
    try:
        buttons = tuple(_buttons())
        replies = [*_attached(handoff_id), *([Reply(text, buttons)] if text or buttons else [])]
    except (FileNotSendable, ValueError) as error:
        return not_sent(handoff_id, text, str(error), 422)
    if not replies:
        return not_sent(handoff_id, text, "Anh/chị chưa viết nội dung.", 422)
    if len(text) > DRAFT_LIMIT:
        said = f"Tin dài {len(text)} ký tự, tối đa {DRAFT_LIMIT}. Mời rút ngắn."
        return not_sent(handoff_id, text, said, 422)
    if said := fault_of_gaps(text):
        return not_sent(handoff_id, text, said, 422)
    return _send(handoff_id, replies, draft=text)


def _send(handoff_id: int, replies: list[Reply], *, draft: str) -> ResponseReturnValue:
    who = auth.signed_in()
    form_id = request.form.get("form_id", "") or secrets.token_urlsafe(12)
    draft_id = number(request.form.get("draft_id", ""))
    rows = [to_row(reply) for reply in fit(replies, waiting.REPLY_LIMIT)]
    try:
        with session_scope(current_app.extensions["sessions"]) as session:
            found = find(session, handoff_id)
            if found.state != handoffs.CLAIMED or found.claimed_by != who.id:
                raise LostRace(found.claimed_by_name or found.state)
            sent = waiting.reply_with(session, found.conversation_id, who.id, rows, form_id=form_id)
            if sent is not None and draft_id is not None:
                draft_decisions.edited(session, handoff_id, draft_id, who.id)
    except DraftNotOpen:
        return not_sent(handoff_id, draft, EDITED_BEFORE, 409)
    except WindowClosed:
        return not_sent(handoff_id, draft, CLOSED, 409, offers=True)
    except LostRace as lost:
        return not_sent(handoff_id, draft, f"{who_was_first(lost)} Tin của anh/chị chưa gửi.", 409)
    if sent is not None:
        tell(handoff_id, found.conversation_id)
    if request.headers.get("HX-Request"):
        return _sent_live(handoff_id)
    flash(
        "Tin này đã được gửi rồi, không gửi lần thứ hai."
        if sent is None
        else "Tin đang được gửi. Trạng thái gửi hiện dưới tin."
    )
    return back_to(handoff_id)


def _sent_live(handoff_id: int) -> Response:
    """For a page with script: a fresh form id, and the word to look at the thread anew."""
    page = render_template("desk/_sent.html", form_id=secrets.token_urlsafe(12), draft_id="")
    response = make_response(page)
    response.headers["HX-Trigger-After-Swap"] = "desk-sent"
    return response


def not_sent(
    handoff_id: int, draft: str, said: str, code: int, *, offers: bool = False
) -> ResponseReturnValue:
    """Why nothing was sent, with the draft kept; `offers`: a template message may go instead."""
    if request.headers.get("HX-Request"):
        with session_scope(current_app.extensions["sessions"], readonly=True) as session:
            found = find(session, handoff_id)
            thread = waiting.thread(session, found.conversation_id) if offers else None
        draft_id = "" if said == EDITED_BEFORE else None
        page = render_template("desk/_sent.html", error=said, thread=thread, draft_id=draft_id)
        return make_response(page, code)
    return page_of(handoff_id, draft=draft, error=said, code=code)


def _attached(handoff_id: int) -> Iterator[Reply]:
    """The file of the form, stored; raises FileNotSendable with what to tell the agent."""
    given = request.files.get("file")
    if given is None or not given.filename:
        return
    with session_scope(current_app.extensions["sessions"], readonly=True) as session:
        find(session, handoff_id)
    folder = outgoing_files.folder_of(current_app.extensions["settings"].var_dir)
    stored = outgoing_files.store(folder, given.read(), given.filename)
    yield Reply(file=stored.key, file_name=stored.name)


def _buttons() -> Iterator[Button]:
    """The button of the form: a title and where it leads. Raises ValueError, in Vietnamese."""
    title = " ".join(request.form.get("button_title", "").split())
    target = request.form.get("button_target", "").strip()
    if not title and not target:
        return
    if not title or not target:
        raise ValueError("Nút cần cả chữ trên nút và địa chỉ web hoặc số điện thoại.")
    if _PHONE.fullmatch(target):
        yield Button(title[:100], "phone", re.sub(r"[ .\-]", "", target))
    elif web_address(target):
        yield Button(title[:100], "url", target)
    else:
        raise ValueError("Nút phải dẫn tới địa chỉ web (https://…) hoặc số điện thoại.")


def _act(handoff_id: int, act: Act, *, done: str, to_list: bool = False) -> ResponseReturnValue:
    """One change of a handoff; who came too late is told who was first."""
    who = auth.signed_in()
    try:
        with session_scope(current_app.extensions["sessions"]) as session:
            found = find(session, handoff_id)
            act(session, found, who.id, who.role == "admin")
    except LostRace as lost:
        flash(who_was_first(lost))
        return redirect(url_for("desk.queue"), 303)
    except StaffError as error:
        flash(error.said)
        return back_to(handoff_id)
    tell(handoff_id, found.conversation_id)
    flash(done)
    return redirect(url_for("desk.mine"), 303) if to_list else back_to(handoff_id)


def tell(handoff_id: int, conversation_id: int, *, deliver: bool = True) -> None:
    """After the commit: have delivered what was written, and let open pages look."""
    known = current_app.extensions
    if deliver:
        known["queue"].enqueue("deliver", conversation_id)
    for bell in handoffs.bells(handoff_id):
        ring(known["store"], bell)


def who_was_first(lost: LostRace) -> str:
    """What to tell who came too late."""
    return STATES.get(str(lost), f"{lost} đã nhận hội thoại này trước.")


def back_to(handoff_id: int) -> ResponseReturnValue:
    """The page of the handoff anew."""
    return redirect(url_for("desk.handoff", handoff_id=handoff_id), 303)
