"""The papers and forms of a procedure, in words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from bot.catalogue.records import Document, DocumentGroup, ProcedureRecord
from bot.services.answer_cases import Case, Sorted
from bot.services.answer_papers import FORM_PAPER, REMARK, paper_words, without_remarks
from bot.services.answer_text import (
    BODY_LIMIT,
    HEADING,
    fill,
    one_line,
    shorten,
    unknown,
    where_to_see_all,
)

# A complete list in two messages serves better than half a list in one.
LIST_LIMIT = 2_800


def documents(record: ProcedureRecord, hotline: str, limit: int = LIST_LIMIT) -> str:
    """All papers by case, numbered; remarks after them."""
    if not record.document_groups:
        return _unparsed_documents(record, hotline)
    groups, remarks = without_remarks(record)
    lines: list[str] = []
    for group in groups:
        if group.case or len(record.document_groups) > 1:
            lines.append(f"{HEADING}{one_line(group.case, 200) or 'Giấy tờ chung'}:")
        lines += _numbered(group.documents)
    shown = fill(lines, where_to_see_all(record), limit, units="giấy tờ")
    room = limit - sum(len(line) + 1 for line in shown)
    if remarks and room > 120:
        remark = REMARK.sub("", remarks[0]).strip(" :")
        shown.append(f"Lưu ý: {one_line(remark, min(room - 20, 400))}")
    return "\n".join(shown)


def common_papers(record: ProcedureRecord, papers: Sorted, limit: int = LIST_LIMIT) -> str:
    """What is needed in every case and in the ordinary one, before the case is known."""
    groups = list(papers.common)
    if papers.ordinary:
        groups.append(DocumentGroup(papers.ordinary, "Trường hợp thông thường"))
    if not groups:
        return f"Giấy tờ tùy theo trường hợp của bạn ({len(papers.cases)} trường hợp)."
    return "\n".join(_listed(record, groups, limit))


def checklist(record: ProcedureRecord, papers: Sorted, case: Case | None) -> str:
    """The papers that apply in one case (None: no special one), numbered through."""
    own = case.papers if case else papers.ordinary
    groups = [*papers.common, *([DocumentGroup(own)] if own else [])]
    return "\n".join(_listed(record, groups, LIST_LIMIT))


def _listed(record: ProcedureRecord, groups: Sequence[DocumentGroup], limit: int) -> list[str]:
    lines: list[str] = []
    number = 1
    for group in groups:
        if group.case:
            lines.append(f"{HEADING}{one_line(group.case, 200)}:")
        lines += _numbered(group.documents, number)
        number += len(group.documents)
    return fill(lines, where_to_see_all(record), limit, units="giấy tờ")


def _numbered(papers: Iterable[Document], first: int = 1) -> list[str]:
    return [f"{n}. {paper_words(paper)}" for n, paper in enumerate(papers, start=first)]


def _unparsed_documents(record: ProcedureRecord, hotline: str) -> str:
    raw = record.raw.get("documents", "")
    # The crawl sometimes put the middle of another section here; that is no list of papers.
    usable = bool(re.match(r"[\s\-+*(]*[^\W\d_]", raw)) and raw.strip(" -+*(")[:1].isupper()
    if not usable or re.search(r"Bước\s+\d", raw):
        return unknown("danh mục giấy tờ", record, hotline)
    return f"Nguồn ghi nguyên văn:\n{shorten(raw, BODY_LIMIT - 100)}"


def forms(record: ProcedureRecord, hotline: str) -> str:
    """The papers that have a form, and where to find it."""
    papers = [p for group in record.document_groups for p in group.documents]
    chosen = [p for p in papers if p.form] or [p for p in papers if FORM_PAPER.match(p.name)]
    if not chosen:
        return unknown("mẫu đơn, tờ khai", record, hotline)
    lines = [f"{n}. {paper_words(p)}" for n, p in enumerate(dict.fromkeys(chosen), start=1)]
    shown = fill(lines, where_to_see_all(record), BODY_LIMIT - 150)
    if record.link:
        shown.append(f"Tải mẫu tại: {record.link}")
    return "\n".join(shown)
