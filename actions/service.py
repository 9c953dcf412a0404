"""What is not about a procedure or a case: opening hours, feedback, and what nobody here can do."""

from __future__ import annotations

from actions import document_cases, failures, feelings, offers, places
from actions.base import BotAction, Event, Turn
from actions.procedures import ASPECTS, OVERVIEW, intent_of, look_for, not_understood
from bot.services import catalogue, conversations
from nlu.aspects import aspects as aspects_in

# A message taken for out of scope with less certainty than this may still name a procedure.
CERTAIN = 0.6
# What search thinks of its best guess, from which a message that is nobody's business by the
# language model is asked about all the same.
LIKELY = 0.7


class ActionOutOfScope(BotAction):
    """Weather, football, loans: refused, with what the assistant can do."""

    action_name = "action_out_of_scope"
    readonly = True

    def answer(self, turn: Turn) -> list[Event]:
        """Refuse, unless the words name a procedure after all."""
        events = document_cases.typed(turn)
        if not events:
            events = offer_instead(turn) if turn.confidence < CERTAIN else taught(turn)
        if events:
            return events
        turn.say("utter_out_of_scope")
        turn.trace("refused")
        return failures.count(turn)


class ActionNotUnderstood(BotAction):
    """No intent is likely enough, or no rule fits."""

    action_name = "action_not_understood"
    readonly = True

    def answer(self, turn: Turn) -> list[Event]:
        """Offer what the words name, or say that they were not understood."""
        return document_cases.typed(turn) or offer_instead(turn) or not_understood(turn)


class ActionGiveFeedback(BotAction):
    """Praise or complaint about the service."""

    action_name = "action_give_feedback"

    def answer(self, turn: Turn) -> list[Event]:
        """Record it and say where an official answer comes from."""
        conversations.record_feedback(
            turn.session, turn.conversation_id, turn.message_id, turn.text
        )
        turn.say("utter_feedback_recorded", hotline=turn.hotline)
        if not feelings.complains(turn.text):
            return failures.clear(turn)
        turn.say("utter_offer_human_complaint")
        return [*failures.clear(turn), turn.ask_yes_or_no("human", "rule")]


class ActionOfficeHours(BotAction):
    """When the offices are open."""

    action_name = "action_office_hours"
    readonly = True

    def answer(self, turn: Turn) -> list[Event]:
        """Tell the configured hours."""
        table = turn.resources.office_hours
        turn.say(
            "utter_office_hours",
            hours="\n".join(f"- {line}" for line in table["hours"]),
            note=table.get("note", ""),
            hotline=turn.hotline,
        )
        return failures.clear(turn)


def taught(turn: Turn) -> list[Event]:
    """The answer to words that staff have taught; nothing for any others."""
    found = look_for(turn)
    record = catalogue.get(turn.session, found.matches[0].code) if found.taught else None
    if record is None:
        return []
    aspects = [a for a in aspects_in(turn.text) if a in ASPECTS] or [OVERVIEW]
    intent = intent_of(aspects[0])
    if found.kind == "one":
        return offers.show(turn, record, aspects, intent=intent)
    return offers.offer(turn, found.matches, aspects, intent=intent)


def offer_instead(turn: Turn) -> list[Event]:
    """Ask whether the procedures that the words name are meant; nothing when they name none."""
    answered = taught(turn) or places.answered_alone(turn)
    if answered:
        return answered
    found = look_for(turn)
    aspects = [a for a in aspects_in(turn.text) if a in ASPECTS] or [OVERVIEW]
    # A procedure that is named clearly shows that the language model was wrong.
    intent = intent_of(aspects[0])
    if found.kind == "one":
        return offers.offer(
            turn, found.matches[:1], aspects, response="utter_offer_one", intent=intent
        )
    if found.kind == "several" and found.matches[0].score >= LIKELY:
        return offers.offer(turn, found.matches, aspects, intent=intent)
    return []
