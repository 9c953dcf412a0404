"""What every action is: slots in, a service call, a response name and values out."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
import os
import traceback
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from rasa_sdk import Action, Tracker
from rasa_sdk.events import ActiveLoop, FollowupAction, SlotSet
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.interfaces import ActionExecutionRejection
from sqlalchemy.orm import Session

from actions import feelings
from actions.resources import Resources
from bot.database import session_scope, utcnow

logger = logging.getLogger(__name__)

Event = dict[str, Any]
Button = dict[str, str]

CASE_FORM = "case_form"
LISTEN = "action_listen"
OFFER_SLOTS = ("offered_codes", "pending_aspects", "asked_place")
# What is open for the next message only, whichever action answers that one.
MOMENTARY = ("awaiting", "open_cases")
# Answers after which a person need not be offered once more.
OFFERS_HUMAN = ("offer_human", "handoff", "confirm")
# What the assistant says for itself, and what makes no sense from the person who is there already.
NOT_FOR_A_PERSON = ("utter_offer_human", "utter_second_fact_pending")
REMINDERS = 1
CONFIRM_SECONDS = 600  # a yes that comes later answers something else
PENDING_SECONDS = 900  # a look-up that got no second fact by then is forgotten

_shared = Resources()


class DryRunDeclined(Exception):
    """What a message asks for can't be said without being done, or without proof of who asks.

    Its name is what our channel in Rasa knows it by.
    """


@dataclass
class Turn:
    """One message of a citizen as an action sees it, and what it says to it."""

    session: Session
    tracker: Tracker
    dispatcher: CollectingDispatcher
    resources: Resources
    now: dt.datetime
    outcome: str = "other"  # as traced

    @property
    def text(self) -> str:
        """What the citizen typed; empty for a tap."""
        return self.tracker.latest_message.get("text") or ""

    @property
    def intent(self) -> str:
        """What the language model took it for."""
        return self.tracker.latest_message.get("intent", {}).get("name") or ""

    @property
    def confidence(self) -> float:
        """How sure the language model was, 0 to 1."""
        return float(self.tracker.latest_message.get("intent", {}).get("confidence") or 0.0)

    @property
    def message_id(self) -> str:
        """The channel's id of the message: the key of everything that must happen once."""
        return str(self.tracker.latest_message["message_id"])

    @property
    def conversation_id(self) -> int:
        """The conversation's key in our database."""
        return int(self.tracker.sender_id)

    @property
    def hotline(self) -> str:
        """The number of people who can help."""
        return self.resources.settings.hotline

    @property
    def dry_run(self) -> bool:
        """Whether it is only asked what would be said: nothing may change, or be promised."""
        return bool(self.tracker.latest_message.get("dry_run"))

    @property
    def looping(self) -> bool:
        """Whether a case waits for its code or its second fact."""
        return self.tracker.active_loop_name == CASE_FORM

    @property
    def lapsed(self) -> bool:
        """Whether the pending look-up has waited too long to still be what is talked about."""
        until = self.slot("pending_until")
        return until is not None and self.now.timestamp() >= until

    def slot(self, name: str) -> Any:
        """A slot's value, None when it is not set."""
        return self.tracker.slots.get(name)

    def ordered(self, name: str) -> str:
        """A value of the command that a button carried; empty when it had none."""
        return next(
            (
                str(e["value"])
                for e in self.tracker.latest_message.get("entities") or ()
                if e.get("entity") == name and e.get("extractor") == "command"
            ),
            "",
        )

    def say(self, response: str, buttons: Sequence[Button] = (), **values: str) -> None:
        """Send a response of domain/responses with its values."""
        if self.dry_run and response.startswith(NOT_FOR_A_PERSON):
            return
        self.dispatcher.utter_message(response=response, buttons=list(buttons), **values)

    def trace(
        self, outcome: str, procedures: Iterable[str] = (), *, intent: str | None = None
    ) -> None:
        """Tell the channel what came of the turn: answered, offered, asked, refused or other.

        `intent` corrects the language model where the conversation shows what was meant.
        """
        self.outcome = outcome
        trace: dict[str, Any] = {"outcome": outcome, "procedures": list(procedures)}
        if intent and intent != self.intent:
            trace["intent"] = intent
        self.dispatcher.utter_message(json_message={"trace": trace})

    def ask_yes_or_no(self, what: str, why: str = "") -> Event:
        """Remember what the next yes or no is about, and why it was asked."""
        awaiting = {"what": what, "until": int(self.now.timestamp()) + CONFIRM_SECONDS}
        return SlotSet("awaiting", {**awaiting, "why": why} if why else awaiting)

    def asked(self) -> str:
        """What a yes or no would be about now; empty when nothing was asked lately."""
        awaiting = self.slot("awaiting") or {}
        return awaiting["what"] if awaiting.get("until", 0) >= self.now.timestamp() else ""

    def asked_because(self) -> str:
        """Why it was asked; empty when that says nothing."""
        return (self.slot("awaiting") or {}).get("why", "") if self.asked() else ""


class BotAction(Action, ABC):
    """One action: a thread and a transaction of its own, and failures that are told as failures.

    An exception that reached rasa-sdk would be echoed together with the whole request, so it
    becomes a custom message on which our channel answers 503.
    """

    action_name: ClassVar[str]
    readonly: ClassVar[bool] = False
    keeps_offer: ClassVar[bool] = False  # whether an open choice still stands after it
    runs_dry: ClassVar[bool | None] = None  # whether it takes part in a dry run; None: as readonly

    def __init__(self, resources: Resources | None = None) -> None:
        self._resources = resources or _shared

    def name(self) -> str:
        """The name in the domain."""
        return self.action_name

    @abstractmethod
    def answer(self, turn: Turn) -> list[Event]:
        """Say something and return the events; runs in a thread, inside one transaction."""

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[Event]:
        """rasa-sdk's entry."""
        try:
            return await asyncio.to_thread(self._answer_in_transaction, dispatcher, tracker)
        except ActionExecutionRejection:
            raise
        except Exception as error:
            _log_failure(self.action_name, error)
            dispatcher.messages.clear()
            dispatcher.utter_message(json_message={"failure": type(error).__name__})
            return []

    def _answer_in_transaction(
        self, dispatcher: CollectingDispatcher, tracker: Tracker
    ) -> list[Event]:
        with session_scope(self._resources.sessions, readonly=self.readonly) as session:
            turn = Turn(session, tracker, dispatcher, self._resources, utcnow())
            if turn.dry_run and not (self.readonly if self.runs_dry is None else self.runs_dry):
                raise DryRunDeclined
            events = self.answer(turn)
            return self._finished(turn, events)

    def _finished(self, turn: Turn, events: list[Event]) -> list[Event]:
        if feelings.is_angry(turn.text) and not turn.dry_run:
            events = _with_offer(turn, events)
        set_slots = {e["name"] for e in events if e["event"] == "slot"}
        stale = MOMENTARY if self.keeps_offer else (*MOMENTARY, *OFFER_SLOTS)
        events += [SlotSet(s, None) for s in stale if turn.slot(s) and s not in set_slots]
        touched_loop = any(e["event"] == "active_loop" for e in events)
        if turn.looping and not touched_loop and self.action_name != CASE_FORM:
            events += forget_look_up() if turn.lapsed else _still_pending(turn)
        # The rule says the same, but saying it here spares a prediction.
        return [*events, FollowupAction(LISTEN)]


def _with_offer(turn: Turn, events: list[Event]) -> list[Event]:
    """A person is offered to who is angry, unless the turn asks or offers something like it."""
    said = [m.get("response") or "" for m in turn.dispatcher.messages]
    if any(name.removeprefix("utter_").startswith(OFFERS_HUMAN) for name in said):
        return events
    turn.say("utter_offer_human_angry")
    if any(e.get("name") == "awaiting" for e in events):
        return events
    return [*events, turn.ask_yes_or_no("human", "angry")]


def _still_pending(turn: Turn) -> list[Event]:
    """The look-up goes on; once, and only after an answer, the citizen is told what it needs."""
    # The form declined this message; without the loop it would not be asked again.
    going_on: list[Event] = [ActiveLoop(CASE_FORM)]
    code = turn.slot("case_code")
    reminders = int(turn.slot("reminders") or 0)
    if not code or turn.outcome != "answered" or reminders >= REMINDERS:
        return going_on
    turn.say("utter_second_fact_pending", code=code)
    return [*going_on, SlotSet("reminders", reminders + 1)]


def forget_look_up(code: str | None = None) -> list[Event]:
    """The loop is over; the case stays what is talked about when it was a real one."""
    return [
        ActiveLoop(None),
        SlotSet("case_code", code),
        SlotSet("case_goal", None),
        SlotSet("pending_until", None),
    ]


def _log_failure(action: str, error: Exception) -> None:
    # Where it broke, not the exception's text, which can quote the citizen or the database.
    frames = traceback.extract_tb(error.__traceback__)
    where = f"{os.path.basename(frames[-1].filename)}:{frames[-1].lineno}" if frames else "?"
    logger.error("%s failed: %s at %s", action, type(error).__name__, where)
