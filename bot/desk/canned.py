"""/desk/canned: the texts that staff send often, their own and the shared ones."""

from __future__ import annotations

from typing import Any

from flask import abort, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from bot import auth
from bot.database import session_scope
from bot.desk.views import READERS, blueprint, page_number
from bot.errors import CannedError
from bot.services import canned, desk_members
from bot.services.canned_fields import NAMES

# Editors write what is shared though they answer nobody.
WRITERS = ("agent", "editor", "admin")


@blueprint.get("/canned")
@auth.allow(*WRITERS)
def canned_list() -> ResponseReturnValue:
    """What the reader may use."""
    with session_scope(current_app.extensions["sessions"], readonly=True) as session:
        page = canned.listed(session, auth.signed_in(), page_number())
    return _render("desk/canned.html", page=page)


@blueprint.get("/canned/new")
@auth.allow(*WRITERS)
def canned_new() -> ResponseReturnValue:
    """The form for one more."""
    return _form({"shared": auth.signed_in().role == "editor"})


@blueprint.post("/canned/new")
@auth.allow(*WRITERS)
def canned_add() -> ResponseReturnValue:
    """Add one."""
    return _save(None)


@blueprint.get("/canned/<int(max=2147483647):canned_id>")
@auth.allow(*WRITERS)
def canned_one(canned_id: int) -> ResponseReturnValue:
    """The form of one; what the reader may not change is not there for them."""
    with session_scope(current_app.extensions["sessions"], readonly=True) as session:
        found = canned.get(session, auth.signed_in(), canned_id)
    if found is None or not found.may_change:
        abort(404)
    return _form(vars(found), canned_id)


@blueprint.post("/canned/<int(max=2147483647):canned_id>")
@auth.allow(*WRITERS)
def canned_save(canned_id: int) -> ResponseReturnValue:
    """Change one."""
    return _save(canned_id)


@blueprint.post("/canned/<int(max=2147483647):canned_id>/delete")
@auth.allow(*WRITERS)
def canned_delete(canned_id: int) -> ResponseReturnValue:
    """Delete one."""
    with session_scope(current_app.extensions["sessions"]) as session:
        if not canned.remove(session, auth.signed_in(), canned_id):
            abort(404)
    flash("Đã xoá câu soạn sẵn.")
    return redirect(url_for("desk.canned_list"), 303)


def _save(canned_id: int | None) -> ResponseReturnValue:
    desk = request.form.get("desk_id", "")
    given: dict[str, Any] = {
        "title": request.form.get("title", "")[:1000],
        "body": request.form.get("body", "")[:10_000],
        "shared": request.form.get("shared") == "yes",
        "desk_id": int(desk) if desk.isascii() and desk.isdigit() and len(desk) < 10 else None,
    }
    try:
        with session_scope(current_app.extensions["sessions"]) as session:
            made = canned.save(session, auth.signed_in(), **given, canned_id=canned_id)
    except CannedError as error:
        return _form(given, canned_id, error=str(error)), 422
    if made is None:
        abort(404)
    flash("Đã lưu câu soạn sẵn.")
    return redirect(url_for("desk.canned_list"), 303)


def _form(given: dict[str, Any], canned_id: int | None = None, *, error: str = "") -> str:
    may_share = auth.signed_in().role in canned.SHARERS
    every = []
    if may_share:
        with session_scope(current_app.extensions["sessions"], readonly=True) as session:
            every = desk_members.listed(session)
    return _render(
        "desk/canned_form.html",
        given=given,
        canned_id=canned_id,
        error=error,
        every=every,
        may_share=may_share,
        fields=NAMES,
        title_limit=canned.TITLE_LIMIT,
        body_limit=canned.BODY_LIMIT,
    )


def _render(template: str, **values: Any) -> str:
    # An editor has no desk: the page stands among the admin's.
    base = "desk/base.html" if auth.signed_in().role in READERS else "admin/base.html"
    return render_template(template, base=base, **values)
