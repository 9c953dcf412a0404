"""The answer to "which case applies": tapped or typed, then only the papers that apply."""

from __future__ import annotations

from actions import buttons, case_questions, offers, wording
from actions.base import BotAction, Event, Turn
from actions.case_questions import ALL, FROM, NONE, OPEN
from bot.catalogue.records import ProcedureRecord
from bot.services import answers, catalogue, procedures
from bot.services.answer_cases import Case, Sorted, find_case, sort_out
from bot.services.answers import Answer
from nlu.aspects import aspects as aspects_in

DOCUMENTS = "documents"
# What an answer such as "nhà thuê thì cần gì" may ask besides naming the case.
_SAME_QUESTION = {DOCUMENTS, "eligibility"}


class ActionChooseCase(BotAction):
    """A tapped case."""

    action_name = "action_choose_case"
    readonly = True

    def answer(self, turn: Turn) -> list[Event]:
        """The papers of that case; code and index are only believed if the catalogue has them."""
        record = catalogue.get(turn.session, turn.ordered("procedure_code"))
        if record is None:
            return offers.gone(turn, turn.ordered("procedure_code"), [DOCUMENTS])
        papers, index = sort_out(record), turn.ordered("index")
        number = index.removeprefix(FROM)
        known = number.isdecimal() and int(number) < len(papers.cases)
        if index == ALL:
            today, hotline = offers.local_date(turn), turn.hotline
            whole = answers.compose(record, DOCUMENTS, today=today, hotline=hotline)
            return _said(turn, record, whole)
        if index == NONE and papers.has_ordinary:
            return _show(turn, record, papers, None)
        if known and index != number:
            turn.trace("answered", [record.code])
            question = case_questions.ask(turn, record, papers, int(number))
            return [question, *offers.talked_about(turn, record, DOCUMENTS)]
        if known:
            return _show(turn, record, papers, papers.cases[int(number)])
        turn.say("utter_stale_button")
        return []


def typed(turn: Turn) -> list[Event]:
    """The papers of the case that this message names, while it is asked for; else nothing."""
    asked = turn.slot(OPEN)
    record = catalogue.get(turn.session, asked["code"]) if asked else None
    if record is None or set(aspects_in(turn.text)) - _SAME_QUESTION:
        return []
    papers = sort_out(record)
    shown = [n for n in asked["shown"] if n < len(papers.cases)]
    picked = wording.chosen(turn.text, [str(n) for n in shown])
    if picked is not None:
        return _show(turn, record, papers, papers.cases[int(picked)])
    if papers.has_ordinary and wording.is_nothing_special(turn.text):
        return _show(turn, record, papers, None)
    found = find_case(papers.cases, turn.text, record.name)
    if found is None or (found[1] < 1.0 and _names_another(turn, record)):
        return []
    return _show(turn, record, papers, papers.cases[found[0]])


def denied(turn: Turn) -> list[Event]:
    """A no to the question: no special case, where there is a list for that."""
    asked = turn.slot(OPEN)
    record = catalogue.get(turn.session, asked["code"]) if asked else None
    papers = sort_out(record) if record else None
    return _show(turn, record, papers, None) if record and papers and papers.has_ordinary else []


def confirmed(turn: Turn) -> list[Event]:
    """A yes to the question: the case that was asked about alone, or the question once more."""
    asked = turn.slot(OPEN)
    record = catalogue.get(turn.session, asked["code"]) if asked else None
    if record is None:
        return []
    papers = sort_out(record)
    shown = [n for n in asked["shown"] if n < len(papers.cases)]
    if len(shown) == 1:
        return _show(turn, record, papers, papers.cases[shown[0]])
    if not shown:
        return []
    return [case_questions.ask(turn, record, papers, shown[0])]


def _names_another(turn: Turn, record: ProcedureRecord) -> bool:
    """Whether the words that fit a case name another procedure even better."""
    found = procedures.search(turn.session, turn.text, context_code=record.code)
    return found.kind == procedures.ONE and found.matches[0].code != record.code


def _show(turn: Turn, record: ProcedureRecord, papers: Sorted, case: Case | None) -> list[Event]:
    today = offers.local_date(turn)
    return _said(turn, record, answers.compose_checklist(record, papers, case, today=today))


def _said(turn: Turn, record: ProcedureRecord, answer: Answer) -> list[Event]:
    further = buttons.further_questions(record.code, [DOCUMENTS], turn.resources.titles)
    answer = offers.with_upcoming(turn, record, answer, [DOCUMENTS])
    turn.say(answer.response, further, **answer.values)
    # Whatever the language model made of "nhà thuê": it says which of several is meant.
    turn.trace("answered", [record.code], intent="ask_procedure" if turn.text else None)
    return offers.talked_about(turn, record, DOCUMENTS)
