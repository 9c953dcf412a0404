"""A line of the conversation as the visitor's page gets it."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from bot.services.visitors import Line
from bot.streams import Event

_PHONE = re.compile(r"\+?[0-9][0-9 .\-]{2,19}")


def event_of(line: Line, mark: int) -> Event:
    """The event of one line. Its cursor never passes a row that may still appear."""
    return Event(data_of(line), id=str(min(mark, line.id)))


def data_of(line: Line) -> dict[str, Any]:
    """What the page shows; `ref` is what the page itself called a message of its own."""
    sender = _sender(line)
    return {
        "id": line.id,
        "from": sender,
        "kind": line.kind,
        "text": line.content.get("title") or line.text if sender == "you" else line.text,
        "buttons": [b for b in map(_button, line.content.get("buttons", ())) if b],
        "file": file[1] if (file := line.content.get("file")) else "",
        "image": web_address(line.content.get("image")),
        "at": line.at.isoformat(),
        "ref": line.given_id,
    }


def _sender(line: Line) -> str:
    if line.direction == "in":
        return "you"
    return "staff" if line.content.get("staff_id") else "bot"


def _button(given: Any) -> dict[str, str] | None:
    title, kind, payload = given
    if kind == "url":
        payload = web_address(payload)
    elif kind == "phone":
        payload = re.sub(r"[ .\-]", "", payload) if _PHONE.fullmatch(payload) else ""
    return {"title": title, "type": kind, "payload": payload} if payload else None


def web_address(given: Any) -> str:
    """An address that a page may link to: http or https with a host; "" for anything else."""
    try:
        parts = urlsplit(given if isinstance(given, str) else "")
    except ValueError:
        return ""
    return str(given) if parts.scheme in ("http", "https") and parts.netloc else ""
