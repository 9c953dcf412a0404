"""The catalogue as staff look at it: found by code or words, one by one, and its gaps."""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.catalogue.plain import record_from_dict
from bot.catalogue.records import ProcedureRecord
from bot.models.procedures import Procedure
from bot.services import schedules
from bot.services.pages import Page, cut
from nlu.text import fold

# What a citizen asks for, and where a record keeps what could not be parsed of it.
GAPS: dict[str, tuple[str, ...]] = {
    "time": ("methods", "times"),
    "fee": ("methods", "fees"),
    "documents": ("documents",),
    "plain_name": (),
}


@dataclass(frozen=True)
class Listed:
    """A procedure in a list."""

    code: str
    name: str
    plain_name: str
    sector: str
    active: bool
    source: str
    crawl_date: dt.date


@dataclass(frozen=True)
class Kept:
    """A procedure with how it is kept; an inactive one is answered to nobody."""

    record: ProcedureRecord
    active: bool
    updated_at: dt.datetime


@dataclass(frozen=True)
class Gap:
    """A procedure that lacks something. `raw`: the source's words are there, only not parsed."""

    code: str
    name: str
    raw: bool


@dataclass(frozen=True)
class Coverage:
    """Of `total` active procedures, which lack what, by the names of GAPS."""

    total: int
    missing: Mapping[str, tuple[Gap, ...]] = field(hash=False)


def find(session: Session, words: str, page: int) -> Page[Listed]:
    """Procedures whose code, name, plain name or sector hold every word, marks or none, by code."""
    wanted = _folded(words).split()
    rows = session.execute(
        select(
            Procedure.code,
            Procedure.name,
            Procedure.plain_name,
            Procedure.sector,
            Procedure.active,
            Procedure.source,
            Procedure.crawl_date,
        ).order_by(Procedure.code)
    )
    found = []
    for row in rows:
        text = f"{row.code} {row.name} {row.plain_name} {row.sector}"
        if not wanted or all(word in _folded(text) for word in wanted):
            found.append(Listed(*row))
    exact = words.strip().casefold()
    found.sort(key=lambda listed: listed.code.casefold() != exact)
    return cut(found, page)


def kept(session: Session, code: str) -> Kept | None:
    """One procedure as it is today, active or not; None when there is none with this code."""
    row = session.execute(
        select(Procedure.record, Procedure.active, Procedure.updated_at).where(
            Procedure.code == code
        )
    ).first()
    if row is None:
        return None
    due = schedules.due_changes(session, schedules.today_here(), code)
    record, active = schedules.over(record_from_dict(row[0]), row[1], due.get(code, []))
    return Kept(record, active, row[2])


def coverage(session: Session) -> Coverage:
    """What the active procedures lack. Reads every record: keep it by the catalogue's version."""
    missing: dict[str, list[Gap]] = {name: [] for name in GAPS}
    total = 0
    rows = session.execute(
        select(Procedure.code, Procedure.name, Procedure.plain_name, Procedure.record)
        .where(Procedure.active.is_(True))
        .order_by(Procedure.code)
        .execution_options(yield_per=200)
    )
    for code, name, plain_name, record in rows:
        total += 1
        for gap, there in _parts(record, plain_name).items():
            if not there:
                raw = any(part in (record.get("raw") or {}) for part in GAPS[gap])
                missing[gap].append(Gap(code, name, raw))
    return Coverage(total, {name: tuple(gaps) for name, gaps in missing.items()})


def _parts(record: Mapping[str, Any], plain_name: str) -> dict[str, bool]:
    # Straight from the JSON: typed records of a whole catalogue would take seconds to build.
    methods = record.get("methods") or ()
    return {
        "time": any(m.get("days") is not None or m.get("time_text") for m in methods),
        "fee": any(m.get("fees") for m in methods),
        "documents": bool(record.get("document_groups")),
        "plain_name": bool(plain_name),
    }


@functools.lru_cache(maxsize=20_000)
def _folded(text: str) -> str:
    return fold(text)
