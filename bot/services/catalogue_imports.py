"""Files become part of the catalogue; what staff changed by hand is kept unless they say so."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.catalogue.facts import ACTIVE, facts_of, pick, record_of
from bot.catalogue.files import Item, read_file
from bot.catalogue.merge import is_older, merge
from bot.catalogue.plain import record_from_dict
from bot.catalogue.records import ProcedureRecord
from bot.catalogue.report import ImportReport, Overwrite, Rejected, count_parts
from bot.models.procedures import Procedure
from bot.services import schedules
from bot.services.catalogue_rows import (
    ADDED,
    CHANGED,
    IMPORT,
    UNCHANGED,
    Author,
    bump,
    outcome_of,
    write,
)

NO_CODE = "OID."  # begins the code of a record whose source gave none


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
    staff_id: int | None = None,
    overwrite: Collection[str] = (),
) -> ImportReport:
    """Read all files, then write all records; flushes, unless `dry_run`.

    Raises CatalogueError when any file as a whole is unusable: then nothing was written.
    `crawl_date` is for formats that carry none (default: the file's name or modification date).
    `overwrite` names the facts set by staff ("code|fact", Overwrite.key) that the file may change.
    """
    items = [item for path in paths for item in read_file(Path(path), crawl_date)]
    if not dry_run:
        schedules.settle(session, schedules.today_here())
    rows = {row.code: row for row in session.execute(select(Procedure)).scalars()}
    work = _Import(stored={c: record_from_dict(row.record) for c, row in rows.items()})
    for record in _with_codes(items, work.stored):
        work.take(record)
    author = Author(IMPORT, staff_id, ", ".join(Path(path).name for path in paths))
    outcomes: Counter[str] = Counter()
    asked: list[Overwrite] = []
    for record in work.records.values():
        row = rows.get(record.code)
        record, active, touched = _beside_staff(row, record, overwrite)
        asked += touched
        outcomes[
            outcome_of(row, record, active=active)
            if dry_run
            else write(session, row, record, active=active, author=author)
        ] += 1
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
        overwrites=tuple(asked),
    )


def _beside_staff(
    row: Procedure | None, record: ProcedureRecord, overwrite: Collection[str]
) -> tuple[ProcedureRecord, bool, list[Overwrite]]:
    """The record to write, whether it is in use, and where the file differs from staff's edits."""
    if row is None or not row.edited:
        return record, True, []
    ours = facts_of(record_from_dict(row.record), row.active)
    theirs = facts_of(record)
    touched = [
        Overwrite(row.code, row.name, key, ours.get(key), theirs.get(key))
        for key in row.edited
        if ours.get(key) != theirs.get(key)
    ]
    kept = pick(theirs, ours, [one.fact for one in touched if one.key not in overwrite])
    return record_of(kept, record), bool(kept[ACTIVE]), touched


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
