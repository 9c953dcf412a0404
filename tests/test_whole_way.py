"""Platform, web, worker and back, with the simulator as the platform and its faults switched on."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import redis
import requests
from sqlalchemy.orm import Session, sessionmaker
from werkzeug.serving import make_server

from bot.channels.zalo import receipts
from bot.conversation.attend import Attendant
from bot.processes import free_port
from bot.settings import Settings
from simulator.zalo.server import SimulatorServer
from tests.chain import Chain
from tests.fakes import FakeRasa, eventually, turn
from webhook import create_app

pytestmark = pytest.mark.alone

CITIZEN = "7777777777777777777"


class World:
    """The simulator in front, our web behind it, and a thread that attends to what comes in."""

    def __init__(self, simulator: SimulatorServer, chain: Chain) -> None:
        self.simulator = simulator
        self.chain = chain
        self._stop = threading.Event()
        self._worker = threading.Thread(target=self._attend, args=(chain.attendant(),), daemon=True)
        self._worker.start()

    def _attend(self, attendant: Attendant) -> None:
        while not self._stop.is_set():
            job = self.chain.store.blpop(["dramatiq:conversations.wake"], timeout=1)
            receipts.settle(self.chain.sessions, self.chain.store)
            said = {m.conversation_id for m in self.chain.messages("in")} if job else set()
            for conversation in {*said, *self.chain.due()}:
                attendant.attend(conversation)

    def control(self, path: str, **body: Any) -> dict[str, Any]:
        """A switch of the simulator."""
        answer = requests.post(f"{self.simulator.url}/_control/{path}", json=body, timeout=5)
        answer.raise_for_status()
        result: dict[str, Any] = answer.json()
        return result

    def say(self, **act: Any) -> None:
        """The citizen does something."""
        self.control("send-as", user_id=CITIZEN, **act)

    def received(self) -> list[str]:
        """The texts that the platform took for the citizen, in order."""
        sends = self.simulator.platform.ledger.sends(0, CITIZEN)
        return [send.text for send in sends if send.error == 0]

    def close(self) -> None:
        self._stop.set()
        self._worker.join()


@pytest.fixture
def world(
    settings: Settings, sessions: sessionmaker[Session], store: redis.Redis[Any]
) -> Iterator[World]:
    port = free_port()
    with SimulatorServer(f"http://127.0.0.1:{port}/webhook/zalo", retry_scale=0.01) as simulator:
        here = dataclasses.replace(
            settings, zalo_api_url=simulator.url, zalo_oauth_url=simulator.url
        )
        app = create_app(here)
        web = make_server("127.0.0.1", port, app, threaded=True)
        threading.Thread(target=web.serve_forever, args=(0.02,), daemon=True).start()
        made = World(simulator, Chain(here, sessions, store))
        yield made
        made.close()
        web.shutdown()
        web.server_close()
        made.chain.metrics.close()
        app.extensions["metrics"].close()


def test_a_question_is_answered_and_its_ticks_come_back(world: World) -> None:
    world.say(follow=True)
    world.say(text="làm khai sinh cho con cần giấy tờ gì?")
    eventually(lambda: len(world.received()) == 2)
    assert world.received() == ["đáp: welcome", "đáp: làm khai sinh cho con cần giấy tờ gì?"]
    eventually(lambda: all(m.delivered_at for m in world.chain.messages("out")))


def test_every_kind_of_act_gets_one_reply_or_none_where_none_is_due(
    world: World, fake_rasa: FakeRasa
) -> None:
    acts: list[tuple[str, Any, str]] = [
        ("follow", True, "welcome"),
        ("sticker", "1", "received_sticker"),
        ("image", "https://e.vn/a.jpg", "received_image"),
        ("gif", "https://e.vn/a.gif", "received_sticker"),
        ("file", {"url": "https://e.vn/a.pdf", "name": "a.pdf"}, "received_file"),
        ("link", "https://e.vn", "received_file"),
        ("audio", "https://e.vn/a.amr", "received_audio"),
        ("video", "https://e.vn/a.mp4", "received_image"),
        ("location", {"latitude": 21.18, "longitude": 106.07}, "received_location"),
        ("business_card", "{}", "received_file"),
        ("share_info", {"name": "Nguyễn A"}, "received_info"),
        ("button", "#dvc:menu", "show_menu"),
        ("button", "#dvc:thu-tuc?code=9.9", "stale_button"),
        ("text", "/restart", "restart"),
        ("text", "   ", "show_menu"),
    ]
    for name, value, _ in acts:
        world.say(**{name: value})
    eventually(lambda: len(world.received()) == len(acts))
    assert world.received() == [f"đáp: {reply}" for _, _, reply in acts]


def test_the_buttons_of_an_answer_are_taken_by_the_platform(
    world: World, fake_rasa: FakeRasa
) -> None:
    buttons = [
        {"title": "Lệ phí", "type": "reply", "payload": "#dvc:menu"},
        {"title": "Cổng dịch vụ công", "type": "url", "payload": "https://dichvucong.gov.vn"},
        {"title": "Gọi 1022", "type": "phone", "payload": "841022"},
    ]
    fake_rasa.respond = lambda asked: (200, turn("Mời chọn", buttons=buttons))
    world.say(text="xin chào")
    eventually(lambda: world.received() == ["Mời chọn"])


@pytest.mark.parametrize(
    "faults",
    [
        {"duplicate": 3},
        {"drop_after_accept_count": 1},
        {"http_500_count": 2},
        {"timestamp_as_int": True},
        {"latency_ms": 100},
        {"require_proof": True},
    ],
    ids=lambda faults: next(iter(faults)),
)
def test_whatever_goes_wrong_each_message_is_answered_once(
    world: World, faults: dict[str, Any]
) -> None:
    world.say(text="mở đầu")
    eventually(lambda: len(world.received()) == 1)
    world.control("faults", **faults)
    for n in range(3):
        world.say(text=f"câu {n}")
    eventually(lambda: len(world.received()) >= 4)
    eventually(lambda: set(world.chain.states("out")) == {"sent"})
    assert world.received() == ["đáp: mở đầu", *(f"đáp: câu {n}" for n in range(3))]


def test_events_that_change_places_are_each_answered_once(world: World) -> None:
    world.control("faults", reorder=True)
    for n in range(4):
        world.say(text=f"câu {n}")
    eventually(lambda: len(world.received()) >= 4)
    assert sorted(world.received()) == [f"đáp: câu {n}" for n in range(4)]


def test_an_expired_token_is_renewed_on_the_way(world: World) -> None:
    world.control("faults", expire_token=True)
    world.say(text="xin chào")
    eventually(lambda: world.received() == ["đáp: xin chào"])
