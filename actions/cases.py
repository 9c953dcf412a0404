"""Case status: a code, then a second fact, then the answer; and following a case.

Who may see a case is decided in bot.services.cases and its tables. The slots here only say what
is being talked about.
"""

from __future__ import annotations

from rasa_sdk.events import ActiveLoop, SlotSet
from rasa_sdk.interfaces import ActionExecutionRejection

from actions import buttons, failures, wording
from actions.base import (
    CASE_FORM,
    LISTEN,
    PENDING_SECONDS,
    BotAction,
    DryRunDeclined,
    Event,
    Turn,
    forget_look_up,
)
from actions.offers import VIETNAM
from bot.errors import CaseNotShown, LookupLocked, OneStopUnavailable
from bot.services import cases
from bot.services.case_answers import ENDED
from nlu import case_codes
from nlu.case_codes import CaseCode

STATUS, FOLLOW = "status", "follow"
_ELSEWHERE = {
    case_codes.SOCIAL_INSURANCE: "utter_code_of_social_insurance",
    case_codes.BACGIANG_2016: "utter_code_of_2016",
}


class ActionLookUpCase(BotAction):
    """A case is asked about."""

    action_name = "action_look_up_case"
    runs_dry = True  # leaves a line in the trail of the case, and grants nothing

    def answer(self, turn: Turn) -> list[Event]:
        """Ask for the code or the second fact; show the case when this citizen may see it."""
        return _begin(turn, STATUS)


class ActionFollowCase(BotAction):
    """The citizen wants to hear when a case changes."""

    action_name = "action_follow_case"

    def answer(self, turn: Turn) -> list[Event]:
        """Follow it, after the second fact where that is still owed."""
        return _begin(turn, FOLLOW)


class ActionUnfollowCase(BotAction):
    """The citizen does not want to hear any more."""

    action_name = "action_unfollow_case"

    def answer(self, turn: Turn) -> list[Event]:
        """Stop telling about the named case, or the one talked about, or all of them."""
        found = case_codes.find(turn.text)
        code = found.code if found else turn.slot("case_code")
        ended = cases.unfollow(turn.session, turn.conversation_id, code)
        turn.say("utter_follow_ended" if ended else "utter_follow_none")
        return failures.clear(turn)


class CaseForm(BotAction):
    """The loop that waits for a case code or a second fact, and declines everything else."""

    action_name = CASE_FORM
    runs_dry = True

    def answer(self, turn: Turn) -> list[Event]:
        """Take what it waits for from this message; another question is left to the rules."""
        if turn.tracker.latest_action_name != LISTEN:
            # Something else has answered this message: a greeting, thanks.
            return forget_look_up() if turn.lapsed else []
        if turn.dry_run:  # digits are no proof here, and a code is read by the rules too
            raise ActionExecutionRejection(CASE_FORM)
        goal = turn.slot("case_goal") or STATUS
        found = case_codes.find(turn.text)
        code = turn.slot("case_code")
        if found and found.code != code:
            return _with_code(turn, found, goal)
        fact = cases.parse_second_fact(turn.text) if code else None
        if turn.lapsed:
            return _too_late(turn, fact)
        if fact:
            return _try(turn, code, fact, goal)
        if turn.intent == "deny" or wording.cancels_look_up(turn.text):
            turn.say("utter_look_up_cancelled")
            return forget_look_up()
        if turn.intent == "inform" and code:
            turn.say("utter_second_fact_unclear", code=code)
            return []
        raise ActionExecutionRejection(CASE_FORM)


def follow(turn: Turn) -> list[Event]:
    """Yes to the offer of following the case that was just shown."""
    code = turn.slot("case_code")
    return _ask_or_show(turn, code, FOLLOW) if code else _begin(turn, FOLLOW)


def _begin(turn: Turn, goal: str) -> list[Event]:
    # What a photographed slip held comes as an order; like typed text it only names a case.
    found = case_codes.find(turn.ordered("case_code") or turn.text)
    if found:
        return _with_code(turn, found, goal)
    code = turn.slot("case_code")
    if code and turn.text:  # a tap on the menu means any case, not the last one
        return _ask_or_show(turn, code, goal)
    turn.say("utter_ask_case_code")
    return _waiting(turn, None, goal)


def _with_code(turn: Turn, found: CaseCode, goal: str) -> list[Event]:
    elsewhere = _ELSEWHERE.get(found.family)
    if elsewhere:
        turn.say(elsewhere, hotline=turn.hotline)
        return forget_look_up()
    return _ask_or_show(turn, found.code, goal)


def _ask_or_show(turn: Turn, code: str, goal: str) -> list[Event]:
    if cases.is_verified(turn.session, turn.conversation_id, code, turn.now):
        return _try(turn, code, None, goal)
    if turn.dry_run:  # nobody would read the digits that are asked for
        raise DryRunDeclined
    turn.say("utter_ask_second_fact", code=code)
    return _waiting(turn, code, goal)


def _try(turn: Turn, code: str, second_fact: str | None, goal: str) -> list[Event]:
    """One look-up; every way that it can end is told in words."""
    try:
        view = cases.look_up(
            turn.session,
            turn.resources.onestop,
            conversation_id=turn.conversation_id,
            code=code,
            second_fact=second_fact,
            message_id=turn.message_id,
            now=turn.now,
        )
    except CaseNotShown:
        turn.say("utter_look_up_refused")
        return _waiting(turn, code, goal)
    except LookupLocked as locked:
        until = locked.until.astimezone(VIETNAM).strftime("%H:%M ngày %d/%m/%Y")
        turn.say("utter_look_up_locked", until=until, hotline=turn.hotline)
        return forget_look_up()
    except OneStopUnavailable:
        turn.say("utter_look_up_unavailable", hotline=turn.hotline)
        return _waiting(turn, code, goal)
    if goal == FOLLOW:
        result = cases.follow(turn.session, turn.conversation_id, code, turn.message_id, turn.now)
        turn.say(f"utter_follow_{result}", code=code)
        return [*forget_look_up(code), *failures.clear(turn)]
    response, values = cases.describe(view, turn.now)
    events = [*forget_look_up(code), *failures.clear(turn)]
    if view.status in ENDED:
        turn.say(response, (), **values)
        return events
    turn.say(response, [buttons.follow(turn.resources.titles)], **values)
    if cases.is_overdue(view, turn.now):
        turn.say("utter_offer_human_overdue")
    return [*events, turn.ask_yes_or_no("follow")]


def _too_late(turn: Turn, fact: str | None) -> list[Event]:
    """The look-up was forgotten: digits that still come for it are asked for anew."""
    if fact is None:
        raise ActionExecutionRejection(CASE_FORM)
    turn.say("utter_look_up_lapsed")
    return _waiting(turn, None, STATUS)


def _waiting(turn: Turn, code: str | None, goal: str) -> list[Event]:
    """The loop goes on until the code or the second fact comes."""
    return [
        ActiveLoop(CASE_FORM),
        SlotSet("case_code", code),
        SlotSet("case_goal", goal),
        SlotSet("reminders", 0),
        SlotSet("pending_until", int(turn.now.timestamp()) + PENDING_SECONDS),
    ]
