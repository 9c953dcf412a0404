"""/desk/: the blueprint, what all its pages share, and the conversation behind each list's row."""

from __future__ import annotations

import secrets
import unicodedata
from collections.abc import Callable
from typing import Any

from flask import Blueprint, abort, current_app, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from bot import auth
from bot.database import session_scope
from bot.desk import words
from bot.services import audit, console, desks, handoffs, message_templates, outgoing_files
from bot.services import requests as waiting
from bot.services.message_templates import Template
from bot.services.pages import Page

blueprint = Blueprint("desk", __name__, url_prefix="/desk")
auth.close_by_default(blueprint)

READERS = auth.READERS_OF_DESK
WRITERS = ("agent", "admin")


@blueprint.context_processor
def shared() -> dict[str, Any]:
    """What every page of the desk can name; the numbers are read only where they are shown."""
    who = auth.member()  # None on the page that tells a stranger to go away
    role = who.role if who else ""
    return {
        "words": words,
        "tabs": _tabs,
        "presence": _presence,
        "templates": _templates,
        "may_write": role in WRITERS,
        "supervises": role in console.SEES_ALL,
    }


@blueprint.get("/feedback")
@auth.allow(*READERS)
def feedback() -> ResponseReturnValue:
    """What citizens said about the service."""
    return _list("desk/feedback.html", waiting.feedback)


@blueprint.get("/conversations/<int(max=4611686018427387904):conversation_id>")
@auth.allow(*READERS)
def conversation(conversation_id: int) -> ResponseReturnValue:
    """One conversation; looking at it leaves a line in the audit trail."""
    return conversation_page(conversation_id)


def clean(text: str) -> str:
    """A text from a form as it is kept: composed letters, plain line ends."""
    return unicodedata.normalize("NFC", text.replace("\r\n", "\n")).strip()


def conversation_page(
    conversation_id: int,
    *,
    draft: str = "",
    error: str = "",
    file_error: str = "",
    code: int = 200,
) -> ResponseReturnValue:
    """The page of a conversation, with what was written so far and what is wrong with it."""
    who = auth.signed_in()
    with session_scope(current_app.extensions["sessions"]) as session:
        found = waiting.thread(session, conversation_id, before=message_before())
        if found is None or not console.may_open(session, who, conversation_id):
            abort(404)
        audit.record(session, who.id, "view_conversation", "conversation", conversation_id)
        counts = waiting.counts(session)
        past = handoffs.history(session, conversation_id)
    page = render_template(
        "desk/conversation.html",
        thread=found,
        past=past,
        counts=counts,
        draft=draft,
        error=error,
        file_error=file_error,
        accept=",".join(outgoing_files.EXTENSIONS),
        form_id=secrets.token_urlsafe(12),
        limit=waiting.REPLY_LIMIT,
    )
    return page, code


def page_number() -> int:
    """The page that the address asks for, from 1."""
    given = request.args.get("page", "1")
    return max(1, int(given)) if _is_number(given) else 1


def message_before() -> int | None:
    """The message before which the address asks for what was said."""
    given = request.args.get("before", "")
    return int(given) if _is_number(given) else None


def _list(template: str, read: Callable[[Session, int], Page[Any]]) -> str:
    with session_scope(current_app.extensions["sessions"], readonly=True) as session:
        page = read(session, page_number())
        counts = waiting.counts(session)
    return render_template(template, page=page, counts=counts)


def _tabs() -> dict[str, Any]:
    """The numbers of the tabs, and how the lists stand: a stream tells when that has changed."""
    who = auth.signed_in()
    with session_scope(current_app.extensions["sessions"], readonly=True) as session:
        return {
            "numbers": console.numbers(session, who),
            "counts": waiting.counts(session),
            "stamp": console.queue_stamp(session, who),
            "taken": handoffs.taken_from(session, who.id),
        }


def _templates() -> list[Template]:
    """The template messages that may be sent; none while nothing is paid for."""
    if not current_app.extensions["settings"].zalo_paid_messages:
        return []
    with session_scope(current_app.extensions["sessions"], readonly=True) as session:
        return message_templates.listed(session, only_active=True)


def _presence() -> desks.Presence | None:
    who = auth.signed_in()
    if who.role not in WRITERS:
        return None
    with session_scope(current_app.extensions["sessions"], readonly=True) as session:
        return desks.presence(session, who.id)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 10
