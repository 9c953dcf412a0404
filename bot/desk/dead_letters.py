"""/desk/undelivered: what failed for good, why, and what staff can do about it."""

from __future__ import annotations

from collections import Counter

from flask import current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from bot import auth
from bot.database import session_scope
from bot.desk.views import READERS, WRITERS, blueprint, page_number
from bot.services import dead_letters, dismissed_letters
from bot.services import requests as waiting
from bot.services.dead_letters import AT_ONCE, DeadLetter, Key, Replayed
from bot.services.failure_reasons import REASONS

HINDRANCES = {
    "erased": "người dân đã yêu cầu xoá dữ liệu",
    "window": "đã quá 7 ngày kể từ lần cuối người dân nhắn",
    "raced": "người khác vừa xử lý hoặc tin đã đổi trạng thái",
}


@blueprint.get("/undelivered")
@auth.allow(*READERS)
def undelivered() -> ResponseReturnValue:
    """Replies that did not reach their citizen, and messages that got no answer."""
    reason = _reason(request.args.get("reason", ""))
    with session_scope(current_app.extensions["sessions"], readonly=True) as session:
        by_reason = dead_letters.count_by_reason(session)
        page = dead_letters.page_of(session, page_number(), reason=reason)
        counts = waiting.counts(session)
    return render_template(
        "desk/undelivered.html",
        page=page,
        counts=counts,
        by_reason=by_reason,
        reason=reason,
        ticked=request.args.get("tick") == "all",
        at_once=AT_ONCE,
        may_write=auth.signed_in().role in WRITERS,
    )


@blueprint.post("/undelivered/replay")
@auth.allow(*WRITERS)
def replay() -> ResponseReturnValue:
    """Send again, or answer anew. Doubtful ones need a second yes."""
    keys = _chosen()
    if not keys:
        return _nothing_chosen()
    known = current_app.extensions
    if request.form.get("confirmed") != "yes":
        with session_scope(known["sessions"], readonly=True) as session:
            letters = dead_letters.find(session, keys)
        if any(letter.doubtful for letter in letters):
            return _question(letters)
    with session_scope(known["sessions"]) as session:
        done = dead_letters.replay(session, keys, auth.signed_in().id)
    # After the commit; when the queue is down, the sweep finds the rows.
    for job, conversations in (("deliver", done.deliver), ("answer", done.answer)):
        for conversation_id in sorted(conversations):
            known["queue"].enqueue(job, conversation_id)
    flash(_told(done))
    return _back()


@blueprint.post("/undelivered/dismiss")
@auth.allow(*WRITERS)
def dismiss() -> ResponseReturnValue:
    """Take failures off the list."""
    keys = _chosen()
    if not keys:
        return _nothing_chosen()
    with session_scope(current_app.extensions["sessions"]) as session:
        done = dead_letters.dismiss(
            session, keys, auth.signed_in().id, request.form.get("note", "")
        )
    gone = len(keys) - done
    flash(
        f"Đã bỏ {done} tin khỏi danh sách."
        + (f" {gone} tin thì {HINDRANCES['raced']}." if gone else "")
    )
    return _back()


@blueprint.get("/undelivered/dismissed")
@auth.allow(*READERS)
def dismissed() -> ResponseReturnValue:
    """What was taken off the list, by whom and why."""
    with session_scope(current_app.extensions["sessions"], readonly=True) as session:
        page = dismissed_letters.page_of(session, page_number())
    return render_template("desk/dismissed.html", page=page)


@blueprint.post("/undelivered/restore")
@auth.allow(*WRITERS)
def restore() -> ResponseReturnValue:
    """Put one back on the list."""
    key = Key.read(request.form.get("key", ""))
    with session_scope(current_app.extensions["sessions"]) as session:
        who = auth.signed_in().id
        done = key is not None and dismissed_letters.restore(session, key, who)
    flash(
        "Đã mở lại tin: tin trở về danh sách chưa gửi được."
        if done
        else "Tin này không còn ở đây: người khác đã mở lại, hoặc nội dung đã được xoá."
    )
    return redirect(url_for("desk.dismissed"), 303)


def _chosen() -> set[Key]:
    """The failures that the form names, or the first of the reason that it names."""
    every = _reason(request.form.get("all_of", ""))
    if every:
        with session_scope(current_app.extensions["sessions"], readonly=True) as session:
            return set(dead_letters.keys_of_reason(session, every))
    read = (Key.read(given) for given in request.form.getlist("key")[:AT_ONCE])
    return {key for key in read if key is not None}


def _question(letters: list[DeadLetter]) -> ResponseReturnValue:
    with session_scope(current_app.extensions["sessions"], readonly=True) as session:
        counts = waiting.counts(session)
    doubtful = [letter for letter in letters if letter.doubtful]
    return render_template(
        "desk/replay_question.html",
        letters=letters,
        doubtful=doubtful,
        counts=counts,
        reason=_reason(request.form.get("reason", "")),
    )


def _told(done: Replayed) -> str:
    said = f"Đã đưa {done.count} tin vào hàng, sẽ đến người dân ngay bây giờ." if done.count else ""
    return f"{said} {_left(done.left)}".strip()


def _left(left: Counter[str]) -> str:
    if not left:
        return ""
    reasons = "; ".join(f"{number} tin {HINDRANCES[why]}" for why, number in left.items())
    return f"Không gửi lại: {reasons}."


def _nothing_chosen() -> ResponseReturnValue:
    flash("Anh/chị chưa chọn tin nào.")
    return _back()


def _back() -> ResponseReturnValue:
    reason = _reason(request.form.get("reason", ""))
    return redirect(url_for("desk.undelivered", reason=reason or None), 303)


def _reason(given: str) -> str:
    return given if given in REASONS else ""
