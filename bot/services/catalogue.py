"""The catalogue in the database: read one, read all, write one, import files, and its version."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from bot.catalogue.files import Item, read_file
from bot.catalogue.merge import is_older, merge
from bot.catalogue.plain import record_from_dict
from bot.catalogue.records import ProcedureRecord
from bot.catalogue.report import ImportReport, Rejected, count_parts
from bot.database import utcnow
from bot.models.procedures import CatalogueVersion, Procedure

ADDED, CHANGED, UNCHANGED = "added", "changed", "unchanged"
NO_CODE = "OID."  # begins the code of a record whose source gave none


def get(session: Session, code: str) -> ProcedureRecord | None:
    """The active record with this code, or None."""
    found = session.execute(
        select(Procedure.record).where(Procedure.code == code, Procedure.active.is_(True))
    ).scalar_one_or_none()
    return None if found is None else record_from_dict(found)


def all_active(session: Session) -> list[ProcedureRecord]:
    """Every active record, by code."""
    rows = session.execute(
        select(Procedure.record).where(Procedure.active.is_(True)).order_by(Procedure.code)
    ).scalars()
    return [record_from_dict(row) for row in rows]


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


@dataclass
class _Import:
    """What one import has read so far, by code, in the order of the files."""

    records: dict[str, ProcedureRecord] = field(default_factory=dict)
    stored: dict[str, ProcedureRecord] = field(default_factory=dict)
    read: list[ProcedureRecord] = field(default_factory=list)
    older: list[str] = field(default_factory=list)
    duplicates: list[str] = field(default_factory=list)

    def take(self, record: ProcedureRecord) -> None:
        """Put one record over what is stored or was read before it."""
        self.read.append(record)
        before = self.records.get(record.code) or self.stored.get(record.code)
        if record.code in self.records:
            self.duplicates.append(record.code)
        if before is not None:
            if is_older(before, record):
                self.older.append(record.code)
            record = merge(before, record)
        self.records[record.code] = record


def import_files(
    session: Session,
    paths: Sequence[Path],
    *,
    dry_run: bool = False,
    crawl_date: dt.date | None = None,
) -> ImportReport:
    """Read all files, then write all records; flushes, unless `dry_run`.

    Raises CatalogueError when any file as a whole is unusable: then nothing was written.
    `crawl_date` is for formats that carry none (default: the file's name or modification date).
    """
    items = [item for path in paths for item in read_file(Path(path), crawl_date)]
    rows = {row.code: row for row in session.execute(select(Procedure)).scalars()}
    work = _Import(stored={c: record_from_dict(row.record) for c, row in rows.items()})
    for record in _with_codes(items, work.stored):
        work.take(record)
    outcomes = Counter(
        _outcome(rows.get(record.code), record)
        if dry_run
        else write(session, rows.get(record.code), record)
        for record in work.records.values()
    )
    if not dry_run and (outcomes[ADDED] or outcomes[CHANGED]):
        bump(session)
        session.flush()
    return ImportReport(
        read=len(items),
        added=outcomes[ADDED],
        changed=outcomes[CHANGED],
        unchanged=outcomes[UNCHANGED],
        older=tuple(work.older),
        duplicates=tuple(work.duplicates),
        rejected=tuple(Rejected(i.where, i.code, i.reason) for i in items if i.record is None),
        parts=count_parts(work.read),
        crawl_dates=tuple(sorted({record.crawl_date for record in work.read})),
        dry_run=dry_run,
    )


def _outcome(row: Procedure | None, record: ProcedureRecord) -> str:
    if row is None:
        return ADDED
    same = row.active and row.digest == record_digest(record.to_dict())
    return UNCHANGED if same else CHANGED


def _with_codes(items: Sequence[Item], stored: dict[str, ProcedureRecord]) -> list[ProcedureRecord]:
    """The records; one without a code of its own takes that of the only procedure so named."""
    records = [item.record for item in items if item.record is not None]
    named: dict[str, set[str]] = {}
    for record in [*stored.values(), *records]:
        if not record.code.startswith(NO_CODE):
            named.setdefault(_name_key(record.name), set()).add(record.code)
    found = []
    for record in records:
        codes = named.get(_name_key(record.name), set())
        if record.code.startswith(NO_CODE) and len(codes) == 1:
            record = replace(record, code=next(iter(codes)))
        found.append(record)
    return found


def _name_key(name: str) -> str:
    return " ".join(name.casefold().split())
