"""Our own Rasa channel over HTTP: one message in, a Turn out, or DialogueError."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import requests

from bot.conversation.messages import Button, Reply, Turn
from bot.conversation.payloads import Command
from bot.errors import DialogueError
from bot.keepalive import KeepAlive, never_connected

CONNECT_SECONDS = 1.0
TURN_SECONDS = 20.0  # below the life-time of a conversation's lock
OUTCOMES = frozenset({"answered", "offered", "asked", "refused", "other"})
UNREACHABLE = "unreachable"  # the reason when no server takes the connection
UNAVAILABLE = "unavailable"  # the same when a party behind it is away
_MESSAGE = "/webhooks/citizen/message"
_DRY_RUN = "/webhooks/citizen/dry-run"
_FORGET = "/webhooks/citizen/forget"


class RasaClient:
    """Asks the Rasa servers; a conversation keeps to one server while that one answers."""

    def __init__(self, urls: Sequence[str], token: str = "", *, seconds: float = TURN_SECONDS):
        self._urls = tuple(urls)
        self._timeout = (CONNECT_SECONDS, seconds)
        self._headers = {"Content-Type": "application/json"}
        if token:
            self._headers["Authorization"] = f"Bearer {token}"
        self._http = KeepAlive()  # an inner service: no proxy

    def turn(
        self,
        conversation_id: int,
        message_id: str,
        *,
        text: str = "",
        command: Command | None = None,
        context: Mapping[str, str] | None = None,
    ) -> Turn:
        """What Rasa makes of one message. The same `message_id` gets the same answer again.

        `context` goes with a text: the procedure or case that the citizen showed with it.
        Raises DialogueError when no server answers, when one fails, or on an empty answer.
        """
        asked = _asked(conversation_id, message_id, text, command, context)
        turn = self._turn(conversation_id, _MESSAGE, asked)
        if not turn.replies:
            raise DialogueError("empty")
        return turn

    def would_say(
        self,
        conversation_id: int,
        message_id: str,
        *,
        text: str = "",
        command: Command | None = None,
        context: Mapping[str, str] | None = None,
    ) -> Turn:
        """What `turn` would answer, while nothing changes; no replies when it would have to act.

        Raises DialogueError as `turn` does.
        """
        asked = _asked(conversation_id, message_id, text, command, context)
        return self._turn(conversation_id, _DRY_RUN, asked)

    def _turn(self, conversation_id: int, path: str, asked: dict[str, Any]) -> Turn:
        answer = self._post(conversation_id, path, asked)
        try:
            return _read(answer.json())
        except (ValueError, TypeError, KeyError, AttributeError):
            raise DialogueError("unreadable") from None

    def forget(self, conversation_id: int) -> None:
        """Drop what Rasa remembers of a conversation. Raises DialogueError when that fails."""
        self._post(conversation_id, _FORGET, {"conversation_id": str(conversation_id)})

    def _post(self, conversation_id: int, path: str, asked: dict[str, Any]) -> requests.Response:
        body = json.dumps(asked, ensure_ascii=False).encode()
        lost = False  # a message on which Rasa itself dies looks like this, so it counts
        for url in self._servers(conversation_id):
            try:
                answer = self._http.call(
                    "POST", url + path, body=body, headers=self._headers, timeout=self._timeout
                )
            except requests.ConnectTimeout:
                continue
            except requests.Timeout:
                # The turn may still be running there: asking another server would run it twice.
                raise DialogueError("timeout") from None
            except requests.ConnectionError as error:
                lost = lost or not never_connected(error)
                continue
            except requests.RequestException:
                continue
            if answer.status_code != 200:
                raise DialogueError(_reason(answer))
            return answer
        raise DialogueError("connection_lost" if lost else UNREACHABLE)

    def _servers(self, conversation_id: int) -> Iterator[str]:
        first = conversation_id % len(self._urls)
        yield self._urls[first]  # twice, for a kept connection that the server has just closed
        yield from self._urls[first:]
        yield from self._urls[:first]


def _asked(
    conversation_id: int,
    message_id: str,
    text: str,
    command: Command | None,
    context: Mapping[str, str] | None,
) -> dict[str, Any]:
    asked: dict[str, Any] = {"conversation_id": str(conversation_id), "message_id": message_id}
    if command is not None:
        return {**asked, "command": {"intent": command.intent, "slots": dict(command.slots)}}
    return {**asked, "text": text, **({"context": dict(context)} if context else {})}


def _reason(answer: requests.Response) -> str:
    try:
        away = answer.status_code == 503 and answer.json()["error"] == UNAVAILABLE
    except (ValueError, TypeError, KeyError):
        away = False
    return UNAVAILABLE if away else f"http_{answer.status_code}"


def _read(body: dict[str, Any]) -> Turn:
    outcome = str(body.get("outcome", "other"))
    return Turn(
        replies=tuple(
            r for r in map(_reply, body["messages"]) if r.text or r.buttons or r.image_url
        ),
        intent=str(body.get("intent") or ""),
        confidence=float(body.get("confidence") or 0.0),
        outcome=outcome if outcome in OUTCOMES else "other",
        procedures=tuple(str(code) for code in body.get("procedures") or ()),
        commune=str(body.get("commune") or ""),
    )


def _reply(message: dict[str, Any]) -> Reply:
    buttons = tuple(
        Button(str(b["title"]), str(b.get("type") or "reply"), str(b["payload"]))
        for b in message.get("buttons") or ()
    )
    return Reply(
        text=str(message.get("text") or "").strip(),
        buttons=buttons,
        image_url=str(message.get("image") or ""),
    )
