"""Staff change a procedure: save, plan for a day, add, retire, restore. Nothing is overwritten."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from bot.catalogue.facts import ACTIVE, Changes, changes_between, facts_of, pick, put, record_of
from bot.catalogue.plain import record_from_dict
from bot.catalogue.records import ProcedureRecord
from bot.errors import EditRefused
from bot.models.procedures import Procedure
from bot.services import audit, revisions, schedules
from bot.services.catalogue_rows import (
    CREATE,
    EDIT,
    RESTORE,
    RETIRE,
    UNCHANGED,
    Author,
    bump,
    facts_in,
    locked,
    write,
)

GONE = "Thủ tục này không còn trong danh mục. Mời anh/chị quay lại danh mục và tìm lại."


@dataclass(frozen=True)
class Opened:
    """A procedure as a form shows it; `version` comes back with the form."""

    record: ProcedureRecord
    active: bool
    version: int


@dataclass(frozen=True)
class Edit:
    """What somebody hands in. `version`: what the form was filled from.

    `keep_theirs`: the facts for which they chose what is stored. `day`: from which it holds.
    """

    record: ProcedureRecord
    version: int
    keep_theirs: frozenset[str] = frozenset()
    day: dt.date | None = None
    note: str = ""


@dataclass(frozen=True)
class Difference:
    """One fact: as the form began, as it is stored now, and as the form has it."""

    fact: str
    before: Any = field(hash=False)
    theirs: Any = field(hash=False)
    mine: Any = field(hash=False)

    @property
    def both(self) -> bool:
        """Whether both changed it, and differently: somebody must choose."""
        return self.theirs != self.before and self.mine not in (self.before, self.theirs)


@dataclass(frozen=True)
class Saved:
    """What became of an edit: "unchanged", "changed" or "planned"; or the collision it met."""

    outcome: str
    differences: tuple[Difference, ...] = ()
    merged: ProcedureRecord | None = None  # both edits together, the form's own where both differ
    version: int = 0  # that `merged` stands on


COLLIDED, PLANNED = "collided", "planned"


def opened(session: Session, code: str) -> Opened | None:
    """The procedure to edit, as it is today; None when there is none."""
    row = session.execute(select(Procedure).where(Procedure.code == code)).scalar_one_or_none()
    if row is None:
        return None
    due = schedules.due_changes(session, schedules.today_here(), code).get(code, [])
    record, active = schedules.over(record_from_dict(row.record), row.active, due)
    return Opened(record, active, row.version)


def base_of(session: Session, code: str, version: int) -> Opened | None:
    """The procedure as a form was filled from it."""
    row = session.execute(select(Procedure).where(Procedure.code == code)).scalar_one_or_none()
    if row is None:
        return None
    if row.version == version:
        return opened(session, code)
    facts = revisions.facts_at(session, row, version)
    return Opened(record_of(facts, record_from_dict(row.record)), bool(facts[ACTIVE]), version)


def save(session: Session, staff_id: int, code: str, edit: Edit) -> Saved:
    """Write what the form changed, now or for its day, unless somebody else was there first.

    Raises EditRefused where a plan is in the way. Flushes.
    """
    base = base_of(session, code, edit.version)
    if base is None:
        raise EditRefused(GONE)
    schedules.settle(session, schedules.today_here(), code)
    row = _row(session, code)
    stored = facts_in(row)
    before = facts_of(base.record, base.active)
    handed_in = facts_of(edit.record, base.active)
    mine = changes_between(before, pick(handed_in, before, edit.keep_theirs))
    if row.version != edit.version and stored != before:
        return _collision(row, before, stored, mine)
    if not mine:
        return Saved(UNCHANGED)
    author = Author(EDIT, staff_id, edit.note)
    if edit.day is not None:
        schedules.add(session, author, code, edit.day, mine)
        return Saved(PLANNED)
    record = record_of(put(stored, mine), record_from_dict(row.record))
    outcome = _write(session, row, record, row.active, author, "procedure_edited", mine)
    return Saved(outcome)


def _collision(
    row: Procedure, before: dict[str, Any], stored: dict[str, Any], mine: Changes
) -> Saved:
    theirs = changes_between(before, stored)
    differences = tuple(
        Difference(
            key, before.get(key), stored.get(key), mine[key][1] if key in mine else before.get(key)
        )
        for key in dict.fromkeys((*theirs, *mine))
    )
    merged = record_of(put(stored, mine), record_from_dict(row.record))
    return Saved(COLLIDED, differences, merged, row.version)


def create(session: Session, staff_id: int, record: ProcedureRecord) -> None:
    """Add a procedure; EditRefused when its code is taken. Flushes."""
    taken = EditRefused(
        f"Mã {record.code} đã có trong danh mục. "
        "Mời anh/chị mở thủ tục đó để sửa, hoặc ghi mã khác.",
        field="code",
    )
    if locked(session, record.code) is not None:
        raise taken
    try:
        with session.begin_nested():
            write(session, None, record, author=Author(CREATE, staff_id))
            session.flush()
    except IntegrityError:
        raise taken from None
    bump(session)
    audit.record(session, staff_id, "procedure_created", "procedure", record.code)


def retire(
    session: Session, staff_id: int, code: str, replaced_by: str, day: dt.date | None, note: str
) -> str:
    """Take a procedure out of use, now or from a day on, with the one that serves instead.

    `replaced_by` "" when nothing does. Returns "changed" or "planned"; EditRefused with the reason.
    """
    schedules.settle(session, schedules.today_here(), code)
    row = _row(session, code)
    if not row.active:
        raise EditRefused("Thủ tục này đã ngừng rồi. Mời anh/chị tải lại trang.")
    check_replacement(session, code, replaced_by)
    record = record_from_dict(row.record)
    author = Author(RETIRE, staff_id, note)
    after = replace(record, replaced_by=replaced_by)
    changes = changes_between(facts_of(record), facts_of(after, active=False))
    if day is not None:
        schedules.add(session, author, code, day, changes)
        return PLANNED
    return _write(session, row, after, False, author, "procedure_retired", changes)


def restore(session: Session, staff_id: int, code: str) -> str:
    """Put a retired procedure back into use; "unchanged" when it is in use."""
    schedules.settle(session, schedules.today_here(), code)
    row = _row(session, code)
    record = record_from_dict(row.record)
    after = replace(record, replaced_by="") if not row.active else record
    changes = changes_between(facts_of(record, row.active), facts_of(after))
    author = Author(RESTORE, staff_id)
    return _write(session, row, after, True, author, "procedure_restored", changes)


def undo(session: Session, staff_id: int, code: str, version: int) -> str:
    """Put back what one revision changed, as a revision of its own.

    EditRefused, with the later revision's number, when somebody changed the same fact after it.
    """
    schedules.settle(session, schedules.today_here(), code)
    row = _row(session, code)
    facts, changes = revisions.undone(session, row, version)
    record = record_of(facts, record_from_dict(row.record))
    if row.active and not facts[ACTIVE]:
        check_replacement(session, code, record.replaced_by)
    author = Author(revisions.UNDO, staff_id, f"Hoàn tác lần sửa {version}")
    active = bool(facts[ACTIVE])
    return _write(session, row, record, active, author, "procedure_undone", changes)


def check_replacement(session: Session, code: str, replaced_by: str) -> None:
    """EditRefused when `replaced_by` cannot serve instead of `code`; "" is always right."""
    if not replaced_by:
        return
    if replaced_by == code:
        raise EditRefused("Một thủ tục không thể thay cho chính nó.", field="replaced_by")
    found = opened(session, replaced_by)
    if found is None:
        raise EditRefused(
            f"Không có thủ tục nào mang mã {replaced_by}. Mời anh/chị kiểm tra lại mã.",
            field="replaced_by",
        )
    plans = schedules.planned(session, replaced_by)
    leads_back = found.record.replaced_by == code or any(
        plan.changes.get("replaced_by", [None, None])[1] == code for plan in plans
    )
    if leads_back:
        raise EditRefused(
            f"Thủ tục {replaced_by} lại được thay bằng {code}: hai thủ tục sẽ thay vòng cho nhau."
            " Mời anh/chị chọn thủ tục khác.",
            field="replaced_by",
        )
    if not found.active:
        raise EditRefused(
            f"Thủ tục {replaced_by} cũng đã ngừng. Mời anh/chị chọn thủ tục đang dùng.",
            field="replaced_by",
        )


def _row(session: Session, code: str) -> Procedure:
    row = locked(session, code)
    if row is None:
        raise EditRefused(GONE)
    return row


def _write(
    session: Session,
    row: Procedure,
    record: ProcedureRecord,
    active: bool,
    author: Author,
    action: str,
    changes: Changes,
) -> str:
    outcome = write(session, row, record, active=active, author=author)
    if outcome != UNCHANGED:
        detail = {"version": row.version, "fields": sorted(changes)}
        audit.record(session, author.staff_id, action, "procedure", row.code, detail)
        bump(session)
    session.flush()
    return outcome
