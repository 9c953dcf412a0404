"""What was changed in the catalogue, by whom and when, and how it was before."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot.catalogue.facts import Changes, Facts, take_back
from bot.errors import EditRefused
from bot.models.procedures import Procedure, ProcedureRevision
from bot.models.staff import Staff
from bot.services.catalogue_rows import IMPORT, UNDO, facts_in
from bot.services.pages import PAGE_SIZE, Page

__all__ = ["UNDO", "Revision", "facts_at", "history", "recent", "undone"]


@dataclass(frozen=True)
class Revision:
    """One change. `staff_name` is "" when nobody was signed in; `changes` empty: it was added."""

    code: str
    name: str
    version: int
    at: dt.datetime
    staff_name: str
    kind: str
    note: str
    changes: Changes = field(hash=False)


def history(session: Session, code: str, page: int) -> Page[Revision]:
    """The changes of one procedure, newest first."""
    return _page(session, (ProcedureRevision.code == code,), page)


def recent(session: Session, page: int, *, files: bool = False) -> Page[Revision]:
    """The last changes of all procedures, newest first; those of files only with `files`."""
    return _page(session, () if files else (ProcedureRevision.kind != IMPORT,), page)


def _page(session: Session, where: tuple[object, ...], page: int) -> Page[Revision]:
    total = session.execute(
        select(func.count()).select_from(ProcedureRevision).where(*where)
    ).scalar_one()
    rows = session.execute(
        select(
            ProcedureRevision.code,
            func.coalesce(Procedure.name, ""),
            ProcedureRevision.version,
            ProcedureRevision.at,
            func.coalesce(Staff.name, ""),
            ProcedureRevision.kind,
            ProcedureRevision.note,
            ProcedureRevision.changes,
        )
        .outerjoin(Procedure, Procedure.code == ProcedureRevision.code)
        .outerjoin(Staff, Staff.id == ProcedureRevision.staff_id)
        .where(*where)
        .order_by(ProcedureRevision.id.desc())
        .offset((page - 1) * PAGE_SIZE)
        .limit(PAGE_SIZE)
    )
    return Page(tuple(Revision(*row) for row in rows), page, total)


def facts_at(session: Session, row: Procedure, version: int) -> Facts:
    """What the row said when this revision was its newest."""
    facts = facts_in(row)
    later = session.execute(
        select(ProcedureRevision.changes)
        .where(ProcedureRevision.code == row.code, ProcedureRevision.version > version)
        .order_by(ProcedureRevision.version.desc())
    ).scalars()
    for changes in later:
        facts = take_back(facts, changes)
    return facts


def undone(session: Session, row: Procedure, version: int) -> tuple[Facts, Changes]:
    """What the row would say without one revision, and what that revision had changed.

    EditRefused when a later revision changed one of its facts, or there is nothing to take back.
    """
    rows = session.execute(
        select(ProcedureRevision)
        .where(ProcedureRevision.code == row.code, ProcedureRevision.version >= version)
        .order_by(ProcedureRevision.version)
    ).scalars()
    found = rows.all()
    if not found or found[0].version != version or not found[0].changes:
        raise EditRefused("Lần sửa này không có gì để hoàn tác. Mời anh/chị tải lại trang.")
    changes: Changes = found[0].changes
    now = facts_in(row)
    for later in reversed(found[1:]):
        if any(key in changes and now.get(key) != changes[key][1] for key in later.changes):
            raise EditRefused(
                f"Chưa hoàn tác được: lần sửa {later.version} sau đó đã đổi cùng mục này, hoàn tác"
                " sẽ làm mất sửa đổi ấy. Mời anh/chị xem lần sửa đó trước.",
                version=later.version,
            )
    return take_back(now, changes), changes
