"""A record as the fields of a form: plain texts, one for each box, with rows that repeat."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping

from bot.catalogue.money import format_money
from bot.catalogue.records import DocumentGroup, Fee, Method, ProcedureRecord

Fields = dict[str, str]

ONE_LINE = ("name", "plain_name", "sector", "receiving_address", "link", "source")
LINES = ("sayings", "agencies", "applicants", "results")  # one item on a line
DATES = ("crawl_date", "effective_from", "effective_to")
LEVELS = ("Cấp xã", "Cấp tỉnh", "Cấp bộ", "Cơ quan khác")
METHOD_BOXES = ("method", "days", "unit", "time_text", "note", "conflict")
FEE_BOXES = ("amount", "kind", "text")
PAPER_BOXES = ("name", "form", "originals", "copies", "note")
LAW_BOXES = ("number", "title")
# What one press of "Thêm dòng" adds: rows, and the boxes of each.
_MORE = {"methods": 1, "groups": 1, "fees": 1, "papers": 3, "laws": 3}
_BOXES = {
    "methods": METHOD_BOXES,
    "groups": ("case",),
    "fees": FEE_BOXES,
    "papers": PAPER_BOXES,
    "laws": LAW_BOXES,
}
_WANTED = re.compile(r"(?:methods-\d{1,3}-)?fees|(?:groups-\d{1,3}-)?papers|methods|groups|laws")


def fields_of(record: ProcedureRecord) -> Fields:
    """Every box of the form with what the record says; empty: unknown."""
    fields: Fields = {name: getattr(record, name) for name in ONE_LINE}
    fields |= {
        "code": record.code,
        "decision_number": record.decision_number,
        "online_level": record.online_level,
        "owner": record.owner,
        "conditions": record.conditions,
        "steps": "\n\n".join(re.sub(r"\n\s*\n", "\n", step).strip() for step in record.steps),
    }
    for name in LINES:
        fields[name] = "\n".join(" ".join(item.split()) for item in getattr(record, name))
    for name in DATES:
        fields[name] = _day(getattr(record, name))
    fields |= {f"level:{level}": "1" for level in record.levels}
    for i, method in enumerate(record.methods):
        fields |= _method(f"methods-{i}", method)
    for i, group in enumerate(record.document_groups):
        fields |= _group(f"groups-{i}", group)
    for i, law in enumerate(record.legal_bases):
        fields |= {f"laws-{i}-number": law.number, f"laws-{i}-title": law.title}
    return fields


def _method(where: str, method: Method) -> Fields:
    fields = {
        f"{where}-method": method.method,
        f"{where}-days": "" if method.days is None else f"{method.days:g}".replace(".", ","),
        f"{where}-unit": method.unit,
        f"{where}-time_text": method.time_text,
        f"{where}-note": method.note,
        f"{where}-conflict": "1" if method.fees_conflict else "",
    }
    for i, fee in enumerate(method.fees):
        fields |= _fee(f"{where}-fees-{i}", fee)
    return fields


def _fee(where: str, fee: Fee) -> Fields:
    amount = "" if fee.amount is None else format_money(fee.amount).removesuffix(" đồng")
    return {f"{where}-amount": amount, f"{where}-kind": fee.kind, f"{where}-text": fee.text}


def _group(where: str, group: DocumentGroup) -> Fields:
    fields = {f"{where}-case": group.case}
    for i, paper in enumerate(group.documents):
        fields |= {
            f"{where}-papers-{i}-name": paper.name,
            f"{where}-papers-{i}-form": paper.form,
            f"{where}-papers-{i}-originals": _count(paper.originals),
            f"{where}-papers-{i}-copies": _count(paper.copies),
            f"{where}-papers-{i}-note": paper.note,
        }
    return fields


def places(fields: Mapping[str, str], rows: str) -> list[int]:
    """Which rows there are, by their numbers: `rows` such as "methods" or "groups-0-papers"."""
    pattern = re.compile(rf"{re.escape(rows)}-(\d{{1,3}})-")
    return sorted({int(m[1]) for name in fields if (m := pattern.match(name))})


def add_rows(fields: Fields, rows: str) -> Fields:
    """The fields with more empty rows of a kind; unchanged when there are no such rows."""
    if not _WANTED.fullmatch(rows):
        return fields
    kind = rows.rsplit("-", 1)[-1]
    first = max(places(fields, rows), default=-1) + 1
    more = dict(fields)
    for number in range(first, min(first + _MORE[kind], 1000)):
        more |= {f"{rows}-{number}-{box}": "" for box in _BOXES[kind]}
        inner = {"methods": "fees", "groups": "papers"}.get(kind)
        if inner:
            more = add_rows(more, f"{rows}-{number}-{inner}")
    return more


def with_room(fields: Fields) -> Fields:
    """The fields with an empty row wherever one may be wanted."""
    for rows in ("methods", "groups"):
        if not places(fields, rows):
            fields = add_rows(fields, rows)
    for i in places(fields, "methods"):
        if not places(fields, f"methods-{i}-fees"):
            fields = add_rows(fields, f"methods-{i}-fees")
    return fields if places(fields, "laws") else add_rows(fields, "laws")


def _count(number: int | None) -> str:
    return "" if number is None else str(number)


def _day(day: dt.date | None) -> str:
    return day.isoformat() if day else ""
