"""Changes that hold from a day on: kept, put over the record by the date, written down later.

Reading a procedure looks at the day, so that a change holds from midnight in Vietnam whatever
process was down that night. `settle` then writes it into the row, as a revision of its own.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from bot.catalogue.facts import ACTIVE, Changes, facts_of, put, record_of
from bot.catalogue.plain import record_from_dict
from bot.catalogue.records import ProcedureRecord
from bot.database import utcnow
from bot.errors import EditRefused
from bot.models.procedures import Procedure, ScheduledChange
from bot.models.staff import Staff
from bot.services import audit, working_days
from bot.services.catalogue_rows import SCHEDULE, UNCHANGED, Author, bump, locked, version, write

WAITING, APPLIED, CANCELLED = "waiting", "applied", "cancelled"
SOON = 30  # days: what changes within them is told with the answer of today
Stamp = tuple[int, int, int]


@dataclass(frozen=True)
class Planned:
    """A change that waits for its day."""

    id: int
    effective_on: dt.date
    changes: Changes = field(hash=False)
    staff_name: str
    created_at: dt.datetime
    note: str


@dataclass(frozen=True)
class Upcoming:
    """How a procedure will be from a day on; `active` False: it is retired then."""

    effective_on: dt.date
    record: ProcedureRecord
    active: bool


def today_here() -> dt.date:
    """The date in Vietnam now."""
    return working_days.today(utcnow())


def stamp(session: Session, today: dt.date) -> Stamp:
    """Changes whenever what `all_active` reads does: by a write, or by a day that has come."""
    due = session.execute(
        select(func.count(), func.coalesce(func.max(ScheduledChange.id), 0)).where(*_due(today))
    ).one()
    return version(session), due[0], due[1]


def due_changes(
    session: Session, today: dt.date, code: str | None = None
) -> dict[str, list[Changes]]:
    """By code, the changes whose day has come and that are not written into their row yet."""
    query = select(ScheduledChange.code, ScheduledChange.changes).where(*_due(today))
    if code is not None:
        query = query.where(ScheduledChange.code == code)
    found: dict[str, list[Changes]] = {}
    ordered = query.order_by(ScheduledChange.effective_on, ScheduledChange.id)
    for whose, changes in session.execute(ordered):
        found.setdefault(whose, []).append(changes)
    return found


def over(
    record: ProcedureRecord, active: bool, changes: list[Changes]
) -> tuple[ProcedureRecord, bool]:
    """The record and whether it is in use, once the changes hold."""
    if not changes:
        return record, active
    facts = facts_of(record, active)
    for one in changes:
        facts = put(facts, one)
    return record_of(facts, record), bool(facts[ACTIVE])


def add(
    session: Session, author: Author, code: str, day: dt.date, changes: Changes
) -> ScheduledChange:
    """Keep a change for `day`; EditRefused when another waits for that day on the same fact."""
    for other in planned(session, code):
        same = sorted(set(other.changes) & set(changes))
        if other.effective_on == day and same:
            raise EditRefused(
                f"Ngày {day:%d/%m/%Y} đã có một thay đổi hẹn trước cho cùng mục này (do"
                f" {other.staff_name or 'hệ thống'} đặt). Mời anh/chị huỷ thay đổi đó trước, hoặc"
                " chọn ngày khác.",
                field="effective_on",
            )
    row = ScheduledChange(
        code=code,
        effective_on=day,
        changes=changes,
        staff_id=author.staff_id,
        note=author.note[:200],
        state=WAITING,
    )
    session.add(row)
    detail = {"from": day.isoformat(), "fields": sorted(changes)}
    audit.record(session, author.staff_id, "procedure_scheduled", "procedure", code, detail)
    session.flush()
    return row


def planned(session: Session, code: str) -> list[Planned]:
    """What waits for its day, the nearest first."""
    rows = session.execute(
        select(ScheduledChange, func.coalesce(Staff.name, ""))
        .outerjoin(Staff, Staff.id == ScheduledChange.staff_id)
        .where(ScheduledChange.code == code, ScheduledChange.state == WAITING)
        .order_by(ScheduledChange.effective_on, ScheduledChange.id)
    )
    return [
        Planned(row.id, row.effective_on, row.changes, name, row.created_at, row.note)
        for row, name in rows
    ]


def cancel(session: Session, staff_id: int, code: str, change_id: int, today: dt.date) -> bool:
    """Take back a change before its day; False when it is too late or there is none."""
    done = session.execute(
        update(ScheduledChange)
        .where(
            ScheduledChange.id == change_id,
            ScheduledChange.code == code,
            ScheduledChange.state == WAITING,
            ScheduledChange.effective_on > today,
        )
        .values(state=CANCELLED, settled_at=utcnow(), settled_by=staff_id)
        .execution_options(synchronize_session=False)
    )
    if done.rowcount:
        audit.record(session, staff_id, "schedule_cancelled", "procedure", code, {"id": change_id})
    return bool(done.rowcount)


def upcoming(session: Session, code: str, today: dt.date, days: int = SOON) -> tuple[Upcoming, ...]:
    """How the procedure will be within so many days, change after change."""
    row = session.execute(
        select(Procedure.record, Procedure.active).where(Procedure.code == code)
    ).one_or_none()
    rows = [p for p in planned(session, code) if p.effective_on <= today + dt.timedelta(days=days)]
    if row is None or not rows:
        return ()
    record, active = record_from_dict(row[0]), row[1]
    found = []
    for change in rows:
        record, active = over(record, active, [change.changes])
        if change.effective_on > today:
            found.append(Upcoming(change.effective_on, record, active))
    return tuple(found)


def settle(session: Session, today: dt.date, code: str | None = None) -> int:
    """Write down the changes whose day has come, of one procedure or of all; tells how many.

    Whoever writes a procedure calls it first: a change of 1 January must not undo one of the 5th.
    """
    settled = 0
    for whose in due_changes(session, today, code):
        row = locked(session, whose)
        waiting = session.execute(
            select(ScheduledChange)
            .where(*_due(today), ScheduledChange.code == whose)
            .order_by(ScheduledChange.effective_on, ScheduledChange.id)
            .execution_options(populate_existing=True)
        ).scalars()
        for change in waiting.all():
            if row is not None:
                _write_down(session, row, change)
            change.state, change.settled_at = APPLIED, utcnow()
            session.flush()
            settled += 1
    if settled:
        bump(session)
    return settled


def _write_down(session: Session, row: Procedure, change: ScheduledChange) -> None:
    record, active = over(record_from_dict(row.record), row.active, [change.changes])
    note = f"Hẹn từ ngày {change.effective_on:%d/%m/%Y}. {change.note}".strip()
    author = Author(SCHEDULE, change.staff_id, note, change.effective_on)
    if write(session, row, record, active=active, author=author) != UNCHANGED:
        audit.record(session, None, "schedule_applied", "procedure", row.code, {"id": change.id})


def _due(today: dt.date) -> tuple[object, ...]:
    return ScheduledChange.state == WAITING, ScheduledChange.effective_on <= today
