"""The catalogue in the database: read one, read all, write one, and its version."""

from __future__ import annotations

import hashlib
import json

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from bot.catalogue.records import ProcedureRecord
from bot.database import utcnow
from bot.models.procedures import CatalogueVersion, Procedure

ADDED, CHANGED, UNCHANGED = "added", "changed", "unchanged"


def get(session: Session, code: str) -> ProcedureRecord | None:
    """The active record with this code, or None."""
    found = session.execute(
        select(Procedure.record).where(Procedure.code == code, Procedure.active.is_(True))
    ).scalar_one_or_none()
    return None if found is None else ProcedureRecord.from_dict(found)


def all_active(session: Session) -> list[ProcedureRecord]:
    """Every active record, by code."""
    rows = session.execute(
        select(Procedure.record).where(Procedure.active.is_(True)).order_by(Procedure.code)
    ).scalars()
    return [ProcedureRecord.from_dict(row) for row in rows]


def version(session: Session) -> int:
    """A number that grows with every change of the catalogue; 0 before the first."""
    return (
        session.execute(
            select(CatalogueVersion.version).where(CatalogueVersion.id == 1)
        ).scalar_one_or_none()
        or 0
    )


def upsert(session: Session, record: ProcedureRecord) -> str:
    """Write one record as it is; returns "added", "changed" or "unchanged". Flushes."""
    row = session.execute(
        select(Procedure).where(Procedure.code == record.code)
    ).scalar_one_or_none()
    outcome = write(session, row, record)
    if outcome != UNCHANGED:
        bump(session)
    session.flush()
    return outcome


def write(session: Session, row: Procedure | None, record: ProcedureRecord) -> str:
    """Put `record` into `row` (a new one when None) without flushing; tells what came of it."""
    plain = record.to_dict()
    digest = record_digest(plain)
    if row is not None and row.digest == digest and row.active:
        return UNCHANGED
    outcome = ADDED if row is None else CHANGED
    if row is None:
        row = Procedure(code=record.code)
        session.add(row)
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
    row.active = True
    row.record = plain
    row.digest = digest
    row.updated_at = utcnow()
    return outcome


def record_digest(plain: dict[str, object]) -> str:
    """SHA-256 over the canonical JSON of a record."""
    text = json.dumps(plain, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


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
