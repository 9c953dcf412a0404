"""What a citizen does, read from the chat page's or a test's JSON into one typed value.

A body names the citizen by `user_id` and exactly one act:
`text` · `button` (the payload, as if tapped) · `sticker` · `image` · `gif` · `file` · `link` ·
`audio` · `video` · `location` · `business_card` · `reaction` · `share_info` · `follow` ·
`unfollow` · `chatnow` · `withdraw`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from simulator.zalo.errors import BadRequest

USER_ID = re.compile(r"[0-9]{1,25}")
_RELATIONS = {
    "follow": "follow",
    "unfollow": "unfollow",
    "chatnow": "user_click_chatnow",
    "withdraw": "user_withdraw",
}


@dataclass(frozen=True)
class Act:
    """One act: the event it causes and what the conversation shows of it."""

    user_id: str
    event_name: str
    text: str | None = None
    attachment: Mapping[str, Any] | None = None
    info: Mapping[str, Any] = field(default_factory=dict)
    reaction: tuple[str, str] | None = None
    quote: str = ""
    shown: str | None = None  # None: nothing is printed in the chat (`oa.query.hide`)

    @property
    def is_message(self) -> bool:
        """Whether this act is a `user_send_*` message."""
        return self.event_name.startswith("user_send_")


def read_act(data: object) -> Act:
    """Read one act; raises BadRequest saying what is wrong."""
    if not isinstance(data, dict):
        raise BadRequest("the body must be a JSON object")
    user_id = data.get("user_id")
    if not isinstance(user_id, str) or not USER_ID.fullmatch(user_id):
        raise BadRequest("user_id must be a string of digits")
    acts = [name for name in data if name in _READERS or name in _RELATIONS]
    if len(acts) != 1:
        raise BadRequest(f"exactly one act is needed, one of {sorted([*_READERS, *_RELATIONS])}")
    name = acts[0]
    if name in _RELATIONS:
        return Act(user_id, _RELATIONS[name])
    return _READERS[name](user_id, data[name], data)


def _text(user_id: str, value: Any, data: Mapping[str, Any]) -> Act:
    text = _string("text", value)
    quote = data.get("quote", "")
    return Act(user_id, "user_send_text", text=text, quote=_string("quote", quote), shown=text)


def _button(user_id: str, value: Any, data: Mapping[str, Any]) -> Act:
    payload = _string("button", value)
    shown = payload if data.get("shown", False) else None
    return Act(user_id, "user_send_text", text=payload, shown=shown)


def _sticker(user_id: str, value: Any, data: Mapping[str, Any]) -> Act:
    name = _string("sticker", value)
    payload = {"id": name, "url": str(data.get("url", f"https://stickers.invalid/{name}.png"))}
    return _attached(user_id, "sticker", payload, "")


def _picture(kind: str) -> Callable[[str, Any, Mapping[str, Any]], Act]:
    def read(user_id: str, value: Any, data: Mapping[str, Any]) -> Act:
        url = _string(kind, value)
        payload = {"thumbnail": str(data.get("thumbnail", url)), "url": url}
        return _attached(user_id, kind, payload, str(data.get("caption", "")))

    return read


def _audio(user_id: str, value: Any, data: Mapping[str, Any]) -> Act:
    return _attached(user_id, "audio", {"url": _string("audio", value)}, "")


def _video(user_id: str, value: Any, data: Mapping[str, Any]) -> Act:
    payload = {"url": _string("video", value), "thumbnail": "", "description": ""}
    return _attached(user_id, "video", payload, "")


def _link(user_id: str, value: Any, data: Mapping[str, Any]) -> Act:
    description = str(data.get("description", ""))
    payload = {"url": _string("link", value), "thumbnail": "", "description": description}
    return _attached(user_id, "link", payload, "")


def _business_card(user_id: str, value: Any, data: Mapping[str, Any]) -> Act:
    payload = {"thumbnail": "", "description": _string("business_card", value), "url": ""}
    attachment = {"type": "link", "payload": payload}
    return Act(user_id, "user_send_business_card", text="", attachment=attachment, shown="")


def _file(user_id: str, value: Any, data: Mapping[str, Any]) -> Act:
    known = _object("file", value)
    payload = {key: str(known.get(key, "")) for key in ("url", "name", "size", "type", "checksum")}
    return _attached(user_id, "file", payload, "")


def _location(user_id: str, value: Any, data: Mapping[str, Any]) -> Act:
    known = _object("location", value)
    try:
        latitude, longitude = float(known["latitude"]), float(known["longitude"])
    except (KeyError, TypeError, ValueError):
        raise BadRequest("location needs latitude and longitude, in degrees") from None
    if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
        raise BadRequest("latitude or longitude is out of range")
    coordinates = {"latitude": str(latitude), "longitude": str(longitude)}
    return _attached(
        user_id, "location", {"coordinates": coordinates}, "", str(known.get("name", ""))
    )


def _reaction(user_id: str, value: Any, data: Mapping[str, Any]) -> Act:
    known = _object("reaction", value)
    target = _string("reaction.message_id", known.get("message_id"))
    icon = _string("reaction.icon", known.get("icon"))
    return Act(user_id, "user_reacted_message", reaction=(target, icon))


def _share_info(user_id: str, value: Any, data: Mapping[str, Any]) -> Act:
    return Act(user_id, "user_submit_info", info=_object("share_info", value))


def _attached(
    user_id: str, kind: str, payload: Mapping[str, Any], text: str, shown: str | None = None
) -> Act:
    attachment = {"type": kind, "payload": dict(payload)}
    shown = text if shown is None else shown
    return Act(user_id, f"user_send_{kind}", text=text, attachment=attachment, shown=shown)


def _string(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise BadRequest(f"{name} must be a string")
    return value


def _object(name: str, value: Any) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise BadRequest(f"{name} must be an object")
    return value


_READERS: dict[str, Callable[[str, Any, Mapping[str, Any]], Act]] = {
    "text": _text,
    "button": _button,
    "sticker": _sticker,
    "image": _picture("image"),
    "gif": _picture("gif"),
    "file": _file,
    "link": _link,
    "audio": _audio,
    "video": _video,
    "location": _location,
    "business_card": _business_card,
    "reaction": _reaction,
    "share_info": _share_info,
}
