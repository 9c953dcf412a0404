"""The question which case applies, where the papers of a procedure depend on it."""

from __future__ import annotations

from rasa_sdk.events import SlotSet

from actions import buttons
from actions.base import Event, Turn
from bot.catalogue.records import ProcedureRecord
from bot.services.answer_cases import Sorted
from bot.services.answer_text import one_line

OPEN = "open_cases"
BUTTONS = 5  # under one message
QUESTIONS = 3
NONE, ALL, FROM = "none", "all", "from"
LISTED = 140  # characters of a case's full name in the question


def ask(turn: Turn, record: ProcedureRecord, papers: Sorted, start: int = 0) -> Event:
    """Ask which of the cases from `start` on applies; they are open for the next message."""
    shown, ways_out = _page(papers, start)
    titles = turn.resources.titles
    choices = [buttons.case(record.code, str(n), papers.cases[n].label) for n in shown]
    choices += [buttons.case(record.code, index, titles[title]) for index, title in ways_out]
    lines = [
        f"{place}. {one_line(papers.cases[n].name, LISTED)}"
        for place, n in enumerate(shown, start=1)
    ]
    response = "utter_ask_special_case" if papers.has_ordinary else "utter_ask_case"
    turn.say(response, choices, choices="\n".join(lines))
    event: Event = SlotSet(OPEN, {"code": record.code, "shown": shown})
    return event


def _page(papers: Sorted, start: int) -> tuple[list[int], list[tuple[str, str]]]:
    """The cases of one question, and the ways out: what a button says, and its title's name."""
    left = len(papers.cases) - start
    ways_out = [(NONE, "no_special_case")] if papers.has_ordinary else []
    size = BUTTONS - len(ways_out) - 1
    if left <= BUTTONS - len(ways_out or ["all"]):
        size = left
        ways_out = ways_out or [(ALL, "all_cases")]
    elif start >= (QUESTIONS - 1) * size:  # the last question that may be asked
        ways_out.append((ALL, "all_cases"))
    else:
        ways_out.insert(0, (f"{FROM}{start + size}", "other_case"))
    return list(range(start, start + min(size, left))), ways_out
