"""POST /webhook/zalo: verify, parse, keep, enqueue, answer. Zalo waits two seconds."""

from __future__ import annotations

import logging

from flask import Blueprint, current_app, request
from flask.typing import ResponseReturnValue

from bot.channels import keeping
from bot.channels.keeping import patiently
from bot.channels.zalo import receipts
from bot.channels.zalo.events import (
    CHANNEL,
    Envelope,
    Ignored,
    Reaction,
    Receipt,
    parse,
    read_envelope,
)
from bot.channels.zalo.signature import mac, matches
from bot.conversation.messages import InboundMessage
from bot.database import session_scope
from bot.services import reactions
from bot.settings import Settings

log = logging.getLogger(__name__)
blueprint = Blueprint("zalo", __name__)
keeping.init_blueprint(blueprint)

# The largest event is a text of some thousand characters; nothing near this is Zalo's.
MAX_BODY = 256 * 1024


@blueprint.get("/webhook/zalo")
def probe() -> ResponseReturnValue:
    """Somebody looks whether the address exists."""
    return {"status": "ok"}


@blueprint.post("/webhook/zalo")
def receive() -> ResponseReturnValue:
    """One event. Unsigned probes get 200 and do nothing; a wrong signature gets 403."""
    request.max_content_length = MAX_BODY
    raw = request.get_data(cache=False)
    header = request.headers.get("X-ZEvent-Signature", "")
    if not header:
        return _done("unsigned")  # the console's check of the address must succeed
    envelope = read_envelope(raw)
    settings: Settings = current_app.extensions["settings"]
    if envelope is None or not _is_signed(envelope, raw, header, settings):
        _count("bad_signature")
        log.warning("refused an event with a wrong signature (%s bytes)", len(raw))
        return {"error": "signature"}, 403
    event = parse(envelope)
    if isinstance(event, Ignored):
        return _done(event.reason)
    if isinstance(event, Receipt):
        return _note(event)
    if isinstance(event, Reaction):
        return _note_reaction(event)
    return _keep(event)


def _is_signed(envelope: Envelope, raw: bytes, header: str, settings: Settings) -> bool:
    if envelope.app_id != settings.zalo_app_id:
        return False
    secret = settings.zalo_oa_secret_key
    if not secret:
        return False
    if matches(header, mac(settings.zalo_app_id, raw, envelope.timestamp, secret)):
        return True
    # Reported by integrators: some accounts sign with the OA's id as the first term.
    by_oa = matches(header, mac(settings.zalo_oa_id, raw, envelope.timestamp, secret))
    if by_oa:
        log.warning("an event is signed with the account's id in place of the app's id")
    return by_oa


def _keep(message: InboundMessage) -> ResponseReturnValue:
    return _done("kept" if keeping.keep(message, _content_of(message)) else "repeat")


def _content_of(message: InboundMessage) -> dict[str, object]:
    content: dict[str, object] = {}
    if message.attachments:
        content["attachments"] = [
            {"type": a.type, "url": a.url, "name": a.name, "size": a.size}
            for a in message.attachments
        ]
    if message.latitude is not None:
        content["location"] = {"latitude": message.latitude, "longitude": message.longitude}
    if message.quoted_message_id:
        content["quoted"] = message.quoted_message_id
    if message.info:
        content["info"] = message.info
    return content


def _note(receipt: Receipt) -> ResponseReturnValue:
    known = current_app.extensions
    patiently(lambda: receipts.note(known["sessions"], known["store"], receipt))
    return _done(receipt.state)


def _note_reaction(reaction: Reaction) -> ResponseReturnValue:
    def note() -> bool:
        with session_scope(current_app.extensions["sessions"]) as session:
            return reactions.note(
                session, CHANNEL, reaction.user_id, reaction.message_id, reaction.icon
            )

    if not patiently(note):
        return _done("reaction_unchanged")
    current_app.extensions["metrics"].count("reactions", reactions.feeling(reaction.icon))
    return _done("reaction")


def _done(result: str) -> ResponseReturnValue:
    _count(result)
    return {"status": "ok"}


def _count(result: str) -> None:
    current_app.extensions["metrics"].count("webhook_events", result)
