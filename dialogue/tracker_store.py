"""Conversations in Redis or Valkey, each as its state and its last turns, however long it gets."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import redis
from rasa.core.brokers.broker import EventBroker
from rasa.core.tracker_store import SerializedTrackerAsText, TrackerStore
from rasa.shared.core.constants import ACTION_LISTEN_NAME
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import (
    ActionExecuted,
    ActiveLoop,
    AllSlotsReset,
    Event,
    SlotSet,
    UserUttered,
)
from rasa.shared.core.trackers import DialogueStateTracker

MONTH = 30 * 24 * 3600
PREFIX = "tracker:"


class BoundedTrackerStore(TrackerStore, SerializedTrackerAsText):
    """Keeps slots, active loop and the last `keep_turns` turns of each conversation.

    One turn is enough to repeat the last reply, and leaves no history of what was said. A
    conversation that is silent for `record_exp` seconds is forgotten.
    """

    def __init__(
        self,
        domain: Domain | None,
        host: str,
        event_broker: EventBroker | None = None,
        record_exp: int = MONTH,
        keep_turns: int = 1,
        timeout: float = 2.0,
        **kwargs: Any,
    ) -> None:
        """`host` is the store's URL (Rasa passes `url` of endpoints.yml under this name)."""
        self._keep_turns = keep_turns
        self._expiry = record_exp
        # Without time-outs a store that hangs would hang every conversation of the process.
        self.red = redis.Redis.from_url(
            host, decode_responses=True, socket_timeout=timeout, socket_connect_timeout=timeout
        )
        super().__init__(domain, event_broker, **kwargs)

    async def save(self, tracker: DialogueStateTracker) -> None:
        """Store the conversation as it stands at the end of a turn."""
        events = [event.as_dict() for event in self._bounded(tracker)]
        self.red.set(PREFIX + tracker.sender_id, json.dumps(events), ex=self._expiry)

    async def retrieve(self, sender_id: str) -> DialogueStateTracker | None:
        """The conversation, or None if it is new or forgotten."""
        stored = self.red.get(PREFIX + sender_id)
        if stored is None:
            return None
        tracker = self.init_tracker(sender_id)
        for data in json.loads(stored):
            tracker.update(Event.from_parameters(data), self.domain)
        return tracker

    async def retrieve_full_tracker(self, sender_id: str) -> DialogueStateTracker | None:
        """The same: no older session is kept."""
        return await self.retrieve(sender_id)

    async def delete(self, sender_id: str) -> None:
        """Forget the conversation."""
        self.red.delete(PREFIX + sender_id)

    async def keys(self) -> Iterable[str]:
        """Ids of the stored conversations."""
        return [key[len(PREFIX) :] for key in self.red.scan_iter(PREFIX + "*")]

    def _bounded(self, tracker: DialogueStateTracker) -> list[Event]:
        events = list(tracker.events)
        turns = [i for i, event in enumerate(events) if isinstance(event, UserUttered)]
        if len(turns) <= self._keep_turns:
            return events
        cut = turns[-self._keep_turns]
        before = self.init_tracker(tracker.sender_id)
        before.update_with_events(events[:cut], self.domain)
        return [*_state(before, events[cut:]), *events[cut:]]


def _state(tracker: DialogueStateTracker, later: list[Event]) -> list[Event]:
    """The events that bring a new tracker to where this one stands, ready to listen.

    What `later` events overwrite is left out: a citizen who asked for it is forgotten at once.
    """
    overwritten = {event.key for event in later if isinstance(event, SlotSet)}
    if any(isinstance(event, AllSlotsReset) for event in later):
        overwritten.update(tracker.slots)
    events: list[Event] = [
        SlotSet(name, slot.value)
        for name, slot in tracker.slots.items()
        if slot.value != slot.initial_value and name not in overwritten
    ]
    if tracker.active_loop_name:
        events.append(ActiveLoop(tracker.active_loop_name))
    return [*events, ActionExecuted(ACTION_LISTEN_NAME)]
