"""How often somebody may do something: counters in the store, shared by all web processes."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

import redis

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Allowance:
    """At most `most` of `name` in so many seconds, counted from the first one."""

    name: str
    most: int
    seconds: int


def wait_for(store: redis.Redis[Any], allowance: Allowance, who: str) -> int:
    """Count one more; the seconds until it is allowed again, 0 when it is allowed now.

    `who` must not be a secret. While the store is down everybody may: being answered matters more.
    """
    key = f"allowance:{allowance.name}:{who}"
    try:
        with store.pipeline() as pipeline:
            pipeline.set(key, 0, ex=allowance.seconds, nx=True)
            pipeline.incr(key)
            pipeline.ttl(key)
            _, count, left = pipeline.execute()
    except redis.RedisError as error:
        log.warning("nothing is counted now: %s", type(error).__name__)
        return 0
    return max(int(left), 1) if count > allowance.most else 0
