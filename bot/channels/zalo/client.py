"""Zalo's send API: a reply out, the platform's message id back, every refusal classed."""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import json
import time
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import redis
import requests
from requests.utils import get_environ_proxies

from bot.channels.zalo import refusals
from bot.channels.zalo.events import CHANNEL
from bot.channels.zalo.pace import Pace
from bot.channels.zalo.refusals import FAULT_WAIT, PROOF_CODES, RATE_CODE, UPLOAD_CODE, Kind
from bot.channels.zalo.tokens import Tokens
from bot.channels.zalo.uploads import Uploads
from bot.conversation.messages import Button, Reply, TemplateData
from bot.errors import ChannelError, SendDeferred, SendPaced, SendUnknown
from bot.keepalive import KeepAlive, never_connected
from bot.services import outgoing_files
from bot.settings import Settings

TIMEOUT = (3.0, 10.0)  # seconds to connect, and for each wait for bytes
RATE_WAIT = 5.0
# A call that begins later than this after its row was claimed (a renewal or an upload came before)
# could arrive when others already think that it never will: see inbox.ARRIVES_WITHIN.
BEGIN_SECONDS = 10.0
LISTED_AT_ONCE = 10  # what Zalo lists at most
LISTED_PAGES = 5
UNKNOWN_CODE = -100  # of template messages; of others it is an attachment that has expired

# A hidden query comes back without its payload, which is not meant for reading, in the chat.
_BUTTON_TYPES = {"reply": "oa.query.hide", "url": "oa.open.url", "phone": "oa.open.phone"}

INFO_TITLE = "Chia sẻ thông tin liên hệ"  # at most 100 characters
INFO_SUBTITLE = "Bạn bấm để gửi họ tên và số điện thoại cho cán bộ đang hỗ trợ bạn."  # at most 500


@dataclass(frozen=True)
class _Listed:
    """One message of a conversation as Zalo lists it."""

    message_id: str
    text: str
    at: dt.datetime
    from_us: bool
    type: str

    @classmethod
    def read(cls, entry: Mapping[str, Any]) -> _Listed:
        return cls(
            message_id=str(entry["message_id"]),
            text=unicodedata.normalize("NFC", str(entry.get("message") or "")).strip(),
            at=dt.datetime.fromtimestamp(int(entry["time"]) / 1000, dt.timezone.utc),
            from_us=str(entry["src"]) == "0",
            type=str(entry.get("type") or ""),
        )


class ZaloChannel:
    """The Zalo official account as a channel. Safe for threads."""

    name = CHANNEL
    text_limit = 2000

    def __init__(
        self,
        settings: Settings,
        tokens: Tokens,
        store: redis.Redis[Any],
        *,
        pace: Pace | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._pace = pace or Pace(store, settings.zalo_app_id, settings.zalo_rate_per_minute)
        self._alarms = refusals.Alarms(store)
        folder = outgoing_files.folder_of(settings.var_dir)
        self._uploads = Uploads(folder, store, settings.zalo_oa_id, self._upload)
        self._tokens = tokens
        self._use_proof = False  # until the app turns out to ask for it
        self._http = KeepAlive(get_environ_proxies(settings.zalo_api_url))

    def send(self, user_id: str, reply: Reply) -> str:
        """Send one message; returns Zalo's message id.

        Raises TokenError, SendRefused, SendDeferred or SendUnknown.
        """
        started = self._clock()
        if reply.template:
            return self._send_template(user_id, reply.template, started)
        answer = self._post_message(user_id, reply, started)
        if reply.file and answer["error"] == UPLOAD_CODE:
            self._uploads.forget(reply.file)
            answer = self._post_message(user_id, reply, started)
        return self._sent_id(answer)

    def _send_template(self, user_id: str, template: TemplateData, started: float) -> str:
        asked = {
            "user_id": user_id,
            "template_id": template.template_id,
            "template_data": dict(template.values),
        }
        body = json.dumps(asked, ensure_ascii=False).encode()
        answer = self._authorised("POST", "/v3.0/oa/message/template", body, begun=started)
        if answer["error"] == UNKNOWN_CODE:
            # "Unknown error" says of no template that it did not go out and was not paid for.
            raise SendUnknown(f"zalo {UNKNOWN_CODE}", may_arrive=False)
        return self._sent_id(answer)

    def _sent_id(self, answer: Mapping[str, Any]) -> str:
        data = self._accepted(answer).get("data")
        if not isinstance(data, dict):
            return ""
        return str(data.get("message_id") or data.get("msg_id") or "")

    def _post_message(self, user_id: str, reply: Reply, started: float) -> Mapping[str, Any]:
        message = message_of(reply, self._settings.public_url)
        if reply.file:
            message["attachment"] = self._uploads.attachment(reply.file, reply.file_name)
        body = json.dumps(
            {"recipient": {"user_id": user_id}, "message": message}, ensure_ascii=False
        ).encode()
        return self._authorised("POST", "/v3.0/oa/message/cs", body, begun=started)

    def _upload(self, path: str, body: bytes, content_type: str) -> Mapping[str, Any]:
        return self._accepted(self._authorised("POST", path, body, content_type=content_type))

    def find_sent(self, user_id: str, reply: Reply, since: dt.datetime) -> list[str]:
        """Zalo's ids of messages with this text that the account sent after `since`.

        Raises ChannelError when the list can't be read.
        """
        wanted = unicodedata.normalize("NFC", reply.text).strip()
        media = bool(reply.image_url or reply.file)
        found = []
        for page in range(LISTED_PAGES):
            entries = self._list_page(user_id, page * LISTED_AT_ONCE)
            recent = [entry for entry in entries if entry.at >= since]
            found += [
                e.message_id
                for e in recent
                # A picture or file without words must not be taken for another empty entry.
                if e.from_us and e.text == wanted and not (media and e.type == "text")
            ]
            if len(recent) < LISTED_AT_ONCE:  # they come newest first
                break
        return found

    def _list_page(self, user_id: str, offset: int) -> list[_Listed]:
        asked = {"user_id": user_id, "offset": offset, "count": LISTED_AT_ONCE}
        query = urlencode({"data": json.dumps(asked, separators=(",", ":"))})
        path = f"/v2.0/oa/conversation?{query}"
        answer = self._accepted(self._authorised("GET", path, b"", urgent=True))
        try:
            return [_Listed.read(entry) for entry in answer["data"]]
        except (ValueError, KeyError, TypeError, OverflowError):
            raise ChannelError("the sent messages can't be listed") from None

    def _authorised(
        self,
        method: str,
        path: str,
        body: bytes,
        *,
        content_type: str = "application/json",
        urgent: bool = False,
        begun: float | None = None,
    ) -> Mapping[str, Any]:
        """One call with the present token, or with a renewed one when that is refused.

        `begun`: when its row was claimed. A call that would begin late is put off.
        """

        def call(token: str, urgent: bool) -> Mapping[str, Any]:
            if begun is not None and self._clock() - begun > BEGIN_SECONDS:
                raise SendPaced("too late to begin: it goes next time", 0)
            minute = self._pace.take(urgent=urgent)
            return self._try(minute, method, path, body, self._headers(token, content_type))

        token = self._tokens.access_token()
        answer = call(token, urgent)
        if refusals.kind_of(answer["error"]) is Kind.RENEW:
            token = self._tokens.renew(token)
            answer = call(token, True)
        if answer["error"] in PROOF_CODES and not self._use_proof:
            self._use_proof = True
            answer = call(token, True)
        return answer

    def _accepted(self, answer: Mapping[str, Any]) -> Mapping[str, Any]:
        """The answer, if it is no refusal; raises what a refusal means."""
        code = answer["error"]
        if type(code) is not int:
            raise SendUnknown("an answer without a code", may_arrive=False)
        if code == 0:
            return answer
        if code == RATE_CODE:
            raise SendDeferred(f"zalo {code}: rate limit", self._pace.refused())
        if refusals.kind_of(code) is Kind.PERSON:
            self._alarms.ring(code)
        raise refusals.error_of(code)

    def _try(
        self, minute: int, method: str, path: str, body: bytes, headers: Mapping[str, str]
    ) -> Mapping[str, Any]:
        """One call. An answer that can't be read may follow an accepted message."""
        try:
            response = self._http.call(
                method,
                self._settings.zalo_api_url + path,
                body=body,
                headers=headers,
                timeout=TIMEOUT,
            )
        except requests.ConnectTimeout:
            raise SendDeferred("no connection", FAULT_WAIT) from None
        except requests.ConnectionError as error:
            if never_connected(error):
                raise SendDeferred("no connection", FAULT_WAIT) from None
            raise SendUnknown("connection lost") from None
        except requests.RequestException as error:
            raise SendUnknown(type(error).__name__) from None
        self._pace.heard(minute, response.headers)
        if response.status_code == 429:
            raise SendDeferred("http 429", self._pace.pause(RATE_WAIT))
        try:
            answer = response.json()
        except ValueError:
            answer = None
        if response.status_code != 200 or not isinstance(answer, dict) or "error" not in answer:
            # Answered, so not on its way any more: a look-up now finds it or it never was.
            raise SendUnknown(f"http {response.status_code}", may_arrive=False)
        return answer

    def _headers(self, token: str, content_type: str) -> dict[str, str]:
        headers = {"access_token": token, "Content-Type": content_type}
        if self._use_proof:
            headers["appsecret_proof"] = appsecret_proof(self._settings.zalo_app_secret, token)
        return headers


def message_of(reply: Reply, public_url: str = "") -> dict[str, Any]:
    """The `message` of a send request, as zalo's consultation endpoint takes it.

    `public_url` is where Zalo finds the picture of the form that asks for contact information.
    """
    message: dict[str, Any] = {}
    if reply.text:
        message["text"] = reply.text
    if reply.asks_info:
        message["attachment"] = {"type": "template", "payload": _info_form(public_url)}
    elif reply.image_url:
        element = {"media_type": "image", "url": reply.image_url}
        payload: dict[str, Any] = {"template_type": "media", "elements": [element]}
        message["attachment"] = {"type": "template", "payload": payload}
    elif reply.buttons:
        buttons = [_button(button) for button in reply.buttons]
        message["attachment"] = {"type": "template", "payload": {"buttons": buttons}}
    return message


def _info_form(public_url: str) -> dict[str, Any]:
    element = {"title": INFO_TITLE, "subtitle": INFO_SUBTITLE}
    if public_url:
        element["image_url"] = f"{public_url.rstrip('/')}/static/desk/contact.png"
    return {"template_type": "request_user_info", "elements": [element]}


def appsecret_proof(app_secret: str, access_token: str) -> str:
    """The proof that an app may ask for with each call: HMAC-SHA256 of the token."""
    return hmac.new(app_secret.encode(), access_token.encode(), hashlib.sha256).hexdigest()


def _button(button: Button) -> dict[str, Any]:
    payload: Any = button.payload
    if button.type == "url":
        payload = {"url": button.payload}
    elif button.type == "phone":
        payload = {"phone_code": button.payload}
    return {"title": button.title, "type": _BUTTON_TYPES[button.type], "payload": payload}
