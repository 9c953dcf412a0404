"""/admin/: look into the catalogue, see what it lacks, and who did what."""

from __future__ import annotations

import datetime as dt
from typing import Any

from flask import Blueprint, abort, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from bot import auth
from bot.admin.words import ACTIONS
from bot.catalogue import fact_words
from bot.database import session_scope
from bot.services import answers, audit, browsing, catalogue, desk_owners, lessons, schedules
from bot.services.pages import cut
from bot.services.working_days import VIETNAM
from bot.settings import Settings

blueprint = Blueprint("admin", __name__, url_prefix="/admin")
auth.close_by_default(blueprint)

WRITERS = ("editor", "approver", "admin")
READERS = (*WRITERS, "auditor")
GAP_NAMES = {
    "time": "Thời hạn giải quyết",
    "fee": "Phí, lệ phí",
    "documents": "Giấy tờ cần có",
    "plain_name": "Tên thường gọi",
}


@blueprint.get("/")
@auth.allow(*READERS)
def procedures() -> ResponseReturnValue:
    """The catalogue, searched by code or words."""
    words = request.args.get("q", "")[:200]
    with session_scope(current_app.extensions["sessions"], readonly=True) as session:
        page = browsing.find(session, words, page_number())
    return render_template("admin/procedures.html", page=page, words=words)


@blueprint.get("/procedures/<path:code>")
@auth.allow(*READERS)
def procedure(code: str) -> ResponseReturnValue:
    """All that one record holds, and what citizens read of it."""
    settings: Settings = current_app.extensions["settings"]
    with session_scope(current_app.extensions["sessions"], readonly=True) as session:
        found = browsing.kept(session, code[:60])
        planned = schedules.planned(session, code[:60])
        corrections = lessons.corrections_of(session, code[:60])
    if found is None:
        abort(404)
    today = dt.datetime.now(VIETNAM).date()
    read = [
        (
            answers.HEADINGS[aspect],
            answers.compose(found.record, aspect, today=today, hotline=settings.hotline).values,
        )
        for aspect in answers.ASPECTS
    ]
    return render_template(
        "admin/procedure.html",
        kept=found,
        record=found.record,
        answers=read,
        owner=desk_owners.owner_of(found.record).name,
        planned=[plan for plan in planned if plan.effective_on > today],
        diff=fact_words.diff,
        corrections=corrections,
    )


@blueprint.get("/coverage")
@auth.allow(*READERS)
def coverage() -> ResponseReturnValue:
    """What the active procedures lack, counted and listed."""
    found = _coverage()
    chosen = request.args.get("gap", "")
    if chosen not in GAP_NAMES:
        chosen = ""
    page = cut(found.missing[chosen], page_number()) if chosen else None
    return render_template(
        "admin/coverage.html", coverage=found, names=GAP_NAMES, chosen=chosen, page=page
    )


@blueprint.get("/audit")
@auth.allow("admin", "auditor")
def audit_trail() -> ResponseReturnValue:
    """Who did what, newest first."""
    with session_scope(current_app.extensions["sessions"], readonly=True) as session:
        page = audit.entries(session, page_number())
    return render_template("admin/audit.html", page=page, words=ACTIONS)


def told(said: str, endpoint: str, **values: Any) -> ResponseReturnValue:
    """Back to a page, which tells what became of the act."""
    flash(said)
    return redirect(url_for(endpoint, **values), 303)


def page_number() -> int:
    """The page that the address asks for, from 1."""
    given = request.args.get("page", "1")
    return max(1, int(given)) if given.isascii() and given.isdigit() and len(given) < 10 else 1


def _coverage() -> browsing.Coverage:
    known = current_app.extensions
    with session_scope(known["sessions"], readonly=True) as session:
        now = catalogue.version(session)
        version, found = known.get("coverage", (None, None))
        if version != now or found is None:
            found = browsing.coverage(session)
            known["coverage"] = (now, found)
    kept: browsing.Coverage = found
    return kept
