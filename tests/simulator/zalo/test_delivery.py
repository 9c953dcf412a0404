"""How events reach the webhook: order, the time limit, the retry ladder, the faults."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable

import pytest
import requests

from simulator.zalo.courier import RETRY_SECONDS
from simulator.zalo.server import SimulatorServer
from tests.simulator.zalo.conftest import USER, Caller
from tests.simulator.zalo.receiver import Received, Receiver

OTHER = "4444444444444444444"


def texts(posts: list[Received]) -> list[str]:
    return [p.event["message"]["text"] for p in posts]


def settled(server: SimulatorServer, state: str, count: int = 1) -> bool:
    return server.platform.ledger.wait_for(
        lambda: server.platform.ledger.counters().get(state, 0) >= count, 10
    )


def test_events_of_one_citizen_arrive_in_order(zalo: Caller, receiver: Receiver) -> None:
    for number in range(20):
        zalo.says(str(number))
    assert texts(receiver.wait(20)) == [str(number) for number in range(20)]


def test_a_slow_webhook_does_not_slow_the_send_api(zalo: Caller, receiver: Receiver) -> None:
    receiver.delay = 0.5
    zalo.says("chào")
    started = time.monotonic()
    for _ in range(5):
        assert zalo.send()["error"] == 0
    assert time.monotonic() - started < 0.5


def test_one_citizens_slow_event_does_not_hold_up_another(zalo: Caller, receiver: Receiver) -> None:
    receiver.delay = 0.5
    started = time.monotonic()
    zalo.says("một")
    zalo.says("hai", OTHER)
    receiver.wait(2)
    assert time.monotonic() - started < 0.5


def test_the_ladder_has_five_rungs_from_half_a_minute_to_an_hour() -> None:
    assert RETRY_SECONDS == (30, 300, 900, 1800, 3600)


def test_a_failed_event_is_sent_again_unchanged_and_counted(
    simulator: SimulatorServer, zalo: Caller, receiver: Receiver
) -> None:
    receiver.answers = [500, 503]
    zalo.says("chào")
    first, second, third = receiver.wait(3)
    assert first.body == second.body == third.body
    signatures = {p.headers["X-ZEvent-Signature"] for p in (first, second, third)}
    assert len(signatures) == 1
    assert [p.headers.get("num_retry") for p in (first, second, third)] == [None, "1", "2"]
    assert settled(simulator, "delivered")
    attempts = zalo.state()["events"][0]["attempts"]
    assert [a["status"] for a in attempts] == [500, 503, 200]


def test_after_the_last_rung_the_app_is_unsubscribed_until_it_is_switched_on(
    start: Callable[..., SimulatorServer], receiver: Receiver
) -> None:
    simulator = start(retry_scale=0.00001)
    zalo = Caller(simulator.url)
    receiver.answers = [500] * 6
    zalo.says("chào")
    assert settled(simulator, "given_up")
    zalo.says("còn đó không")
    assert settled(simulator, "not_sent")
    assert not zalo.state()["subscribed"]
    assert len(receiver.posts) == 6
    zalo.control("webhook", subscribed=True)
    zalo.says("nghe rồi")
    assert texts(receiver.wait(7))[-1] == "nghe rồi"


def test_retries_can_be_kept_to_connections_that_fail(
    start: Callable[..., SimulatorServer], receiver: Receiver
) -> None:
    simulator = start(retry_scale=0.001, retry_any_failure=False)
    receiver.answers = [500]
    Caller(simulator.url).says("chào")
    assert settled(simulator, "given_up")
    with socket.create_server(("127.0.0.1", 0)) as closed:
        url = f"http://127.0.0.1:{closed.getsockname()[1]}/"
    unreachable = start(webhook_url=url, retry_scale=0.001, retry_any_failure=False)
    Caller(unreachable.url).says("chào")
    assert settled(unreachable, "retrying", 2)


def test_an_answer_after_the_time_limit_counts_as_none(
    start: Callable[..., SimulatorServer], receiver: Receiver
) -> None:
    simulator = start(time_limit=0.2)
    receiver.delay = 0.6
    Caller(simulator.url).says("chào")
    assert settled(simulator, "retrying")
    attempt = Caller(simulator.url).state()["events"][0]["attempts"][0]
    assert attempt["status"] == 0
    assert "0.2 s" in attempt["error"]


def test_duplicates_and_changed_order_are_made_on_demand(zalo: Caller, receiver: Receiver) -> None:
    zalo.control("faults", duplicate=2)
    zalo.says("ba lần")
    assert texts(receiver.wait(3)) == ["ba lần"] * 3
    zalo.control("faults", reset=True, reorder=True)
    zalo.says("trước")
    zalo.says("sau")
    assert texts(receiver.wait(5))[3:] == ["sau", "trước"]
    zalo.control("faults", duplicate=1)
    zalo.says("một mình")
    assert texts(receiver.wait(7))[5:] == ["một mình"] * 2


def test_events_come_late_and_are_overtaken(zalo: Caller, receiver: Receiver) -> None:
    zalo.control("faults", event_delay_ms=300)
    zalo.says("muộn")
    zalo.control("faults", event_delay_ms=0)
    zalo.says("đúng giờ")
    assert texts(receiver.wait(2)) == ["đúng giờ", "muộn"]


def test_a_copy_may_come_long_after_the_first(zalo: Caller, receiver: Receiver) -> None:
    zalo.control("faults", event_delay_ms=100, event_delay_rate=0.5, duplicate=1)
    for n in range(20):
        zalo.says(f"câu {n}")
    came = texts(receiver.wait(40))
    assert sorted(came) == sorted(2 * [f"câu {n}" for n in range(20)])
    counted = zalo.state()["counters"]
    assert counted["duplicated"] == 20
    assert 5 <= counted["delayed"] <= 35


def test_held_events_come_when_they_are_let_go(zalo: Caller, receiver: Receiver) -> None:
    zalo.control("faults", hold_events=True)
    zalo.says("đợi")
    zalo.says("khác", OTHER)
    assert receiver.posts == []
    zalo.control("faults", hold_events=False)
    assert sorted(texts(receiver.wait(2))) == ["khác", "đợi"]


@pytest.mark.parametrize(
    ("act", "event_name"),
    [
        ({"text": "chào"}, "user_send_text"),
        ({"button": "#dvc:menu"}, "user_send_text"),
        ({"sticker": "cuoi"}, "user_send_sticker"),
        ({"image": "http://a.vn/a.png"}, "user_send_image"),
        ({"gif": "http://a.vn/a.gif"}, "user_send_gif"),
        ({"file": {"url": "http://a.vn/a.pdf", "name": "a.pdf", "size": 5}}, "user_send_file"),
        ({"link": "http://a.vn"}, "user_send_link"),
        ({"audio": "http://a.vn/a.amr"}, "user_send_audio"),
        ({"video": "http://a.vn/a.mp4"}, "user_send_video"),
        ({"location": {"latitude": 21.18, "longitude": 106.07}}, "user_send_location"),
        ({"business_card": "{}"}, "user_send_business_card"),
        ({"reaction": {"message_id": "m1", "icon": "/-heart"}}, "user_reacted_message"),
        ({"share_info": {"name": "Nguyễn A"}}, "user_submit_info"),
        ({"follow": True}, "follow"),
        ({"unfollow": True}, "unfollow"),
        ({"chatnow": True}, "user_click_chatnow"),
        ({"withdraw": True}, "user_withdraw"),
    ],
)
def test_each_act_of_a_citizen_causes_its_event(
    zalo: Caller, receiver: Receiver, act: dict[str, object], event_name: str
) -> None:
    zalo.control("send-as", user_id=USER, **act)
    assert receiver.wait(1)[0].name == event_name


def test_coordinates_and_sizes_are_strings(zalo: Caller, receiver: Receiver) -> None:
    zalo.control("send-as", user_id=USER, location={"latitude": 21.18, "longitude": 106.07})
    payload = receiver.wait(1)[0].event["message"]["attachments"][0]["payload"]
    assert payload == {"coordinates": {"latitude": "21.18", "longitude": "106.07"}}


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"user_id": USER},
        {"user_id": 5, "text": "a"},
        {"user_id": "abc", "text": "a"},
        {"user_id": USER, "text": 5},
        {"user_id": USER, "text": "a", "sticker": "b"},
        {"user_id": USER, "location": {"latitude": 500, "longitude": 1}},
    ],
)
def test_a_wrong_act_is_refused_with_the_reason(zalo: Caller, body: dict[str, object]) -> None:
    answer = requests.post(f"{zalo.url}/_control/send-as", json=body, timeout=10)
    assert answer.status_code == 400
    assert answer.json()["error"]


def test_any_event_can_be_made_up(zalo: Caller, receiver: Receiver) -> None:
    zalo.control("event", user_id=USER, body={"event_name": "never_heard_of", "x": 10**30})
    assert receiver.wait(1)[0].event["x"] == 10**30


def test_the_console_probe_carries_no_signature(zalo: Caller, receiver: Receiver) -> None:
    assert zalo.control("probe") == {"status": 200}
    assert "X-ZEvent-Signature" not in receiver.wait(1)[0].headers
