"""The desks at this moment, as a supervisor sees them: who waits, who is there, what was promised.

The service level counts who asked for a person and was picked up by `target_at`, the end of the
desk's target in working time. Who was not counts as missed as soon as that moment has passed; who
stopped waiting before it counts for nothing, and so does what agents took up by themselves.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, case, func, or_, select
from sqlalchemy.orm import Session

from bot.database import utcnow
from bot.models.desks import Desk
from bot.models.handoffs import Handoff
from bot.services import console, desks
from bot.services.desks import Presence
from bot.services.handoff_lists import CLAIMED, CLOSED, WAITING
from bot.services.working_days import VIETNAM
from nlu.text import fold

LONG = dt.timedelta(days=7)  # today and the six days before it
NOWHERE = 0  # in place of the id of a desk: what has none
_ORDER = (desks.CENTRE, desks.DEPARTMENT, desks.COMMUNE, "")


@dataclass(frozen=True)
class Level:
    """How many of those whose target has been decided were picked up in time."""

    met: int = 0
    decided: int = 0

    @property
    def percent(self) -> int | None:
        """Whole percents, rounded down: 100 only when none was missed. None: nothing decided."""
        return self.met * 100 // self.decided if self.decided else None

    def __add__(self, other: Level) -> Level:
        return Level(self.met + other.met, self.decided + other.decided)


@dataclass(frozen=True)
class Load:
    """What is open at a desk."""

    waiting: int = 0
    late: int = 0  # of those who wait: their target has passed
    waits_since: dt.datetime | None = None  # of the longest wait
    held: int = 0
    unanswered: int = 0  # of those held: the citizen waits for a reply


@dataclass(frozen=True)
class DeskNow:
    """One desk. `id` NOWHERE: conversations that no desk was found for."""

    id: int
    name: str
    kind: str
    active: bool
    target_minutes: int
    load: Load
    members: tuple[Presence, ...]
    today: Level
    week: Level

    def in_state(self, state: str) -> int:
        """How many members are present, away or off."""
        return sum(who.state == state for who in self.members)


@dataclass(frozen=True)
class Board:
    """Every desk at which anything happens, the others only counted; and the sums."""

    desks: tuple[DeskNow, ...]
    idle: int  # desks without members, open conversations and any in seven days
    waiting: int
    late: int
    held: int
    present: int  # people, each once
    today: Level
    week: Level


def read(session: Session, now: dt.datetime | None = None) -> Board:
    """The board of all desks."""
    now = now or utcnow()
    loads, levels = _loads(session, now), _levels(session, now)
    members = desks.members_of_all(session)
    rows = [
        DeskNow(
            id=desk.id,
            name=desk.name,
            kind=desk.kind,
            active=desk.active,
            target_minutes=desk.target_minutes,
            load=loads[desk.id],
            members=tuple(members.get(desk.id, ())),
            today=levels[desk.id][0],
            week=levels[desk.id][1],
        )
        for desk in session.execute(select(Desk)).scalars()
    ]
    if loads[NOWHERE] != Load():
        rows.append(DeskNow(NOWHERE, "", "", True, 0, loads[NOWHERE], (), Level(), Level()))
    shown = [row for row in rows if row.members or row.load != Load() or row.week.decided]
    shown.sort(key=lambda row: (_ORDER.index(row.kind), fold(row.name)))
    people = {who.staff_id for row in shown for who in row.members if who.state == desks.PRESENT}
    return Board(
        desks=tuple(shown),
        idle=len(rows) - len(shown),
        waiting=sum(row.load.waiting for row in shown),
        late=sum(row.load.late for row in shown),
        held=sum(row.load.held for row in shown),
        present=len(people),
        today=_sum(row.today for row in shown),
        week=_sum(row.week for row in shown),
    )


def one(session: Session, desk_id: int) -> DeskNow | None:
    """One desk of the board; None when nothing happens at it or there is none."""
    return next((row for row in read(session).desks if row.id == desk_id), None)


def stamp(session: Session, now: dt.datetime | None = None) -> str:
    """A text that changes whenever the board would, and each minute, for its times go on."""
    now = now or utcnow()
    states = session.execute(
        select(func.count(Handoff.id), func.coalesce(func.sum(Handoff.version), 0)).where(
            Handoff.state != CLOSED
        )
    ).one()
    people = sorted(
        (desk_id, who.staff_id, who.state, who.reason, who.load, who.capacity)
        for desk_id, there in desks.members_of_all(session).items()
        for who in there
    )
    return console.digest([states, *people, (int(now.timestamp() // 60),)])


def _loads(session: Session, now: dt.datetime) -> dict[int, Load]:
    waits = Handoff.state == WAITING
    rows = session.execute(
        select(
            func.coalesce(Handoff.desk_id, NOWHERE),
            _count(waits),
            _count(and_(waits, Handoff.picked_up_at.is_(None), Handoff.target_at < now)),
            func.min(case((waits, Handoff.created_at))),
            _count(Handoff.state == CLAIMED),
            _count(and_(Handoff.state == CLAIMED, Handoff.unanswered_since.is_not(None))),
        )
        .where(Handoff.state.in_((WAITING, CLAIMED)))
        .group_by(Handoff.desk_id)
    )
    return defaultdict(Load, {row[0]: Load(*row[1:]) for row in rows})


def _levels(session: Session, now: dt.datetime) -> dict[int, tuple[Level, Level]]:
    """Of each desk today's level and that of seven days, by the day on which people asked."""
    midnight = now.astimezone(VIETNAM).replace(hour=0, minute=0, second=0, microsecond=0)
    met = Handoff.picked_up_at <= Handoff.target_at
    stopped = and_(Handoff.picked_up_at.is_(None), Handoff.closed_at <= Handoff.target_at)
    missed = and_(
        Handoff.target_at < now,
        or_(Handoff.picked_up_at.is_(None), Handoff.picked_up_at > Handoff.target_at),
        or_(Handoff.closed_at.is_(None), ~stopped),
    )
    today = Handoff.created_at >= midnight
    # Grouped by an expression: by the bare column SQLite reads all there ever was in its order.
    desk = func.coalesce(Handoff.desk_id, NOWHERE)
    rows = session.execute(
        select(
            desk,
            _count(and_(today, met)),
            _count(and_(today, or_(met, missed))),
            _count(met),
            _count(or_(met, missed)),
        )
        .where(
            Handoff.created_at >= midnight - LONG + dt.timedelta(days=1),
            Handoff.target_at.is_not(None),
        )
        .group_by(desk)
    )
    found = {row[0]: (Level(row[1], row[2]), Level(row[3], row[4])) for row in rows}
    return defaultdict(lambda: (Level(), Level()), found)


def _count(condition: Any) -> Any:
    return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)


def _sum(levels: Iterable[Level]) -> Level:
    return sum(levels, Level())
