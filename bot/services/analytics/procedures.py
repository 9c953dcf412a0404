"""Which procedures citizens ask about, and which department owns them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

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


@dataclass(frozen=True)
class Answered:
    """TOP PROCEDURES: answered turns of the period by the procedure that they were about."""

    whole: Counts
    weekly: dict[int, Counts]  # by the number of the week in the period
    local: dict[str, Counts]  # by commune; "" where the citizen's is not known


def answered(session: Session, scope: Scope) -> Answered:
    """The answered turns of the period: in all, by week and by commune."""
    week = week_number(Message.created_at, scope.period.monday).label("week")
    code = FIRST_PROCEDURE.label("code")
    rows = session.execute(
        select(code, week, Message.commune, func.count())
        .where(scope.turns(), Message.outcome == ANSWERED)
        .group_by("code", "week", Message.commune)
    )
    found = Answered({}, {}, {})
    for procedure, number, commune, times in rows:
        if not procedure:
            continue
        parts = (
            found.whole,
            found.weekly.setdefault(int(number), {}),
            found.local.setdefault(commune, {}),
        )
        for part in parts:
            part[procedure] = part.get(procedure, 0) + int(times)
    return found


def by_department(counts: Counts, owners: Mapping[str, str]) -> dict[str, Counts]:
    """The same by the department that owns the procedure today; "" where the catalogue lost it."""
    found: dict[str, Counts] = {}
    for code, number in counts.items():
        found.setdefault(owners.get(code, ""), {})[code] = number
    return found


def ranked(counts: Counts) -> list[tuple[str, int]]:
    """The most frequent first; equal ones by code, so that the order is the same each time."""
    return sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
