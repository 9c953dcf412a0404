"""What a citizen reads about a case: a response name and its values, in plain words."""

from __future__ import annotations

import datetime as dt
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import yaml

from bot.onestop import Case, FeeDue
from bot.services import working_days
from bot.settings import ROOT

PHRASES = ROOT / "data" / "lookups" / "case_phrases.yml"
RESPONSES = ROOT / "domain" / "responses" / "cases.yml"

STATUS_RESPONSES = {
    0: "utter_case_status_unknown",
    1: "utter_case_registered",
    2: "utter_case_received",
    3: "utter_case_refused",
    4: "utter_case_processing",
    5: "utter_case_papers_missing",
    6: "utter_case_fee_due",
    7: "utter_case_withdrawn",
    8: "utter_case_stopped",
    9: "utter_case_finished",
    10: "utter_case_returned",
}
# Nothing moves after these.
ENDED = frozenset({3, 7, 8, 10})


@dataclass(frozen=True)
class CaseView:
    """A case as its verified citizen may see it: no number, and the name masked."""

    code: str
    status: int
    procedure_name: str
    procedure_code: str
    applicant: str  # masked
    received: dt.date | None
    due: dt.date | None
    finished: dt.date | None
    office: str
    missing_papers: tuple[str, ...]
    fees: tuple[FeeDue, ...]
    collect_place: str
    collect_hours: str
    commune: str


def view(case: Case) -> CaseView:
    """What may be shown of a case."""
    return CaseView(
        code=case.code,
        status=case.status,
        procedure_name=case.procedure_name,
        procedure_code=case.procedure_code,
        applicant=mask_name(case.applicant),
        received=case.received,
        due=case.due,
        finished=case.finished,
        office=case.office,
        missing_papers=case.missing_papers,
        fees=case.fees,
        collect_place=case.collect_place,
        collect_hours=case.collect_hours,
        commune=case.commune,
    )


def mask_name(name: str) -> str:
    """The surname and the first letters of the rest: "Nguyễn Văn An" is "Nguyễn V*** A***"."""
    words = unicodedata.normalize("NFC", name).split()
    if len(words) < 2:
        return "".join(f"{word[0]}***" for word in words)
    return " ".join([words[0], *(f"{word[0]}***" for word in words[1:])])


def describe(shown: CaseView, now: dt.datetime) -> tuple[str, dict[str, str]]:
    """The response for this case and every value that it and utter_case_changed can name."""
    unknown = _phrases()["unknown"]
    values = {
        "code": shown.code,
        "procedure": shown.procedure_name or unknown["procedure"],
        "applicant": shown.applicant or "***",
        "status": _phrases()["statuses"][shown.status],
        "office": shown.office or unknown["office"],
        "collect_place": shown.collect_place or unknown["collect_place"],
        "collect_hours": shown.collect_hours or unknown["collect_hours"],
        "received": _date(shown.received),
        "due": _date(shown.due),
        "finished": _date(shown.finished),
    }
    today = working_days.today(now)
    values["due_line"] = _due_line(shown, today)
    values["todo"] = _todo(shown, values, overdue=_due_kind(shown, today) == "overdue")
    return STATUS_RESPONSES[shown.status], values


def is_overdue(shown: CaseView, now: dt.datetime) -> bool:
    """Whether the promised day is past and the office is still at work on it."""
    return _due_kind(shown, working_days.today(now)) == "overdue"


def render(response: str, values: dict[str, str]) -> str:
    """The text of one of this module's responses, for a message that Rasa does not send."""
    return _responses()[response][0]["text"].format_map(values).strip()


def _due_line(shown: CaseView, today: dt.date) -> str:
    phrase: str = _phrases()["due"][_due_kind(shown, today)]
    days = abs(working_days.between(today, shown.due)) if shown.due else 0
    return phrase.format(due=_date(shown.due), finished=_date(shown.finished), days=days)


def _due_kind(shown: CaseView, today: dt.date) -> str:
    """Which of the phrases about the due date is true today."""
    over = shown.status in ENDED or shown.status == 9
    if over and shown.finished:
        return {9: "finished", 10: "returned"}.get(shown.status, "ended")
    if shown.due is None:
        return "unknown"
    if over:
        return "plain"
    if shown.due == today:
        return "today"
    days = working_days.between(today, shown.due)
    if shown.due > today:
        return "left" if days else "plain"
    return "overdue" if days else "passed"


def _todo(shown: CaseView, values: dict[str, str], *, overdue: bool) -> str:
    phrases = _phrases()["todo"]
    if shown.status in ENDED:
        return ""
    parts = []
    if shown.missing_papers:
        papers = "\n".join(f"- {paper}" for paper in shown.missing_papers)
        parts.append(phrases["papers"].format(papers=papers))
    elif shown.status == 5:
        parts.append(phrases["papers_unknown"].format(**values))
    if shown.fees:
        parts.append(phrases["fee"].format(amount=_money(sum(f.amount for f in shown.fees))))
        ways = dict.fromkeys(f.how.rstrip(".") for f in shown.fees if f.how)
        parts.extend(phrases["fee_how"].format(how=way) for way in ways)
    elif shown.status == 6:
        parts.append(phrases["fee_unknown"].format(**values))
    if shown.status == 9:
        parts.append(phrases["collect"].format(**values))
    if not parts and shown.status in (1, 2, 4):
        parts.append(phrases["overdue" if overdue else "nothing"].format(**values))
    return "\n".join(parts)


def _date(day: dt.date | None) -> str:
    return f"{day:%d/%m/%Y}" if day else ""


def _money(amount: int) -> str:
    return f"{amount:,}".replace(",", ".")


@lru_cache(maxsize=1)
def _phrases() -> dict[str, Any]:
    data: dict[str, Any] = yaml.safe_load(PHRASES.read_text(encoding="utf-8"))
    return data


@lru_cache(maxsize=1)
def _responses() -> dict[str, Any]:
    data: dict[str, Any] = yaml.safe_load(RESPONSES.read_text(encoding="utf-8"))["responses"]
    return data
