"""A surge: while events come faster than they are kept, keeping them goes before answering them.

The platform waits two seconds for an event and comes again half a minute later; a citizen waits a
few seconds more for an answer. Where web and workers share processors, a worker that pauses gives
the web what it lacks.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Any

import redis

log = logging.getLogger(__name__)

KEY = "surge"
SLOW_SECONDS = 0.05  # from an event's arrival to its commit
BUSY_PER_SECOND = 20  # events of one web process in this second; with fewer, one was slow by chance
HOLD_MS = 1500  # without news of it a surge is over
TELL_SECONDS = 0.5  # a web process says so at most this often
LONGEST_PAUSE = 15.0  # seconds; after it a worker works on whatever comes…
REST = 60.0  # …until so long after the pause began
LOOK_SECONDS = 0.1


class Surge:
    """What a web process tells the workers through the store, and a worker's pause."""

    def __init__(
        self,
        store: redis.Redis[Any],
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._store = store
        self._clock = clock
        self._sleep = sleep
        self._guard = threading.Lock()
        self._second, self._count = 0, 0
        self._told = self._paused = float("-inf")

    def note(self, events: int, seconds: float) -> None:
        """In a web process: so many events were kept, the first of them after so long."""
        now = self._clock()
        with self._guard:
            if int(now) != self._second:
                self._second, self._count = int(now), 0
            self._count += events
            told = now - self._told  # that long ago; a surge lasts while there are many events
            surges = seconds > SLOW_SECONDS or told < HOLD_MS / 1000
            if self._count < BUSY_PER_SECOND or told < TELL_SECONDS or not surges:
                return
            self._told = now
        try:
            self._store.set(KEY, 1, px=HOLD_MS)
        except redis.RedisError as error:
            log.warning("could not tell of a surge: %s", type(error).__name__)

    def pause(self) -> float:
        """In a worker: wait while there is a surge, not for ever; the seconds that it took."""
        began = self._clock()
        while self._lasts():
            now = self._clock()
            with self._guard:
                if now - self._paused > REST:
                    self._paused = now
                if now - self._paused > LONGEST_PAUSE:
                    break
            self._sleep(LOOK_SECONDS)
        return self._clock() - began

    def _lasts(self) -> bool:
        try:
            return bool(self._store.exists(KEY))
        except redis.RedisError:
            return False  # the locks that a turn needs will say what is wrong
