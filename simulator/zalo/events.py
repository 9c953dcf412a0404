"""Bodies of the events, and their two spellings on the wire."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from simulator.zalo.identity import Identity, app_scoped_id

JsonDict = dict[str, Any]


@dataclass(frozen=True)
class Event:
    """One event: whose conversation it belongs to, and its body without app_id and timestamp."""

    user_id: str
    name: str
    body: Mapping[str, Any]
    msg_id: str = ""
    zns: bool = False


class Events:
    """Builds events for one account."""

    def __init__(self, identity: Identity) -> None:
        self._oa_id = identity.oa_id

    def user_message(self, user_id: str, name: str, message: JsonDict) -> Event:
        """`user_send_*`, with the message's text, msg_id and attachments."""
        body = {
            "sender": {"id": user_id},
            "user_id_by_app": app_scoped_id(user_id),
            "recipient": {"id": self._oa_id},
            "event_name": name,
            "message": message,
        }
        return Event(user_id, name, body, str(message.get("msg_id", "")))

    def user_info(self, user_id: str, info: Mapping[str, Any]) -> Event:
        """`user_submit_info`, the answer to request_user_info."""
        body = {
            "sender": {"id": user_id},
            "recipient": {"id": self._oa_id},
            "event_name": "user_submit_info",
            "info": dict(info),
        }
        return Event(user_id, "user_submit_info", body)

    def relation(self, user_id: str, name: str) -> Event:
        """`follow`, `unfollow`, `user_click_chatnow`, `user_withdraw`."""
        body: JsonDict = {"oa_id": self._oa_id, "user_id_by_app": app_scoped_id(user_id)}
        if name in ("follow", "unfollow"):
            body |= {"follower": {"id": user_id}, "source": "oa_profile"}
        else:
            body["user_id"] = user_id
        return Event(user_id, name, body | {"event_name": name})

    def echo(self, user_id: str, name: str, message: JsonDict) -> Event:
        """`oa_send_*`: the account's own message comes back."""
        body = {
            "sender": {"id": self._oa_id},
            "recipient": {"id": user_id},
            "user_id_by_app": app_scoped_id(user_id),
            "event_name": name,
            "message": message,
        }
        return Event(user_id, name, body, str(message["msg_id"]))

    def received(self, user_id: str, message_id: str) -> Event:
        """`user_received_message`."""
        return self._receipt(user_id, "user_received_message", {"msg_id": message_id}, message_id)

    def seen(self, user_id: str, message_ids: Sequence[str]) -> Event:
        """`user_seen_message`."""
        ids = list(message_ids)
        return self._receipt(user_id, "user_seen_message", {"msg_ids": ids}, ids[-1])

    def zns_received(self, phone: str, message_id: str, tracking_id: str, at_ms: int) -> Event:
        """`user_received_message` in the shape of a template message sent to a phone."""
        body = {
            "sender": {"id": self._oa_id},
            "recipient": {"id": phone},
            "event_name": "user_received_message",
            "message": {
                "msg_id": message_id,
                "tracking_id": tracking_id,
                "delivery_time": str(at_ms),
            },
        }
        return Event(phone, "user_received_message", body, message_id, zns=True)

    def _receipt(self, user_id: str, name: str, message: JsonDict, message_id: str) -> Event:
        body = {
            "sender": {"id": self._oa_id},
            "recipient": {"id": user_id},
            "event_name": name,
            "message": message,
        }
        return Event(user_id, name, body, message_id)


def encode(body: Mapping[str, Any], *, spaced: bool) -> bytes:
    """The body as Zalo may write it: compact UTF-8, or spaced with `\\u` escapes."""
    if spaced:
        return json.dumps(body).encode()
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
