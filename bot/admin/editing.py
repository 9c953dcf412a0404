"""/admin/procedures/…/edit, /new: one procedure in a form that loses nothing that was typed."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

from flask import abort, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from bot import auth
from bot.admin.views import WRITERS, blueprint
from bot.catalogue import fact_words
from bot.catalogue.facts import facts_of
from bot.catalogue.form_reading import clean, new_record, read_day, read_form
from bot.catalogue.form_writing import LEVELS, Fields, add_rows, fields_of, places, with_room
from bot.catalogue.records import ProcedureRecord
from bot.database import session_scope
from bot.errors import EditRefused
from bot.services import desk_owners, procedure_edits, schedules
from bot.services.procedure_edits import COLLIDED, PLANNED, Difference, Edit, Opened, Saved

MAX_FORM = 4 * 1024 * 1024  # bytes: the longest record is 0.4 MB as a form
OWN_BOXES = ("csrf_token", "act", "version", "effective_on", "note", "whole", "collided")
TORN = "Trang gửi lên chưa trọn vẹn nên chưa lưu. Mời anh/chị bấm Lưu lại lần nữa."


@blueprint.get("/procedures/<path:code>/edit")
@auth.allow(*WRITERS)
def edit_form(code: str) -> ResponseReturnValue:
    """The form, filled from the record as it is today."""
    found = _opened(code)
    return _form(found, fields_of(found.record))


@blueprint.post("/procedures/<path:code>/edit")
@auth.allow(*WRITERS, max_body=MAX_FORM)
def edit(code: str) -> ResponseReturnValue:
    """Save, or show the form again with what was typed and what is in the way."""
    fields = _fields()
    base = _base(code)
    more = _more()
    if more:
        return _form(base, add_rows(fields, more))
    reading = read_form(fields, base.record)
    errors = dict(reading.errors)
    day = _day(errors)
    differences = _unchosen(code, base, reading.record or base.record, errors)
    if "whole" not in request.form:
        errors["name"] = TORN
    if errors or reading.record is None:
        return _form(base, fields, errors, differences, 422)
    theirs = frozenset(f for f in request.form.getlist("collided") if _choice(f) == "theirs")
    handed_in = Edit(reading.record, base.version, theirs, day, _note())
    try:
        with session_scope(current_app.extensions["sessions"]) as session:
            saved = procedure_edits.save(session, auth.signed_in().id, base.record.code, handed_in)
    except EditRefused as error:
        return _form(base, fields, {error.field or "name": str(error)}, status=422)
    if saved.outcome == COLLIDED:
        return _collided(base, saved)
    return _told(base.record.code, _said(saved, day))


@blueprint.get("/new")
@auth.allow(*WRITERS)
def new_form() -> ResponseReturnValue:
    """The empty form."""
    return _form(_nothing(), {"crawl_date": schedules.today_here().isoformat()})


@blueprint.post("/new")
@auth.allow(*WRITERS, max_body=MAX_FORM)
def new() -> ResponseReturnValue:
    """Add a procedure."""
    fields = _fields()
    more = _more()
    if more:
        return _form(_nothing(), add_rows(fields, more))
    base, errors = new_record(fields, schedules.today_here())
    reading = read_form(fields, base)
    errors |= reading.errors
    if "whole" not in request.form:
        errors["name"] = TORN
    if errors or reading.record is None:
        return _form(_nothing(), fields, errors, status=422)
    try:
        with session_scope(current_app.extensions["sessions"]) as session:
            procedure_edits.create(session, auth.signed_in().id, reading.record)
    except EditRefused as error:
        return _form(_nothing(), fields, {error.field: str(error)}, status=422)
    return _told(base.code, "Đã thêm thủ tục. Trợ lý trả lời về thủ tục này ngay từ bây giờ.")


def _collided(base: Opened, saved: Saved) -> ResponseReturnValue:
    """Somebody else saved first: the form with both edits together, and what to choose."""
    merged = saved.merged or base.record
    now = Opened(merged, base.active, saved.version)
    return _form(now, fields_of(merged), {}, saved.differences, 409)


def _unchosen(
    code: str, base: Opened, mine: ProcedureRecord, errors: dict[str, str]
) -> tuple[Difference, ...]:
    """The collisions of the page before, while one of them has no choice yet."""
    asked = request.form.getlist("collided")
    if not any(_choice(fact) not in ("mine", "theirs") for fact in asked):
        return ()
    errors["collided"] = "Mời anh/chị chọn giữ bản nào cho từng mục mà cả hai cùng sửa."
    facts, theirs = facts_of(mine), facts_of(base.record)
    return tuple(
        Difference(fact, None, theirs.get(fact), facts.get(fact)) for fact in asked if fact in facts
    )


def _form(
    found: Opened,
    fields: Fields,
    errors: dict[str, str] | None = None,
    differences: tuple[Difference, ...] = (),
    status: int = 200,
) -> ResponseReturnValue:
    shown = with_room(fields)
    page = render_template(
        "admin/edit.html",
        code=found.record.code if found.version else "",
        version=found.version,
        fields=shown,
        errors=errors or {},
        differences=[_shown(d) for d in differences],
        places=lambda rows: places(shown, rows),
        levels=dict.fromkeys((*LEVELS, *found.record.levels)),
        owners=_owners(),
        own=request.form,
    )
    return page, status


def _shown(one: Difference) -> dict[str, Any]:
    lines = fact_words.lines
    return {
        "fact": one.fact,
        "label": fact_words.label(one.fact),
        "both": one.both,
        "choice": _choice(one.fact),
        "values": [lines(one.fact, value) for value in (one.before, one.theirs, one.mine)],
    }


def _owners() -> list[tuple[str, str]]:
    known = desk_owners.owners()
    return [(owner.code, owner.name) for owner in (known.centre, *known.departments)]


def _fields() -> Fields:
    typed = {k: v for k, v in request.form.items() if k not in OWN_BOXES and ":fact:" not in k}
    return clean(typed)


def _more() -> str:
    act = request.form.get("act", "")
    return act.removeprefix("more:") if act.startswith("more:") else ""


def _choice(fact: str) -> str:
    return request.form.get(f"choice:fact:{fact}", "")


def _note() -> str:
    return " ".join(request.form.get("note", "").split())[:200]


def _day(errors: dict[str, str]) -> dt.date | None:
    """The day from which the change holds; None: now."""
    text = request.form.get("effective_on", "").strip()
    day, today = read_day(text) if text else None, schedules.today_here()
    if text and day is None:
        errors["effective_on"] = "Ngày chưa đúng. Mời ghi theo dạng ngày/tháng/năm."
    elif day is not None and day < today:
        errors["effective_on"] = "Ngày này đã qua. Muốn sửa ngay thì để trống ô này."
    return day if day is not None and day > today else None


def _opened(code: str) -> Opened:
    with session_scope(current_app.extensions["sessions"], readonly=True) as session:
        found = procedure_edits.opened(session, code[:60])
    return found or abort(404)


def _base(code: str) -> Opened:
    """What the form was filled from, by the version that it carries."""
    given = request.form.get("version", "")
    version = int(given) if given.isascii() and given.isdigit() and len(given) < 9 else 0
    with session_scope(current_app.extensions["sessions"], readonly=True) as session:
        found = procedure_edits.base_of(session, code[:60], version)
    return found or abort(404)


def _nothing() -> Opened:
    empty = ProcedureRecord("MOI", "", "", "", schedules.today_here())
    return Opened(replace(empty), True, 0)


def _said(saved: Saved, day: dt.date | None) -> str:
    if saved.outcome == PLANNED and day is not None:
        return f"Đã hẹn: thay đổi có hiệu lực từ ngày {day:%d/%m/%Y}."
    if saved.outcome == procedure_edits.UNCHANGED:
        return "Anh/chị chưa sửa gì nên không có gì thay đổi."
    return "Đã lưu. Trợ lý trả lời theo nội dung mới ngay từ bây giờ."


def _told(code: str, said: str) -> ResponseReturnValue:
    flash(said)
    return redirect(url_for("admin.procedure", code=code), 303)
