"""The send API misbehaves when it is told to, and counts its calls."""

from __future__ import annotations

import time

import pytest
import requests

from simulator.zalo.server import SimulatorServer
from simulator.zalo.signature import appsecret_proof
from tests.simulator.zalo.conftest import TOKEN, USER, Caller

BODY = {"recipient": {"user_id": USER}, "message": {"text": "chào"}}


def call(zalo: Caller, timeout: float = 10) -> requests.Response:
    return requests.post(
        f"{zalo.url}/v3.0/oa/message/cs", json=BODY, headers=TOKEN, timeout=timeout
    )


@pytest.fixture(autouse=True)
def open_window(zalo: Caller) -> None:
    zalo.control("users", user_ids=[USER])


def accepted(zalo: Caller) -> int:
    return zalo.state()["counters"].get("sends_accepted", 0)


def test_the_next_calls_fail_with_500_and_are_not_accepted(zalo: Caller) -> None:
    zalo.control("faults", http_500_count=2)
    assert [call(zalo).status_code for _ in range(3)] == [500, 500, 200]
    assert accepted(zalo) == 1
    zalo.control("faults", http_500_rate=1)
    assert call(zalo).status_code == 500


def test_a_dropped_connection_hides_an_accepted_message(zalo: Caller) -> None:
    zalo.control("faults", drop_after_accept_count=1)
    with pytest.raises(requests.ConnectionError):
        call(zalo)
    assert accepted(zalo) == 1
    assert call(zalo).json()["error"] == 0


def test_a_hanging_call_is_accepted_all_the_same(zalo: Caller) -> None:
    zalo.control("faults", hang_seconds=0.5)
    with pytest.raises(requests.Timeout):
        call(zalo, timeout=0.2)
    assert accepted(zalo) == 1
    assert call(zalo, timeout=0.4).json()["error"] == 0


def test_latency_is_added_to_each_call(zalo: Caller) -> None:
    zalo.control("faults", latency_ms=120)
    started = time.monotonic()
    call(zalo)
    assert time.monotonic() - started >= 0.12


def test_calls_over_the_rate_are_refused_until_the_next_minute(zalo: Caller) -> None:
    zalo.control("faults", rate_limit=2)
    answers = [call(zalo) for _ in range(3)]
    assert [a.json()["error"] for a in answers] == [0, 0, -32]
    assert [a.headers["X-RateLimit-Remain"] for a in answers] == ["1", "0", "0"]
    assert answers[0].headers["X-RateLimit-Limit"] == "2"
    zalo.control("clock", advance_seconds=60)
    assert call(zalo).json()["error"] == 0


def test_the_rate_is_four_thousand_a_minute(zalo: Caller) -> None:
    assert call(zalo).headers["X-RateLimit-Limit"] == "4000"


def test_a_missing_package_and_a_missing_proof_are_refused(zalo: Caller) -> None:
    zalo.control("faults", package_missing=True)
    assert call(zalo).json()["error"] == -224
    zalo.control("faults", reset=True, require_proof=True)
    assert call(zalo).json()["error"] == -242
    proof = appsecret_proof("demo-app-secret", TOKEN["access_token"])
    headers = TOKEN | {"appsecret_proof": proof}
    assert zalo.post("/v3.0/oa/message/cs", BODY, headers=headers)["error"] == 0


@pytest.mark.parametrize(
    "wrong",
    [{"latency": 5}, {"latency_ms": "5"}, {"latency_ms": -1}, {"sign_with": "x"}, {"block": 5}],
)
def test_an_unknown_switch_is_refused(zalo: Caller, wrong: dict[str, object]) -> None:
    answer = requests.post(f"{zalo.url}/_control/faults", json=wrong, timeout=10)
    assert answer.status_code == 400


def test_no_other_web_page_can_flip_a_switch(zalo: Caller) -> None:
    answer = requests.post(
        f"{zalo.url}/_control/faults",
        data='{"latency_ms": 5000}',
        headers={"Content-Type": "text/plain"},
        timeout=10,
    )
    assert answer.status_code == 400
    assert requests.get(f"{zalo.url}/_control/faults", timeout=10).json()["latency_ms"] == 0


def test_sends_can_be_awaited(zalo: Caller) -> None:
    call(zalo)
    url = f"{zalo.url}/_control/sends"
    first = requests.get(url, params={"wait": 5}, timeout=10).json()["sends"]
    assert [s["text"] for s in first] == ["chào"]
    later = requests.get(url, params={"since": first[-1]["seq"]}, timeout=10).json()["sends"]
    assert later == []


def test_under_load_nobody_needs_to_be_known_and_nothing_comes_back() -> None:
    with SimulatorServer(quiet=True) as server:
        answer = Caller(server.url).send(user_id="987654321")
        assert answer["error"] == 0
        state = Caller(server.url).state()
        assert state["counters"] == {"sends_accepted": 1}
        assert [s["user_id"] for s in state["sends"]] == ["987654321"]


def counters(zalo: Caller) -> dict[str, int]:
    return requests.get(f"{zalo.url}/_control/counters", timeout=10).json()


def test_a_connection_can_be_cut_before_anything_is_accepted(zalo: Caller) -> None:
    zalo.control("faults", cut_before_accept_count=1)
    with pytest.raises(requests.ConnectionError):
        call(zalo)
    assert accepted(zalo) == 0
    assert call(zalo).json()["error"] == 0
    assert counters(zalo)["cut_before_accept"] == 1


def test_a_call_can_hang_and_come_to_nothing(zalo: Caller) -> None:
    zalo.control("faults", hang_seconds=0.3, hang_before_accept_count=1)
    started = time.monotonic()
    assert call(zalo).status_code == 504
    assert time.monotonic() - started >= 0.3
    assert accepted(zalo) == 0
    assert call(zalo).json()["error"] == 0


def test_a_call_can_be_accepted_long_after_its_caller_has_hung_up(
    zalo: Caller, simulator: SimulatorServer
) -> None:
    zalo.control("faults", hang_seconds=0.5, hang_before_accept_count=1, accept_after_hang=True)
    with pytest.raises(requests.Timeout):
        call(zalo, timeout=0.2)
    assert accepted(zalo) == 0
    ledger = simulator.platform.ledger
    assert ledger.wait_for(lambda: ledger.counters().get("sends_accepted", 0) == 1, 5)


@pytest.mark.parametrize(
    ("switch", "counter", "taken"),
    [
        ("drop_after_accept_rate", "dropped_after_accept", True),
        ("hang_rate", "hung_after_accept", True),
        ("hang_before_accept_rate", "hung_before_accept", False),
        ("cut_before_accept_rate", "cut_before_accept", False),
    ],
)
def test_faults_come_at_random_by_their_share(
    zalo: Caller, switch: str, counter: str, taken: bool
) -> None:
    zalo.control("faults", hang_seconds=0.01, **{switch: 0.5})
    for _ in range(40):
        try:
            call(zalo)
        except requests.ConnectionError:
            continue
    hit = counters(zalo)[counter]
    assert 5 <= hit <= 35
    assert accepted(zalo) == (40 if taken else 40 - hit)


def test_a_share_is_between_none_and_all(zalo: Caller) -> None:
    answer = requests.post(f"{zalo.url}/_control/faults", json={"hang_rate": 1.5}, timeout=10)
    assert answer.status_code == 400


def test_refusals_are_counted_by_their_code(zalo: Caller) -> None:
    zalo.control("faults", rate_limit=1)
    for _ in range(3):
        call(zalo)
    assert counters(zalo)["refused_-32"] == 2
