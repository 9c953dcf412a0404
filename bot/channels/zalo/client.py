"""Zalo's send API: a reply out, the platform's message id back, every refusal classed."""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import json
import time
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import requests
from requests.utils import get_environ_proxies

from bot.channels.zalo.events import CHANNEL
from bot.channels.zalo.tokens import Tokens
from bot.conversation.messages import Button, Reply
from bot.database import utcnow
from bot.errors import ChannelError, SendDeferred, SendRefused, SendUnknown
from bot.keepalive import KeepAlive
from bot.settings import Settings

TIMEOUT = (3.0, 10.0)  # seconds to connect, and for each wait for bytes
VIETNAM = dt.timezone(dt.timedelta(hours=7))

PROOF_CODE = -242
TOKEN_CODES = frozenset({-216, -220, -124})
REFUSED_CODES = frozenset({-100, -201, -210, -213, -227, -230, -232, -233, -244, -248, -249})
# Something about the account or the app must be put right by people; messages wait meanwhile.
OPERATOR_CODES = frozenset(
    {-204, -205, -209, -211, -212, -219, -221, -223, -224, -235, -240, -242, -320, -321}
)
OPERATOR_WAIT = 600.0
QUOTA_CODES = frozenset({-144, -147})
QUOTA_WAIT = 3600.0
RATE_WAIT = 5.0
FAULT_WAIT = 2.0
LISTED_AT_ONCE = 10  # what Zalo lists at most
LISTED_PAGES = 5
MORNING = 6  # o'clock in Viet Nam, when the night ban of -234 ends

# A hidden query comes back without its payload, which is not meant for reading, in the chat.
_BUTTON_TYPES = {"reply": "oa.query.hide", "url": "oa.open.url", "phone": "oa.open.phone"}


@dataclass(frozen=True)
class _Listed:
    """One message of a conversation as Zalo lists it."""

    message_id: str
    text: str
    at: dt.datetime
    from_us: bool

    @classmethod
    def read(cls, entry: Mapping[str, Any]) -> _Listed:
        return cls(
            message_id=str(entry["message_id"]),
            text=unicodedata.normalize("NFC", str(entry.get("message") or "")).strip(),
            at=dt.datetime.fromtimestamp(int(entry["time"]) / 1000, dt.timezone.utc),
            from_us=str(entry["src"]) == "0",
        )


class ZaloChannel:
    """The Zalo official account as a channel. Safe for threads."""

    name = CHANNEL
    text_limit = 2000

    def __init__(self, settings: Settings, tokens: Tokens) -> None:
        self._settings = settings
        self._tokens = tokens
        self._use_proof = False  # until the app turns out to ask for it
        self._http = KeepAlive(get_environ_proxies(settings.zalo_api_url))
        self._paused_until = 0.0  # monotonic; set by a rate limit, which is one for the whole app

    def send(self, user_id: str, reply: Reply) -> str:
        """Send one message; returns Zalo's message id.

        Raises TokenError, SendRefused, SendDeferred or SendUnknown.
        """
        pause = self._paused_until - time.monotonic()
        if pause > 0:
            raise SendDeferred("rate limit", pause)
        body = json.dumps(
            {"recipient": {"user_id": user_id}, "message": message_of(reply)}, ensure_ascii=False
        ).encode()
        answer = self._authorised("POST", "/v3.0/oa/message/cs", body)
        data = answer.get("data")
        return str(data.get("message_id") or "") if isinstance(data, dict) else ""

    def find_sent(self, user_id: str, reply: Reply, since: dt.datetime) -> list[str]:
        """Zalo's ids of messages with this text that the account sent after `since`.

        Raises ChannelError when the list can't be read.
        """
        wanted = unicodedata.normalize("NFC", reply.text).strip()
        found = []
        for page in range(LISTED_PAGES):
            entries = self._list_page(user_id, page * LISTED_AT_ONCE)
            recent = [entry for entry in entries if entry.at >= since]
            found += [e.message_id for e in recent if e.from_us and e.text == wanted]
            if len(recent) < LISTED_AT_ONCE:  # they come newest first
                break
        return found

    def _list_page(self, user_id: str, offset: int) -> list[_Listed]:
        asked = {"user_id": user_id, "offset": offset, "count": LISTED_AT_ONCE}
        query = urlencode({"data": json.dumps(asked, separators=(",", ":"))})
        answer = self._authorised("GET", f"/v2.0/oa/conversation?{query}", b"")
        try:
            return [_Listed.read(entry) for entry in answer["data"]]
        except (ValueError, KeyError, TypeError, OverflowError):
            raise ChannelError("the sent messages can't be listed") from None

    def _authorised(self, method: str, path: str, body: bytes) -> Mapping[str, Any]:
        """One call with the present token, or with a renewed one when that is refused."""
        token = self._tokens.access_token()
        answer = self._try(method, path, body, token)
        if answer.get("error") in TOKEN_CODES:
            token = self._tokens.renew(token)
            answer = self._try(method, path, body, token)
        if answer.get("error") == PROOF_CODE and not self._use_proof:
            self._use_proof = True
            answer = self._try(method, path, body, token)
        error = answer.get("error")
        if error != 0:
            raise self._refusal(error)
        return answer

    def _try(self, method: str, path: str, body: bytes, token: str) -> Mapping[str, Any]:
        """One call. An answer that can't be read may follow an accepted message."""
        try:
            response = self._http.call(
                method,
                self._settings.zalo_api_url + path,
                body=body,
                headers=self._headers(token),
                timeout=TIMEOUT,
            )
        except requests.ConnectTimeout:
            raise SendDeferred("no connection", FAULT_WAIT) from None
        except requests.ConnectionError as error:
            if _never_sent(error):
                raise SendDeferred("no connection", FAULT_WAIT) from None
            raise SendUnknown("connection lost") from None
        except requests.RequestException as error:
            raise SendUnknown(type(error).__name__) from None
        if response.status_code in (429, 503):
            raise SendDeferred(f"http {response.status_code}", RATE_WAIT)
        try:
            answer = response.json()
        except ValueError:
            answer = None
        if response.status_code != 200 or not isinstance(answer, dict) or "error" not in answer:
            raise SendUnknown(f"http {response.status_code}")
        return answer

    def _refusal(self, code: Any) -> ChannelError:
        if code in REFUSED_CODES:
            return SendRefused(f"zalo {code}")
        if code in TOKEN_CODES:
            return SendDeferred(f"zalo {code}: the new token is refused too", OPERATOR_WAIT)
        if code in OPERATOR_CODES:
            return SendDeferred(f"zalo {code}: the account needs a person", OPERATOR_WAIT)
        if code in QUOTA_CODES:
            return SendDeferred(f"zalo {code}: out of quota", QUOTA_WAIT)
        if code == -234:
            return SendDeferred("zalo -234: not at night", seconds_until_morning(utcnow()))
        if code == -32:
            self._paused_until = time.monotonic() + RATE_WAIT
            return SendDeferred("zalo -32: rate limit", RATE_WAIT)
        return SendDeferred(f"zalo {code}", FAULT_WAIT)

    def _headers(self, token: str) -> dict[str, str]:
        headers = {"access_token": token, "Content-Type": "application/json"}
        if self._use_proof:
            headers["appsecret_proof"] = appsecret_proof(self._settings.zalo_app_secret, token)
        return headers


def message_of(reply: Reply) -> dict[str, Any]:
    """The `message` of a send request, as zalo's consultation endpoint takes it."""
    message: dict[str, Any] = {}
    if reply.text:
        message["text"] = reply.text
    if reply.image_url:
        element = {"media_type": "image", "url": reply.image_url}
        payload: dict[str, Any] = {"template_type": "media", "elements": [element]}
        message["attachment"] = {"type": "template", "payload": payload}
    elif reply.buttons:
        buttons = [_button(button) for button in reply.buttons]
        message["attachment"] = {"type": "template", "payload": {"buttons": buttons}}
    return message


def appsecret_proof(app_secret: str, access_token: str) -> str:
    """The proof that an app may ask for with each call: HMAC-SHA256 of the token."""
    return hmac.new(app_secret.encode(), access_token.encode(), hashlib.sha256).hexdigest()


def seconds_until_morning(now: dt.datetime) -> float:
    """Seconds until the next 6:00 in Viet Nam."""
    local = now.astimezone(VIETNAM)
    morning = local.replace(hour=MORNING, minute=0, second=0, microsecond=0)
    if morning <= local:
        morning += dt.timedelta(days=1)
    return (morning - local).total_seconds()


def _button(button: Button) -> dict[str, Any]:
    payload: Any = button.payload
    if button.type == "url":
        payload = {"url": button.payload}
    elif button.type == "phone":
        payload = {"phone_code": button.payload}
    return {"title": button.title, "type": _BUTTON_TYPES[button.type], "payload": payload}


def _never_sent(error: requests.ConnectionError) -> bool:
    """Whether the connection was never made, so that certainly nothing arrived."""
    reason = getattr(error.args[0] if error.args else None, "reason", None)
    return type(reason).__name__ in ("NewConnectionError", "NameResolutionError")
