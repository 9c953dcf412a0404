"""Zalo's events parsed at the edge: a message to answer, something to note, or nothing to do."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.conversation.cleaning import clean
from bot.conversation.messages import Attachment, InboundMessage
from bot.database import utcnow

CHANNEL = "zalo"
LONGEST_ICON = 20  # characters

# What a citizen did: stored, and answered or acted upon.
STORED = {
    "user_send_text": "text",
    "user_send_image": "image",
    "user_send_gif": "gif",
    "user_send_link": "link",
    "user_send_audio": "audio",
    "user_send_video": "video",
    "user_send_sticker": "sticker",
    "user_send_location": "location",
    "user_send_file": "file",
    "user_send_business_card": "business_card",
    "follow": "follow",
    "unfollow": "unfollow",
    "user_click_chatnow": "chat_now",
    "user_submit_info": "submit_info",
    "user_withdraw": "withdraw",
}
# What happened to our own messages: noted on them.
RECEIPTS = {"user_received_message": "delivered", "user_seen_message": "seen"}
REACTED = "user_reacted_message"
# Known and of no consequence here: echoes of what was sent, tags, templates, calls.
# An anonymous visitor cannot be answered through the consultation endpoint, so is not stored.
IGNORED = frozenset(
    {
        "oa_reacted_message",
        "update_user_info",
        "add_user_to_tag",
        "remove_user_from_tag",
        "remove_tag",
        "widget_interaction_accepted",
        "widget_failed_to_sync_user_external_id",
        "anonymous_send_text",
        "anonymous_send_image",
        "anonymous_send_file",
        "anonymous_send_sticker",
        "user_feedback",
        "user_click_response_button",
        "change_template_status",
        "change_template_quality",
        "change_template_quota",
        "change_oa_daily_quota",
        "change_oa_template_tags",
        "event_journey_acknowledged",
        "event_journey_time_out",
        "user_reply_consent",
        "user_call_oa",
        "create_group",
        "user_join_group",
        "extension_purchased",
    }
)
IGNORED_PREFIXES = ("oa_send_", "oa_call_", "user_send_group_")


@dataclass(frozen=True)
class Receipt:
    """The platform delivered these of our messages, or the citizen saw them."""

    state: str  # delivered | seen
    message_ids: tuple[str, ...]
    at: dt.datetime


@dataclass(frozen=True)
class Reaction:
    """A citizen tapped an icon under a message of ours; "/-remove" takes it back."""

    user_id: str
    message_id: str
    icon: str


@dataclass(frozen=True)
class Ignored:
    """An event without consequence; `reason` is counted."""

    reason: str


@dataclass(frozen=True)
class Envelope:
    """What the signature needs of a body, before anything of it is believed."""

    app_id: str
    oa_id: str
    timestamp: str
    body: Mapping[str, Any]


def read_envelope(raw: bytes) -> Envelope | None:
    """The envelope of a raw body; None when it is no JSON object."""
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    if not isinstance(body, dict):
        return None
    event = _text(body.get("event_name"))
    oa = body.get("oa_id") or _id_of(body, "sender" if event.startswith("oa_") else "recipient")
    return Envelope(_text(body.get("app_id")), _text(oa), _text(body.get("timestamp")), body)


def parse(envelope: Envelope) -> InboundMessage | Receipt | Reaction | Ignored:
    """What one signed event means to us; never raises, whatever the event holds."""
    event = _text(envelope.body.get("event_name"))
    if event in RECEIPTS:
        return _receipt(envelope, event)
    if event in IGNORED or event.startswith(IGNORED_PREFIXES):
        return Ignored("ignored")
    if event not in STORED and event != REACTED:
        return Ignored("unknown")
    user = _user(envelope.body)
    if not user or len(user) > 64:
        return Ignored("no_user")
    if event == REACTED:
        return _reaction(envelope, user)
    return _message(envelope, event, user)


def _message(envelope: Envelope, event: str, user: str) -> InboundMessage:
    message = _mapping(envelope.body.get("message"))
    attachments = message.get("attachments")
    payloads = [
        (_text(_mapping(a).get("type")), _mapping(_mapping(a).get("payload")))
        for a in (attachments if isinstance(attachments, list) else [])[:10]
    ]
    latitude, longitude = _coordinates(payloads)
    return InboundMessage(
        channel=CHANNEL,
        message_id=_message_id(event, message, user, envelope.timestamp),
        user_id=user,
        kind=STORED[event],
        occurred_at=_moment(envelope.timestamp),
        text=clean(_text(message.get("text"))),
        attachments=tuple(_attachment(kind, payload) for kind, payload in payloads),
        latitude=latitude,
        longitude=longitude,
        quoted_message_id=clean(_text(message.get("quote_msg_id")))[:200],
        info=_info(envelope.body) if event == "user_submit_info" else {},
    )


def _message_id(event: str, message: Mapping[str, Any], user: str, timestamp: str) -> str:
    # Zalo repeats an event after any doubt; these two keys are the same each time. The citizen's
    # id is hashed because this id travels on to the dialogue engine.
    given = clean(_text(message.get("msg_id")))
    if given and len(given) <= 150:
        return f"{event}:{given}"
    key = given or f"{user}|{timestamp}"
    return f"{event}:{hashlib.sha256(key.encode('utf-8', 'replace')).hexdigest()[:40]}"


def _receipt(envelope: Envelope, event: str) -> Receipt | Ignored:
    message = _mapping(envelope.body.get("message"))
    given = message.get("msg_ids")
    raw = given if isinstance(given, list) else [given, message.get("msg_id")]
    ids = tuple(i for i in (clean(_text(value))[:200] for value in raw[:100]) if i)
    if not ids:
        return Ignored("no_message")
    at = _text(message.get("delivery_time")) or envelope.timestamp
    return Receipt(RECEIPTS[event], ids, _moment(at))


def _reaction(envelope: Envelope, user: str) -> Reaction | Ignored:
    message = _mapping(envelope.body.get("message"))
    message_id = clean(_text(message.get("msg_id")))[:200]
    icon = clean(_text(message.get("react_icon"))).strip()[:LONGEST_ICON]
    if not message_id or not icon:
        return Ignored("no_message")
    return Reaction(user, message_id, icon)


def _info(body: Mapping[str, Any]) -> dict[str, str]:
    """What the citizen shared, as far as a reply needs it: no birthday and no gender is kept."""
    info = _mapping(body.get("info"))
    full = _mapping(info.get("full_address"))
    # The second names are those of payloads from before the units of 2025.
    places = (
        full.get("user_address") or info.get("address"),
        full.get("user_ward") or info.get("district"),
        full.get("user_city") or info.get("city"),
    )
    found = {
        "name": _line(info.get("name")),
        "phone": _line(info.get("phone")),
        "address": ", ".join(part for part in map(_line, places) if part),
    }
    return {name: value for name, value in found.items() if value}


def _line(value: Any) -> str:
    return " ".join(clean(_text(value)).split())[:200]


def _user(body: Mapping[str, Any]) -> str:
    found = (_id_of(body, "sender"), _id_of(body, "follower"), body.get("user_id"))
    user = next((_text(value) for value in found if _text(value)), "") or _id_of(body, "user")
    return clean(user)


def _id_of(body: Mapping[str, Any], party: str) -> str:
    return _text(_mapping(body.get(party)).get("id"))


def _attachment(kind: str, payload: Mapping[str, Any]) -> Attachment:
    size = _text(payload.get("size"))
    return Attachment(
        type=clean(kind)[:40],
        url=clean(_text(payload.get("url")))[:2000],
        name=clean(_text(payload.get("name")))[:300],
        size=int(size) if size.isascii() and size.isdigit() and len(size) < 16 else None,
    )


def _coordinates(
    payloads: list[tuple[str, Mapping[str, Any]]],
) -> tuple[float | None, float | None]:
    for _, payload in payloads:
        point = _mapping(payload.get("coordinates"))
        try:
            latitude = float(_text(point.get("latitude")))
            longitude = float(_text(point.get("longitude")))
        except ValueError:
            continue
        if -90 <= latitude <= 90 and -180 <= longitude <= 180:
            return latitude, longitude
    return None, None


def _moment(timestamp: str) -> dt.datetime:
    # Milliseconds since 1970; anything else (or a date beyond the calendar) reads as now.
    try:
        return dt.datetime.fromtimestamp(int(timestamp) / 1000, dt.timezone.utc)
    except (ValueError, OverflowError, OSError):
        return utcnow()


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str:
    # Ids come as strings; an integer keeps all its digits, a float has already lost some.
    if isinstance(value, str):
        return value
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return str(value)
    return ""
