"""/admin/templates: the template messages that Zalo has approved and agents may send."""

from __future__ import annotations

from typing import Any

from flask import abort, current_app, render_template, request
from flask.typing import ResponseReturnValue

from bot import auth
from bot.admin.staff import READERS
from bot.admin.views import blueprint, told
from bot.database import session_scope
from bot.errors import TemplateError
from bot.services import message_templates
from bot.services.canned_fields import NAMES
from bot.services.message_templates import Param

BLANK_ROWS = 4  # for further parameters, on each page


@blueprint.get("/templates")
@auth.allow(*READERS)
def templates() -> ResponseReturnValue:
    """Every registered template."""
    with session_scope(current_app.extensions["sessions"], readonly=True) as session:
        rows = message_templates.listed(session)
    return render_template("admin/templates.html", rows=rows, may_act=_may_act(), FIELDS=NAMES)


@blueprint.get("/templates/new")
@auth.allow("admin")
def template_new() -> ResponseReturnValue:
    """The form for one more."""
    return _form({"active": True, "daytime_only": True, "params": ()})


@blueprint.post("/templates/new")
@auth.allow("admin")
def template_add() -> ResponseReturnValue:
    """Register one."""
    return _save(None)


@blueprint.get("/templates/<int(max=2147483647):ours>")
@auth.allow("admin")
def template_one(ours: int) -> ResponseReturnValue:
    """The form of one."""
    with session_scope(current_app.extensions["sessions"], readonly=True) as session:
        found = message_templates.get(session, ours)
    if found is None:
        abort(404)
    return _form(vars(found), ours)


@blueprint.post("/templates/<int(max=2147483647):ours>")
@auth.allow("admin")
def template_save(ours: int) -> ResponseReturnValue:
    """Change one, or switch it on or off."""
    return _save(ours)


def _save(ours: int | None) -> ResponseReturnValue:
    given: dict[str, Any] = {
        "template_id": request.form.get("template_id", "")[:100],
        "name": request.form.get("name", "")[:1_000],
        "body": request.form.get("body", "")[:10_000],
        "params": _params(),
        "daytime_only": request.form.get("daytime_only") == "yes",
        "active": request.form.get("active") == "yes",
    }
    try:
        with session_scope(current_app.extensions["sessions"]) as session:
            made = message_templates.save(session, auth.signed_in().id, **given, ours=ours)
    except TemplateError as error:
        return _form(given, ours, error=str(error)), 422
    if made is None:
        abort(404)
    return told("Đã lưu mẫu tin.", "admin.templates")


def _params() -> tuple[Param, ...]:
    """The rows of the form that hold a name; a length that is no number reads as 0."""
    names, limits, fields = (
        [value.strip()[:100] for value in request.form.getlist(key)[:100]]
        for key in ("param_name", "param_limit", "param_field")
    )
    return tuple(
        Param(name, int(limit) if limit.isascii() and limit.isdigit() and len(limit) < 6 else 0, f)
        for name, limit, f in zip(names, limits, fields, strict=False)
        if name
    )


def _form(given: dict[str, Any], ours: int | None = None, *, error: str = "") -> str:
    return render_template(
        "admin/template.html",
        given=given,
        ours=ours,
        error=error,
        fields=NAMES,
        blanks=BLANK_ROWS,
        name_limit=message_templates.NAME_LIMIT,
        body_limit=message_templates.BODY_LIMIT,
        longest=message_templates.LONGEST_PARAM,
    )


def _may_act() -> bool:
    return auth.signed_in().role == "admin"
