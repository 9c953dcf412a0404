"""An action alone: what it is sent and what it answers, on a real database and one-stop source."""

from __future__ import annotations

import asyncio
import dataclasses
import tempfile
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher
from sqlalchemy.orm import Session, sessionmaker

from actions.base import LISTEN, BotAction
from actions.resources import Resources
from bot.database import session_scope
from bot.models.conversations import Conversation
from tests.rasa_fixtures import filled_database, generated_cases, settings_in


@dataclass
class Answer:
    """What one action said and did."""

    events: list[dict[str, Any]]
    messages: list[dict[str, Any]]
    slots: dict[str, Any] = field(default_factory=dict)

    @property
    def said(self) -> list[str]:
        """The responses, by name."""
        return [m["response"] for m in self.messages if m.get("response")]

    @property
    def trace(self) -> dict[str, Any]:
        """What the channel is told; empty when it is told nothing."""
        found = [m["custom"]["trace"] for m in self.messages if "trace" in (m.get("custom") or {})]
        return found[-1] if found else {}

    @property
    def failure(self) -> str:
        """The error by which the channel knows that the action failed."""
        return next(
            (m["custom"]["failure"] for m in self.messages if "failure" in (m.get("custom") or {})),
            "",
        )

    @property
    def payloads(self) -> list[str]:
        """What the buttons would send."""
        return [b["payload"] for m in self.messages for b in m.get("buttons") or ()]

    @property
    def loop(self) -> str | None:
        """The loop that the action left active; "" when it said nothing about one."""
        return next((e["name"] for e in self.events if e["event"] == "active_loop"), "")


class Citizen:
    """One conversation: remembers slots and the loop from action to action, as Rasa would."""

    def __init__(self, resources: Resources) -> None:
        self.resources = resources
        with session_scope(resources.sessions) as session:
            row = Conversation(channel="test", channel_user_id=uuid.uuid4().hex)
            session.add(row)
            session.flush()
            self.id = str(row.id)
        self.slots: dict[str, Any] = {}
        self.loop: str | None = None

    def turn(
        self,
        action: type[BotAction],
        text: str = "",
        intent: str = "",
        *,
        confidence: float = 0.95,
        ordered: dict[str, str] | None = None,
        extractor: str = "command",
        message_id: str = "",
        after: str = LISTEN,
        dry_run: bool = False,
    ) -> Answer:
        """Run `action` on a message; `ordered` are the values of a tapped button."""
        message = {
            "text": text,
            "intent": {"name": intent, "confidence": confidence},
            "entities": [
                {"entity": k, "value": v, "extractor": extractor}
                for k, v in (ordered or {}).items()
            ],
            "message_id": message_id or uuid.uuid4().hex,
            "dry_run": dry_run,
        }
        loop = {"name": self.loop} if self.loop else {}
        tracker = Tracker(self.id, dict(self.slots), message, [], False, None, loop, after)
        dispatcher = CollectingDispatcher()
        events = asyncio.run(action(self.resources).run(dispatcher, tracker, {}))
        if not dry_run:
            self._apply(events)
        return Answer(events, dispatcher.messages, dict(self.slots))

    def _apply(self, events: list[dict[str, Any]]) -> None:
        for event in events:
            if event["event"] == "slot":
                self.slots[event["name"]] = event["value"]
            elif event["event"] == "reset_slots":
                self.slots.clear()
            elif event["event"] == "active_loop":
                self.loop = event["name"]


@dataclass
class Scene:
    """The databases that the actions read, and some cases with their second facts."""

    resources: Resources
    cases: list[dict[str, Any]]

    @property
    def sessions(self) -> sessionmaker[Session]:
        """The session factory of our database."""
        return self.resources.sessions

    def without_onestop(self) -> Resources:
        """The same with a one-stop database that is not there."""
        nowhere = self.resources.settings.var_dir / "nowhere.yml"
        return Resources(dataclasses.replace(self.resources.settings, onestop_config=nowhere))


@pytest.fixture(scope="session")
def scene() -> Iterator[Scene]:
    with tempfile.TemporaryDirectory(prefix="actions-") as name:
        settings = settings_in(Path(name), "redis://127.0.0.1:1/0")
        filled_database(settings)
        yield Scene(Resources(settings), generated_cases(settings))


@pytest.fixture
def citizen(scene: Scene) -> Citizen:
    """Somebody who has never written before."""
    return Citizen(scene.resources)
