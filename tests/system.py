"""The whole assistant as `make run` starts it, on free ports: all real but Zalo."""

from __future__ import annotations

import contextlib
import dataclasses
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
import requests
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from bot import model_files, processes, run
from bot.database import make_engine, make_sessions, session_scope
from bot.models.conversations import Conversation, Message
from bot.settings import ROOT, Settings
from bot.supervisor import Supervisor
from tests.fakes import eventually

ANSWER_SECONDS = 20


@dataclass
class System:
    """A running assistant and the simulated platform in front of it."""

    settings: Settings
    zalo_url: str

    def say(self, user_id: str, text: str) -> list[dict[str, Any]]:
        """Send a citizen's text; returns the messages that come back, as the send API got them."""
        since = max((send["seq"] for send in self.sends(user_id)), default=0)
        sent = requests.post(
            f"{self.zalo_url}/_control/send-as",
            json={"user_id": user_id, "text": text},
            timeout=ANSWER_SECONDS,
        )
        sent.raise_for_status()
        self.settle(user_id, sent.json()["msg_id"])
        return [send["request"]["message"] for send in self.sends(user_id) if send["seq"] > since]

    def forget(self, user_id: str) -> None:
        """This citizen withdraws: what other tests left (a person, a proof, a topic) is gone."""

        def unknown() -> bool:
            with session_scope(self.sessions, readonly=True) as session:
                theirs = select(Conversation.id).where(Conversation.channel_user_id == user_id)
                return session.execute(theirs).scalar() is None

        if unknown():
            return
        act = {"user_id": user_id, "withdraw": True}
        url = f"{self.zalo_url}/_control/send-as"
        requests.post(url, json=act, timeout=ANSWER_SECONDS).raise_for_status()
        eventually(unknown, seconds=ANSWER_SECONDS)

    def settle(self, user_id: str, message_id: str = "") -> None:
        """Wait until all that this citizen wrote is answered and the answers are sent."""
        deadline = time.monotonic() + ANSWER_SECONDS
        while not self._settled(user_id, message_id):
            assert time.monotonic() < deadline, "no answer came"
            time.sleep(0.05)

    def _settled(self, user_id: str, message_id: str) -> bool:
        with session_scope(self.sessions, readonly=True) as session:
            mine = select(Message.channel_message_id, Message.state).join(Conversation)
            rows = session.execute(mine.where(Conversation.channel_user_id == user_id)).all()
        arrived = any(message_id in (row.channel_message_id or "") for row in rows)
        return arrived and not any(row.state in ("pending", "queued", "sending") for row in rows)

    @cached_property
    def sessions(self) -> sessionmaker[Session]:
        """Sessions on the assistant's own database."""
        return make_sessions(make_engine(self.settings.database_url))

    def sends(self, user_id: str) -> list[dict[str, Any]]:
        """The send calls about this citizen, as the platform noted them."""
        answer = requests.get(
            f"{self.zalo_url}/_control/sends", params={"user_id": user_id}, timeout=10
        ).json()
        sends: list[dict[str, Any]] = answer["sends"]
        return sends


@pytest.fixture(scope="session")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """One running assistant for the whole test run."""
    folder = tmp_path_factory.mktemp("system")
    with running_system(folder) as made:
        yield made


@contextlib.contextmanager
def running_system(folder: Path) -> Iterator[System]:
    """Start everything below `folder`; stop it at the end."""
    simulator_port = processes.free_port()
    simulator_url = f"http://127.0.0.1:{simulator_port}"
    settings = dataclasses.replace(
        processes.isolated(Settings.from_env({}), folder),
        simulator_port=simulator_port,
        zalo_api_url=simulator_url,
        zalo_oauth_url=simulator_url,
        web_chat_origins=("*",),
    )
    supervisor = Supervisor(folder / "log", print)
    environ = processes.environ_for(settings)
    try:
        supervisor.start([processes.store(settings, environ)])
        run.prepare(settings)
        supervisor.start(
            [
                processes.rasa(settings, environ, model_files.train(ROOT / "models", print)),
                processes.actions(settings, environ),
                processes.web(settings, environ),
                processes.worker(environ),
                processes.zalo_simulator(settings, environ),
            ]
        )
        supervisor.await_ready(processes.whole(settings))
        yield System(settings, settings.zalo_api_url)
    finally:
        supervisor.stop()
