"""/admin/inbox: what the assistant did not understand, in groups, and what is made of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import abort, current_app, flash, make_response, redirect, render_template, request
from flask import url_for as address
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from bot import auth
from bot.admin.views import READERS, WRITERS, blueprint, page_number
from bot.database import session_scope
from bot.errors import LostRace, ReviewError
from bot.services import (
    browsing,
    lessons,
    review_decisions,
    review_grouping,
    review_lists,
    review_understood,
)
from bot.services.lessons import Draft
from bot.services.pages import PAGE_SIZE
from bot.templating import INTENTS

APPROVERS = ("approver", "admin")
LOOK_SECONDS = 0.5  # how long a visit looks at what is understood by now
FOUND = 8  # procedures to choose from
TEXTS = 20  # different messages of a group that are searched for its page
DAYS = {"7": "7 ngày", "30": "30 ngày", "90": "90 ngày", "": "Tất cả"}
REASONS = {
    "refused": "không hiểu",
    "asked": "phải hỏi lại",
    "handed_over": "chuyển cán bộ",
    "unsure": "trả lời chưa chắc",
    "staff": "cán bộ đề xuất",
}
DECISIONS = {
    "saying": "Cách nói của thủ tục",
    "example": "Ví dụ huấn luyện",
    "correction": "Sửa danh mục",
    "out_of_scope": "Ngoài phạm vi",
    "ignored": "Bỏ qua",
}
TODAY = {
    "one": "trả lời ngay",
    "several": "hỏi lại, đưa ra lựa chọn",
    "unknown": "nói là chưa có trong danh mục",
    "nothing": "không thấy nhắc thủ tục nào",
}
# The intents that have training examples and that a message of one's own can have.
_UNTRAINED = ("ask_overview", "inform_place")
EXAMPLE_INTENTS = {intent: name for intent, name in INTENTS.items() if intent not in _UNTRAINED}
GROUP = "/inbox/groups/<int(max=4611686018427387904):group_id>"


@dataclass(frozen=True)
class Typed:
    """What somebody had typed when their decision could not be taken."""

    act: str = ""
    code: str = ""
    intent: str = ""
    text: str = ""


NOTHING_TYPED = Typed()


@blueprint.context_processor
def review_words() -> dict[str, Any]:
    """What the pages of the inbox call things."""
    who = auth.member()
    role = who.role if who else ""
    return {
        "REASONS": REASONS,
        "DECISIONS": DECISIONS,
        "TODAY": TODAY,
        "INTENTS": INTENTS,
        "may_decide": role in WRITERS,
        "may_approve": role in APPROVERS,
    }


@blueprint.get("/inbox")
@auth.allow(*READERS)
def inbox() -> ResponseReturnValue:
    """The groups that wait for a decision, the most frequent first."""
    return _list()


def _list(*, typed: Typed = NOTHING_TYPED, error: str = "", code: int = 200) -> ResponseReturnValue:
    sessions = current_app.extensions["sessions"]
    with session_scope(sessions) as session:
        more_to_group = review_grouping.group_new(session) == review_grouping.AT_ONCE
    unchecked = review_understood.refresh(sessions, LOOK_SECONDS)
    reason, days = request.args.get("reason", ""), request.args.get("days", "")
    reason, days = reason if reason in REASONS else "", days if days in DAYS else ""
    understood = request.args.get("understood") == "1"
    with session_scope(sessions, readonly=True) as session:
        page = review_lists.open_groups(
            session,
            page_number(),
            reason=reason,
            days=int(days) if days else None,
            understood=understood,
        )
        waiting = lessons.count_waiting(session)
    shown = render_template(
        "admin/inbox.html",
        page=page,
        waiting=waiting,
        unchecked=unchecked,
        more_to_group=more_to_group,
        reason=reason,
        days=days,
        all_days=DAYS,
        understood=understood,
        intents=EXAMPLE_INTENTS,
        typed=typed,
        error=error,
    )
    return make_response(shown, code)


@blueprint.get("/inbox/put-aside")
@auth.allow(*READERS)
def inbox_put_aside() -> ResponseReturnValue:
    """Groups that were ignored or are out of scope, to take it back."""
    with session_scope(current_app.extensions["sessions"], readonly=True) as session:
        page = review_lists.put_aside(session, page_number())
    return render_template("admin/inbox_put_aside.html", page=page)


@blueprint.get(GROUP)
@auth.allow(*READERS)
def inbox_group(group_id: int) -> ResponseReturnValue:
    """One group: its messages, what they are answered with today, what can be made of them."""
    return _group_page(group_id)


def _group_page(
    group_id: int, *, typed: Typed = NOTHING_TYPED, error: str = "", code: int = 200
) -> ResponseReturnValue:
    words = request.args.get("q", "")[:200]
    with session_scope(current_app.extensions["sessions"], readonly=True) as session:
        group = review_lists.one(session, group_id)
        if group is None:
            abort(404)
        members = review_lists.members(session, group_id)
        texts = list(dict.fromkeys(member.text for member in members))
        today = review_understood.today(session, texts[:TEXTS])
        known = lessons.of_group(session, group_id)
        found = browsing.find(session, words, 1).rows if words else ()
    near = {m.code: m.name for one in today for m in one.result.matches[:3]}
    choices = {row.code: row.name for row in found if row.active} or near
    shown = render_template(
        "admin/inbox_group.html",
        group=group,
        members=members,
        different=len(texts),
        today=today,
        lessons=known,
        choices=dict(list(choices.items())[:FOUND]),
        words=words,
        intents=EXAMPLE_INTENTS,
        answer=next((m.answer for m in members if m.answer), ""),
        typed=typed,
        error=error,
    )
    return make_response(shown, code)


@blueprint.post(f"{GROUP}/decide")
@auth.allow(*WRITERS)
def inbox_decide(group_id: int) -> ResponseReturnValue:
    """Decide one group. What was typed stays when that fails."""
    version = _number(request.form.get("version", ""))
    typed = _typed()
    try:
        with session_scope(current_app.extensions["sessions"]) as session:
            _decide(session, group_id, version, typed)
    except ReviewError as error:
        return _group_page(group_id, typed=typed, error=str(error), code=422)
    except LostRace as lost:
        said = f"{lost} Điều anh/chị vừa chọn chưa được ghi."
        return _group_page(group_id, typed=typed, error=said, code=409)
    flash(_done(typed.act))
    return redirect(address("admin.inbox_group", group_id=group_id), 303)


@blueprint.post("/inbox/decide")
@auth.allow(*WRITERS)
def inbox_decide_many() -> ResponseReturnValue:
    """Decide the ticked groups alike; those that somebody else decided first are named."""
    ticked = [given.partition(":") for given in request.form.getlist("group")[:PAGE_SIZE]]
    typed = _typed()
    if not ticked:
        return _list(typed=typed, error="Anh/chị chưa đánh dấu nhóm nào.", code=422)
    lost: list[str] = []
    try:
        with session_scope(current_app.extensions["sessions"]) as session:
            for group_id, _, version in ticked:
                try:
                    _decide(session, _number(group_id), _number(version), typed)
                except LostRace as race:
                    lost.append(str(race))
    except ReviewError as error:
        return _list(typed=typed, error=f"{error} Chưa nhóm nào được ghi.", code=422)
    done = len(ticked) - len(lost)
    flash(" ".join([f"{_done(typed.act)} ({done} nhóm)", *dict.fromkeys(lost)]))
    return redirect(address("admin.inbox"), 303)


@blueprint.post(f"{GROUP}/undo")
@auth.allow(*WRITERS)
def inbox_undo(group_id: int) -> ResponseReturnValue:
    """Take a decision back; the group is in the inbox again."""
    who = auth.signed_in()
    version = _number(request.form.get("version", ""))
    said = "Đã hoàn tác. Nhóm này lại nằm trong danh sách chờ quyết định."
    try:
        with session_scope(current_app.extensions["sessions"]) as session:
            review_decisions.undo(
                session, who.id, group_id, version=version, approves=who.role in APPROVERS
            )
    except (ReviewError, LostRace) as error:
        said = str(error)
    flash(said)
    return redirect(address("admin.inbox_group", group_id=group_id), 303)


def _decide(session: Session, group_id: int, version: int, typed: Typed) -> None:
    who = auth.signed_in()
    if typed.act in review_grouping.PUT_ASIDE:
        review_decisions.decide(session, who.id, group_id, version, typed.act)
        return
    if typed.act not in lessons.KINDS:
        raise ReviewError("Chưa chọn việc cần làm. Mời anh/chị chọn rồi lưu lại.")
    if typed.act == lessons.EXAMPLE and typed.intent not in EXAMPLE_INTENTS:
        raise ReviewError("Chưa chọn ý định cho ví dụ. Mời anh/chị chọn một ý định.")
    subject = typed.intent if typed.act == lessons.EXAMPLE else typed.code
    text, answer = typed.text, ""
    group = review_lists.one(session, group_id)
    if group is None:
        raise LostRace("Một nhóm không còn nữa: người dân đã rút tin nhắn.")
    if not text and typed.act != lessons.CORRECTION:
        text = group.examples[0]  # in bulk each group is taught by its newest message
    if typed.act != lessons.SAYING:
        answer = next((m.answer for m in review_lists.members(session, group_id) if m.answer), "")
    draft = Draft(typed.act, subject, text, answer)
    review_decisions.teach(session, who.id, group_id, version, draft)


def _typed() -> Typed:
    form = request.form
    return Typed(
        act=form.get("act", "")[:20],
        code=(form.get("other_code", "").strip() or form.get("code", "").strip())[:60],
        intent=form.get("intent", "")[:60],
        text=form.get("text", "").replace("\r\n", "\n")[:4_000],
    )


def _number(given: str) -> int:
    return int(given) if given.isascii() and given.isdigit() and len(given) < 19 else 0


def _done(act: str) -> str:
    return {
        "saying": "Đã đề xuất cách nói, chờ người thứ hai duyệt.",
        "example": "Đã đề xuất ví dụ huấn luyện, chờ người thứ hai duyệt.",
        "correction": "Đã ghi việc sửa danh mục vào trang của thủ tục.",
        "out_of_scope": "Đã ghi là ngoài phạm vi.",
        "ignored": "Đã bỏ qua.",
    }[act]
