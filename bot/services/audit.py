"""The audit trail: written in the transaction of the act it tells of, read page by page."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot.models.audit import AuditEntry
from bot.models.staff import Staff
from bot.services.pages import PAGE_SIZE, Page
from bot.services.rows import insert_once

NOTHING: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True)
class Entry:
    """One line of the trail, with the name of who did it ("" when nobody was signed in)."""

    at: dt.datetime
    staff_name: str
    action: str
    subject_type: str
    subject_id: str
    detail: Mapping[str, Any] = field(hash=False)


def record(
    session: Session,
    staff_id: int | None,
    action: str,
    subject_type: str = "",
    subject_id: int | str = "",
    detail: Mapping[str, Any] = NOTHING,
    *,
    once: str | None = None,
) -> bool:
    """Add one entry; False when an entry with the same `once` is there already."""
    values = {
        "staff_id": staff_id,
        "action": action,
        "subject_type": subject_type,
        "subject_id": str(subject_id)[:60],
        "detail": dict(detail),
        "once_key": once,
    }
    return insert_once(session, AuditEntry, values)


def entries(session: Session, page: int) -> Page[Entry]:
    """One page of the trail, newest first."""
    total = session.execute(select(func.count()).select_from(AuditEntry)).scalar_one()
    rows = session.execute(
        select(
            AuditEntry.at,
            func.coalesce(Staff.name, ""),
            AuditEntry.action,
            AuditEntry.subject_type,
            AuditEntry.subject_id,
            AuditEntry.detail,
        )
        .outerjoin(Staff, Staff.id == AuditEntry.staff_id)
        .order_by(AuditEntry.id.desc())
        .offset((page - 1) * PAGE_SIZE)
        .limit(PAGE_SIZE)
    )
    return Page(tuple(Entry(*row) for row in rows), page, total)
