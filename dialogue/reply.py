"""A turn's reply, read from the events of its tracker: the fresh and the repeated one alike."""

from __future__ import annotations

from typing import Any

from rasa.shared.core.events import BotUttered, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker

TRACE = "trace"
# What a dry run answers that came to nothing.
NOTHING: dict[str, Any] = {
    "messages": [], "intent": "", "confidence": 0.0, "outcome": "other", "procedures": [],
}  # fmt: skip


def read(tracker: DialogueStateTracker, message_id: str) -> dict[str, Any] | None:
    """The reply to `message_id` as the channel's JSON; None when the tracker lacks that turn."""
    events = list(tracker.events)
    start = _turn_start(events, message_id)
    if start is None:
        return None
    user: UserUttered = events[start]
    reply: dict[str, Any] = {
        "messages": [],
        "intent": user.intent_name or "",
        "confidence": float(user.intent.get("confidence") or 0.0),
        "outcome": "other",
        "procedures": [],
        "commune": str(tracker.get_slot("commune_code") or ""),
    }
    for event in events[start + 1 :]:
        if isinstance(event, UserUttered):
            break
        if isinstance(event, BotUttered):
            _add(reply, event)
    return reply


def _turn_start(events: list[Any], message_id: str) -> int | None:
    for index in range(len(events) - 1, -1, -1):
        event = events[index]
        if isinstance(event, UserUttered) and event.message_id == message_id:
            return index
    return None


def _add(reply: dict[str, Any], event: BotUttered) -> None:
    data = event.data or {}
    trace = (data.get("custom") or {}).get(TRACE)
    if trace:
        reply.update({k: trace[k] for k in ("outcome", "procedures", "intent") if k in trace})
    message: dict[str, Any] = {}
    if event.text and event.text.strip():
        message["text"] = event.text.strip()
        message["buttons"] = [_button(b) for b in data.get("buttons") or ()]
    if data.get("image"):
        message["image"] = data["image"]
    if message:
        reply["messages"].append(message)


def _button(button: dict[str, Any]) -> dict[str, str]:
    payload = str(button["payload"])
    if payload.startswith("tel:"):
        return {"title": button["title"], "type": "phone", "payload": payload[4:]}
    kind = "url" if payload.startswith(("https://", "http://")) else "reply"
    return {"title": button["title"], "type": kind, "payload": payload}
