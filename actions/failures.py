"""Turns that did not help: the second in a row offers a human."""

from __future__ import annotations

from rasa_sdk.events import SlotSet

from actions.base import Event, Turn

ENOUGH = 2


def count(turn: Turn, *, human_offered: bool = False) -> list[Event]:
    """Count this turn as one that did not help; `human_offered`: its answer offers one already."""
    failures = int(turn.slot("failures") or 0) + 1
    if failures >= ENOUGH:
        if not human_offered:
            turn.say("utter_offer_human")
            return [SlotSet("failures", 0), turn.ask_yes_or_no("human", "two_failures")]
        failures = 0
    return [SlotSet("failures", failures)]


def clear(turn: Turn) -> list[Event]:
    """This turn helped."""
    return [SlotSet("failures", 0)] if turn.slot("failures") else []
