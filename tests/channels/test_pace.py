"""Calls are counted by all processes together, and nobody runs into the platform's limit."""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
import redis
from sqlalchemy.orm import Session, sessionmaker

from bot.channels.zalo.client import ZaloChannel
from bot.channels.zalo.pace import Pace
from bot.conversation.sending import MAX_TRIES
from bot.errors import SendPaced
from bot.queue import connect
from bot.settings import Settings
from simulator.zalo.server import SimulatorServer
from tests.chain import Chain
from tests.fakes import FakeZalo

APP = "1234567890123456789"
START = 1_790_000_040.0  # a minute begins


class Clock:
    """A time that tests move; seconds."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def told(limit: int, remain: int) -> dict[str, str]:
    return {"X-RateLimit-Limit": str(limit), "X-RateLimit-Remain": str(remain)}


def taken(pace: Pace, *, urgent: bool = False) -> int:
    """How many calls are granted until one is not."""
    for count in range(1000):
        try:
            pace.take(urgent=urgent)
        except SendPaced:
            return count
    return 1000


def test_without_a_word_from_the_platform_calls_go_on(
    store: redis.Redis[Any], clock: Clock
) -> None:
    assert taken(Pace(store, APP, now=clock)) == 1000


def test_what_one_process_heard_and_did_counts_for_the_other(
    store: redis.Redis[Any], clock: Clock
) -> None:
    first, second = Pace(store, APP, now=clock), Pace(store, APP, now=clock)
    first.heard(first.take(), told(20, 19))
    first.take()
    assert taken(second) == 18
    with pytest.raises(SendPaced):
        first.take()


def test_calls_of_others_at_the_same_app_count_too(store: redis.Redis[Any], clock: Clock) -> None:
    pace = Pace(store, APP, now=clock)
    pace.heard(pace.take(), told(20, 5))
    assert taken(pace) == 5


def test_a_small_reserve_is_kept_for_what_was_begun(store: redis.Redis[Any], clock: Clock) -> None:
    pace = Pace(store, APP, now=clock)
    pace.heard(pace.take(), told(100, 99))
    assert taken(pace) == 97
    assert taken(pace, urgent=True) == 2


def test_the_next_minute_begins_with_the_whole_limit(store: redis.Redis[Any], clock: Clock) -> None:
    pace = Pace(store, APP, now=clock)
    pace.heard(pace.take(), told(20, 19))
    assert taken(pace) == 19
    clock.now += 60
    assert taken(Pace(store, APP, now=clock)) == 20


def test_who_must_wait_is_told_until_the_minute_turns(
    store: redis.Redis[Any], clock: Clock
) -> None:
    pace = Pace(store, APP, now=clock)
    pace.heard(pace.take(), told(20, 0))
    clock.now += 45
    with pytest.raises(SendPaced) as waiting:
        pace.take()
    assert 15 <= waiting.value.retry_after <= 20


def test_many_who_wait_do_not_come_back_all_at_once(store: redis.Redis[Any], clock: Clock) -> None:
    pace = Pace(store, APP, now=clock)
    pace.heard(pace.take(), told(20, 0))
    waits = []
    for _ in range(100):
        with pytest.raises(SendPaced) as waiting:
            pace.take()
        waits.append(waiting.value.retry_after - 60)
    by_minute = Counter(int(wait // 60) for wait in waits)
    assert max(by_minute) >= 2  # a hundred at twenty a minute need five minutes
    assert len({round(wait, 3) for wait in waits}) > 90


def test_an_answer_that_belongs_to_the_last_minute_says_nothing_of_this_one(
    store: redis.Redis[Any], clock: Clock
) -> None:
    pace = Pace(store, APP, now=clock)
    minute = pace.take()
    clock.now += 60
    pace.heard(minute, told(20, 0))
    assert taken(pace) == 1000


def test_a_pause_is_seen_by_all_at_once_and_ends(store: redis.Redis[Any], clock: Clock) -> None:
    first, second = Pace(store, APP, now=clock), Pace(store, APP, now=clock)
    clock.now += 50
    assert 10 <= first.refused() <= 15
    with pytest.raises(SendPaced) as waiting:
        second.take()
    assert 10 <= waiting.value.retry_after <= 15
    clock.now += 10.1
    second.take()


@pytest.mark.parametrize(
    "headers",
    [
        {},
        told(0, 0),
        told(-5, 3),
        {"X-RateLimit-Limit": "4000"},
        {"X-RateLimit-Limit": "many", "X-RateLimit-Remain": "few"},
        {"X-RateLimit-Limit": "²", "X-RateLimit-Remain": "0"},
        {"X-RateLimit-Limit": "9" * 30, "X-RateLimit-Remain": "0"},
    ],
)
def test_odd_headers_stop_nobody(
    store: redis.Redis[Any], clock: Clock, headers: dict[str, str]
) -> None:
    pace = Pace(store, APP, now=clock)
    pace.heard(pace.take(), headers)
    assert taken(pace) == 1000


def test_the_package_of_the_account_may_allow_less(store: redis.Redis[Any], clock: Clock) -> None:
    first, second = Pace(store, APP, 30, now=clock), Pace(store, APP, 30, now=clock)
    first.heard(first.take(), told(4000, 3000))  # other accounts of the app use theirs
    assert taken(second) == 29
    assert taken(first) == 0


def test_a_raised_limit_is_used_at_once(store: redis.Redis[Any], clock: Clock) -> None:
    pace = Pace(store, APP, now=clock)
    pace.heard(pace.take(), told(10, 9))
    pace.heard(pace.take(), told(40, 38))
    assert taken(pace) == 38


def test_with_the_store_down_sending_goes_on_and_the_log_stays_short(
    clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    pace = Pace(connect("redis://127.0.0.1:1/0"), APP, now=clock)
    with caplog.at_level(logging.WARNING):
        assert [pace.take() for _ in range(5)]
        pace.refused()
        with pytest.raises(SendPaced):
            pace.take()
        clock.now += 61
        pace.take()
    assert len([r for r in caplog.records if "sending goes on" in r.message]) == 1


class Counting(redis.Redis):  # type: ignore[type-arg]
    """Counts its round trips."""

    trips = 0

    def execute_command(self, *args: Any, **options: Any) -> Any:
        self.trips += 1
        return super().execute_command(*args, **options)


def test_a_call_costs_one_round_trip(store_url: str, clock: Clock) -> None:
    store = Counting.from_url(store_url)
    pace = Pace(store, APP, now=clock)
    pace.heard(pace.take(), told(4000, 3999))
    before = store.trips
    for n in range(100):
        pace.heard(pace.take(), told(4000, 3998 - n))
    assert store.trips - before == 100


def test_a_reply_that_waits_for_its_turn_is_never_given_up(
    chain: Chain, fake_zalo: FakeZalo, clock: Clock
) -> None:
    pace = Pace(chain.store, chain.settings.zalo_app_id, now=clock)
    pace.pause(50)
    zalo = ZaloChannel(chain.settings, chain.tokens, chain.store, pace=pace)
    attendant = chain.attendant(zalo=zalo)
    conversation = chain.say("một")
    for _ in range(MAX_TRIES + 2):
        attendant.attend(conversation)
        chain.let_time_pass(400)
    [reply] = chain.messages("out")
    assert (reply.state, reply.attempts, fake_zalo.tries) == ("queued", 0, 0)
    clock.now += 60
    attendant.attend(conversation)
    assert fake_zalo.texts() == ["đáp: một"]


# Against the platform

PEOPLE, SAID, LIMIT = 40, 3, 50


@pytest.fixture
def limited() -> Iterator[SimulatorServer]:
    with SimulatorServer(quiet=True) as server:
        server.platform.faults.change({"rate_limit": LIMIT})
        yield server


@pytest.mark.parametrize("skew", [0, 25], ids=["same minute", "the minute turns elsewhere"])
def test_two_workers_share_the_limit_and_everything_arrives_once_in_order(
    skew: int,
    environ: dict[str, str],
    sessions: sessionmaker[Session],
    store: redis.Redis[Any],
    limited: SimulatorServer,
) -> None:
    settings = Settings.from_env(
        environ | {"ZALO_API_URL": limited.url, "ZALO_OAUTH_URL": limited.url}
    )
    chain = Chain(settings, sessions, store)

    def now() -> float:
        return limited.platform.clock.now_ms() / 1000 + skew

    def worker() -> Any:
        pace = Pace(store, settings.zalo_app_id, now=now)
        return chain.attendant(zalo=ZaloChannel(settings, chain.tokens, store, pace=pace))

    workers = [worker(), worker()]
    conversations = {
        chain.say(f"{n}", user=str(1000 + person)) for n in range(SAID) for person in range(PEOPLE)
    }
    looks = 0
    while set(chain.states("out")) != {"sent"} or len(chain.messages("out")) < PEOPLE * SAID:
        halves = [sorted(conversations)[i::2] for i in range(2)]
        threads = [
            threading.Thread(target=lambda w, h: [w.attend(c) for c in h], args=pair)
            for pair in zip(workers, halves, strict=True)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        looks += 1
        assert looks < 60, chain.states("out")
        limited.platform.clock.advance(20)
        chain.let_time_pass(20)
    counters = limited.platform.ledger.counters()
    assert counters.get("refused_-32", 0) <= 1, "the count kept everybody below the limit"
    assert counters["sends_accepted"] == PEOPLE * SAID
    accepted = [s for s in limited.platform.ledger.sends() if not s.error]
    for person in range(PEOPLE):
        said = [s.text for s in accepted if s.user_id == str(1000 + person)]
        assert said == [f"đáp: {n}" for n in range(SAID)]
