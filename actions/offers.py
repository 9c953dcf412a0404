"""Showing a procedure, or a choice of a few, and remembering what was shown."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Sequence

from rasa_sdk.events import SlotSet

from actions import buttons, case_questions, failures, places
from actions.base import Event, Turn
from bot.catalogue.records import ProcedureRecord
from bot.services import answers, catalogue, schedules
from bot.services.answer_cases import Sorted, sort_out
from bot.services.answer_text import heading
from bot.services.answers import Answer
from bot.services.procedures import Match

SHOWN = 3
CHOICE = "utter_offer_choice"
FAINT = 0.01  # what is less likely only confuses; but a choice has two in any case
VIETNAM = dt.timezone(dt.timedelta(hours=7))


def show(
    turn: Turn, record: ProcedureRecord, aspects: Sequence[str], *, intent: str | None = None
) -> list[Event]:
    """Answer every aspect that was asked of one procedure."""
    papers = sort_out(record) if "documents" in aspects else None
    if papers and not papers.asks:
        papers = None
    answer = _composed(turn, record, aspects, papers)
    further = buttons.further_questions(record.code, aspects, turn.resources.titles)
    turn.say(answer.response, () if papers else further, **answer.values)
    turn.trace("answered", [record.code], intent=intent)
    found = places.where(turn, record) if "where" in aspects else places.remembered(turn)
    question = [case_questions.ask(turn, record, papers)] if papers else []
    return [*talked_about(turn, record, aspects[0]), *found, *question]


def gone(turn: Turn, code: str, aspects: Sequence[str]) -> list[Event]:
    """Say kindly that a procedure is retired, and offer what serves instead."""
    found = catalogue.retired(turn.session, code)
    titles = turn.resources.titles
    if found is None:
        turn.say("utter_procedure_gone")
        return []
    name = heading(found.record)
    if found.instead is None:
        ways_on = [buttons.human(titles), buttons.menu(titles)]
        turn.say("utter_procedure_retired", ways_on, name=name, hotline=turn.hotline)
        turn.trace("refused", [code])
        return failures.clear(turn)
    new = found.instead
    choices = [buttons.choice(new.code, _capital(new.plain_name or new.name), aspects[0])]
    choices.append(buttons.human(titles))
    instead = heading(new)
    turn.say("utter_procedure_replaced", choices, name=name, instead=instead)
    turn.trace("offered", [new.code])
    return [
        SlotSet("offered_codes", [new.code]),
        SlotSet("pending_aspects", list(aspects)),
        *failures.clear(turn),
    ]


def talked_about(turn: Turn, record: ProcedureRecord, aspect: str) -> list[Event]:
    """What is remembered once a procedure was answered."""
    return [
        SlotSet("asked_place", None),
        SlotSet("procedure_code", record.code),
        SlotSet("aspect", aspect),
        SlotSet("pending_aspects", None),
        SlotSet("offered_codes", None),
        *failures.clear(turn),
    ]


def _composed(
    turn: Turn, record: ProcedureRecord, aspects: Sequence[str], papers: Sorted | None
) -> Answer:
    today, hotline = local_date(turn), turn.hotline
    if len(aspects) > 1:
        answer = answers.compose_several(record, aspects, papers, today=today, hotline=hotline)
    elif papers:
        answer = answers.compose_common(record, papers, today=today)
    else:
        answer = answers.compose(record, aspects[0], today=today, hotline=hotline)
    return with_upcoming(turn, record, answer, aspects)


def with_upcoming(
    turn: Turn, record: ProcedureRecord, answer: Answer, aspects: Sequence[str]
) -> Answer:
    """The answer, and what of it will change within the next days."""
    soon = schedules.upcoming(turn.session, record.code, local_date(turn))
    return answers.with_upcoming(answer, record, aspects, soon, hotline=turn.hotline)


def local_date(turn: Turn) -> dt.date:
    """Today in Vietnam."""
    return turn.now.astimezone(VIETNAM).date()


def offer(
    turn: Turn,
    matches: Sequence[Match],
    aspects: Sequence[str],
    *,
    response: str = CHOICE,
    intent: str | None = None,
) -> list[Event]:
    """Let the citizen choose among the first three, or none of them."""
    codes = [m.code for n, m in enumerate(matches[:SHOWN]) if n < 2 or m.score >= FAINT]
    shown = _named(turn, codes)
    lines = "\n".join(f"{n}. {name}" for n, (_, name) in enumerate(shown, start=1))
    titles = turn.resources.titles
    choices = [buttons.choice(code, name, aspects[0]) for code, name in shown]
    choices.append(buttons.none_of_these(titles))
    if response == "utter_offer_unknown":
        choices.append(buttons.human(titles))
    turn.say(response, choices, choices=lines, hotline=turn.hotline)
    codes = [code for code, _ in shown]
    turn.trace("offered", codes, intent=intent)
    return [
        SlotSet("offered_codes", codes),
        SlotSet("pending_aspects", list(aspects)),
    ]


def offer_again(
    turn: Turn, codes: Sequence[str], aspects: Sequence[str], *, intent: str | None = None
) -> list[Event]:
    """The same choice once more: it is still open which one is meant."""
    return offer(turn, [Match(code, "", 1.0) for code in codes], aspects, intent=intent)


def _named(turn: Turn, codes: Sequence[str]) -> list[tuple[str, str]]:
    """Codes with what people call them; the official name where two would read the same."""
    records = [r for r in (catalogue.get(turn.session, code) for code in codes) if r]
    plain = Counter(r.plain_name for r in records if r.plain_name)
    return [
        (r.code, _capital(r.plain_name if plain[r.plain_name] == 1 else r.name)) for r in records
    ]


def _capital(name: str) -> str:
    return name[:1].upper() + name[1:]
