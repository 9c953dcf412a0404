"""The platform itself: citizens act, the account sends, events go out."""

from __future__ import annotations

import itertools
import secrets
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from simulator.zalo import conversation as chat
from simulator.zalo import errors
from simulator.zalo.clock import DAY_MS, HOUR_MS, Clock
from simulator.zalo.conversation import ChatMessage, Citizen, Feed
from simulator.zalo.courier import Courier, DeliverySettings
from simulator.zalo.errors import ApiError, invalid
from simulator.zalo.events import Event, Events, encode
from simulator.zalo.faults import FaultBox, Faults
from simulator.zalo.identity import PERSONAS, Identity
from simulator.zalo.inputs import Act
from simulator.zalo.ledger import DELIVERED, GIVEN_UP, NOT_SENT, RETRYING, Delivery, Ledger
from simulator.zalo.outgoing import Outgoing
from simulator.zalo.rate import RateMeter
from simulator.zalo.signature import appsecret_proof, event_mac
from simulator.zalo.tokens import Grant

WINDOW_MS = 7 * DAY_MS
FREE_WINDOW_MS = 48 * HOUR_MS
_STATUS = {
    DELIVERED: chat.RECEIVED,
    RETRYING: chat.RETRYING,
    GIVEN_UP: chat.FAILED,
    NOT_SENT: chat.FAILED,
}


@dataclass(frozen=True)
class Options:
    """How this platform behaves.

    `quiet` is for load: no echoes, receipts or bubbles, every recipient counts as known and inside
    the window, and no rate limit.
    """

    delivery: DeliverySettings
    quiet: bool = False


class Platform:
    """All state of one simulator; safe for threads."""

    def __init__(self, identity: Identity, options: Options) -> None:
        self.identity = identity
        self.options = options
        self.clock = Clock()
        self.ledger = Ledger()
        self.faults = FaultBox(Faults(rate_limit=-1) if options.quiet else None)
        self.grant = Grant(identity, self.clock)
        self.rate = RateMeter(self.clock, self.faults)
        self.feed = Feed()
        self.events = Events(identity)
        self.courier = Courier(
            options.delivery, self.clock, self.ledger, self.faults, self._event_changed
        )
        self._lock = threading.RLock()
        self._spelling = itertools.count()
        self.citizens = {p.user_id: Citizen(p.user_id, p.name, p.phone) for p in PERSONAS}

    # What citizens do

    def meet(self, user_id: str) -> Citizen:
        """The citizen with this id, made up where unknown."""
        with self._lock:
            citizen = self.citizens.get(user_id)
            if citizen is None:
                citizen = Citizen(user_id, f"Người dùng {user_id[-4:]}")
                self.citizens[user_id] = citizen
            return citizen

    def act(self, act: Act) -> str:
        """Let a citizen do something; returns the message id, empty where there is none."""
        citizen = self.meet(act.user_id)
        if act.reaction is not None:
            return self._react(act)
        if act.event_name == "user_submit_info":
            citizen.shared_info = dict(act.info)
            self._note(citizen, "Đã chia sẻ thông tin cho OA")
            self.deliver(self.events.user_info(act.user_id, act.info))
            return ""
        citizen.last_interaction_ms = self.clock.now_ms()
        if not act.is_message:
            return self._change_relation(citizen, act.event_name)
        message_id = secrets.token_hex(10)
        message: dict[str, Any] = {"text": act.text, "msg_id": message_id}
        if act.attachment is not None:
            message["attachments"] = [act.attachment]
        if act.quote:
            message["quote_msg_id"] = act.quote
        bubble = ChatMessage(
            message_id,
            "citizen",
            act.event_name.removeprefix("user_send_"),
            act.shown or act.text or "",
            self.clock.now_ms(),
            attachment=act.attachment,
            shown=act.shown is not None,
        )
        self._show(citizen, bubble)
        self.deliver(self.events.user_message(act.user_id, act.event_name, message))
        return message_id

    def seen(self, user_id: str, message_ids: Sequence[str]) -> None:
        """The citizen's phone shows these messages of the account."""
        citizen = self.meet(user_id)
        fresh = []
        with self._lock:
            for message_id in message_ids:
                bubble = citizen.find(message_id)
                if bubble is not None and bubble.side == "oa" and bubble.status != chat.SEEN:
                    bubble.status = chat.SEEN
                    fresh.append(message_id)
        for message_id in fresh:
            self._publish_status(user_id, message_id, chat.SEEN)
        if fresh:
            self.deliver(self.events.seen(user_id, fresh))

    def close_window(self, user_id: str) -> None:
        """Make the last interaction eight days old."""
        self.meet(user_id).last_interaction_ms = self.clock.now_ms() - 8 * DAY_MS

    # What the account does

    def authorise(self, token: str, proof: str) -> None:
        """Check the token and count the call; raises ApiError -216, -220, -242, -32, -224."""
        self.grant.check_access(token)
        faults = self.faults.now
        if faults.require_proof and proof != appsecret_proof(self.identity.app_secret, token):
            raise ApiError(errors.PROOF_INVALID)
        self.rate.count()
        if faults.package_missing:
            raise ApiError(errors.PACKAGE)

    def accept(self, outgoing: Outgoing) -> dict[str, Any]:
        """Take a message for a citizen; returns the answer's `data`. Raises ApiError."""
        now_ms = self.clock.now_ms()
        citizen = None if self.options.quiet else self._reachable(outgoing.user_id, now_ms)
        message_id = secrets.token_hex(10)
        if citizen is not None:
            bubble = ChatMessage(
                message_id,
                "oa",
                outgoing.kind,
                outgoing.text,
                now_ms,
                buttons=tuple(vars(b) for b in outgoing.buttons),
                attachment=outgoing.attachment,
            )
            self._show(citizen, bubble)
            self._mark_answered(citizen)
            self._echo(outgoing, message_id)
        return {
            "message_id": message_id,
            "user_id": outgoing.user_id,
            "sent_time": str(now_ms),
            "quota": self._quota(citizen, now_ms),
        }

    def show_template(self, citizen: Citizen, message_id: str, text: str) -> None:
        """Show a ZBS template message on the citizen's phone."""
        self._show(citizen, ChatMessage(message_id, "oa", "zbs", text, self.clock.now_ms()))

    def deliver(self, event: Event) -> Delivery:
        """Sign an event and queue it for the webhook."""
        faults = self.faults.now
        timestamp = self.clock.now_ms()
        body: dict[str, Any] = {"app_id": self.identity.app_id, **event.body}
        body["timestamp"] = timestamp if faults.timestamp_as_int else str(timestamp)
        data = encode(body, spaced=next(self._spelling) % 2 == 1)
        headers = {"Content-Type": "application/json", "User-Agent": "ZaloWebhook"}
        if event.zns:
            headers["X-ZEvent-Server"] = "ZNS"
        if faults.sign_with != "none":
            mac = self._mac(data, str(timestamp), faults.sign_with)
            headers["X-ZEvent-Signature"] = f"mac={mac}"
        if faults.sign_with == "altered_byte":
            data += b" "
        delivery = Delivery(event.user_id, event.name, event.msg_id, data, headers, timestamp)
        self.ledger.add_event(delivery)
        self.courier.post(delivery)
        return delivery

    # Inside

    def _mac(self, data: bytes, timestamp: str, sign_with: str) -> str:
        secret = {
            "app_secret": self.identity.app_secret,
            "wrong_secret": "nobody's-secret",
        }.get(sign_with, self.identity.oa_secret_key)
        return event_mac(self.identity.app_id, data, timestamp, secret)

    def _react(self, act: Act) -> str:
        target, icon = act.reaction or ("", "")
        message = {"msg_id": target, "react_icon": icon}
        self.deliver(self.events.user_message(act.user_id, act.event_name, message))
        return ""

    def _change_relation(self, citizen: Citizen, event_name: str) -> str:
        notes = {
            "follow": "Bạn đã quan tâm OA",
            "unfollow": "Bạn đã bỏ quan tâm OA",
            "user_click_chatnow": "Bạn đã bấm Nhắn tin",
            "user_withdraw": "Bạn đã yêu cầu xóa dữ liệu",
        }
        if event_name in ("follow", "unfollow"):
            citizen.follows = event_name == "follow"
        self._note(citizen, notes[event_name])
        self.feed.publish({"type": "citizen", "citizen": citizen.as_json()})
        self.deliver(self.events.relation(citizen.user_id, event_name))
        return ""

    def _reachable(self, user_id: str, now_ms: int) -> Citizen:
        citizen = self.citizens.get(user_id)
        if citizen is None:
            raise invalid("user_id")
        if citizen.blocked:
            raise ApiError(errors.RESTRICTED)
        if citizen.last_interaction_ms is None:
            raise ApiError(errors.NO_INTERACTION)
        if now_ms - citizen.last_interaction_ms > WINDOW_MS:
            raise ApiError(errors.WINDOW_CLOSED)
        return citizen

    def _quota(self, citizen: Citizen | None, now_ms: int) -> dict[str, str]:
        last = citizen.last_interaction_ms if citizen else None
        free = last is None or now_ms - last <= FREE_WINDOW_MS
        quota = {
            "quota_type": "reply" if free else "sub_quota",
            "owner_type": "OA",
            "owner_id": self.identity.oa_id,
        }
        if self.faults.now.quota_figures:
            quota |= {"remain": "8", "total": "8"}
        return quota

    def _echo(self, outgoing: Outgoing, message_id: str) -> None:
        message: dict[str, Any] = {"text": outgoing.text, "msg_id": message_id}
        if outgoing.attachment is not None:
            payload = {k: v for k, v in outgoing.attachment.items() if k != "type"}
            kind = outgoing.attachment["type"]
            message["attachments"] = [{"type": kind, "payload": payload}]
        name = f"oa_send_{outgoing.kind}"
        self.deliver(self.events.echo(outgoing.user_id, name, message))
        self.deliver(self.events.received(outgoing.user_id, message_id))

    def _show(self, citizen: Citizen, bubble: ChatMessage) -> None:
        if self.options.quiet:
            return
        with self._lock:
            citizen.messages.append(bubble)
        self.feed.publish(
            {"type": "message", "user_id": citizen.user_id, "message": bubble.as_json()}
        )

    def _note(self, citizen: Citizen, text: str) -> None:
        note = ChatMessage(secrets.token_hex(10), "note", "note", text, self.clock.now_ms())
        self._show(citizen, note)

    def _mark_answered(self, citizen: Citizen) -> None:
        answered = []
        with self._lock:
            for bubble in reversed(citizen.messages):
                if bubble.side != "citizen":
                    continue
                if bubble.status == chat.ANSWERED:
                    break
                bubble.status = chat.ANSWERED
                answered.append(bubble.id)
        for message_id in answered:
            self._publish_status(citizen.user_id, message_id, chat.ANSWERED)

    def _event_changed(self, delivery: Delivery) -> None:
        if not self.courier.subscribed:
            self.feed.publish({"type": "webhook", "subscribed": False})
        if self.options.quiet or not delivery.msg_id:
            return
        if delivery.event_name == "user_received_message":
            self._move_status(delivery, chat.RECEIVED, before=(chat.SENT,))
        elif delivery.event_name.startswith("user_send_"):
            waiting = (chat.SENT, chat.RETRYING)
            self._move_status(delivery, _STATUS[delivery.state], before=waiting)

    def _move_status(self, delivery: Delivery, status: str, before: tuple[str, ...]) -> None:
        citizen = self.citizens.get(delivery.user_id)
        with self._lock:
            bubble = citizen.find(delivery.msg_id) if citizen else None
            if bubble is None or bubble.status not in before:
                return
            bubble.status = status
        self._publish_status(delivery.user_id, bubble.id, status)

    def _publish_status(self, user_id: str, message_id: str, status: str) -> None:
        self.feed.publish(
            {"type": "status", "user_id": user_id, "id": message_id, "status": status}
        )
