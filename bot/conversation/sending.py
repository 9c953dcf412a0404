"""Sending what is in a conversation's outbox: in order, once, whatever the platform answers.

A reply may be said a second time only when the platform was asked and did not have it, at a time
when no earlier call about it could still arrive (`Outbound.decisive_at`).
"""

from __future__ import annotations

import datetime as dt
import enum
import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session, sessionmaker

from bot.conversation.locks import Lock
from bot.conversation.messages import Button, Channel, Reply, TemplateData
from bot.database import session_scope, utcnow
from bot.errors import (
    ChannelError,
    LostRace,
    SendDeferred,
    SendPaced,
    SendRefused,
    SendUnknown,
    TokenError,
)
from bot.logs import where
from bot.metrics import Metrics
from bot.services import delivery, windows
from bot.services.delivery import Outbound
from bot.services.inbox import ARRIVES_WITHIN, NewReply

log = logging.getLogger(__name__)

TOKEN_WAIT = 60.0  # seconds between tries while the grant is lost
BACK_OFF = (0.0, 2.0, 5.0, 15.0, 60.0, 300.0)  # seconds at least, by the number of tries
MAX_TRIES = 40  # some three hours of being told "later"
LOOK_UP_AFTER = 5.0  # seconds until a doubtful send is looked up, and between look-ups
LOOK_UP_FOR = dt.timedelta(minutes=10)  # then people must judge
LOOK_UP_FOR_UNHEARD = dt.timedelta(days=1)  # the same while the platform cannot be asked at all
CLOCK_SKEW = dt.timedelta(minutes=1)  # between the platform's clock and ours


class _After(enum.Enum):
    SENT = enum.auto()
    CLOSED = enum.auto()  # settled without sending: the next one may go
    ABSENT = enum.auto()  # certainly not sent: it may go now
    WAIT = enum.auto()  # due later, and everything behind it too


@dataclass(frozen=True)
class Address:
    """Where a conversation's replies go, and since when its window is open."""

    channel: str
    user_id: str
    last_interaction_at: dt.datetime | None

    @property
    def window(self) -> str:
        """ "free", "paid" or "closed": whether the platform still lets us write, and for what."""
        return windows.state(self.channel, self.last_interaction_at)


def to_row(reply: Reply) -> NewReply:
    """A reply as the outbox keeps it."""
    content: dict[str, Any] = {}
    if reply.buttons:
        content["buttons"] = [[b.title, b.type, b.payload] for b in reply.buttons]
    if reply.image_url:
        content["image"] = reply.image_url
    if reply.file:
        content["file"] = [reply.file, reply.file_name]
    if reply.asks_info:
        content["asks_info"] = True
    if reply.template:
        values = [list(pair) for pair in reply.template.values]
        content["template"] = {"id": reply.template.template_id, "values": values}
    return NewReply(reply.text, content)


def to_reply(row: Outbound) -> Reply:
    """The reply that an outbox row holds."""
    buttons = tuple(Button(*b) for b in row.content.get("buttons", ()))
    file, file_name = row.content.get("file", ("", ""))
    asks_info = bool(row.content.get("asks_info"))
    image = row.content.get("image", "")
    kept = row.content.get("template")
    template = TemplateData(kept["id"], tuple((n, v) for n, v in kept["values"])) if kept else None
    return Reply(row.text, buttons, image, file, file_name, asks_info, template)


def _is_template(row: Outbound) -> bool:
    return bool(row.content.get("template"))


class Sender:
    """Sends one conversation's outbox; its caller holds the conversation's lock."""

    def __init__(
        self,
        sessions: sessionmaker[Session],
        channels: Mapping[str, Channel],
        metrics: Metrics,
        *,
        look_up_after: float = LOOK_UP_AFTER,
        pay: bool = True,
    ) -> None:
        self._sessions = sessions
        self._channels = channels
        self._metrics = metrics
        self._look_up_after = look_up_after
        self._pay = pay

    def send_all(
        self, to: Address, rows: Sequence[Outbound], lock: Lock, *, claimed: int | None = None
    ) -> bool:
        """Send the rows in order; False when one must wait, and those behind it with it.

        `claimed` is the row that the caller has already marked `sending`.
        """
        for position, row in enumerate(rows):
            if not lock.extend():
                return False
            if row.id != claimed:
                after = self._make_ready(to, row)
                if after is _After.WAIT and not _is_template(row):
                    return False
                if after is not _After.ABSENT:
                    continue
            claimed = self._next_plain(to, rows[position + 1 :])
            after = self._send(to, row, claimed)
            # One that waits for the morning or for money holds up no talk that has begun anew.
            if after is _After.WAIT and not _is_template(row):
                return False
            if after is not _After.SENT:
                claimed = None
        return True

    def _make_ready(self, to: Address, row: Outbound) -> _After:
        """Bring a row to `sending`, or find that it must wait or is settled."""
        if row.not_before is not None and row.not_before > utcnow():
            # Also a row in `sending`: if the lock was lost, its sender may be at it this moment.
            return _After.WAIT
        if row.state != "queued":
            after = self._look_up(to, row)
            if after is not _After.ABSENT:
                return after
        closed = self.closed(to, template=_is_template(row))
        with session_scope(self._sessions) as session:
            if closed:
                delivery.refused(session, row.id, closed, from_state="queued")
            else:
                delivery.start(session, row.id)
        if closed:
            self._metrics.count("sends", "window_closed")
        return _After.CLOSED if closed else _After.ABSENT

    def closed(self, to: Address, *, template: bool = False) -> str:
        """Why nothing may be written to them now; empty when it may. A template always costs."""
        window = to.window
        if template:
            return "" if self._pay else "not paid for: ZALO_PAID_MESSAGES is off"
        if window == "closed":
            return "window closed: no interaction for 7 days"
        if window == "paid" and not self._pay:
            return "window closed: no interaction for 48 hours, and ZALO_PAID_MESSAGES is off"
        return ""

    def _next_plain(self, to: Address, rows: Sequence[Outbound]) -> int | None:
        """The next row if it can be claimed together with noting this one as sent."""
        if rows and rows[0].state == "queued" and rows[0].not_before is None:
            return None if self.closed(to, template=_is_template(rows[0])) else rows[0].id
        return None

    def _send(self, to: Address, row: Outbound, next_id: int | None) -> _After:
        started = time.monotonic()
        try:
            platform_id = self._channels[to.channel].send(to.user_id, to_reply(row))
        except Exception as error:
            return self._not_sent(row, error)
        self._metrics.observe("send_seconds", time.monotonic() - started)
        # A kill before this commit leaves `sending`: found by the look-up, never sent blindly.
        with session_scope(self._sessions) as session:
            claimed_next = delivery.sent(session, row.id, platform_id, start_next=next_id)
        self._metrics.count(
            "sends", "sent" if to.window == "free" and not _is_template(row) else "sent_paid"
        )
        if not claimed_next:
            raise LostRace(f"reply {next_id} was withdrawn while another was sent")
        return _After.SENT

    def _not_sent(self, row: Outbound, error: Exception) -> _After:
        tries = row.attempts + 1
        reason = str(error) if isinstance(error, ChannelError) else where(error)
        with session_scope(self._sessions) as session:
            if isinstance(error, SendRefused):
                delivery.refused(session, row.id, reason)
                result, after = "refused", _After.CLOSED
            elif isinstance(error, (SendPaced, TokenError)):
                # The platform was not even asked: however long that lasts, nothing is given up.
                wait = error.retry_after if isinstance(error, SendPaced) else TOKEN_WAIT
                delivery.deferred(session, row.id, reason, wait, tried=False)
                result, after = "held", _After.WAIT
            elif tries >= MAX_TRIES and not isinstance(error, SendUnknown):
                delivery.refused(session, row.id, f"given up after {tries} tries: {reason}")
                result, after = "given_up", _After.CLOSED
            elif isinstance(error, SendDeferred):
                least = BACK_OFF[min(tries - 1, len(BACK_OFF) - 1)]
                delivery.deferred(session, row.id, reason, max(error.retry_after, least))
                result, after = "deferred", _After.WAIT
            else:  # SendUnknown, or a fault of ours in the middle of sending
                done = isinstance(error, SendUnknown) and not error.may_arrive
                delivery.doubtful(
                    session, row.id, reason, look_up_in=self._look_up_after, decisive_now=done
                )
                result, after = "unknown", _After.WAIT
        self._metrics.count("sends", result)
        level = logging.INFO if result == "held" else logging.WARNING
        log.log(level, "reply %s %s: %s", row.id, result, reason)
        return after

    def _look_up(self, to: Address, row: Outbound) -> _After:
        """Ask the platform whether it took a reply whose fate is unknown."""
        started = (row.decisive_at or row.created_at) - ARRIVES_WITHIN
        since = max(row.created_at, started) - CLOCK_SKEW
        try:
            found = self._channels[to.channel].find_sent(to.user_id, to_reply(row), since)
        except ChannelError as error:
            return self._cannot_tell(row, error)
        with session_scope(self._sessions) as session:
            platform_id = delivery.unclaimed(session, to.channel, found)
            if platform_id is not None:
                delivery.sent(session, row.id, platform_id)
                self._metrics.count("sends", "found_sent")
                return _After.CLOSED
            if row.decisive_at is not None and row.decisive_at > utcnow():
                wait = min(self._look_up_after, (row.decisive_at - utcnow()).total_seconds())
                delivery.doubtful(session, row.id, "it may still arrive", look_up_in=wait, seen=row)
                return _After.WAIT
            if _is_template(row):
                # Each costs money, and no paper says that the list holds them: people must judge.
                reason = "not known whether sent: not in the list of sent messages"
                delivery.doubtful(session, row.id, reason, look_up_in=None, seen=row)
                return _After.CLOSED
            # A kill after this commit leaves an ordinary queued row, which is right: it is absent.
            reason = "not found at the platform: sent again"
            delivery.deferred(session, row.id, reason, 0, seen=row)
        return _After.ABSENT

    def _cannot_tell(self, row: Outbound, error: ChannelError) -> _After:
        wait: float | None = self._look_up_after
        if isinstance(error, TokenError):
            wait = TOKEN_WAIT
        elif isinstance(error, SendDeferred):
            wait = max(error.retry_after, self._look_up_after)
        # While the platform cannot even be asked, the answer may still be had later.
        patience = LOOK_UP_FOR if _is_final(error) else LOOK_UP_FOR_UNHEARD
        if utcnow() - (row.decisive_at or row.created_at) > patience:
            wait = None
            log.error("reply %s: not known whether it was sent; people must look", row.id)
        with session_scope(self._sessions) as session:
            reason = f"not known whether sent: {error}"
            delivery.doubtful(session, row.id, reason, look_up_in=wait, seen=row)
        return _After.CLOSED if wait is None else _After.WAIT


def _is_final(error: ChannelError) -> bool:
    """Whether the platform refused the look-up itself, so that patience alone won't help."""
    if isinstance(error, (TokenError, SendUnknown)):
        return False
    return not isinstance(error, SendDeferred) or error.retry_after >= LOOK_UP_FOR.total_seconds()
