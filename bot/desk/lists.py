"""The lists of the console: who waits, what is mine, what is open, what is closed; and presence."""

from __future__ import annotations

from collections.abc import Callable, Collection

from flask import abort, current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from bot import auth
from bot.bell import ring
from bot.database import session_scope
from bot.desk.views import READERS, WRITERS, blueprint, page_number
from bot.services import console, desks, handoffs
from bot.services.handoffs import Handoff
from bot.services.pages import Page

Read = Callable[[Session, "Collection[int] | None", int], "Page[Handoff]"]


@blueprint.get("/")
@auth.allow(*READERS)
def queue() -> ResponseReturnValue:
    """Citizens who wait for a person, the longest wait first."""
    return _list("queue", handoffs.queue)


@blueprint.get("/mine")
@auth.allow(*READERS)
def mine() -> ResponseReturnValue:
    """The conversations that the reader is at."""
    who = auth.signed_in()
    return _list("mine", lambda session, _, page: handoffs.mine(session, who.id, page))


@blueprint.get("/all")
@auth.allow("admin", "auditor")
def everything() -> ResponseReturnValue:
    """Everything that is open, at every desk."""
    return _list("all", handoffs.all_open)


@blueprint.get("/closed")
@auth.allow(*READERS)
def closed() -> ResponseReturnValue:
    """What is over, the newest first."""
    return _list("closed", handoffs.closed)


@blueprint.get("/tabs")
@auth.allow(*READERS)
def tabs_now() -> ResponseReturnValue:
    """The tabs with their numbers of this moment."""
    return render_template("desk/_tabs.html", here=request.args.get("here", ""))


@blueprint.post("/presence")
@auth.allow(*WRITERS)
def set_presence() -> ResponseReturnValue:
    """Present, away or off."""
    who = auth.signed_in()
    state = request.form.get("state", "")
    if state not in desks.STATES:
        abort(400)
    with session_scope(current_app.extensions["sessions"]) as session:
        desks.set_presence(session, who.id, state, request.form.get("reason", ""))
    ring(current_app.extensions["store"], handoffs.QUEUE_BELL)  # what overflows to whom changes
    target = request.form.get("next", "")
    return redirect(target if auth.is_local(target) else url_for("desk.queue"), 303)


def _list(name: str, read: Read) -> ResponseReturnValue:
    who = auth.signed_in()
    with session_scope(current_app.extensions["sessions"]) as session:
        desks.touch(session, who.id)
        seen = console.desks_seen(session, who)
        page = read(session, seen, page_number())
        lines = console.lines(session, page.rows)
    only_rows = request.headers.get("HX-Request") == "true"
    return render_template(
        "desk/_rows.html" if only_rows else "desk/list.html",
        name=name,
        page=page,
        lines=lines,
        no_desk=seen is not None and not seen,
    )
