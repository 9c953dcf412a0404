"""A webhook, and simulators that deliver to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from simulator.zalo.server import SimulatorServer
from tests.simulator.zalo.receiver import Receiver

USER = "1111111111111111111"
TOKEN = {"access_token": "demo-access-token"}


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.stop()


@pytest.fixture
def start(receiver: Receiver) -> Iterator[Callable[..., SimulatorServer]]:
    """Starts simulators with the options given."""
    started: list[SimulatorServer] = []

    def begin(**options: Any) -> SimulatorServer:
        options.setdefault("webhook_url", receiver.url)
        server = SimulatorServer(**options)
        server.start()
        started.append(server)
        return server

    yield begin
    for server in started:
        server.stop()


@pytest.fixture
def simulator(start: Callable[..., SimulatorServer]) -> SimulatorServer:
    return start(retry_scale=0.001)


@pytest.fixture
def zalo(simulator: SimulatorServer) -> Caller:
    return Caller(simulator.url)


class Caller:
    """Calls one simulator's endpoints."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.headers = dict(TOKEN)

    def control(self, name: str, **body: Any) -> dict[str, Any]:
        answer = requests.post(f"{self.url}/_control/{name}", json=body, timeout=10)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def says(self, text: str, user_id: str = USER) -> str:
        return self.control("send-as", user_id=user_id, text=text)["msg_id"]

    def state(self, **query: Any) -> dict[str, Any]:
        return requests.get(f"{self.url}/_control/state", params=query, timeout=10).json()

    def post(self, path: str, body: Any, **options: Any) -> dict[str, Any]:
        options.setdefault("headers", self.headers)
        answer = requests.post(f"{self.url}{path}", json=body, timeout=10, **options)
        assert answer.status_code == 200
        return answer.json()

    def get(self, path: str, **params: str) -> dict[str, Any]:
        answer = requests.get(self.url + path, params=params, headers=self.headers, timeout=10)
        assert answer.status_code == 200
        return answer.json()

    def send(self, text: str = "chào", user_id: str = USER, **message: Any) -> dict[str, Any]:
        message = {"text": text, **message}
        body = {"recipient": {"user_id": user_id}, "message": message}
        return self.post("/v3.0/oa/message/cs", body)
