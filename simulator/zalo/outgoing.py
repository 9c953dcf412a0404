"""What an account may send on /v3.0/oa/message/cs, checked against the platform's limits."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from simulator.zalo import errors
from simulator.zalo.errors import ApiError, invalid

TEXT_LIMIT = 2000
BUTTON_LIMIT = 5
TITLE_LIMIT = 100
PAYLOAD_LIMIT = 1000
SMS_LIMIT = 160
SUBTITLE_LIMIT = 500

_QUERIES = ("oa.query.show", "oa.query.hide")
_MEDIA = ("image", "gif", "sticker")


@dataclass(frozen=True)
class Button:
    """One button; `payload` is a string for queries and an object for the rest."""

    title: str
    type: str
    payload: str | Mapping[str, str]


@dataclass(frozen=True)
class Outgoing:
    """A message that passed the checks. `kind` names the echo: oa_send_<kind>."""

    user_id: str
    kind: str
    text: str = ""
    buttons: tuple[Button, ...] = ()
    attachment: Mapping[str, Any] | None = None
    quote: str = ""


def read_outgoing(data: object, *, allow_list: bool = False) -> Outgoing:
    """Check one send call; raises ApiError with the platform's code."""
    if not isinstance(data, dict):
        raise invalid("body")
    recipient = data.get("recipient")
    user_id = recipient.get("user_id") if isinstance(recipient, dict) else None
    if not isinstance(user_id, str) or not user_id.isascii() or not user_id.isdigit():
        raise invalid("user_id")
    message = data.get("message")
    if not isinstance(message, dict) or not message:
        raise invalid("message")
    quote = message.get("quote_message_id", "")
    if not isinstance(quote, str):
        raise invalid("quote_message_id")
    attachment = message.get("attachment")
    text = _text(message, required=attachment is None)
    if attachment is None:
        return Outgoing(user_id, "text", text, quote=quote)
    if not isinstance(attachment, dict) or not isinstance(attachment.get("payload"), dict):
        raise invalid("attachment")
    return _attached(user_id, text, attachment, quote, allow_list)


def _attached(
    user_id: str, text: str, attachment: Mapping[str, Any], quote: str, allow_list: bool
) -> Outgoing:
    payload = attachment["payload"]
    if attachment.get("type") == "file":
        if not isinstance(payload.get("token"), str) or not payload["token"]:
            raise invalid("token")
        return Outgoing(user_id, "file", "", (), {"type": "file", "token": payload["token"]}, quote)
    if attachment.get("type") != "template":
        raise ApiError(errors.UNSUPPORTED)
    template = payload.get("template_type")
    if template is None:
        if not text:
            raise invalid("text")
        return Outgoing(user_id, "text", text, _buttons(payload.get("buttons")), None, quote)
    if template == "media":
        return _media(user_id, text, payload, quote)
    if template == "request_user_info":
        element = _single_element(payload)
        shown = {"type": "request_user_info", **_card(element)}
        return Outgoing(user_id, "template", text, (), shown, quote)
    if template == "list" and allow_list:
        return _list(user_id, text, payload, quote)
    raise ApiError(errors.UNSUPPORTED)


def _text(message: Mapping[str, Any], *, required: bool) -> str:
    text = message.get("text", "")
    if not isinstance(text, str) or (required and not text.strip()):
        raise invalid("text")
    if len(text) > TEXT_LIMIT and len(unicodedata.normalize("NFC", text)) > TEXT_LIMIT:
        raise ApiError(errors.LIMIT_EXCEEDED)
    return text


def _buttons(value: object) -> tuple[Button, ...]:
    if not isinstance(value, list) or not value:
        raise invalid("buttons")
    if len(value) > BUTTON_LIMIT:
        raise ApiError(errors.LIMIT_EXCEEDED)
    return tuple(_button(each) for each in value)


def _button(value: object) -> Button:
    if not isinstance(value, dict):
        raise invalid("buttons")
    title, kind, payload = value.get("title"), value.get("type"), value.get("payload")
    if not isinstance(title, str) or not title.strip():
        raise invalid("title")
    if len(title) > TITLE_LIMIT:
        raise ApiError(errors.LIMIT_EXCEEDED)
    if kind in _QUERIES:
        if not isinstance(payload, str) or not payload:
            raise invalid("payload")
        if len(payload) > PAYLOAD_LIMIT:
            raise ApiError(errors.LIMIT_EXCEEDED)
        return Button(title, kind, payload)
    if kind == "oa.open.url":
        url = _member(payload, "url")
        if not url.startswith(("https://", "http://")):
            raise invalid("url")
        return Button(title, kind, {"url": url})
    if kind == "oa.open.phone":
        return Button(title, kind, {"phone_code": _phone(payload)})
    if kind == "oa.open.sms":
        content = _member(payload, "content")
        if len(content) > SMS_LIMIT:
            raise ApiError(errors.LIMIT_EXCEEDED)
        return Button(title, kind, {"phone_code": _phone(payload), "content": content})
    raise invalid("type")


def _media(user_id: str, text: str, payload: Mapping[str, Any], quote: str) -> Outgoing:
    element = _single_element(payload)
    kind = element.get("media_type")
    if kind not in _MEDIA:
        raise ApiError(errors.UNSUPPORTED)
    url, attachment_id = element.get("url"), element.get("attachment_id")
    if isinstance(url, str) == isinstance(attachment_id, str):
        raise invalid("attachment_id")
    if kind == "sticker" and not isinstance(attachment_id, str):
        raise invalid("attachment_id")
    if kind == "gif" and not (element.get("width") and element.get("height")):
        raise invalid("width")
    shown = {"type": kind, "url": url or "", "attachment_id": attachment_id or ""}
    return Outgoing(user_id, kind, text, (), shown, quote)


def _list(user_id: str, text: str, payload: Mapping[str, Any], quote: str) -> Outgoing:
    elements = payload.get("elements")
    if not isinstance(elements, list) or not elements:
        raise invalid("elements")
    if len(elements) > BUTTON_LIMIT:
        raise ApiError(errors.LIMIT_EXCEEDED)
    cards = [_card(each) for each in elements if isinstance(each, dict)]
    buttons = _buttons(payload["buttons"]) if payload.get("buttons") else ()
    return Outgoing(user_id, "list", text, buttons, {"type": "list", "elements": cards}, quote)


def _single_element(payload: Mapping[str, Any]) -> Mapping[str, Any]:
    elements = payload.get("elements")
    if not isinstance(elements, list) or len(elements) != 1 or not isinstance(elements[0], dict):
        raise invalid("elements")
    return elements[0]


def _card(element: Mapping[str, Any]) -> dict[str, str]:
    title = _member(element, "title")
    subtitle = element.get("subtitle", "")
    if len(title) > TITLE_LIMIT or len(str(subtitle)) > SUBTITLE_LIMIT:
        raise ApiError(errors.LIMIT_EXCEEDED)
    return {
        "title": title,
        "subtitle": str(subtitle),
        "image_url": str(element.get("image_url", "")),
    }


def _phone(payload: object) -> str:
    number = _member(payload, "phone_code").removeprefix("+")
    if not number.isascii() or not number.isdigit():
        raise invalid("phone_code")
    return number


def _member(payload: object, name: str) -> str:
    value = payload.get(name) if isinstance(payload, dict) else None
    if not isinstance(value, str) or not value.strip():
        raise invalid(name)
    return value
