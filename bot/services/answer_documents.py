"""The papers and forms of a procedure, in words."""

from __future__ import annotations

import re

from bot.catalogue.records import Document, DocumentGroup, ProcedureRecord
from bot.services.answer_text import (
    BODY_LIMIT,
    HEADING,
    fill,
    one_line,
    shorten,
    unknown,
    where_to_see_all,
)

_REMARK = re.compile(r"\A\s*(?:lưu ý|ghi chú|chú ý)\b", re.IGNORECASE)
_FORM_PAPER = re.compile(r"(?:tờ khai|đơn|phiếu|mẫu|giấy đề nghị|bản khai)\b", re.IGNORECASE)
# The citation of the text that a form belongs to; the number of the form is what people need.
_CITATION = re.compile(
    r",?\s*(?:được )?ban hành kèm theo (?:Thông tư|Nghị định|Quyết định)(?: liên tịch)?(?: số)?"
    r" ?[\w/.\-]*\w(?: ngày [\d/]+\d)?(?: của (?:Bộ trưởng )?(?:Bộ|Chính|Thủ tướng)[^;,.()]*)?"
)
# A complete list in two messages serves better than half a list in one.
LIST_LIMIT = 2_800


def documents(record: ProcedureRecord, hotline: str) -> str:
    """The papers by case, numbered; remarks after them."""
    if not record.document_groups:
        return _unparsed_documents(record, hotline)
    all_remarks = all(
        _asks_nothing(paper) for group in record.document_groups for paper in group.documents
    )
    lines: list[str] = []
    remarks: list[str] = []
    # What everybody needs comes before what one case needs, however the source sorted it.
    for group in sorted(record.document_groups, key=lambda g: bool(g.case)):
        papers = [p for p in group.documents if all_remarks or not is_remark(group, p)]
        papers.sort(key=_rank)
        remarks += [p.name for p in group.documents if p not in papers]
        if papers and (group.case or len(record.document_groups) > 1):
            lines.append(f"{HEADING}{one_line(group.case, 200) or 'Giấy tờ chung'}:")
        lines += [f"{n}. {paper_words(paper)}" for n, paper in enumerate(papers, start=1)]
    shown = fill(lines, where_to_see_all(record), LIST_LIMIT, units="giấy tờ")
    room = LIST_LIMIT - sum(len(line) + 1 for line in shown)
    if remarks and room > 120:
        remark = _REMARK.sub("", remarks[0]).strip(" :")
        shown.append(f"Lưu ý: {one_line(remark, min(room - 20, 400))}")
    return "\n".join(shown)


def paper_words(paper: Document) -> str:
    """ "Tờ khai (1 bản chính, mẫu CT01)"."""
    details = [
        f"{count} {kind}"
        for count, kind in ((paper.originals, "bản chính"), (paper.copies, "bản sao"))
        if count
    ]
    details += [form] if (form := form_words(paper)) else []
    details += [one_line(paper.note, 120)] if paper.note else []
    name = one_line(_CITATION.sub("", paper.name), 220).rstrip(".")
    return f"{name} ({', '.join(details)})" if details else name


def form_words(paper: Document) -> str:
    """The form's name for people: "mẫu CT01"; "có mẫu" when only a garbled file name is known."""
    if not paper.form:
        return ""
    first = re.sub(r"\.\w{3,4}$", "", paper.form.split(", ")[0])
    name = re.sub(r"\s*\(\d+\)$", "", first).strip(" .")
    readable = len(name) <= 40 and (" " in name or re.fullmatch(r"[A-Z0-9Đ./\-]{2,20}", name))
    if not readable:
        return "có mẫu"
    return name if name.lower().startswith(("mẫu", "phụ lục")) else f"mẫu {name}"


def _rank(paper: Document) -> int:
    # The form to fill in first, what only some people need last.
    if paper.name.startswith("Trường hợp"):
        return 2
    return 0 if _FORM_PAPER.match(paper.name) else 1


def _asks_nothing(paper: Document) -> bool:
    # National records count "0 bản chính" where a line is an explanation and no paper.
    return paper.originals == 0 and not paper.copies


def is_remark(group: DocumentGroup, paper: Document) -> bool:
    """Whether a line of the list explains something and asks for no paper."""
    return bool(_asks_nothing(paper) or _REMARK.match(group.case) or _REMARK.match(paper.name))


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
    chosen = [p for p in papers if p.form] or [p for p in papers if _FORM_PAPER.match(p.name)]
    if not chosen:
        return unknown("mẫu đơn, tờ khai", record, hotline)
    lines = [f"{n}. {paper_words(p)}" for n, p in enumerate(dict.fromkeys(chosen), start=1)]
    shown = fill(lines, where_to_see_all(record), BODY_LIMIT - 150)
    if record.link:
        shown.append(f"Tải mẫu tại: {record.link}")
    return "\n".join(shown)
