"""The chat page's own endpoints: state, stream, inspector."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import requests

from simulator.zalo.server import SimulatorServer
from tests.simulator.zalo.conftest import USER, Caller
from tests.simulator.zalo.receiver import Receiver


def changes(lines: Iterator[str]) -> Iterator[dict[str, Any]]:
    return (json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data:"))


def messages(zalo: Caller) -> list[dict[str, Any]]:
    state = requests.get(f"{zalo.url}/chat/state", timeout=10).json()
    return state["citizens"][0]["messages"]


def test_the_page_loads_nothing_from_elsewhere(zalo: Caller) -> None:
    answer = requests.get(zalo.url, timeout=10)
    assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
    assert "http://" not in answer.text.replace("http://www.w3.org", "")
    assert answer.text.count("data-citizen=") == 3


def test_a_message_and_its_ticks_are_streamed(
    zalo: Caller, simulator: SimulatorServer, receiver: Receiver
) -> None:
    with requests.get(f"{zalo.url}/chat/stream", stream=True, timeout=10) as stream:
        lines = stream.iter_lines(decode_unicode=True)
        assert next(lines) == ": open"
        coming = changes(lines)
        message_id = zalo.says("chào")
        assert next(coming)["message"]["id"] == message_id
        assert next(coming)["status"] == "received"
        zalo.send("Xin chào")
        assert next(coming)["message"]["text"] == "Xin chào"
        assert next(coming) == {
            "type": "status",
            "user_id": USER,
            "id": message_id,
            "status": "answered",
        }


def test_a_hidden_query_is_sent_but_not_printed(zalo: Caller, receiver: Receiver) -> None:
    zalo.control("send-as", user_id=USER, button="#dvc:menu")
    zalo.control("send-as", user_id=USER, button="#dvc:menu", shown=True)
    assert [p.event["message"]["text"] for p in receiver.wait(2)] == ["#dvc:menu"] * 2
    assert [m["shown"] for m in messages(zalo)] == [False, True]


def test_an_event_that_is_not_delivered_is_shown_as_failed() -> None:
    with SimulatorServer(webhook_url="") as server:
        zalo = Caller(server.url)
        zalo.says("có ai không")
        assert [m["status"] for m in messages(zalo)] == ["failed"]


def test_the_inspector_shows_the_signed_event_and_the_call(
    zalo: Caller, receiver: Receiver
) -> None:
    citizen_id = zalo.says("chào")
    oa_id = zalo.send("Xin chào")["data"]["message_id"]
    receiver.wait(2)
    url = f"{zalo.url}/chat/inspect/{USER}"
    event = requests.get(f"{url}/{citizen_id}", timeout=10).json()["events"][0]
    assert event["headers"]["X-ZEvent-Signature"].startswith("mac=")
    assert json.loads(event["body"])["message"]["msg_id"] == citizen_id
    found = requests.get(f"{url}/{oa_id}", timeout=10).json()
    assert found["sends"][0]["request"]["message"] == {"text": "Xin chào"}
    assert found["sends"][0]["headers"]["access_token"] == "demo-acc…"
    assert found["events"][0]["event_name"] == "oa_send_text"
    assert requests.get(f"{url}/unknown", timeout=10).status_code == 404
