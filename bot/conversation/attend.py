"""Attending to a conversation: answer what is pending, send what is queued, in order.

Everything that happens to one conversation happens under its lock. What fails stays in its row
with the time at which it is due again, and the sweep wakes the conversation then.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence

from sqlalchemy.orm import Session, sessionmaker

from bot.conversation import at_desk, notices, quotes
from bot.conversation.cutting import fit
from bot.conversation.giving_back import GivingBack
from bot.conversation.locks import Lock, Locks
from bot.conversation.messages import Channel, Reply, Turn
from bot.conversation.pictures import Pictures
from bot.conversation.rasa_client import UNAVAILABLE, UNREACHABLE, RasaClient
from bot.conversation.router import Ask, Decision, Forget, decide
from bot.conversation.sending import Address, Sender, to_row
from bot.database import session_scope, utcnow
from bot.errors import DialogueError, LostRace
from bot.logs import where
from bot.metrics import Metrics
from bot.services import catalogue, conversations, inbox, learning, open_work
from bot.services.delivery import Outbound
from bot.services.inbox import Inbound, NewReply, TurnResult
from bot.services.open_work import OpenWork

log = logging.getLogger(__name__)

RETRY_SECONDS = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0)  # by the number of failures; the last repeats
UNREACHABLE_SECONDS = 3.0  # finding that nobody listens yet costs next to nothing
SLOW_AFTER = 120.0  # seconds of failing after which the citizen is told, once
HOPELESS_AFTER = 8  # failures of one message while others are being answered
MAY_HAND_OVER = ("request_human", "affirm")
NO_TURN = Turn(replies=(), intent="", confidence=0.0)  # nothing was asked


class Attendant:
    """Does all the open work of a conversation, or leaves it to whoever is at it already."""

    def __init__(
        self,
        sessions: sessionmaker[Session],
        locks: Locks,
        rasa: RasaClient,
        channels: dict[str, Channel],
        metrics: Metrics,
        *,
        hotline: str,
        pictures: Pictures | None = None,
        retry_seconds: Sequence[float] = RETRY_SECONDS,
        slow_after: float = SLOW_AFTER,
        look_up_after: float | None = None,
        pay: bool = True,
        bell: Callable[[str], None] = lambda name: None,
    ) -> None:
        self._sessions = sessions
        self._locks = locks
        self._rasa = rasa
        self._channels = channels
        self._metrics = metrics
        self._hotline = hotline
        self._pictures = pictures
        self._retry_seconds = tuple(retry_seconds)
        self._unreachable_seconds = min(UNREACHABLE_SECONDS, max(retry_seconds))
        self._slow_after = slow_after
        more = {} if look_up_after is None else {"look_up_after": look_up_after}
        self._bell = bell
        self._giving_back = GivingBack(sessions, rasa)
        self._sender = Sender(sessions, channels, metrics, pay=pay, **more)

    def attend(self, conversation_id: int) -> None:
        """Answer and send until nothing is due. Raises nothing that the rows don't tell."""
        again, races = True, 0
        while again and races < 3:
            lock = self._locks.acquire(f"conversation:{conversation_id}")
            if lock is None:
                return  # the holder has been told, and will look again
            more = False
            try:
                more = self._work(conversation_id, lock)
            except LostRace as race:
                log.info("conversation %s: %s", conversation_id, race)
                more, races = True, races + 1
            except Exception as error:
                log.error("conversation %s: %s", conversation_id, where(error))
            again = lock.release() or more

    def _work(self, conversation_id: int, lock: Lock) -> bool:
        """One look at a conversation; True when there was more than one look takes in."""
        with session_scope(self._sessions, readonly=True) as session:
            work = open_work.of(session, conversation_id)
        if work is None:
            return False
        to = Address(work.channel, work.user_id, work.last_interaction_at)
        open_outbox = self._sender.send_all(to, work.outbound, lock)
        if any("staff_id" in reply.content for reply in work.outbound):
            at_desk.ring(self._sessions, conversation_id, self._bell)
        if not self._given_back(work, to, lock, send_now=open_outbox):
            return False  # what was written meanwhile waits for the assistant
        for message in work.inbound:
            if message.not_before is not None and message.not_before > utcnow():
                return False  # later messages wait behind it
            if not lock.extend():
                return False
            send_at_once = open_outbox and not self._sender.closed(to)
            rows = self._answer(work, message, send_at_once=send_at_once)
            if rows is None:
                self._tell_if_slow(work, to, message, lock, send_now=open_outbox)
                return False
            if message.kind == "withdraw":
                return True  # what was read behind it is erased by now
            if rows and open_outbox:
                claimed = rows[0].id if send_at_once else None
                open_outbox = self._sender.send_all(to, rows, lock, claimed=claimed)
                age = (utcnow() - message.created_at).total_seconds()
                self._metrics.observe("reply_seconds", age)
        return len(work.inbound) >= inbox.PENDING_LIMIT

    def _answer(
        self, work: OpenWork, message: Inbound, *, send_at_once: bool
    ) -> list[Outbound] | None:
        """Answer one message; its replies as stored, or None when it must be tried again."""
        try:
            kept = at_desk.take_in(self._sessions, work, message, send_at_once=send_at_once)
            if kept is not None:
                return self._left_to_staff(work, *kept)
            decision = self._decide(work, message)
            if isinstance(decision, Forget):
                self._forget(work)
                return []
            # A kill after it leaves the message pending: Rasa gives the same id the same reply.
            turn = self._ask(work, message, decision) if isinstance(decision, Ask) else NO_TURN
        except LostRace:
            raise  # the conversation changed hands: it is looked at anew
        except DialogueError as error:
            return self._failed(work, message, str(error), send_at_once=send_at_once)
        except Exception as error:
            log.error("message %s: %s", message.id, where(error))
            reason = type(error).__name__
            return self._failed(work, message, reason, send_at_once=send_at_once)
        rows = self._finish(work, message, turn, send_at_once=send_at_once)
        if turn.intent in MAY_HAND_OVER:
            at_desk.ring(self._sessions, work.conversation_id, self._bell)
        return rows

    def _left_to_staff(
        self, work: OpenWork, ids: list[int], rows: list[NewReply]
    ) -> list[Outbound]:
        self._metrics.count("turns", inbox.STAFF)
        try:
            at_desk.ring(self._sessions, work.conversation_id, self._bell)
        except Exception as error:  # the message is kept: it must not be taken in again
            log.error("conversation %s: not rung: %s", work.conversation_id, where(error))
        return _as_outbound(ids, rows)

    def _given_back(self, work: OpenWork, to: Address, lock: Lock, *, send_now: bool) -> bool:
        """Close what is being closed; False when that must be tried again."""
        rows = self._giving_back.finish(work, self._channels[work.channel].text_limit)
        if rows:
            at_desk.ring(self._sessions, work.conversation_id, self._bell)
            if send_now:
                self._sender.send_all(to, rows, lock)
        return rows is not None

    def _decide(self, work: OpenWork, message: Inbound) -> Decision:
        def procedure_exists(code: str) -> bool:
            with session_scope(self._sessions, readonly=True) as session:
                return catalogue.known(session, code)

        decision = decide(message, procedure_exists)
        if self._pictures is not None:
            decision = self._pictures.read(message, decision)
        return quotes.in_context(self._sessions, work, message, decision)

    def _ask(self, work: OpenWork, message: Inbound, ask: Ask) -> Turn:
        started = time.monotonic()
        self._begin_anew(work.conversation_id)
        turn = self._rasa.turn(
            work.conversation_id,
            message.message_id,
            text=ask.text,
            command=ask.command,
            context=ask.context,
        )
        self._metrics.observe("turn_seconds", time.monotonic() - started)
        self._metrics.count("turns", turn.outcome)
        return turn

    def _begin_anew(self, conversation_id: int) -> None:
        with session_scope(self._sessions, readonly=True) as session:
            if not conversations.starts_anew(session, conversation_id):
                return
        self._rasa.forget(conversation_id)
        # A kill between the two forgets once more, before anything new was said.
        with session_scope(self._sessions) as session:
            conversations.begun_anew(session, conversation_id)

    def _finish(
        self,
        work: OpenWork,
        message: Inbound,
        turn: Turn,
        *,
        send_at_once: bool,
        error: str = "",
    ) -> list[Outbound]:
        rows = [to_row(r) for r in fit(turn.replies, self._channels[work.channel].text_limit)]
        result = TurnResult(
            turn.intent, turn.confidence, turn.outcome, turn.procedures, error, turn.commune
        )
        # Answer and replies in one commit. A kill after it leaves the first reply `sending`, to be
        # looked up, and the rest `queued`; a kill before it leaves the message pending.
        with session_scope(self._sessions) as session:
            ids = inbox.finish(
                session,
                work.conversation_id,
                message,
                version=work.version,
                result=result,
                replies=rows,
                first_state="sending" if send_at_once else "queued",
                state="answered" if rows else "ignored",
            )
            learning.record(session, work.conversation_id, message, result)
        return _as_outbound(ids, rows)

    def _forget(self, work: OpenWork) -> None:
        self._rasa.forget(work.conversation_id)
        # A kill between the two leaves the withdrawal pending; forgetting twice does no harm.
        with session_scope(self._sessions) as session:
            conversations.erase(session, work.conversation_id, forget_user=True)
        log.info("conversation %s: erased at the citizen's request", work.conversation_id)
        at_desk.ring(self._sessions, work.conversation_id, self._bell)

    def _failed(
        self, work: OpenWork, message: Inbound, reason: str, *, send_at_once: bool
    ) -> list[Outbound] | None:
        self._metrics.count("turn_failures", reason)
        # When somebody is away it is no fault of the message, however often they go and come.
        reached = reason not in (UNREACHABLE, UNAVAILABLE)
        log.warning("message %s failed (%s time): %s", message.id, message.attempts + 1, reason)
        with session_scope(self._sessions) as session:
            # A withdrawal is never given up, nor answered with an apology.
            hopeless = (
                reached
                and message.kind != "withdraw"
                and message.attempts + 1 >= HOPELESS_AFTER
                and inbox.others_answered_since(session, work.conversation_id, message)
            )
            if not hopeless:
                step = min(message.attempts, len(self._retry_seconds) - 1)
                wait = self._retry_seconds[step] if reached else self._unreachable_seconds
                inbox.postpone(session, message, seconds=wait, error=reason, count=reached)
                return None
        # The engine answers others but fails on this one each time. It must not hold up what the
        # citizen asks next, and gets an honest answer instead of silence.
        self._metrics.count("turns", "given_up")
        sorry = Turn((Reply(notices.gave_up(self._hotline)),), "", 0.0, outcome="refused")
        error = f"given up: {reason}"
        return self._finish(work, message, sorry, send_at_once=send_at_once, error=error)

    def _tell_if_slow(
        self, work: OpenWork, to: Address, message: Inbound, lock: Lock, *, send_now: bool
    ) -> None:
        waited = (utcnow() - message.created_at).total_seconds()
        if waited < self._slow_after or to.window != "free":
            return
        with session_scope(self._sessions) as session:
            row = to_row(Reply(notices.SLOW))
            ids = inbox.notice_once(session, work.conversation_id, message, row)
        if ids:
            outbound = Outbound(ids[0], "queued", row.text, row.content, 0, None, None, utcnow())
        # A kill here leaves a queued notice, which the sweep sends.
        if ids and send_now:
            self._sender.send_all(to, [outbound], lock)


def _as_outbound(ids: Sequence[int], rows: Sequence[NewReply]) -> list[Outbound]:
    now = utcnow()
    return [
        Outbound(row_id, "queued", row.text, row.content, 0, None, None, now)
        for row_id, row in zip(ids, rows, strict=True)
    ]
