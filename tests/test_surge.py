"""Answering pauses while events come faster than they are kept, and never for long."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import redis

from bot import surge
from bot.surge import Surge


class Clock:
    """Time that passes when somebody sleeps; `then` is called with each moment."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.then: Callable[[float], Any] = lambda now: None

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.then(self.now)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def web(store: redis.Redis[Any], clock: Clock) -> Surge:
    return Surge(store, clock, clock.sleep)


@pytest.fixture
def worker(store: redis.Redis[Any], clock: Clock) -> Surge:
    return Surge(store, clock, clock.sleep)


def test_nobody_waits_in_ordinary_times(web: Surge, worker: Surge) -> None:
    web.note(40, 0.01)  # many, and fast
    assert worker.pause() == 0


def test_nobody_waits_for_one_that_was_slow_by_chance(web: Surge, worker: Surge) -> None:
    web.note(1, 2.0)
    assert worker.pause() == 0


def test_a_worker_waits_until_the_surge_is_over(
    store: redis.Redis[Any], clock: Clock, web: Surge, worker: Surge
) -> None:
    web.note(surge.BUSY_PER_SECOND, 0.2)
    assert 0 < store.pttl(surge.KEY) <= surge.HOLD_MS
    clock.then = lambda now: store.delete(surge.KEY) if now > 1002 else None
    assert 2 < worker.pause() < 2.2


def test_a_surge_lasts_while_many_events_come_however_fast_they_are_kept(
    store: redis.Redis[Any], clock: Clock, web: Surge
) -> None:
    web.note(surge.BUSY_PER_SECOND, 0.2)
    for events, lasts in ((surge.BUSY_PER_SECOND, True), (surge.BUSY_PER_SECOND - 1, False)):
        clock.now += 1
        store.delete(surge.KEY)
        web.note(events, 0.001)
        assert bool(store.exists(surge.KEY)) is lasts


def test_a_pause_ends_and_another_comes_only_after_a_rest(
    store: redis.Redis[Any], clock: Clock, worker: Surge
) -> None:
    store.set(surge.KEY, 1)
    assert surge.LONGEST_PAUSE <= worker.pause() < surge.LONGEST_PAUSE + 0.3
    assert worker.pause() == 0
    clock.now += surge.REST
    assert worker.pause() > surge.LONGEST_PAUSE


def test_a_store_that_is_down_stops_nobody(clock: Clock) -> None:
    away = Surge(redis.Redis(port=1, socket_connect_timeout=0.2), clock, clock.sleep)
    away.note(surge.BUSY_PER_SECOND, 1.0)
    assert away.pause() == 0
