"""Which procedures citizens ask about, and which department owns them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot.catalogue.plain import record_from_dict
from bot.models.conversations import Message
from bot.models.procedures import Procedure
from bot.services.analytics.clock import week_number
from bot.services.analytics.scope import ANSWERED, FIRST_PROCEDURE, Scope
from bot.services.desk_owners import owner_of

Counts = dict[str, int]


def departments(session: Session) -> dict[str, str]:
    """The code of the department (or the centre) that owns each procedure, by procedure code."""
    rows = session.execute(select(Procedure.code, Procedure.record))
    return {code: owner_of(record_from_dict(record)).code for code, record in rows}


def names(session: Session, codes: Iterable[str]) -> dict[str, str]:
    """The names of these procedures; a code that the catalogue has lost is not in it."""
    wanted = set(codes)
    rows = session.execute(select(Procedure.code, Procedure.name).where(Procedure.code.in_(wanted)))
    return {row.code: row.name for row in rows}


def answered(session: Session, scope: Scope) -> Counts:
    """TOP PROCEDURES: answered turns of the period by the procedure that they were about."""
    rows = session.execute(_answered(scope, FIRST_PROCEDURE).group_by("code"))
    return {code: int(number) for code, number in rows if code}


def by_week(session: Session, scope: Scope) -> dict[int, Counts]:
    """The same for each week of the period."""
    week = week_number(Message.created_at, scope.period.monday).label("week")
    rows = session.execute(_answered(scope, FIRST_PROCEDURE, week).group_by("code", "week"))
    return _parts(rows)


def by_commune(session: Session, scope: Scope) -> dict[str, Counts]:
    """The same for each commune; "" where the citizen's is not known."""
    commune = Message.commune.label("commune")
    rows = session.execute(_answered(scope, FIRST_PROCEDURE, commune).group_by("code", "commune"))
    return _parts(rows)


def by_department(counts: Counts, owners: Mapping[str, str]) -> dict[str, Counts]:
    """The same by the department that owns the procedure today; "" where the catalogue lost it."""
    found: dict[str, Counts] = {}
    for code, number in counts.items():
        found.setdefault(owners.get(code, ""), {})[code] = number
    return found


def ranked(counts: Counts) -> list[tuple[str, int]]:
    """The most frequent first; equal ones by code, so that the order is the same each time."""
    return sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))


def _answered(scope: Scope, code: Any, *more: Any) -> Any:
    columns = (code.label("code"), func.count(), *more)
    return select(*columns).where(scope.turns(), Message.outcome == ANSWERED)


def _parts(rows: Any) -> dict[Any, Counts]:
    found: dict[Any, Counts] = {}
    for code, number, part in rows:
        if code:
            found.setdefault(part, {})[code] = int(number)
    return found
