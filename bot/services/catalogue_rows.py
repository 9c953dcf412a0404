"""The rows of the catalogue: one record written, with the revision that tells of it."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from dataclasses import dataclass, replace

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from bot.catalogue.facts import Changes, Facts, changes_between, facts_of
from bot.catalogue.plain import record_from_dict
from bot.catalogue.records import ProcedureRecord
from bot.database import utcnow
from bot.models.procedures import CatalogueVersion, Procedure, ProcedureRevision
from bot.services import working_days

ADDED, CHANGED, UNCHANGED = "added", "changed", "unchanged"
IMPORT, CREATE, EDIT, UNDO = "import", "create", "edit", "undo"
RETIRE, RESTORE, SCHEDULE = "retire", "restore", "schedule"
KINDS = (IMPORT, CREATE, EDIT, UNDO, RETIRE, RESTORE, SCHEDULE)


@dataclass(frozen=True)
class Author:
    """Who changes a procedure and how. `note`: the file, or what staff wrote about it."""

    kind: str = IMPORT
    staff_id: int | None = None
    note: str = ""
    day: dt.date | None = None  # from which the change holds; None: today


FROM_FILE = Author()


def locked(session: Session, code: str) -> Procedure | None:
    """The row with this code, held until the transaction ends."""
    row: Procedure | None = session.execute(
        select(Procedure)
        .where(Procedure.code == code)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).scalar_one_or_none()
    return row


def facts_in(row: Procedure) -> Facts:
    """What a row says, fact by fact."""
    return facts_of(record_from_dict(row.record), row.active)


def outcome_of(row: Procedure | None, record: ProcedureRecord, *, active: bool = True) -> str:
    """What writing `record` into `row` would come to."""
    if row is None:
        return ADDED
    if row.active == active and row.digest == record_digest(record.to_dict()):
        return UNCHANGED
    return CHANGED if facts_in(row) != facts_of(record, active) else UNCHANGED


def write(
    session: Session,
    row: Procedure | None,
    record: ProcedureRecord,
    *,
    active: bool = True,
    author: Author = FROM_FILE,
) -> str:
    """Put `record` into `row` (a new one when None), and a revision beside it; doesn't flush.

    Tells what came of it. What staff change is remembered in `edited`, so that an import asks.
    """
    outcome = outcome_of(row, record, active=active)
    if outcome == UNCHANGED:
        return outcome
    changes: Changes = {}
    if row is None:
        row = Procedure(code=record.code, edited=[], version=1)
        session.add(row)
    else:
        changes = changes_between(facts_in(row), facts_of(record, active))
        row.version += 1
    record = _dated(row, record, changes, author)
    _fill(row, record, active)
    session.add(
        ProcedureRevision(
            code=record.code,
            version=row.version,
            staff_id=author.staff_id,
            kind=author.kind,
            note=author.note[:200],
            changes=changes,
        )
    )
    return outcome


def _dated(
    row: Procedure, record: ProcedureRecord, changes: Changes, author: Author
) -> ProcedureRecord:
    if author.kind != IMPORT:
        row.edited = sorted({*row.edited, *changes})
        return replace(record, edited_on=author.day or working_days.today(utcnow()))
    row.edited = [key for key in row.edited if key not in changes]
    before = row.record.get("edited_on") if row.record and row.edited else None
    return replace(record, edited_on=dt.date.fromisoformat(before) if before else None)


def _fill(row: Procedure, record: ProcedureRecord, active: bool) -> None:
    plain = record.to_dict()
    row.name = record.name
    row.plain_name = record.plain_name
    row.sector = record.sector[:200]
    row.levels = ", ".join(record.levels)[:200]
    row.ministry = record.ministry[:80]
    row.decision_number = record.decision_number[:120]
    row.source = record.source[:200]
    row.crawl_date = record.crawl_date
    row.effective_from = record.effective_from
    row.effective_to = record.effective_to
    row.active = active
    row.record = plain
    row.digest = record_digest(plain)
    row.updated_at = utcnow()


def record_digest(plain: dict[str, object]) -> str:
    """SHA-256 over the canonical JSON of a record."""
    text = json.dumps(plain, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def version(session: Session) -> int:
    """A number that grows with every change of the catalogue; 0 before the first."""
    return (
        session.execute(
            select(CatalogueVersion.version).where(CatalogueVersion.id == 1)
        ).scalar_one_or_none()
        or 0
    )


def bump(session: Session) -> None:
    """Tell every process that the catalogue changed."""
    changed = session.execute(
        update(CatalogueVersion)
        .where(CatalogueVersion.id == 1)
        .values(version=CatalogueVersion.version + 1, changed_at=utcnow())
        .execution_options(synchronize_session=False)
    )
    if changed.rowcount == 0:
        session.add(CatalogueVersion(id=1, version=1))
        session.flush()
