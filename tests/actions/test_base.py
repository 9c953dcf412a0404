"""An action that fails says so, and nothing else."""

from __future__ import annotations

import asyncio
import logging
import threading
from typing import Any

import pytest
from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher
from sqlalchemy import select

from actions.base import BotAction, Turn
from bot.database import session_scope
from bot.models.conversations import Conversation
from tests.actions.conftest import Citizen, Scene

SECRET = "số căn cước 024099001234"


class BreaksHalfway(BotAction):
    """Writes, speaks, and then fails with the citizen's words in its error."""

    action_name = "test_breaks_halfway"

    def answer(self, turn: Turn) -> list[dict[str, Any]]:
        row = turn.session.get(Conversation, turn.conversation_id)
        row.display_name = "half done"
        turn.session.flush()
        turn.say("utter_greet")
        raise RuntimeError(turn.text)


class WaitsForTheOther(BotAction):
    """Ends only when a second one runs at the same time."""

    action_name = "test_waits_for_the_other"
    readonly = True
    together = threading.Barrier(2, timeout=10)

    def answer(self, turn: Turn) -> list[dict[str, Any]]:
        self.together.wait()
        return []


def test_a_failure_is_told_as_a_failure_and_leaves_nothing_behind(
    scene: Scene, citizen: Citizen, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        answer = citizen.turn(BreaksHalfway, SECRET, "ask_fee")
    assert answer.failure == "RuntimeError"
    assert answer.said == []
    assert answer.events == []
    with session_scope(scene.sessions) as session:
        name = select(Conversation.display_name).where(Conversation.id == int(citizen.id))
        assert session.execute(name).scalar_one() == ""


def test_what_the_citizen_said_reaches_no_log(
    citizen: Citizen, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        citizen.turn(BreaksHalfway, SECRET, "ask_fee")
    assert "test_breaks_halfway failed: RuntimeError at test_base.py" in caplog.text
    assert SECRET not in caplog.text


def test_a_slow_action_keeps_no_other_citizen_waiting(citizen: Citizen) -> None:
    async def both() -> list[Any]:
        message = {"text": "a", "intent": {}, "entities": [], "message_id": "1"}
        tracker = Tracker(citizen.id, {}, message, [], False, None, {}, "action_listen")
        action = WaitsForTheOther(citizen.resources)
        runs = [action.run(CollectingDispatcher(), tracker, {}) for _ in range(2)]
        return list(await asyncio.gather(*runs))

    for events in asyncio.run(both()):
        assert [e["event"] for e in events] == ["followup"]
