"""One call of the action server: small, over a kept connection, and never silent when it fails."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import aiohttp
import rasa
from rasa.core.actions.action import ActionExecutionRejection, RemoteAction
from rasa.core.channels.channel import OutputChannel
from rasa.core.nlg import NaturalLanguageGenerator
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import BotUttered, Event, deserialise_events
from rasa.shared.core.trackers import DialogueStateTracker

DECLINED = "DryRunDeclined"  # the failure of an action that takes no part in a dry run
FAILURE = "failure"  # key of the custom message by which our actions tell that they failed
DATABASE_AWAY = "OperationalError"  # its value when the database took no statement


DRY_RUN = "dry_run"  # key of a message that is to change nothing


class TurnFailedError(Exception):
    """This turn has no answer; nothing of it is kept, so that it can be tried again."""


class PartyAwayError(TurnFailedError):
    """A party that every turn needs is away; the message itself has no part in it."""


class DeclinedError(TurnFailedError):
    """A dry run came to something that only a real turn may do; it has no answer, then or later."""


_KINDS = {DATABASE_AWAY: PartyAwayError, DECLINED: DeclinedError}


class ActionClient:
    """Posts to the action server over kept connections. `timeout` in seconds, for a whole call."""

    def __init__(self, url: str, timeout: float = 10.0) -> None:
        self.url = url
        self._timeout = aiohttp.ClientTimeout(total=timeout, connect=2.0)
        self._session: aiohttp.ClientSession | None = None

    async def post(self, body: dict[str, Any]) -> tuple[int, Any]:
        """Status and JSON of the answer; raises TurnFailedError when there is none.

        A server that takes no connection is away; one that fails during a call may fail on it.
        """
        if self._session is None or self._session.closed:
            # The action server closes idle connections after 5 s; one that it is just closing
            # must not be chosen for the next call.
            connector = aiohttp.TCPConnector(keepalive_timeout=3)
            self._session = aiohttp.ClientSession(timeout=self._timeout, connector=connector)
        try:
            async with self._session.post(self.url, json=body) as response:
                return response.status, await response.json()
        except aiohttp.ClientConnectorError:
            raise PartyAwayError("action server: no connection") from None
        except (aiohttp.ClientError, asyncio.TimeoutError, OSError, json.JSONDecodeError) as error:
            raise TurnFailedError(f"action server: {type(error).__name__}") from None

    async def close(self) -> None:
        """Let the connections go."""
        if self._session is not None:
            await self._session.close()


class ActionCall(RemoteAction):
    """A custom action that is sent the state of the conversation and not its history.

    Rasa's own call serialises every past event and the whole domain, and checks the answer
    against a JSON schema; together that was most of the time that a message took.
    """

    def __init__(self, name: str, client: ActionClient) -> None:
        super().__init__(name, None)
        self._client = client

    async def run(
        self,
        output_channel: OutputChannel,
        nlg: NaturalLanguageGenerator,
        tracker: DialogueStateTracker,
        domain: Domain,
    ) -> list[Event]:
        """Its events; raises TurnFailedError, or ActionExecutionRejection when it declines."""
        status, result = await self._client.post(self._body(tracker))
        if status == 400 and isinstance(result, dict) and result.get("action_name"):
            raise ActionExecutionRejection(self.name())
        if status != 200 or not isinstance(result, dict):
            raise TurnFailedError(f"{self.name()}: status {status}")
        responses = result.get("responses") or []
        for response in responses:
            failure = (response.get("custom") or {}).get(FAILURE)
            if failure is not None:
                kind = _KINDS.get(failure, TurnFailedError)
                raise kind(f"{self.name()}: {failure}")
        said = await self._utter_responses(responses, output_channel, nlg, tracker)
        for utterance in said:
            # The values are in the text already; no second copy of them is stored.
            utterance.metadata = _short(utterance)
        return [*said, *deserialise_events(result.get("events") or [])]

    def _body(self, tracker: DialogueStateTracker) -> dict[str, Any]:
        message = tracker.latest_message
        return {
            "next_action": self.name(),
            "sender_id": tracker.sender_id,
            "version": rasa.__version__,
            "domain": {},
            "tracker": {
                "sender_id": tracker.sender_id,
                "slots": tracker.current_slot_values(),
                "latest_message": {
                    "text": message.text,
                    "intent": message.intent,
                    "entities": message.entities,
                    "message_id": message.message_id,
                    DRY_RUN: bool((message.metadata or {}).get(DRY_RUN)),
                }
                if message
                else {},
                "events": [],
                "paused": False,
                "followup_action": None,
                "active_loop": {"name": tracker.active_loop_name}
                if tracker.active_loop_name
                else {},
                "latest_action_name": tracker.latest_action_name,
            },
        }


def _short(utterance: BotUttered) -> dict[str, Any]:
    return {k: v for k, v in (utterance.metadata or {}).items() if k == "utter_action"}
