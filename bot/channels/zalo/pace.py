"""How many calls are left in this minute, known to all processes and machines alike.

The platform tells its limit and what remains of it with each answer, and our own calls are counted
in the store, so that calls still under way are not forgotten. Nobody knows when the platform's
minute turns; ours is the wall clock's, and what the platform tells corrects the count. What was
told goes to the store with this process's next call: one round trip for each call, no more.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import redis

from bot.errors import SendPaced

log = logging.getLogger(__name__)

RESERVE = 0.02  # share of the limit that only urgent calls may use
LEAST_WAIT = 5.0  # seconds, after the platform itself has said "too many"
LEAST_SPREAD = 5.0  # seconds over which those who must wait come back
MOST_SPREAD = 300.0
MINUTE_MS = 60_000

# KEYS: limit, count of this minute, pause. ARGV: now (ms), own limit, urgent, told limit (0 when
# nothing was told), told use, reserve. Answers {1}, or {0, ms of a pause, how many wait, limit}.
_TAKE = """
local limit, used_told = tonumber(ARGV[4]), tonumber(ARGV[5])
if limit > 0 then
    redis.call('set', KEYS[1], limit, 'EX', 3600)
    if used_told > tonumber(redis.call('hget', KEYS[2], 'used') or 0) then
        redis.call('hset', KEYS[2], 'used', used_told)
    end
else
    limit = tonumber(redis.call('get', KEYS[1]) or 0)
end
local own = tonumber(ARGV[2])
local function full(most, field)
    if most <= 0 then return false end
    local room = most
    if ARGV[3] == '0' then room = most - math.floor(most * tonumber(ARGV[6])) end
    return tonumber(redis.call('hget', KEYS[2], field) or 0) >= room
end
local pause = tonumber(redis.call('get', KEYS[3]) or 0) - tonumber(ARGV[1])
if pause > 0 or full(limit, 'used') or full(own, 'ours') then
    local waiting = redis.call('hincrby', KEYS[2], 'waiting', 1)
    redis.call('pexpire', KEYS[2], 120000)
    local least = limit
    if own > 0 and (least <= 0 or own < least) then least = own end
    return {0, math.max(pause, 0), waiting, least}
end
redis.call('hincrby', KEYS[2], 'used', 1)
redis.call('hincrby', KEYS[2], 'ours', 1)
redis.call('pexpire', KEYS[2], 120000)
return {1}
"""


@dataclass(frozen=True)
class _Told:
    """What the platform last said of one minute."""

    minute: int
    limit: int
    used: int


_NOTHING = _Told(0, 0, 0)


class Pace:
    """Grants calls of one app; safe for threads.

    `own_limit` caps what the platform tells (0: it alone counts). `now` gives epoch seconds. While
    the store is down calls go on: the platform refuses what is too much, and that is waited out.
    """

    def __init__(
        self,
        store: redis.Redis[Any],
        app_id: str,
        own_limit: int = 0,
        *,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._take = store.register_script(_TAKE)
        self._prefix = f"pace:zalo:{app_id}"
        self._own_limit = own_limit
        self._now = now
        self._guard = threading.Lock()
        self._told = _NOTHING
        self._paused_until_ms = 0  # as this process knows it
        self._complained_at = -60.0

    def take(self, *, urgent: bool = False) -> int:
        """Take one call; returns the minute it counts for. Raises SendPaced.

        `urgent` calls, which settle what was begun, may use the reserve too.
        """
        now_ms = int(self._now() * 1000)
        minute = now_ms // MINUTE_MS
        told = self._told if self._told.minute == minute else _NOTHING
        keys = [f"{self._prefix}:limit", f"{self._prefix}:{minute}", f"{self._prefix}:pause"]
        args = [now_ms, self._own_limit, int(urgent), told.limit, told.used, RESERVE]
        try:
            granted, *rest = self._take(keys=keys, args=args)
        except redis.RedisError as error:
            self._complain(error)
            granted, rest = int(now_ms >= self._paused_until_ms), [0, 0, 0]
        if granted:
            return minute
        paused_ms, waiting, limit = (int(n) for n in rest)
        turn_ms = paused_ms or max(self._paused_until_ms, (minute + 1) * MINUTE_MS) - now_ms
        raise SendPaced("rate limit", turn_ms / 1000 + _spread(waiting, limit))

    def heard(self, minute: int, headers: Mapping[str, str]) -> None:
        """Note what an answer to a call of this minute tells of the limit."""
        limit, remain = _whole(headers, "X-RateLimit-Limit"), _whole(headers, "X-RateLimit-Remain")
        # A limit of 0 would forbid the very call that could tell of a new one.
        if limit is None or remain is None or limit < 1:
            return
        used = max(limit - remain, 0)
        with self._guard:
            before = self._told
            if before.minute == minute and before.limit == limit:
                used = max(used, before.used)  # answers overtake each other
            if minute >= before.minute:
                self._told = _Told(minute, limit, used)

    def refused(self) -> float:
        """The platform said -32: nobody calls before the minute turns. Seconds to wait."""
        now = self._now()
        return self.pause(max(60 - now % 60, LEAST_WAIT))

    def pause(self, seconds: float) -> float:
        """Let nobody call for so long; returns the seconds that this caller should wait."""
        until_ms = int((self._now() + seconds) * 1000)
        self._paused_until_ms = max(self._paused_until_ms, until_ms)
        try:
            self._store.set(f"{self._prefix}:pause", until_ms, px=max(int(seconds * 1000), 1))
        except redis.RedisError as error:
            self._complain(error)
        return seconds + _spread(0, 0)

    def _complain(self, error: redis.RedisError) -> None:
        if time.monotonic() - self._complained_at >= 60:
            self._complained_at = time.monotonic()
            log.warning("the store can't count calls: %s; sending goes on", type(error).__name__)


def _spread(waiting: int, limit: int) -> float:
    """A random share of the time that those who wait will need: no stampede at the turn."""
    needed = 60.0 * waiting / limit if limit > 0 else 0.0
    return random.random() * min(max(needed, LEAST_SPREAD), MOST_SPREAD)  # noqa: S311


def _whole(headers: Mapping[str, str], name: str) -> int | None:
    text = headers.get(name, "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None
