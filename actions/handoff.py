"""Handing the conversation over to people, and taking it back."""

from __future__ import annotations

from rasa_sdk.events import SlotSet

from actions import failures, feelings
from actions.base import BotAction, Event, Turn, forget_look_up
from bot.services import handoff_words, handoffs, opening_hours
from bot.services.handoffs import Opened

ASKED = "asked"


class ActionRequestHuman(BotAction):
    """The citizen wants a person."""

    action_name = "action_request_human"

    def answer(self, turn: Turn) -> list[Event]:
        """Hand over who said so in so many words or by a button; ask anybody else first."""
        if not turn.text:
            return hand_over(turn, turn.ordered("reason") or ASKED)
        if feelings.asks_for_person(turn.text):
            return hand_over(turn, ASKED)
        turn.say("utter_confirm_human")
        return [turn.ask_yes_or_no("human")]


class ActionResume(BotAction):
    """The person is done: what was open before them is over, and they are to be rated."""

    action_name = "action_resume"
    readonly = True

    def answer(self, turn: Turn) -> list[Event]:
        """Say good-bye in their name; the procedure stays what is talked about."""
        turn.say("utter_handoff_closed")
        return [*forget_look_up(), *failures.clear(turn), SlotSet("reminders", None)]


def hand_over(turn: Turn, reason: str) -> list[Event]:
    """Put the conversation into the queue and tell what happens now."""
    opened = handoffs.open_(
        turn.session,
        turn.conversation_id,
        reason,
        message_id=turn.message_id,
        procedure_code=turn.slot("procedure_code"),
        case_code=turn.slot("case_code"),
        commune_code=turn.slot("commune_code"),
    )
    if opened is None:  # a trial conversation
        turn.say("utter_handoff_by_phone", hotline=turn.hotline)
    else:
        _tell(turn, opened)
    return failures.clear(turn)


def _tell(turn: Turn, opened: Opened) -> None:
    told = opened.waiting
    if not told.open:
        turn.say("utter_handoff_out_of_hours", opens=opening_hours.say(told.opens, turn.now))
        return
    place = str(told.place)
    if told.expected is None:
        turn.say("utter_handoff_waiting_unknown", place=place)
    else:
        minutes = str(handoff_words.minutes(told.expected))
        turn.say("utter_handoff_waiting", place=place, minutes=minutes)
