"""What a call of the action server sends, and which answers are no answers."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from rasa.core.actions.action import ActionExecutionRejection
from rasa.core.nlg import TemplatedNaturalLanguageGenerator
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import ActionExecuted, BotUttered, Event, SlotSet, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker

from dialogue.action_call import ActionCall, ActionClient, TurnFailedError
from dialogue.turns import Silence

SAID = {"text": "xin chào", "buttons": []}


class FakeActionServer(ThreadingHTTPServer):
    """Answers every call with `status` and `body`; keeps what it was sent."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.status = 200
        self.body: bytes = b"{}"
        self.hangs = threading.Event()
        self.hangs.set()
        self.calls: list[dict[str, Any]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/webhook"

    def answers(self, body: Any, status: int = 200) -> None:
        self.status, self.body = status, json.dumps(body).encode()


class _Handler(BaseHTTPRequestHandler):
    server: FakeActionServer

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        self.server.calls.append(json.loads(self.rfile.read(length)))
        self.server.hangs.wait(10)
        self.send_response(self.server.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(self.server.body)))
        self.end_headers()
        self.wfile.write(self.server.body)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def server() -> Iterator[FakeActionServer]:
    with FakeActionServer() as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield running
        running.hangs.set()
        running.shutdown()


def call(url: str, timeout: float = 5.0) -> list[Event]:
    """One call in the middle of a conversation."""
    domain = Domain.empty()
    tracker = DialogueStateTracker("17", slots=[])
    for number in range(20):
        tracker.update(UserUttered(f"câu {number}", {"name": "ask_fee"}, message_id=f"m{number}"))
        tracker.update(ActionExecuted("action_listen"))

    async def run() -> list[Event]:
        client = ActionClient(url, timeout)
        try:
            action = ActionCall("action_answer_procedure", client)
            generator = TemplatedNaturalLanguageGenerator({})
            return await action.run(Silence(), generator, tracker, domain)
        finally:
            await client.close()

    return asyncio.run(run())


def test_what_the_action_says_and_sets_comes_back(server: FakeActionServer) -> None:
    slot = {"event": "slot", "name": "aspect", "value": "fee"}
    server.answers({"events": [slot], "responses": [SAID]})
    said, done = call(server.url)
    assert isinstance(said, BotUttered)
    assert said.text == "xin chào"
    assert done == SlotSet("aspect", "fee")


def test_only_the_state_and_the_last_message_are_sent(server: FakeActionServer) -> None:
    call(server.url)
    sent = server.calls[0]
    assert sent["tracker"]["latest_message"]["message_id"] == "m19"
    assert sent["tracker"]["events"] == []
    assert sent["domain"] == {}
    assert "câu 18" not in json.dumps(sent, ensure_ascii=False)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, {"events": [], "responses": [SAID, {"custom": {"failure": "RuntimeError"}}]}),
        (200, ["not", "an", "object"]),
        (200, None),
        (404, {"error": "no such action", "action_name": "action_answer_procedure"}),
        (500, {"error": "boom", "request_body": {"tracker": {}}}),
    ],
)
def test_an_action_that_failed_is_no_answer(
    server: FakeActionServer, status: int, body: Any
) -> None:
    server.answers(body, status)
    with pytest.raises(TurnFailedError):
        call(server.url)


def test_an_answer_that_is_no_json_is_none(server: FakeActionServer) -> None:
    server.body = b"<html>"
    with pytest.raises(TurnFailedError):
        call(server.url)


def test_an_action_that_declines_lets_the_rules_decide(server: FakeActionServer) -> None:
    server.answers({"error": "declined", "action_name": "action_answer_procedure"}, 400)
    with pytest.raises(ActionExecutionRejection):
        call(server.url)


def test_an_action_server_that_hangs_is_given_up(server: FakeActionServer) -> None:
    server.hangs.clear()
    with pytest.raises(TurnFailedError):
        call(server.url, timeout=0.2)


def test_an_action_server_that_is_not_there_is_no_answer() -> None:
    with pytest.raises(TurnFailedError):
        call("http://127.0.0.1:1/webhook")
