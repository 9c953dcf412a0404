"""Questions about procedures: which one is meant, and what was asked about it."""

from __future__ import annotations

from collections.abc import Sequence

from rasa_sdk.events import SlotSet

from actions import buttons, document_cases, failures, offers, places, wording
from actions.base import BotAction, Event, Turn
from bot.services import catalogue, procedures
from bot.services.procedures import SearchResult
from nlu.aspects import aspects as aspects_in
from nlu.places import without

OVERVIEW = "overview"
ASPECTS = (
    "documents", "fee", "processing_time", "where", "steps", "online", "eligibility", "forms",
    "result", "legal_basis", OVERVIEW,
)  # fmt: skip

# Below these the language model guesses, and only a procedure that was named counts. Short
# questions within a conversation are told with less certainty than first ones.
GUESS, GUESS_AT_FIRST = 0.35, 0.45


class ActionAnswerProcedure(BotAction):
    """Any question about a procedure, the follow-ups without its name included."""

    action_name = "action_answer_procedure"
    readonly = True
    keeps_offer = True

    def answer(self, turn: Turn) -> list[Event]:
        """Answer, offer a choice, or ask which procedure."""
        offered = list(turn.slot("offered_codes") or ())
        aspects, intent = asked_aspects(turn)
        picked = wording.chosen(turn.text, offered)
        record = catalogue.get(turn.session, picked) if picked else None
        if record:
            return offers.show(turn, record, aspects, intent="ask_procedure")
        case = document_cases.typed(turn)
        if case:
            return case
        place = places.answered_alone(turn)
        if place:
            return place
        found = look_for(turn)
        if found.kind == "one":
            record = catalogue.get(turn.session, found.matches[0].code)
            if record:
                return offers.show(turn, record, aspects, intent=intent)
            return offers.gone(turn, found.matches[0].code, aspects)
        if found.kind == "several":
            events = offers.offer(turn, found.matches, aspects, intent=intent)
            return [*events, *places.remembered(turn)]
        if found.kind == "unknown":
            return unknown(turn, found, aspects)
        return _without_name(turn, offered, aspects, intent)


class ActionChooseProcedure(BotAction):
    """A tapped choice or a tapped further question."""

    action_name = "action_choose_procedure"
    readonly = True
    keeps_offer = True

    def answer(self, turn: Turn) -> list[Event]:
        """Answer what the button says; the code in it is only believed if the catalogue has it."""
        code, aspect = turn.ordered("procedure_code"), turn.ordered("aspect")
        pending = list(turn.slot("pending_aspects") or ())
        record = catalogue.get(turn.session, code)
        if record is None:
            return offers.gone(turn, code, [aspect] if aspect in ASPECTS else [OVERVIEW])
        if aspect not in ASPECTS:
            return offers.show(turn, record, pending or [OVERVIEW])
        return offers.show(turn, record, pending if aspect in pending else [aspect])


class ActionRejectOffer(BotAction):
    """None of the offered procedures fits."""

    action_name = "action_reject_offer"
    readonly = True
    keeps_offer = True

    def answer(self, turn: Turn) -> list[Event]:
        """Ask for more words; the second time offer a human."""
        return rejected(turn)


def asked_aspects(turn: Turn) -> tuple[list[str], str | None]:
    """What is asked about the procedure, and the intent where the conversation corrects it."""
    own = turn.intent.removeprefix("ask_")
    last = turn.slot("aspect")
    if own not in ASPECTS and last and wording.asks_the_same(turn.text):
        return [last], intent_of(last)
    found = [a for a in aspects_in(turn.text) if a in ASPECTS]
    if own in ASPECTS:
        return [own, *(a for a in found if a != own)], None
    return found or list(turn.slot("pending_aspects") or ()) or [OVERVIEW], None


def intent_of(aspect: str) -> str:
    """The intent that asks about `aspect`."""
    return "ask_procedure" if aspect == OVERVIEW else f"ask_{aspect}"


def look_for(turn: Turn) -> SearchResult:
    """The procedures that the message may mean, with the conversation as context."""
    return procedures.search(
        turn.session,
        without(turn.text),  # "Hiệp Hòa" is no part of what is asked
        context_code=turn.slot("procedure_code"),
        offered=tuple(turn.slot("offered_codes") or ()),
    )


def unknown(turn: Turn, found: SearchResult, aspects: Sequence[str]) -> list[Event]:
    """Something is named that no record serves: say so, show what is nearest, answer nothing."""
    if found.matches:
        events = offers.offer(turn, found.matches, aspects, response="utter_offer_unknown")
    else:
        titles = turn.resources.titles
        ways_on = [buttons.human(titles), buttons.menu(titles)]
        turn.say("utter_procedure_unknown", ways_on, hotline=turn.hotline)
        turn.trace("refused")
        events = []
    return [*events, *failures.count(turn, human_offered=True)]


def rejected(turn: Turn) -> list[Event]:
    """The offer is off the table."""
    turn.say("utter_offer_rejected")
    return [
        SlotSet("offered_codes", None),
        # What was asked still waits for its procedure.
        SlotSet("pending_aspects", turn.slot("pending_aspects")),
        *failures.count(turn),
    ]


def not_understood(turn: Turn) -> list[Event]:
    """Say so, with what the assistant can do."""
    turn.say("utter_not_understood")
    turn.trace("refused")
    return failures.count(turn)


def _without_name(
    turn: Turn, offered: list[str], aspects: list[str], intent: str | None
) -> list[Event]:
    """No procedure is named: the one talked about, the offered ones again, or a question back."""
    current = turn.slot("procedure_code")
    least = GUESS if current or offered else GUESS_AT_FIRST
    if turn.intent == "inform" or turn.confidence < least:
        return places.office_alone(turn) or not_understood(turn)
    if offered:
        return offers.offer_again(turn, offered, aspects, intent=intent)
    record = catalogue.get(turn.session, current) if current else None
    if record:
        return offers.show(turn, record, aspects, intent=intent)
    if current:
        return offers.gone(turn, current, aspects)
    place = places.office_alone(turn) if "where" in aspects else []
    if place:
        return place
    turn.say("utter_ask_which_procedure")
    turn.trace("asked", intent=intent)
    return [SlotSet("pending_aspects", aspects), *failures.count(turn)]
