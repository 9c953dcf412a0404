"""A bell in the store: one process rings, another wakes and reads what is new from the database.

Nothing travels with a ring, and a ring that is lost costs time only: who waits looks again by
itself, sooner while the store is down.
"""

from __future__ import annotations

import contextlib
import logging
import time
from typing import Any

import redis

log = logging.getLogger(__name__)

WITHOUT_STORE = 2.0  # seconds between looks while no ring can come


def ring(store: redis.Redis[Any], name: str) -> None:
    """Wake whoever waits for `name`; a store that is down is no error."""
    try:
        store.publish(name, b"1")
    except redis.RedisError as error:
        log.warning("a bell could not be rung: %s", type(error).__name__)


class Bell:
    """Waits for rings of some names. Listen first, then look: no ring falls in between."""

    def __init__(self, store: redis.Redis[Any], *names: str) -> None:
        self._store = store
        self._names = names
        self._heard: Any = None
        self._try_at = 0.0
        self._listen()

    def wait(self, seconds: float) -> bool:
        """Wait at most `seconds`; whether it is time to look again."""
        if self._heard is None:
            return self._without_store(seconds)
        until = time.monotonic() + seconds
        try:
            while (left := until - time.monotonic()) > 0:
                if self._heard.get_message(ignore_subscribe_messages=True, timeout=left):
                    return True
        except redis.RedisError:
            self.close()
            self._try_at = time.monotonic() + WITHOUT_STORE
            return True
        return False

    def close(self) -> None:
        """Stop listening."""
        heard, self._heard = self._heard, None
        if heard is not None:
            with contextlib.suppress(redis.RedisError):
                heard.close()

    def _listen(self) -> None:
        heard = self._store.pubsub()
        try:
            heard.subscribe(*self._names)
        except redis.RedisError:
            with contextlib.suppress(redis.RedisError):
                heard.close()
            self._try_at = time.monotonic() + WITHOUT_STORE
        else:
            self._heard = heard

    def _without_store(self, seconds: float) -> bool:
        pause = self._try_at - time.monotonic()
        if pause > seconds:
            time.sleep(seconds)
            return False
        time.sleep(max(pause, 0))
        self._listen()
        return True  # listening again or not: what was missed is to be read now
