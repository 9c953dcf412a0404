"""What happened: every event with its deliveries, every send call with its answer."""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

KEPT = 200_000  # of each; a soak of 5,000 messages with echoes, receipts and copies fits

QUEUED = "queued"
DELIVERED = "delivered"
RETRYING = "retrying"
GIVEN_UP = "given_up"
NOT_SENT = "not_sent"  # no webhook is set, or it was unsubscribed


@dataclass(frozen=True)
class Attempt:
    """One POST to the webhook; `status` 0 means that no answer came, `error` says why."""

    num_retry: int
    at_ms: int
    took_ms: float
    status: int
    error: str = ""

    def as_json(self) -> dict[str, Any]:
        """For the control and inspector answers."""
        return {
            "num_retry": self.num_retry,
            "at_ms": self.at_ms,
            "took_ms": round(self.took_ms, 1),
            "status": self.status,
            "error": self.error,
        }


@dataclass
class Delivery:
    """One event on its way to the webhook."""

    user_id: str
    event_name: str
    msg_id: str
    body: bytes
    headers: Mapping[str, str]
    created_ms: int
    seq: int = 0
    state: str = QUEUED
    attempts: tuple[Attempt, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """For the control and inspector answers."""
        return {
            "seq": self.seq,
            "user_id": self.user_id,
            "event_name": self.event_name,
            "msg_id": self.msg_id,
            "created_ms": self.created_ms,
            "state": self.state,
            "attempts": [a.as_json() for a in self.attempts],
            "headers": dict(self.headers),
            "body": self.body.decode("utf-8", "replace"),
        }


@dataclass
class Send:
    """One send call; `error` 0 means accepted."""

    path: str
    user_id: str
    message_id: str
    text: str
    request: Mapping[str, Any]
    response: Mapping[str, Any]
    at_ms: int
    error: int = 0
    seq: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """For the control and inspector answers."""
        return {
            "seq": self.seq,
            "path": self.path,
            "user_id": self.user_id,
            "message_id": self.message_id,
            "text": self.text,
            "error": self.error,
            "at_ms": self.at_ms,
            "headers": dict(self.headers),
            "request": self.request,
            "response": self.response,
        }


class Ledger:
    """Keeps the last events and sends, 200,000 of each; safe for threads."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._events: deque[Delivery] = deque(maxlen=KEPT)
        self._sends: deque[Send] = deque(maxlen=KEPT)
        self._event_seq = self._send_seq = 0
        self._counters: Counter[str] = Counter()

    def add_event(self, delivery: Delivery) -> None:
        """Number an event and keep it."""
        with self._changed:
            self._event_seq += 1
            delivery.seq = self._event_seq
            self._events.append(delivery)
            self._counters["events"] += 1
            self._changed.notify_all()

    def add_attempt(self, delivery: Delivery, attempt: Attempt, state: str) -> None:
        """Note one POST and what became of the event."""
        with self._changed:
            delivery.attempts = (*delivery.attempts, attempt)
            self._counters["attempts"] += 1
        self.set_state(delivery, state)

    def set_state(self, delivery: Delivery, state: str) -> None:
        """Note what became of an event."""
        with self._changed:
            delivery.state = state
            self._counters[state] += 1
            self._changed.notify_all()

    def add_send(self, send: Send) -> None:
        """Number a send call and keep it."""
        with self._changed:
            self._send_seq += 1
            send.seq = self._send_seq
            self._sends.append(send)
            self._counters["sends_refused" if send.error else "sends_accepted"] += 1
            if send.error:
                self._counters[f"refused_{send.error}"] += 1
            self._changed.notify_all()

    def count(self, name: str) -> None:
        """Count something that has no entry of its own."""
        with self._changed:
            self._counters[name] += 1

    def events(self, since: int = 0, user_id: str = "", msg_id: str = "") -> list[Delivery]:
        """Events numbered above `since`, oldest first."""
        with self._changed:
            return [e for e in _after(self._events, since) if _matches(e, user_id, msg_id)]

    def sends(self, since: int = 0, user_id: str = "", message_id: str = "") -> list[Send]:
        """Send calls numbered above `since`, oldest first."""
        with self._changed:
            return [
                s
                for s in _after(self._sends, since)
                if (not user_id or s.user_id == user_id)
                and (not message_id or s.message_id == message_id)
            ]

    def counters(self) -> dict[str, int]:
        """How many events, attempts, accepted and refused sends, and states reached."""
        with self._changed:
            return dict(self._counters)

    def wait_for(self, condition: Callable[[], bool], seconds: float) -> bool:
        """Wait until the condition holds after a change; False when the time is over."""
        end = time.monotonic() + seconds
        with self._changed:
            while not condition():
                left = end - time.monotonic()
                if left <= 0:
                    return False
                self._changed.wait(left)
            return True


def _after(entries: deque[Any], since: int) -> list[Any]:
    """The entries whose number is above `since`, without walking over the older ones."""
    wanted: list[Any] = []
    for entry in reversed(entries):
        if entry.seq <= since:
            break
        wanted.append(entry)
    wanted.reverse()
    return wanted


def _matches(delivery: Delivery, user_id: str, msg_id: str) -> bool:
    return (not user_id or delivery.user_id == user_id) and (
        not msg_id or delivery.msg_id == msg_id
    )
