"""One handoff: what was said, the packet beside it, and what can be put into the compose box."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any

from flask import Response, abort, current_app, make_response, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from bot import auth
from bot.database import session_scope, utcnow
from bot.desk.views import READERS, WRITERS, blueprint, message_before
from bot.errors import CaseNotShown, FileNotSendable, LookupLocked, OneStopUnavailable
from bot.onestop import OneStopFile
from bot.services import (
    audit,
    canned,
    cases,
    console,
    desks,
    handoffs,
    learning,
    outgoing_files,
    procedures,
    ready_answers,
    reply_drafts,
    visitors,
)
from bot.services import requests as waiting
from bot.services.cases import CaseView
from bot.services.handoffs import Handoff, Note, Packet
from bot.services.reply_drafts import Draft
from bot.services.requests import Thread, ThreadMessage

ADDRESS = "/handoffs/<int(max=4611686018427387904):handoff_id>"
FOUND = 5  # procedures that a search in the compose box shows
DRAFT_LIMIT = 6_000  # characters: several messages are made of a long text


@dataclass(frozen=True)
class Shown:
    """All that the page of a handoff shows."""

    handoff: Handoff
    thread: Thread
    items: tuple[ThreadMessage | Note, ...]  # in order of time
    packet: Packet
    past: tuple[Handoff, ...]
    stamp: str
    is_mine: bool
    drafts: tuple[Draft, ...]
    on_its_way: bool  # a message of ours was just written: look again soon


@blueprint.get(ADDRESS)
@auth.allow(*READERS)
def handoff(handoff_id: int) -> ResponseReturnValue:
    """The page of a handoff; looking at it leaves a line in the audit trail."""
    return page_of(handoff_id)


@blueprint.get(f"{ADDRESS}/thread")
@auth.allow(*READERS)
def thread_now(handoff_id: int) -> ResponseReturnValue:
    """What was said up to now, for the page that is open."""
    with session_scope(current_app.extensions["sessions"], readonly=True) as session:
        shown = _shown(session, handoff_id)
    return render_template("desk/_thread.html", shown=shown, oob=True)


@blueprint.get(f"{ADDRESS}/search")
@auth.allow(*WRITERS)
def search(handoff_id: int) -> ResponseReturnValue:
    """Procedures of the catalogue for the words of an agent."""
    with session_scope(current_app.extensions["sessions"], readonly=True) as session:
        found = find(session, handoff_id)
        matches = _search(session, request.args.get("q", ""))
    return render_template("desk/_found.html", handoff=found, matches=matches, asked=True)


@blueprint.get(f"{ADDRESS}/text")
@auth.allow(*WRITERS)
def text(handoff_id: int) -> ResponseReturnValue:
    """A canned reply or an answer of the catalogue, filled as of now, as plain text."""
    with session_scope(current_app.extensions["sessions"]) as session:
        said = _insertion(session, find(session, handoff_id))
    if not said:
        abort(404)
    return Response(said, mimetype="text/plain", headers={"Cache-Control": "no-store"})


@blueprint.get(f"{ADDRESS}/files/<int(max=4611686018427387904):message_id>")
@auth.allow(*READERS)
def sent_file(handoff_id: int, message_id: int) -> ResponseReturnValue:
    """The file that a colleague sent with a message."""
    settings = current_app.extensions["settings"]
    with session_scope(current_app.extensions["sessions"], readonly=True) as session:
        found = find(session, handoff_id)
        key, name = visitors.file_of(session, found.conversation_id, message_id) or ("", "")
    try:
        data = outgoing_files.read(outgoing_files.folder_of(settings.var_dir), key)
    except FileNotSendable:
        abort(404)
    response = Response(data, mimetype=outgoing_files.mime_type(key))
    response.headers.set("Content-Disposition", "attachment", filename=name)
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def number(given: str) -> int | None:
    """An id from an address or a form; None when it is none."""
    return int(given) if given.isascii() and given.isdigit() and len(given) < 10 else None


def find(session: Session, handoff_id: int) -> Handoff:
    """The handoff, if the reader may open it; another desk's reads as if there were none."""
    found = console.find(session, auth.signed_in(), handoff_id)
    if found is None:
        abort(404)
    return found


def page_of(
    handoff_id: int, *, draft: str = "", error: str = "", code: int = 200
) -> ResponseReturnValue:
    """The whole page, with a draft that could not be sent and the reason why."""
    who = auth.signed_in()
    with session_scope(current_app.extensions["sessions"]) as session:
        desks.touch(session, who.id)
        shown = _shown(session, handoff_id)
        audit.record(
            session, who.id, "view_conversation", "conversation", shown.handoff.conversation_id
        )
        more: dict[str, Any] = {}
        if shown.is_mine:
            if not draft:
                draft = _insertion(session, shown.handoff)
                more["draft_id"] = number(request.args.get("draft", "")) if draft else None
            more["choices"] = canned.choices(session, who)
            more["matches"] = _search(session, request.args.get("q", ""))
        more["suggestible"] = learning.suggestible(session, shown.handoff.conversation_id)
        more["desks"] = console.desk_choices(session)
        more["colleagues"] = handoffs.colleagues(
            session,
            shown.handoff.desk_id,
            but=(shown.handoff.claimed_by, who.id),
            all_desks=who.role == "admin",
        )
    page = render_template(
        "desk/handoff.html",
        shown=shown,
        draft=draft,
        error=error,
        form_id=secrets.token_urlsafe(12),
        limit=DRAFT_LIMIT,
        **more,
    )
    return make_response(page, code)


def _shown(session: Session, handoff_id: int) -> Shown:
    found = find(session, handoff_id)
    stamp = console.thread_stamp(session, handoff_id)
    thread = waiting.thread(session, found.conversation_id, before=message_before())
    assert thread is not None
    notes = [
        note
        for past in handoffs.history(session, found.conversation_id)
        for note in handoffs.notes(session, past.id)
    ]
    if thread.older_before is not None or message_before() is not None:
        first, last = thread.messages[0].at, thread.messages[-1].at
        notes = [n for n in notes if n.created_at >= first]
        if message_before() is not None:
            notes = [n for n in notes if n.created_at <= last]
    items: list[ThreadMessage | Note] = [*thread.messages, *notes]
    is_mine = found.state == handoffs.CLAIMED and found.claimed_by == auth.signed_in().id
    return Shown(
        handoff=found,
        thread=thread,
        items=tuple(sorted(items, key=_when)),
        packet=handoffs.read_packet(session, found.conversation_id, found.packet),
        past=tuple(h for h in handoffs.history(session, found.conversation_id) if h.id != found.id),
        stamp=stamp,
        is_mine=is_mine,
        drafts=reply_drafts.shown(session, found) if is_mine else (),
        on_its_way=any(
            m.direction == "out"
            and m.state in ("queued", "sending")
            and (utcnow() - m.at).total_seconds() < 60
            for m in thread.messages
        ),
    )


def _when(item: ThreadMessage | Note) -> Any:
    return item.at if isinstance(item, ThreadMessage) else item.created_at


def _search(session: Session, asked: str) -> tuple[procedures.Match, ...]:
    asked = asked.strip()[:200]
    return procedures.search(session, asked, limit=FOUND).matches if asked else ()


def _insertion(session: Session, found: Handoff) -> str:
    """What the address asks to be put into the compose box; "" for nothing or what is gone."""
    chosen, answer = number(request.args.get("canned", "")), request.args.get("answer", "")
    if (draft_id := number(request.args.get("draft", ""))) is not None:
        return _draft_text(session, found, draft_id)
    if chosen is not None:
        reply = canned.get(session, auth.signed_in(), chosen)
        if reply is None:
            return ""
        with_case = "{{" in reply.body and "case." in reply.body
        packet = handoffs.read_packet(session, found.conversation_id, found.packet)
        name = found.display_name
        about = context_of(session, found.conversation_id, packet, name, with_case=with_case)
        return canned.fill(session, reply.body, about).text
    code, _, aspect = answer.rpartition(":")
    ready = ready_answers.fill(session, code, aspect) if code else None
    return ready.text if ready else ""


def _draft_text(session: Session, found: Handoff, draft_id: int) -> str:
    if found.claimed_by != auth.signed_in().id or not found.drafts_on:
        return ""
    draft = reply_drafts.get(session, found.id, draft_id)
    return draft.text if draft else ""


def context_of(
    session: Session, conversation_id: int, packet: Packet, citizen_name: str, *, with_case: bool
) -> canned.Context:
    """What the live fields are filled from; the case only while the citizen's proof holds."""
    seen = packet.case_verified and with_case
    return canned.Context(
        procedure_code=packet.procedure_code,
        commune_code=packet.commune_code,
        case_code=packet.case_code,
        case=_case(session, conversation_id, packet.case_code) if seen else None,
        citizen_name=citizen_name,
        agent_name=auth.signed_in().name,
    )


def _case(session: Session, conversation_id: int, code: str) -> CaseView | None:
    """The case while the citizen's proof is in force; looking it up is on record like theirs."""
    onestop = OneStopFile(current_app.extensions["settings"].onestop_config)
    try:
        return cases.look_up(
            session,
            onestop,
            conversation_id=conversation_id,
            code=code,
            second_fact=None,
            message_id=f"desk:{auth.signed_in().id}:{secrets.token_hex(8)}",
            now=utcnow(),
        )
    except (CaseNotShown, LookupLocked, OneStopUnavailable):
        return None
