"""One worker at a time in a conversation, across processes and machines.

A lock is a key with a random token and a life-time: a dead holder's lock ends by itself, and
only its owner can release or extend it. Whoever finds it taken leaves a mark, and the holder
that releases is told of the mark and looks again, so no wake-up is lost.
"""

from __future__ import annotations

import secrets
import time
from typing import Any

import redis

_ACQUIRE = """
if redis.call('set', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then return 1 end
redis.call('set', KEYS[2], 1, 'PX', ARGV[2])
return 0
"""
_RELEASE = """
if redis.call('get', KEYS[1]) == ARGV[1] then redis.call('del', KEYS[1]) end
return redis.call('del', KEYS[2])
"""
_EXTEND = """
if redis.call('get', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('pexpire', KEYS[1], ARGV[2])
"""

# Each step begins with `extend`, but may outlive it: a send that waits for a token first, a turn
# behind slow pictures. So a send begins at most some 20 s after its row was claimed, within this
# life-time, and what a late holder writes changes nothing that somebody else has changed since.
LIFETIME_SECONDS = 30.0


class Lock:
    """A lock that is held until `release` or until its life-time is over."""

    def __init__(self, locks: Locks, keys: tuple[str, str], token: str) -> None:
        self._locks = locks
        self._keys = keys
        self._token = token
        self._since = time.monotonic()

    def extend(self) -> bool:
        """Keep the lock for a whole life-time from now; False when it is lost.

        Asks the store only when a good part of the life-time has passed.
        """
        if time.monotonic() - self._since < self._locks.lifetime / 10:
            return True
        kept = self._locks.run_extend(self._keys, self._token)
        self._since = time.monotonic()
        return kept

    def release(self) -> bool:
        """Give the lock back; True when somebody wanted it meanwhile: look again."""
        return self._locks.run_release(self._keys, self._token)


class Locks:
    """Locks by name in the store; `lifetime` in seconds."""

    def __init__(self, store: redis.Redis[Any], *, lifetime: float = LIFETIME_SECONDS) -> None:
        self.lifetime = lifetime
        self._millis = int(lifetime * 1000)
        self._acquire = store.register_script(_ACQUIRE)
        self._release = store.register_script(_RELEASE)
        self._extend = store.register_script(_EXTEND)

    def acquire(self, name: str) -> Lock | None:
        """The lock `name`, or None (and a mark for the holder) when it is taken."""
        keys = (f"lock:{name}", f"lock:{name}:wanted")
        token = secrets.token_hex(8)
        got = self._acquire(keys=keys, args=[token, self._millis])
        return Lock(self, keys, token) if got else None

    def run_extend(self, keys: tuple[str, str], token: str) -> bool:
        return bool(self._extend(keys=keys[:1], args=[token, self._millis]))

    def run_release(self, keys: tuple[str, str], token: str) -> bool:
        return bool(self._release(keys=keys, args=[token]))
