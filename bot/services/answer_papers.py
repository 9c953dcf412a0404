"""One paper of a procedure in words, and which lines of a list are no papers."""

from __future__ import annotations

import re
from dataclasses import replace

from bot.catalogue.records import Document, DocumentGroup, ProcedureRecord
from bot.services.answer_text import one_line

FORM_PAPER = re.compile(r"(?:tờ khai|đơn|phiếu|mẫu|giấy đề nghị|bản khai)\b", re.IGNORECASE)
# The citation of the text that a form belongs to; the number of the form is what people need.
CITATION = re.compile(
    r",?\s*(?:được )?ban hành kèm theo (?:Thông tư|Nghị định|Quyết định)(?: liên tịch)?(?: số)?"
    r" ?[\w/.\-]*\w(?: ngày [\d/]+\d)?(?: của (?:Bộ trưởng )?(?:Bộ|Chính|Thủ tướng)[^;,.()]*)?"
)
UNNAMED_FORM = "có mẫu"
REMARK = re.compile(r"\A\s*(?:lưu ý|ghi chú|chú ý)\b", re.IGNORECASE)


def without_remarks(record: ProcedureRecord) -> tuple[list[DocumentGroup], list[str]]:
    """The groups with their papers, what everybody needs first, and the remarks among the lines."""
    # Where every line "asks for nothing" the source has simply not counted.
    uncounted = all(_asks_nothing(p) for g in record.document_groups for p in g.documents)
    groups, remarks = [], []
    for group in sorted(record.document_groups, key=lambda g: bool(g.case)):
        papers = [p for p in group.documents if uncounted or not is_remark(group, p)]
        papers.sort(key=_rank)
        remarks += [p.name for p in group.documents if p not in papers]
        if papers:
            groups.append(replace(group, documents=tuple(papers)))
    return groups, remarks


def paper_words(paper: Document) -> str:
    """ "Tờ khai (1 bản chính, mẫu CT01)"."""
    details = [
        f"{count} {kind}"
        for count, kind in ((paper.originals, "bản chính"), (paper.copies, "bản sao"))
        if count
    ]
    form = form_words(paper)
    if form and not (form == UNNAMED_FORM and re.search(r"\bmẫu\b", paper.name, re.IGNORECASE)):
        details.append(form)
    details += [one_line(paper.note, 120)] if paper.note else []
    name = one_line(CITATION.sub("", paper.name), 220).rstrip(".")
    return f"{name} ({', '.join(details)})" if details else name


def form_words(paper: Document) -> str:
    """The form's name for people: "mẫu CT01"; "có mẫu" when only a garbled file name is known."""
    if not paper.form:
        return ""
    first = re.sub(r"\.\w{3,4}$", "", paper.form.split(", ")[0])
    name = re.sub(r"\s*\(\d+\)$", "", first).strip(" .")
    readable = len(name) <= 40 and (" " in name or re.fullmatch(r"[A-Z0-9Đ./\-]{2,20}", name))
    if not readable:
        return UNNAMED_FORM
    return name if name.lower().startswith(("mẫu", "phụ lục")) else f"mẫu {name}"


def _rank(paper: Document) -> int:
    # The form to fill in first, what only some people need last.
    if paper.name.startswith("Trường hợp"):
        return 2
    return 0 if FORM_PAPER.match(paper.name) else 1


def _asks_nothing(paper: Document) -> bool:
    # National records count "0 bản chính" where a line is an explanation and no paper.
    return paper.originals == 0 and not paper.copies


def is_remark(group: DocumentGroup, paper: Document) -> bool:
    """Whether a line of the list explains something and asks for no paper."""
    return bool(_asks_nothing(paper) or REMARK.match(group.case) or REMARK.match(paper.name))
