"""The tables of the report, each with what its plot draws."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from bot.services import places
from bot.services.analytics import (
    conversations,
    handoffs,
    lookups,
    messages,
    procedures,
    response_times,
    unanswered,
    words,
)
from bot.services.analytics.messages import Turns
from bot.services.analytics.procedures import Counts
from bot.services.analytics.scope import Scope
from bot.services.desk_owners import owners as desk_owners

Cell = str | int | float | None
BAR, LINE = "bar", "line"


@dataclass(frozen=True)
class Table:
    """One table. `plot`: how its `drawn` columns are drawn over the column `labels`; "": not."""

    key: str
    rows: tuple[tuple[Cell, ...], ...]
    plot: str = ""
    drawn: tuple[int, ...] = ()
    labels: int = 0
    note: str = ""

    @property
    def title(self) -> str:
        """What it is called."""
        return words.TABLES[self.key][0]

    @property
    def means(self) -> str:
        """What exactly it counts."""
        return words.TABLES[self.key][1]

    @property
    def columns(self) -> tuple[str, ...]:
        """The headings."""
        return words.TABLES[self.key][2]


def every(
    session: Session,
    scope: Scope,
    owners: Mapping[str, str],
    hours: dict[int, Turns],
    lengths: Mapping[int, int],
) -> tuple[Table, ...]:
    """All of them, in the order of the page."""
    asked = procedures.answered(session, scope)
    counts = asked.whole
    named = procedures.names(session, counts)
    return (
        _weeks(session, scope, hours, asked.weekly, named),
        _procedures(counts, owners, named),
        _unanswered(session, scope),
        _departments(counts, owners, named),
        _communes(session, scope, asked.local, named),
        _hours(hours),
        _response(lengths),
        _desks(session, scope),
        _reasons(session, scope),
        _satisfaction(session, scope),
        _lookups(session, scope),
    )


def department_names() -> dict[str, str]:
    """The centre and the departments, by code."""
    known = desk_owners()
    return {owner.code: owner.name for owner in (*known.departments, known.centre)}


def _weeks(
    session: Session,
    scope: Scope,
    hours: dict[int, Turns],
    weekly: Mapping[int, Counts],
    named: Mapping[str, str],
) -> Table:
    people = conversations.by_week(session, scope)
    said = messages.by_week(scope, hours)
    rows = tuple(
        (
            f"{week.first:%d/%m}–{week.last:%d/%m/%Y}",
            met.total,
            met.bot_alone,
            met.handed_over,
            turns.messages,
            turns.answered,
            turns.asked_back,
            turns.not_understood,
            _most_asked(weekly.get(number, {}), named),
        )
        for number, (week, met, turns) in enumerate(
            zip(scope.period.weeks, people, said, strict=True)
        )
    )
    return Table("weeks", rows, LINE, (1, 2, 3))


def _procedures(counts: Counts, owners: Mapping[str, str], named: Mapping[str, str]) -> Table:
    departments = department_names()
    rows = tuple(
        (code, named.get(code, ""), departments.get(owners.get(code, ""), ""), number)
        for code, number in procedures.ranked(counts)
    )
    return Table("procedures", rows, BAR, (3,), labels=1)


def _unanswered(session: Session, scope: Scope) -> Table:
    found = unanswered.top(session, scope)
    note = f"Ngoài ra có {found.alone} câu chỉ gặp một lượt." if found.alone else ""
    return Table("unanswered", found.groups, note=note)


def _departments(counts: Counts, owners: Mapping[str, str], named: Mapping[str, str]) -> Table:
    names = department_names()
    rows = [
        (
            names.get(code, words.UNKNOWN_OWNER),
            sum(part.values()),
            len(part),
            _most_asked(part, named),
        )
        for code, part in procedures.by_department(counts, owners).items()
    ]
    return Table("departments", _busiest(rows), BAR, (1,))


def _communes(
    session: Session, scope: Scope, local: Mapping[str, Counts], named: Mapping[str, str]
) -> Table:
    said = messages.by_commune(session, scope)
    handed = handoffs.by_commune(session, scope)
    units = places.tables().units
    rows = []
    for code in {*said, *handed}:
        turns = said.get(code, Turns())
        name = units[code].name if code in units else code or words.UNKNOWN_PLACE
        counts = (turns.messages, turns.answered, turns.asked_back, turns.not_understood)
        asked = _most_asked(local.get(code, {}), named)
        rows.append((name, *counts, handed.get(code, 0), asked))
    return Table("communes", _busiest(rows), BAR, (1,))


def _hours(hours: dict[int, Turns]) -> Table:
    load = messages.load(hours)
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (day, *row) for day, row in zip(words.DAYS, load, strict=True)
    )
    return Table("hours", rows if hours else ())


def _response(lengths: Mapping[int, int]) -> Table:
    bounds = response_times.BOUNDS
    named = [f"đến {bound} giây" for bound in bounds] + [f"trên {bounds[-1]} giây"]
    rows = tuple(zip(named, response_times.spread(lengths), strict=True)) if lengths else ()
    return Table("response", rows, BAR, (1,))


def _desks(session: Session, scope: Scope) -> Table:
    rows = tuple(
        (
            at.name or words.UNKNOWN_DESK,
            at.opened,
            at.picked_up,
            None if at.wait is None else round(at.wait / 60, 1),
            at.ratings,
            None if at.mean is None else round(at.mean, 2),
        )
        for at in handoffs.by_desk(session, scope)
    )
    return Table("desks", rows, BAR, (1, 2))


def _reasons(session: Session, scope: Scope) -> Table:
    found = handoffs.by_reason(session, scope)
    rows = [(words.REASONS.get(reason, reason), number) for reason, number in found.items()]
    return Table("reasons", _busiest(rows), BAR, (1,))


def _satisfaction(session: Session, scope: Scope) -> Table:
    found = handoffs.ratings(session, scope)
    rows = [(f"{score} điểm", number) for score, number in found.scores.items()]
    rows.append((words.NOT_RATED, found.ended - found.number))
    return Table("satisfaction", tuple(rows) if found.ended else (), BAR, (1,))


def _lookups(session: Session, scope: Scope) -> Table:
    found = lookups.by_result(session, scope)
    rows = tuple((words.RESULTS[result], number) for result, number in found.items())
    return Table("lookups", rows if any(found.values()) else (), BAR, (1,))


def _most_asked(counts: Counts, named: Mapping[str, str]) -> str:
    if not counts:
        return ""
    code, number = procedures.ranked(counts)[0]
    return f"{named.get(code, code)} ({number})"


def _busiest(rows: Sequence[tuple[Cell, ...]]) -> tuple[tuple[Cell, ...], ...]:
    """The row with the largest first number first; what belongs nowhere comes last."""
    nowhere = (words.UNKNOWN_PLACE, words.UNKNOWN_OWNER)
    return tuple(
        sorted(rows, key=lambda row: (row[0] in nowhere, -float(row[1] or 0), str(row[0])))
    )
