"""A message that came in is kept before it is acknowledged, whatever channel brought it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from flask import Blueprint, current_app
from flask.blueprints import BlueprintSetupState
from flask.typing import ResponseReturnValue

from bot import logs
from bot.channels.outages import LOST, through_outage
from bot.conversation.messages import InboundMessage
from bot.database import session_scope
from bot.services import conversations

log = logging.getLogger(__name__)

Result = TypeVar("Result")

# A platform waits two seconds for its 200, and whether it comes again after another answer is open.
PATIENCE = 1.5
RETRY_SECONDS = 5


def init_blueprint(blueprint: Blueprint) -> None:
    """A blueprint that keeps messages: 503 while there is no database, masks with our key."""
    blueprint.record(_key_masks)
    for lost in LOST:
        blueprint.register_error_handler(lost, _no_database)


def patiently(step: Callable[[], Result]) -> Result:
    """What `step` returns, tried again for a moment while the database is away."""
    return through_outage(step, seconds=PATIENCE)


def keep(message: InboundMessage, content: Mapping[str, Any]) -> bool:
    """Store a message, wake its conversation; whether it is new. It is committed on return."""
    known = current_app.extensions

    def store() -> conversations.Stored:
        with session_scope(known["sessions"]) as session:
            return conversations.store_inbound(
                session,
                channel=message.channel,
                user_id=message.user_id,
                message_id=message.message_id,
                kind=message.kind,
                text=message.text,
                content=content,
                occurred_at=message.occurred_at,
            )

    # A kill before this commit gives no 200, and the event (or page) comes again; after it, the
    # sweep finds the pending row. Its id is kept once, so that a repeated try does no harm.
    stored = patiently(store)
    if stored.new:
        # After the commit: a worker must never look for a row that is not there yet. If the queue
        # is down the sweep finds the row.
        known["queue"].enqueue("answer", stored.conversation_id)
        log.info("kept a %s from %s", message.kind, logs.mask(message.user_id))
    return stored.new


def _key_masks(state: BlueprintSetupState) -> None:
    logs.use_key(state.app.extensions["settings"].secret_key)


def _no_database(error: Exception) -> ResponseReturnValue:
    log.error("the database is away: %s", logs.where(error))
    said = "Hệ thống đang bận, tin chưa được nhận. Bạn gửi lại sau ít giây giúp nhé."
    return {"error": said}, 503, {"Retry-After": str(RETRY_SECONDS)}
