"""The queue between the web and the worker: dramatiq on a Redis-protocol store.

Only ids travel. What is lost here is found again by the sweep, for the rows say what is open.
"""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import redis
from dramatiq import Message
from dramatiq.broker import MessageProxy
from dramatiq.brokers.redis import RedisBroker, _RedisConsumer
from dramatiq.errors import ConnectionClosed

from bot.errors import SettingError

log = logging.getLogger(__name__)

# Actor names and their queues. `bot.jobs` defines the actors; everybody else knows the names.
QUEUES = {
    "answer": "conversations",
    "deliver": "conversations",
    "wake": "conversations",
    "sweep": "upkeep",
    "draft": "drafts",
}

_WAKE_LENGTH = 32  # more tokens than processes that could be asleep
_FULL_PAUSE = 0.01  # seconds between looks while every worker thread has work


def connect(url: str, *, timeout: float = 3.0) -> redis.Redis[Any]:
    """A client of the store; `timeout` in seconds bounds each command and the connecting."""
    if not url:
        raise SettingError("REDIS_URL is empty: the queue and the locks need a Redis or Valkey")
    return redis.Redis.from_url(
        url, socket_timeout=timeout, socket_connect_timeout=min(timeout, 1.0)
    )


class WakingBroker(RedisBroker):
    """RedisBroker whose idle consumers wake at once.

    The stock consumer polls with pauses of up to a second, which a citizen would feel. Here an
    enqueue leaves a token in a list and an idle consumer waits for it with BLPOP.
    """

    @property
    def consumer_class(self) -> type[_WakingConsumer]:
        return _WakingConsumer

    def wake_key(self, queue_name: str) -> str:
        return f"{self.namespace}:{queue_name}.wake"

    def do_enqueue(self, queue_name: str, message_id: str, data: bytes) -> None:
        self.push(queue_name, {message_id: data})

    def push(self, queue_name: str, messages: Mapping[str, bytes]) -> None:
        """Put encoded messages into a queue, in order and in one round trip.

        The keys are those of dramatiq's own script; what else that does (heartbeats, upkeep) is
        done at each fetch.
        """
        name = f"{self.namespace}:{queue_name}"
        wake = self.wake_key(queue_name)
        with self.client.pipeline() as pipe:  # a transaction: no id without its message
            pipe.hset(f"{name}.msgs", mapping=messages)
            pipe.rpush(name, *messages)
            pipe.lpush(wake, *([1] * min(len(messages), _WAKE_LENGTH)))
            pipe.ltrim(wake, 0, _WAKE_LENGTH - 1)
            pipe.execute()


class _WakingConsumer(_RedisConsumer):
    message_cache: list[bytes | None]

    def __next__(self) -> Any:
        try:
            if not self.message_cache:
                room = self.prefetch - self.outstanding_message_count
                if room > 0:
                    self.message_cache = self.broker.do_fetch(self.queue_name, room)
                if not self.message_cache:
                    self._wait(room > 0)
                    return None
            data = self.message_cache.pop(0)
        except redis.RedisError as error:
            raise ConnectionClosed(error) from None
        if data is None:
            return None
        message: Any = Message.decode(data)
        self.queued_message_ids.add(message.message_id)
        return MessageProxy(message)

    def _wait(self, has_room: bool) -> None:
        if has_room:
            self.broker.client.blpop(self.broker.wake_key(self.queue_name), timeout=1)
        else:
            time.sleep(_FULL_PAUSE)


def make_broker(url: str, *, timeout: float = 3.0, middleware: list[Any] | None = None) -> Any:
    """The broker on the store at `url`. No retries: rows, not queue messages, hold the state."""
    return WakingBroker(client=connect(url, timeout=timeout), middleware=middleware or [])


class Queue:
    """Enqueues by actor name, without importing the actors."""

    def __init__(self, broker: Any) -> None:
        self._broker = broker

    def enqueue(self, name: str, *ids: int) -> bool:
        """Ask for the job `name`; False when the store is down (the sweep will find the rows)."""
        return self._push(name, [ids])

    def enqueue_each(self, name: str, ids: Iterable[int]) -> bool:
        """Ask for one job for each id, all in one round trip; False when the store is down."""
        return self._push(name, [(number,) for number in ids])

    def _push(self, name: str, calls: Sequence[tuple[int, ...]]) -> bool:
        messages = {}
        for args in calls:
            number = str(uuid.uuid4())
            message: Any = Message(
                queue_name=QUEUES[name],
                actor_name=name,
                args=args,
                kwargs={},
                options={"redis_message_id": number},
            )
            messages[number] = message.encode()
        try:
            if messages:
                self._broker.push(QUEUES[name], messages)
        except redis.RedisError as error:
            log.warning("could not enqueue %s: %s", name, type(error).__name__)
            return False
        return True
