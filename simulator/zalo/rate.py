"""The number of calls that an app may make in a minute."""

from __future__ import annotations

import threading

from simulator.zalo import errors
from simulator.zalo.clock import Clock
from simulator.zalo.errors import ApiError
from simulator.zalo.faults import FaultBox


class RateMeter:
    """Counts calls by the minute of the clock; a negative limit lifts it."""

    def __init__(self, clock: Clock, faults: FaultBox) -> None:
        self._clock = clock
        self._faults = faults
        self._lock = threading.Lock()
        self._minute = self._used = 0

    def count(self) -> None:
        """Count one call; raises ApiError -32 above the limit."""
        limit = self._faults.now.rate_limit
        if limit < 0:
            return
        with self._lock:
            self._turn()
            self._used += 1
            if self._used > limit:
                raise ApiError(errors.RATE_LIMIT)

    def headers(self) -> dict[str, str]:
        """The headers that tell a caller how many calls are left in this minute."""
        limit = self._faults.now.rate_limit
        if limit < 0:
            return {}
        with self._lock:
            self._turn()
            left = max(0, limit - self._used)
        return {"X-RateLimit-Limit": str(limit), "X-RateLimit-Remain": str(left)}

    def _turn(self) -> None:
        minute = self._clock.now_ms() // 60_000
        if minute != self._minute:
            self._minute, self._used = minute, 0
