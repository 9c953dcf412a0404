"""The one way into Rasa: our router's messages and commands, answered or plainly refused.

    POST /webhooks/citizen/message   Authorization: Bearer RASA_TOKEN (when that is set)
    {"conversation_id": "17", "message_id": "abc", "text": "…",            what a citizen typed
     "context": {"procedure_code": "1.004194"}}              and, not always, what it came with
    {"conversation_id": "17", "message_id": "abc", "command": {"intent": "choose_procedure",
     "slots": {"procedure_code": "1.004194", "aspect": "fee"}}}            a tap, a sticker, …
    200 {"messages": [{"text", "buttons": [{"title", "type", "payload"}], "image"?}],
         "intent", "confidence", "outcome", "procedures"}
    503 {"error"}: no answer and nothing changed; the same request may be sent again. The error
    is "unavailable" when the store, the model or the action server is away, whatever was asked
    POST /webhooks/citizen/dry-run   the same; changes nothing, here or elsewhere. What can't be
    said without doing something (a hand-over, a look-up without proof): 200 with no messages
    POST /webhooks/citizen/forget    {"conversation_id": "17"} → 200
    GET  /webhooks/citizen/health    200 when a model is loaded

A message id whose turn is finished gets the same reply again. Text is only ever text: what begins
with a slash is read without it, so that nobody can type an intent.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
import os
import traceback
import unicodedata
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from rasa.core.agent import Agent
from rasa.core.channels.channel import InputChannel, UserMessage
from rasa.core.processor import MessageProcessor
from redis.exceptions import RedisError
from sanic import Blueprint, Sanic
from sanic.request import Request
from sanic.response import HTTPResponse, json

from dialogue import commands, context
from dialogue.action_call import ActionClient, PartyAwayError, TurnFailedError
from dialogue.commands import BadRequestError, Command
from dialogue.turns import Silence, TurnProcessor

logger = logging.getLogger(__name__)

TURN_SECONDS = 15.0
LONGEST_TEXT = 2000  # characters that are read; nobody's question needs more
NO_WORDS = "?"
UNAVAILABLE = "unavailable"


class CitizenChannel(InputChannel):
    """Rasa's side of the conversation with our router."""

    def __init__(self, token: str = "") -> None:
        self._token = token
        self._actions: ActionClient | None = None
        self._turns: tuple[MessageProcessor, TurnProcessor] | None = None

    @classmethod
    def name(cls) -> str:
        """Part of the address: /webhooks/citizen."""
        return "citizen"

    @classmethod
    def from_credentials(cls, credentials: dict[str, Any] | None) -> CitizenChannel:
        """The token comes from the environment, so that no file holds it."""
        return cls(os.environ.get("RASA_TOKEN", ""))

    def blueprint(self, on_new_message: Callable[[UserMessage], Awaitable[Any]]) -> Blueprint:
        """The routes. Rasa's own handler is not used: it swallows failures."""
        routes = Blueprint("citizen")

        @routes.post("/message")
        async def message(request: Request) -> HTTPResponse:
            return await self._guarded(request, self._message)

        @routes.post("/dry-run")
        async def dry_run(request: Request) -> HTTPResponse:
            return await self._guarded(request, self._dry_run)

        @routes.post("/forget")
        async def forget(request: Request) -> HTTPResponse:
            return await self._guarded(request, self._forget)

        @routes.get("/health")
        async def health(request: Request) -> HTTPResponse:
            ready = request.app.ctx.agent.is_ready()
            return json({"status": "ok" if ready else "no model"}, 200 if ready else 503)

        @routes.listener("after_server_stop")
        async def close(app: Sanic, loop: asyncio.AbstractEventLoop) -> None:
            if self._actions is not None:
                await self._actions.close()

        return routes

    async def _guarded(
        self, request: Request, handle: Callable[[Agent, Any], Awaitable[dict[str, Any]]]
    ) -> HTTPResponse:
        given = request.headers.get("authorization", "")
        if self._token and not hmac.compare_digest(
            given.encode(), f"Bearer {self._token}".encode()
        ):
            return json({"error": "unauthorised"}, 401)
        try:
            data = request.json
            if not isinstance(data, dict):
                raise BadRequestError("a JSON object is expected")
            return json(await handle(request.app.ctx.agent, data))
        except BadRequestError as error:
            return json({"error": str(error)}, 400)
        except (PartyAwayError, RedisError) as error:
            _log_failure(error)
            return json({"error": UNAVAILABLE}, 503)
        except Exception as error:
            _log_failure(error)
            return json({"error": type(error).__name__}, 503)

    async def _message(self, agent: Agent, data: dict[str, Any]) -> dict[str, Any]:
        message, command, came_with = _asked(data)
        turns = self._processor(agent)
        async with agent.lock_store.lock(message.sender_id):
            return await asyncio.wait_for(turns.answer(message, command, came_with), TURN_SECONDS)

    async def _dry_run(self, agent: Agent, data: dict[str, Any]) -> dict[str, Any]:
        # Without the lock: it saves nothing, and must hold no real turn up.
        turns = self._processor(agent)
        return await asyncio.wait_for(turns.would_answer(*_asked(data)), TURN_SECONDS)

    async def _forget(self, agent: Agent, data: dict[str, Any]) -> dict[str, Any]:
        turns = self._processor(agent)
        await turns.tracker_store.delete(_identifier(data, "conversation_id"))
        return {"forgotten": True}

    def _processor(self, agent: Agent) -> TurnProcessor:
        """Ours around the agent's; made anew after another model was loaded."""
        if not agent.is_ready():
            raise PartyAwayError("no model is loaded")
        if self._actions is None:
            if agent.action_endpoint is None or not agent.action_endpoint.url:
                raise TurnFailedError("endpoints.yml names no action_endpoint")
            self._actions = ActionClient(agent.action_endpoint.url)
        if self._turns is None or self._turns[0] is not agent.processor:
            own = TurnProcessor.around(agent.processor, self._actions)
            self._turns = (agent.processor, own)
        return self._turns[1]


def plain_text(text: str) -> str:
    """What was typed, as words: controls become spaces, leading slashes go, length is bound."""
    spaced = "".join(
        " " if unicodedata.category(c) in ("Cc", "Cs") else c for c in text[: 2 * LONGEST_TEXT]
    )
    start = 0
    while start < len(spaced) and _is_padding(spaced[start]):
        start += 1
    return spaced[start : start + LONGEST_TEXT].rstrip() or NO_WORDS


def _is_padding(character: str) -> bool:
    return (
        unicodedata.normalize("NFKC", character) == "/"
        or unicodedata.category(character)[0] in "CZ"
    )


def _asked(data: dict[str, Any]) -> tuple[UserMessage, Command | None, Mapping[str, str]]:
    """The message of a request, as what it is to be answered, and what it came with."""
    command, text = _content(data)
    message = UserMessage(
        text=text,
        output_channel=Silence(),
        sender_id=_identifier(data, "conversation_id"),
        input_channel=CitizenChannel.name(),
        message_id=_identifier(data, "message_id"),
    )
    return message, command, context.parse(data.get("context")) if command is None else {}


def _content(data: dict[str, Any]) -> tuple[Command | None, str]:
    if "command" in data:
        return commands.parse(data["command"]), ""
    text = data.get("text")
    if not isinstance(text, str):
        raise BadRequestError("text or command is expected")
    return None, plain_text(text)


def _identifier(data: dict[str, Any], name: str) -> str:
    value = data.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= 200:
        raise BadRequestError(f"{name} is expected as a string")
    return value


def _log_failure(error: Exception) -> None:
    # Where it broke, not what was being said: an exception's text can quote the citizen.
    frames = traceback.extract_tb(error.__traceback__)
    where = f"{os.path.basename(frames[-1].filename)}:{frames[-1].lineno}" if frames else "?"
    what = str(error) if isinstance(error, TurnFailedError) else type(error).__name__
    logger.error("turn failed: %s at %s", what, where)
