"""The citizens and what their phones show."""

from __future__ import annotations

import queue
import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

KEPT_MESSAGES = 2000
FEED_BACKLOG = 5000

SENT, RECEIVED, RETRYING, FAILED, ANSWERED, SEEN = (
    "sent",
    "received",
    "retrying",
    "failed",
    "answered",
    "seen",
)


@dataclass
class ChatMessage:
    """One bubble; `side` is citizen, oa or note."""

    id: str
    side: str
    kind: str
    text: str
    at_ms: int
    status: str = SENT
    buttons: tuple[Mapping[str, Any], ...] = ()
    attachment: Mapping[str, Any] | None = None
    shown: bool = True

    def as_json(self) -> dict[str, Any]:
        """For the chat page."""
        return {
            "id": self.id,
            "side": self.side,
            "kind": self.kind,
            "text": self.text,
            "at_ms": self.at_ms,
            "status": self.status,
            "buttons": list(self.buttons),
            "attachment": self.attachment,
            "shown": self.shown,
        }


@dataclass
class Citizen:
    """One Zalo user. `last_interaction_ms` is None until they first do something."""

    user_id: str
    name: str
    phone: str = ""
    follows: bool = False
    blocked: bool = False
    last_interaction_ms: int | None = None
    alias: str = ""
    external_id: str = ""
    tags: set[str] = field(default_factory=set)
    shared_info: dict[str, Any] = field(default_factory=dict)
    messages: deque[ChatMessage] = field(default_factory=lambda: deque(maxlen=KEPT_MESSAGES))

    def find(self, message_id: str) -> ChatMessage | None:
        """The bubble with this id, newest first."""
        return next((m for m in reversed(self.messages) if m.id == message_id), None)

    def as_json(self) -> dict[str, Any]:
        """For the chat page and the control answers."""
        return {
            "user_id": self.user_id,
            "name": self.name,
            "phone": self.phone,
            "follows": self.follows,
            "blocked": self.blocked,
            "last_interaction_ms": self.last_interaction_ms,
        }


class Feed:
    """Tells the open chat pages what changed; costs nothing while none is open."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._listeners: list[queue.Queue[dict[str, Any] | None]] = []

    def publish(self, change: dict[str, Any]) -> None:
        """Tell every page; one that does not read is told to load anew."""
        with self._lock:
            for listener in self._listeners:
                try:
                    listener.put_nowait(change)
                except queue.Full:
                    with listener.mutex:
                        listener.queue.clear()
                    listener.put_nowait({"type": "reload"})

    def listen(self) -> queue.Queue[dict[str, Any] | None]:
        """A queue of changes from now on."""
        listener: queue.Queue[dict[str, Any] | None] = queue.Queue(FEED_BACKLOG)
        with self._lock:
            self._listeners.append(listener)
        return listener

    def leave(self, listener: queue.Queue[dict[str, Any] | None]) -> None:
        """Stop listening."""
        with self._lock:
            if listener in self._listeners:
                self._listeners.remove(listener)
