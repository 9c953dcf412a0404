"""Facts of a record in words for staff: what each is called, and its value line by line."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.catalogue.durations import format_duration
from bot.catalogue.facts import Changes
from bot.catalogue.money import format_money

LABELS = {
    "name": "Tên thủ tục",
    "plain_name": "Tên thường gọi",
    "sayings": "Cách hỏi khác",
    "sector": "Lĩnh vực",
    "owner": "Đơn vị phụ trách",
    "levels": "Cấp thực hiện",
    "agencies": "Cơ quan thực hiện",
    "receiving_address": "Nơi tiếp nhận",
    "ministry": "Bộ, ngành",
    "applicants": "Đối tượng",
    "methods": "Các cách nộp",
    "document_groups": "Giấy tờ",
    "steps": "Các bước",
    "conditions": "Điều kiện",
    "results": "Kết quả",
    "legal_bases": "Căn cứ pháp lý",
    "online_level": "Mức trực tuyến",
    "link": "Trang trên Cổng dịch vụ công",
    "source": "Nguồn",
    "crawl_date": "Ngày của dữ liệu",
    "decision_number": "Số quyết định",
    "effective_from": "Hiệu lực từ",
    "effective_to": "Hiệu lực đến",
    "replaced_by": "Thủ tục thay thế",
    "curated": "Phần viết lại",
    "popularity": "Mức hay hỏi",
    "raw": "Nguyên văn của nguồn",
    "active": "Tình trạng",
}
METHOD_NAMES = {"in_person": "trực tiếp", "online": "trực tuyến", "post": "bưu chính"}
_ROW_PARTS = {"time": "Thời hạn", "fees": "Phí, lệ phí", "note": "Ghi chú"}
_DATES = ("crawl_date", "effective_from", "effective_to")


@dataclass(frozen=True)
class Line:
    """One line of a value; `changed` when the other side does not have it."""

    text: str
    changed: bool


@dataclass(frozen=True)
class DiffRow:
    """One fact before and after; no lines: it was or is not known."""

    fact: str
    label: str
    before: tuple[Line, ...]
    after: tuple[Line, ...]


def diff(changes: Changes) -> tuple[DiffRow, ...]:
    """What changed, fact by fact, the lines that differ marked."""
    return tuple(_diff_row(fact, before, after) for fact, (before, after) in changes.items())


def _diff_row(fact: str, before: Any, after: Any) -> DiffRow:
    old, new = lines(fact, before), lines(fact, after)
    return DiffRow(
        fact,
        label(fact),
        tuple(Line(text, text not in new) for text in old),
        tuple(Line(text, text not in old) for text in new),
    )


def label(fact: str) -> str:
    """What a fact is called: "Phí, lệ phí (nộp trực tuyến)"."""
    if fact.startswith("methods."):
        _, name, part = fact.split(".")
        way, _, number = name.partition("-")
        more = f", dòng {number}" if number else ""
        return f"{_ROW_PARTS[part]} (nộp {METHOD_NAMES[way]}{more})"
    return LABELS.get(fact, fact)


def lines(fact: str, value: Any) -> list[str]:
    """A value as lines of text; none when it is unknown."""
    if fact == "active":
        return [] if value is None else ["Đang dùng" if value else "Đã ngừng"]
    if value in (None, "", [], {}):
        return []
    if fact.startswith("methods."):
        return _of_row(fact.rsplit(".", 1)[1], value)
    if fact == "methods":
        return [_way(name) for name in value]
    if fact == "document_groups":
        return [line for group in value for line in _of_group(group)]
    if fact == "legal_bases":
        return [" – ".join(filter(None, (law["number"], law["title"]))) for law in value]
    if fact in _DATES:
        return [f"{dt.date.fromisoformat(value):%d/%m/%Y}"]
    if isinstance(value, list):
        return [str(item) for item in value]
    if isinstance(value, Mapping):
        return [f"{LABELS.get(key, key)}: {text}" for key, text in value.items()]
    return str(value).splitlines()


def _way(name: str) -> str:
    way, _, number = name.partition("-")
    return f"Nộp {METHOD_NAMES[way]}" + (f", dòng {number}" if number else "")


def _of_row(part: str, value: Any) -> list[str]:
    if part == "note":
        return str(value).splitlines()
    if part == "time":
        days, unit = value["days"], value["unit"]
        said = "" if days is None else format_duration(days, unit) if unit else f"{days:g}"
        return [text for text in (said, value["time_text"]) if text]
    conflict = ["Nguồn ghi hai mức khác nhau"] if value["fees_conflict"] else []
    return [_fee(fee) for fee in value["fees"]] + conflict


def _fee(fee: Mapping[str, Any]) -> str:
    amount = fee["amount"]
    said = "" if amount is None else "Miễn phí" if amount == 0 else format_money(amount)
    return " · ".join(filter(None, (said, fee["kind"], fee["text"])))


def _of_group(group: Mapping[str, Any]) -> list[str]:
    found = [f"▸ {group['case']}"] if group["case"] else []
    for paper in group["documents"]:
        counts = [
            f"{paper[key]} {word}"
            for key, word in (("originals", "bản chính"), ("copies", "bản sao"))
            if paper[key] is not None
        ]
        parts = (paper["name"], paper["form"], ", ".join(counts), paper["note"])
        found.append(" · ".join(filter(None, parts)))
    return found
