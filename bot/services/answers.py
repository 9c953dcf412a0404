"""An answer about one procedure: the response's name and the values of its placeholders."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from bot.catalogue.records import ProcedureRecord
from bot.services import answer_parts as parts
from bot.services.answer_cases import Case, Sorted
from bot.services.answer_documents import checklist, common_papers, documents, forms
from bot.services.answer_overview import overview
from bot.services.answer_text import (
    heading,
    one_line,
    source_line,
    validity,
    without_district,
)
from bot.services.schedules import Upcoming

PARTS: dict[str, Callable[[ProcedureRecord, str], str]] = {
    "documents": documents,
    "fee": parts.fee,
    "processing_time": parts.processing_time,
    "where": parts.where,
    "steps": parts.steps,
    "online": parts.online,
    "eligibility": parts.eligibility,
    "forms": forms,
    "result": parts.result,
    "legal_basis": parts.legal_basis,
    "overview": overview,
}
ASPECTS = tuple(PARTS)
DEFAULT_HOTLINE = "1022"
SEVERAL_LIMIT = 1_400  # characters of facts that one message holds beside name and source
LEAST_PAPERS = 500
UPCOMING_LIMIT = 300  # characters of what will change on a day
_NUMBERED = re.compile(r"^\s*(?:\d{1,3}\.|[•–])\s*")
HEADINGS = {
    "documents": "📋 Giấy tờ cần có:",
    "fee": "💰 Phí, lệ phí:",
    "processing_time": "⏱ Thời hạn giải quyết:",
    "where": "📍 Nơi nộp:",
    "steps": "👣 Các bước:",
    "online": "💻 Nộp trực tuyến:",
    "eligibility": "👤 Đối tượng, điều kiện:",
    "forms": "📝 Mẫu đơn, tờ khai:",
    "result": "✅ Kết quả:",
    "legal_basis": "⚖️ Căn cứ pháp lý:",
    "overview": "ℹ️ Tóm tắt:",
}


@dataclass(frozen=True)
class Answer:
    """`response`: a name in domain/responses/procedures.yml; `values`: name, body, source."""

    response: str
    values: dict[str, str] = field(hash=False)


def compose(
    record: ProcedureRecord, aspect: str, *, today: dt.date, hotline: str = DEFAULT_HOTLINE
) -> Answer:
    """What the record says about one aspect (one of ASPECTS; ValueError for another).

    Every number comes from the record; what it does not say is said to be unknown.
    """
    part = PARTS.get(aspect)
    if part is None:
        raise ValueError(f"{aspect!r} is none of {', '.join(ASPECTS)}")
    return Answer(f"utter_procedure_{aspect}", _values(record, part(record, hotline), today))


def compose_several(
    record: ProcedureRecord,
    aspects: Sequence[str],
    papers: Sorted | None,
    *,
    today: dt.date,
    hotline: str = DEFAULT_HOTLINE,
) -> Answer:
    """Several aspects in one message with one source; long lists of papers are cut to fit it.

    With `papers` (their case is to be asked for) only what everybody needs is listed.
    """
    told = {a: PARTS[a](record, hotline) for a in aspects}
    if "documents" in told:
        others = sum(len(part) + 40 for aspect, part in told.items() if aspect != "documents")
        limit = max(SEVERAL_LIMIT - others, LEAST_PAPERS)
        told["documents"] = (
            common_papers(record, papers, limit) if papers else documents(record, hotline, limit)
        )
    body = "\n\n".join(f"{HEADINGS[aspect]}\n{part}" for aspect, part in told.items())
    return Answer("utter_procedure_several", _values(record, body, today))


def compose_common(record: ProcedureRecord, papers: Sorted, *, today: dt.date) -> Answer:
    """The papers that are needed whatever the citizen's case is; the case is to be asked for."""
    values = _values(record, common_papers(record, papers), today)
    return Answer("utter_procedure_documents", values)


def compose_checklist(
    record: ProcedureRecord, papers: Sorted, case: Case | None, *, today: dt.date
) -> Answer:
    """Only the papers of one case, as a list to copy; `case` None: no special one."""
    values = _values(record, checklist(record, papers, case), today)
    if case is None:
        return Answer("utter_procedure_checklist_plain", values)
    return Answer("utter_procedure_checklist", {**values, "case": one_line(case.name, 200)})


def with_upcoming(
    answer: Answer,
    record: ProcedureRecord,
    aspects: Sequence[str],
    upcoming: Sequence[Upcoming],
    *,
    hotline: str = DEFAULT_HOTLINE,
) -> Answer:
    """The answer with a line for each day on which what was asked will change."""
    lines = [line for change in upcoming if (line := told(record, aspects, change, hotline))]
    if not lines:
        return answer
    body = "\n\n".join([answer.values["body"], *(f"📅 {line}" for line in lines)])
    return Answer(answer.response, {**answer.values, "body": body})


def told(record: ProcedureRecord, aspects: Sequence[str], change: Upcoming, hotline: str) -> str:
    """ "Từ ngày 01/01/2027: lệ phí 30.000 đồng", "" when nothing that was asked changes then."""
    since = f"Từ ngày {change.effective_on:%d/%m/%Y}:"
    if not change.active:
        code = change.record.replaced_by
        return f"{since} thủ tục này ngừng áp dụng" + (
            f", thay bằng thủ tục mã {code}." if code else "."
        )
    parts = []
    for aspect in aspects:
        new = _new_lines(PARTS[aspect](record, hotline), PARTS[aspect](change.record, hotline))
        if new and len(aspects) > 1:
            new = f"{HEADINGS[aspect]} {new}"
        parts += [new] if new else []
    return f"{since} {'; '.join(parts)}" if parts else ""


def _new_lines(before: str, after: str) -> str:
    """What one text says that the other doesn't; what is left out, where that is all."""
    old, new = (
        [_NUMBERED.sub("", line).strip() for line in text.split("\n")] for text in (before, after)
    )
    added = [line for line in new if line and line not in old]
    if added:
        return one_line("; ".join(added), UPCOMING_LIMIT)
    gone = [line for line in old if line and line not in new]
    return one_line(f"không còn: {'; '.join(gone)}", UPCOMING_LIMIT) if gone else ""


def _values(record: ProcedureRecord, body: str, today: dt.date) -> dict[str, str]:
    body = without_district(body)
    warning = validity(record, today)
    return {
        "name": heading(record),
        "body": f"{warning}\n{body}" if warning else body,
        "source": source_line(record, today),
    }
