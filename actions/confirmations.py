"""What is asked before it is done, and the yes or no to it."""

from __future__ import annotations

from rasa_sdk.events import ActiveLoop, AllSlotsReset, SlotSet

from actions import cases, document_cases, handoff, offers, procedures
from actions.base import BotAction, Event, Turn
from bot.services import catalogue, conversations

_LEFT_UNDONE = {
    "human": "utter_human_cancelled",
    "delete": "utter_delete_cancelled",
    "follow": "utter_follow_declined",
}


class ActionDeleteMyData(BotAction):
    """The citizen wants to be forgotten."""

    action_name = "action_delete_my_data"
    readonly = True
    runs_dry = False  # the yes to it would reach a person, who can erase nothing

    def answer(self, turn: Turn) -> list[Event]:
        """Say what would go, and ask."""
        turn.say("utter_confirm_delete")
        return [turn.ask_yes_or_no("delete")]


class ActionAffirm(BotAction):
    """Yes."""

    action_name = "action_affirm"

    def answer(self, turn: Turn) -> list[Event]:
        """Do what was asked about."""
        asked = turn.asked()
        if asked == "human":
            return handoff.hand_over(turn, turn.asked_because() or handoff.ASKED)
        if asked == "delete":
            return _delete(turn)
        if asked == "follow":
            return cases.follow(turn)
        case = document_cases.typed(turn) or document_cases.confirmed(turn)
        if case:
            return case
        offered = list(turn.slot("offered_codes") or ())
        aspects = list(turn.slot("pending_aspects") or ()) or [procedures.OVERVIEW]
        record = catalogue.get(turn.session, offered[0]) if len(offered) == 1 else None
        if record:
            return offers.show(turn, record, aspects)
        if offered:
            return offers.offer_again(turn, offered, aspects)
        turn.say("utter_nothing_to_affirm")
        return []


class ActionDeny(BotAction):
    """No."""

    action_name = "action_deny"
    readonly = True
    runs_dry = False  # the no is to what the person asked, and not to a question of ours

    def answer(self, turn: Turn) -> list[Event]:
        """Leave undone what was asked about."""
        asked = turn.asked()
        if asked:
            turn.say(_LEFT_UNDONE[asked])
            return []
        case = document_cases.typed(turn) or document_cases.denied(turn)
        if case:
            return case
        if turn.slot("offered_codes"):
            return procedures.rejected(turn)
        else:
            turn.say("utter_nothing_to_deny")
        return []


def _delete(turn: Turn) -> list[Event]:
    conversations.erase(turn.session, turn.conversation_id)
    turn.say("utter_data_deleted")
    return [AllSlotsReset(), ActiveLoop(None), SlotSet("awaiting", None)]
