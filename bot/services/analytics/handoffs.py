"""What became of those who were handed over to people, and what they thought of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, case, func, or_, select
from sqlalchemy.orm import Session

from bot.models.desks import Desk
from bot.models.handoffs import Handoff
from bot.services.analytics.clock import tenths_between
from bot.services.analytics.response_times import merged, percentile
from bot.services.analytics.scope import Scope

SCORES = (5, 4, 3, 2, 1)


@dataclass(frozen=True)
class AtDesk:
    """One desk in the period; a desk_id of None: it was never routed."""

    desk_id: int | None
    name: str
    kind: str
    opened: int
    picked_up: int
    wait: float | None  # seconds, the median
    ratings: int
    mean: float | None


@dataclass(frozen=True)
class Ratings:
    """How many handoffs got each score, and of how many that ended."""

    scores: dict[int, int]
    ended: int

    @property
    def number(self) -> int:
        """How many were rated."""
        return sum(self.scores.values())

    @property
    def mean(self) -> float | None:
        """SATISFACTION: the mean score from 1 to 5; None without any."""
        return mean(self.scores)


def mean(scores: dict[int, int]) -> float | None:
    """The mean of scores of which there are so many; None without any."""
    number = sum(scores.values())
    return sum(score * n for score, n in scores.items()) / number if number else None


def by_reason(session: Session, scope: Scope) -> dict[str, int]:
    """HANDOFFS that began in the period, by reason."""
    rows = session.execute(
        select(Handoff.reason, func.count()).where(_begun(scope)).group_by(Handoff.reason)
    )
    return {reason: int(number) for reason, number in rows}


def ratings(session: Session, scope: Scope) -> Ratings:
    """RATINGS of handoffs that ended in the period after somebody of staff had come."""
    rows = session.execute(
        select(Handoff.rating, func.count()).where(_ended(scope)).group_by(Handoff.rating)
    )
    found = {score: int(number) for score, number in rows}
    ended = sum(found.values())
    return Ratings({score: found.get(score, 0) for score in SCORES}, ended)


def waits(session: Session, scope: Scope) -> dict[int | None, dict[int, int]]:
    """WAIT FOR A PERSON, in tenths of a second, by desk: from the asking to the first claim.

    Of handoffs that began in the period in office hours; not those that staff took by themselves.
    """
    tenths = tenths_between(Handoff.created_at, Handoff.picked_up_at).label("tenths")
    rows = session.execute(
        select(Handoff.desk_id, tenths, func.count())
        .where(_begun(scope), Handoff.picked_up_at.is_not(None))
        .where(Handoff.callback.is_(False), Handoff.reason != "taken")
        .group_by(Handoff.desk_id, "tenths")
    )
    return merged(rows)


def by_desk(session: Session, scope: Scope) -> list[AtDesk]:
    """Each desk that had a handoff in the period, the busiest first."""
    picked = func.sum(case((Handoff.picked_up_at.is_not(None), 1), else_=0))
    begun = {
        desk: (int(opened), int(came))
        for desk, opened, came in session.execute(
            select(Handoff.desk_id, func.count(), picked)
            .where(_begun(scope))
            .group_by(Handoff.desk_id)
        )
    }
    rated: dict[Any, dict[int, int]] = {}
    for desk, score, number in session.execute(
        select(Handoff.desk_id, Handoff.rating, func.count())
        .where(_ended(scope), Handoff.rating.is_not(None))
        .group_by(Handoff.desk_id, Handoff.rating)
    ):
        rated.setdefault(desk, {})[score] = int(number)
    named = {row.id: row for row in session.execute(select(Desk.id, Desk.name, Desk.kind))}
    lengths = waits(session, scope)
    found = []
    for desk in {*begun, *rated}:
        row, scores = named.get(desk), rated.get(desk, {})
        found.append(
            AtDesk(
                desk,
                row.name if row else "",
                row.kind if row else "",
                *begun.get(desk, (0, 0)),
                percentile(lengths.get(desk, {}), 0.5),
                sum(scores.values()),
                mean(scores),
            )
        )
    return sorted(found, key=lambda at: (-at.opened, -at.ratings, at.name))


def by_commune(session: Session, scope: Scope) -> dict[str, int]:
    """Handoffs that began in the period at the desk of a commune, by its code."""
    rows = session.execute(
        select(Desk.commune_code, func.count())
        .join(Handoff, Handoff.desk_id == Desk.id)
        .where(_begun(scope), Desk.commune_code != "")
        .group_by(Desk.commune_code)
    )
    return {code: int(number) for code, number in rows}


def _begun(scope: Scope) -> Any:
    return and_(scope.during(Handoff.created_at), _at(scope))


def _ended(scope: Scope) -> Any:
    return and_(
        scope.during(Handoff.closed_at),
        Handoff.state == "closed",
        Handoff.claimed_at.is_not(None),
        _at(scope),
    )


def _at(scope: Scope) -> Any:
    """Of the channel, and at a desk of the department or of the commune that was chosen."""
    if not (scope.department or scope.commune):
        return scope.of_channel(Handoff.conversation_id)
    desks = []
    if scope.department:
        desks.append(or_(Desk.department == scope.department, Desk.code == scope.department))
    if scope.commune:
        desks.append(Desk.commune_code == scope.commune)
    chosen = select(Desk.id).where(*desks)
    return and_(scope.of_channel(Handoff.conversation_id), Handoff.desk_id.in_(chosen))
