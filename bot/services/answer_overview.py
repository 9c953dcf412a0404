"""The main facts of a procedure on a few lines, for who asked about nothing in particular."""

from __future__ import annotations

import re

from bot.catalogue.records import METHODS, Method, ProcedureRecord
from bot.services.answer_cases import sort_out
from bot.services.answer_papers import without_remarks
from bot.services.answer_parts import processing_time, receiving_places
from bot.services.answer_text import (
    DISTRICT_NOTE,
    METHOD_WORDS,
    by_method,
    fee_words,
    heading,
    names_district,
    one_line,
    rows_of,
    same_words,
)

_NOT_KNOWN = "nguồn không ghi"
_ELSEWHERE = "nguồn có chỗ ghi khác, bạn bấm “Lệ phí” để xem kỹ"
_COLUMN = re.compile(r"\s*\(cột mức thu[^)]*\)")


def overview(record: ProcedureRecord, hotline: str) -> str:
    """Where, how long, how much and how many papers; each can be asked about in full."""
    lines = []
    if record.plain_name and not same_words(record.plain_name, heading(record)):
        lines.append(f"(Thường gọi: {one_line(record.plain_name, 120)})")
    places = receiving_places(record)
    lines.append(f"📍 Nộp tại: {places[0] if places else _NOT_KNOWN}")
    ways = [METHOD_WORDS[m] for m in METHODS if any(row.method == m for row in record.methods)]
    lines += [f"📮 Cách nộp: {', '.join(ways)}"] if ways else []
    lines.append(f"⏱ Thời hạn: {_time(record, hotline)}")
    lines.append(f"💰 Lệ phí: {_fee(record)}")
    papers = _papers(record)
    lines += [f"📋 Giấy tờ: {papers}"] if papers else []
    if any(line.endswith(_NOT_KNOWN) for line in lines):
        lines.append(f"Phần nguồn không ghi, bạn gọi {hotline} để hỏi.")
    lines.append("\nBạn muốn xem kỹ phần nào?")
    if names_district(" ".join((*record.agencies, record.receiving_address))):
        lines.append(DISTRICT_NOTE)
    return "\n".join(lines)


def _time(record: ProcedureRecord, hotline: str) -> str:
    if not any(m.days is not None or m.time_text for m in record.methods):
        return "nguồn ghi chưa rõ" if record.raw.get("times") else _NOT_KNOWN
    told = processing_time(record, hotline).split("\nTrong các bước")[0]
    return _inline(told, 260)


def _fee(record: ProcedureRecord) -> str:
    words = [_fees_of(method) for method in record.methods]
    if not any(words):
        return _NOT_KNOWN
    told = _inline("\n".join(by_method(rows_of(record.methods, words))), 320)
    return told.removeprefix("lệ phí ")


def _fees_of(method: Method) -> str:
    if not method.fees:
        return ""
    first = _COLUMN.sub("", fee_words(method.fees[0], 120))
    if method.fees_conflict:
        return f"{first} ({_ELSEWHERE})"
    return "; ".join([first, *(fee_words(f, 120) for f in method.fees[1:])])


def _papers(record: ProcedureRecord) -> str:
    if not record.document_groups:
        return ""
    papers = sort_out(record)
    common = sum(len(g.documents) for g in papers.common) + len(papers.ordinary)
    if papers.asks:
        return f"{common} loại, có trường hợp cần thêm" if common else "tùy từng trường hợp"
    groups, _ = without_remarks(record)
    return f"{sum(len(group.documents) for group in groups)} loại"


def _inline(text: str, limit: int) -> str:
    lines = re.sub(r"\n\s*Áp dụng: [^\n]*", "", text).split("\n")
    parts = [_small(line.lstrip(" •–").rstrip(".")) for line in lines if line.strip()]
    ways = [part.split(":")[0] for part in parts if part.startswith("nộp ")]
    # What tells apart two lines about one way is too long for here.
    by_case = " (tùy trường hợp)" if len(set(ways)) < len(ways) else ""
    joined = _remarks_once("; ".join(parts).replace(": Miễn phí", ": miễn phí"))
    return one_line(joined, limit) + by_case


def _remarks_once(text: str) -> str:
    """A remark in brackets that stands after each of several facts stands after the last."""
    for remark in set(re.findall(r" \([^()]*\)", text)):
        if text.count(remark) > 1:
            text = text.replace(remark, "") + remark
    return text


def _small(text: str) -> str:
    """A fact after a colon: "miễn phí", "trong ngày"; abbreviations keep their capitals."""
    return text[:1].lower() + text[1:] if text[1:2].islower() else text
