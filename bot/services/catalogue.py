"""The catalogue in the database: read one, read all, write one, import files, and its version."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.catalogue.plain import record_from_dict
from bot.catalogue.records import ProcedureRecord
from bot.models.procedures import Procedure
from bot.services import schedules
from bot.services.catalogue_imports import import_files
from bot.services.catalogue_rows import (
    ADDED,
    CHANGED,
    UNCHANGED,
    bump,
    locked,
    version,
    write,
)
from bot.services.schedules import Stamp, stamp

__all__ = [
    "ADDED",
    "CHANGED",
    "UNCHANGED",
    "Retired",
    "Stamp",
    "all_active",
    "every",
    "get",
    "import_files",
    "known",
    "retired",
    "stamp",
    "upsert",
    "version",
]


@dataclass(frozen=True)
class Retired:
    """A procedure that is no longer in use, and the one that serves instead (None: none)."""

    record: ProcedureRecord
    instead: ProcedureRecord | None


def get(session: Session, code: str, today: dt.date | None = None) -> ProcedureRecord | None:
    """The active record with this code as it is on a day (today in Vietnam), or None."""
    found = _on(session, code, today or schedules.today_here())
    return found[0] if found and found[1] else None


def retired(session: Session, code: str, today: dt.date | None = None) -> Retired | None:
    """The record when it is retired, with what replaces it in the end; None in all other cases."""
    day = today or schedules.today_here()
    found = _on(session, code, day)
    if found is None or found[1]:
        return None
    seen, instead = {code}, found[0]
    while instead.replaced_by and instead.replaced_by not in seen:
        seen.add(instead.replaced_by)
        following = _on(session, instead.replaced_by, day)
        if following is None:
            break
        if following[1]:
            return Retired(found[0], following[0])
        instead = following[0]
    return Retired(found[0], None)


def known(session: Session, code: str) -> bool:
    """Whether there is a procedure with this code, in use or retired."""
    found = session.execute(select(Procedure.id).where(Procedure.code == code)).first()
    return found is not None


def all_active(session: Session, today: dt.date | None = None) -> list[ProcedureRecord]:
    """Every active record as it is on a day (today in Vietnam), by code."""
    return [record for record, active in every(session, today) if active]


def every(session: Session, today: dt.date | None = None) -> Iterator[tuple[ProcedureRecord, bool]]:
    """Every record as it is on a day, by code, and whether it is in use."""
    due = schedules.due_changes(session, today or schedules.today_here())
    rows = session.execute(
        select(Procedure.code, Procedure.record, Procedure.active).order_by(Procedure.code)
    )
    for code, plain, active in rows:
        yield schedules.over(record_from_dict(plain), active, due.get(code, []))


def _on(session: Session, code: str, day: dt.date) -> tuple[ProcedureRecord, bool] | None:
    row = session.execute(
        select(Procedure.record, Procedure.active).where(Procedure.code == code)
    ).one_or_none()
    if row is None:
        return None
    due = schedules.due_changes(session, day, code)
    return schedules.over(record_from_dict(row[0]), row[1], due.get(code, []))


def upsert(session: Session, record: ProcedureRecord) -> str:
    """Write one record as a file would; returns "added", "changed" or "unchanged". Flushes."""
    outcome = write(session, locked(session, record.code), record)
    if outcome != UNCHANGED:
        bump(session)
    session.flush()
    return outcome
