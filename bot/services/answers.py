"""An answer about one procedure: the response's name and the values of its placeholders."""

from __future__ import annotations

import datetime as dt
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


def _values(record: ProcedureRecord, body: str, today: dt.date) -> dict[str, str]:
    body = without_district(body)
    warning = validity(record, today)
    return {
        "name": heading(record),
        "body": f"{warning}\n{body}" if warning else body,
        "source": source_line(record, today),
    }
