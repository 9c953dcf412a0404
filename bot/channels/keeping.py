"""A message that came in is kept before it is acknowledged, whatever channel brought it."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from flask import Blueprint, Flask, current_app
from flask.blueprints import BlueprintSetupState
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import SQLAlchemyError

from bot import logs
from bot.channels.outages import LOST, through_outage
from bot.conversation.messages import InboundMessage
from bot.database import session_scope
from bot.group_commit import GroupCommit
from bot.services import conversations, receiving
from bot.services.conversations import Stored
from bot.services.receiving import Incoming
from bot.surge import Surge

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


def init_app(app: Flask) -> None:
    """What `keep` writes with: one group commit for this process."""
    known = app.extensions
    surge = Surge(known["store"])

    def write(messages: Sequence[Incoming], since: float) -> list[Stored | None]:
        def store() -> list[Stored | None]:
            with session_scope(known["sessions"]) as session:
                return receiving.store_together(session, messages)

        left = PATIENCE - (time.monotonic() - since)
        try:
            return through_outage(store, seconds=left)
        except LOST:
            raise
        except SQLAlchemyError as error:  # one of them is wrong: each by itself, to find it
            log.warning("a group of %s was not kept: %s", len(messages), logs.where(error))
            return [None] * len(messages)

    def wake(messages: Sequence[Incoming], since: float, stored: Sequence[Stored | None]) -> None:
        surge.note(len(messages), time.monotonic() - since)
        new = dict.fromkeys(s.conversation_id for s in stored if s is not None and s.new)
        known["queue"].enqueue_each("answer", new)

    known["keeping"] = GroupCommit(write, wake)


def keep(message: InboundMessage, content: Mapping[str, Any]) -> bool:
    """Store a message, wake its conversation; whether it is new. It is committed on return.

    Messages that arrive at the same time share a commit. A kill before it gives no 200, and the
    event (or page) comes again; after it, the sweep finds the pending row. Its id is kept once, so
    that a repeated try does no harm.
    """
    incoming = Incoming(
        channel=message.channel,
        user_id=message.user_id,
        message_id=message.message_id,
        kind=message.kind,
        text=message.text,
        content=content,
        occurred_at=message.occurred_at,
    )
    stored = current_app.extensions["keeping"].submit(incoming)
    if stored is None:
        stored = _store_alone(incoming)
    if stored.new:
        log.info("kept a %s from %s", message.kind, logs.mask(message.user_id))
    return bool(stored.new)


def _store_alone(message: Incoming) -> Stored:
    known = current_app.extensions

    def store() -> Stored:
        with session_scope(known["sessions"]) as session:
            return conversations.store_inbound(session, **vars(message))

    stored = patiently(store)
    if stored.new:
        # After the commit: a worker must never look for a row that is not there yet. If the queue
        # is down the sweep finds the row.
        known["queue"].enqueue("answer", stored.conversation_id)
    return stored


def _key_masks(state: BlueprintSetupState) -> None:
    logs.use_key(state.app.extensions["settings"].secret_key)


def _no_database(error: Exception) -> ResponseReturnValue:
    log.error("the database is away: %s", logs.where(error))
    said = "Hệ thống đang bận, tin chưa được nhận. Bạn gửi lại sau ít giây giúp nhé."
    return {"error": said}, 503, {"Retry-After": str(RETRY_SECONDS)}
