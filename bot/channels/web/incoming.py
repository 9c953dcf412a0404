"""What a visitor's page posts, parsed at the edge: one message, or what is wrong with it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Any

from bot.channels.web.tokens import message_id
from bot.conversation.cleaning import clean
from bot.conversation.messages import InboundMessage
from bot.conversation.payloads import is_payload
from bot.database import utcnow
from bot.services.visitors import CHANNEL

TEXT_LIMIT = 2000  # characters after NFC
PAYLOAD_LIMIT = 1000
TITLE_LIMIT = 100
_GIVEN_ID = re.compile(r"[A-Za-z0-9\-]{8,64}")
_SAYS = ("text", "payload", "location")


class Unusable(Exception):
    """The message can't be taken; the text of the error is for the visitor."""


def parse(body: Any, user_id: str) -> tuple[InboundMessage, dict[str, Any]]:
    """The message and what is kept beside its text. Raises Unusable."""
    if not isinstance(body, Mapping):
        raise Unusable("Trang gửi dữ liệu không đúng. Bạn tải lại trang giúp nhé.")
    given = body.get("id")
    said = [name for name in _SAYS if body.get(name) is not None]
    if not isinstance(given, str) or not _GIVEN_ID.fullmatch(given) or len(said) != 1:
        raise Unusable("Trang gửi dữ liệu không đúng. Bạn tải lại trang giúp nhé.")
    kind, text, content = _READERS[said[0]](body)
    location = content.get("location", {})
    message = InboundMessage(
        channel=CHANNEL,
        message_id=message_id(user_id, given),
        user_id=user_id,
        kind=kind,
        occurred_at=utcnow(),
        text=text,
        latitude=location.get("latitude"),
        longitude=location.get("longitude"),
    )
    return message, content


_Read = tuple[str, str, dict[str, Any]]


def _text(body: Mapping[str, Any]) -> _Read:
    given = body["text"]
    text = clean(given).strip() if isinstance(given, str) else ""
    if not text:
        raise Unusable("Bạn chưa viết nội dung.")
    length = len(unicodedata.normalize("NFC", given.strip()))
    if length > TEXT_LIMIT:
        raise Unusable(
            f"Tin nhắn dài {length} ký tự, tôi chỉ nhận được {TEXT_LIMIT} ký tự một lần. "
            "Bạn viết ngắn lại hoặc chia thành vài tin nhé."
        )
    return "text", text, {}


def _payload(body: Mapping[str, Any]) -> _Read:
    given, title = body["payload"], body.get("title")
    if not isinstance(given, str) or not is_payload(given) or len(given) > PAYLOAD_LIMIT:
        raise Unusable("Nút này không còn dùng được. Bạn gõ câu hỏi giúp nhé.")
    # What stood on the button: the visitor's page shows it after a reload, nothing else reads it.
    shown = clean(title).strip()[:TITLE_LIMIT] if isinstance(title, str) else ""
    return "text", clean(given), {"title": shown} if shown else {}


def _location(body: Mapping[str, Any]) -> _Read:
    given = body["location"]
    point = given if isinstance(given, Mapping) else {}
    latitude, longitude = _degrees(point, "latitude", 90), _degrees(point, "longitude", 180)
    return "location", "", {"location": {"latitude": latitude, "longitude": longitude}}


def _degrees(point: Mapping[str, Any], name: str, most: float) -> float:
    value = point.get(name)
    if isinstance(value, (int, float)) and not isinstance(value, bool) and -most <= value <= most:
        return float(value)
    raise Unusable("Vị trí gửi lên không đúng. Bạn thử lại, hoặc gõ tên xã, phường giúp nhé.")


_READERS = {"text": _text, "payload": _payload, "location": _location}
