"""How long a citizen has to wait for a person: their place, who is there, what others waited."""

from __future__ import annotations

import datetime as dt
import math
import statistics
from bisect import bisect_left, bisect_right
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot.database import utcnow
from bot.models.desks import Desk
from bot.models.handoffs import Handoff
from bot.services import desks, opening_hours

LOOKED_BACK = dt.timedelta(days=30)
LEAST = 5  # pick-ups from which a median says something
MOST = 500  # the newest pick-ups that are looked at


@dataclass(frozen=True)
class PickUp:
    """One that a person came to. `agent`: who came; None where that is not kept."""

    created_at: dt.datetime
    picked_up_at: dt.datetime
    agent: int | None


@dataclass(frozen=True)
class Waiting:
    """What can honestly be told to who waits; `expected` None: not known."""

    place: int  # 1: the next
    expected: dt.timedelta | None
    open: bool  # whether the desk is attended now
    opens: dt.datetime  # when it is attended next; now, while it is
    desk_name: str


def waiting(session: Session, handoff_id: int, now: dt.datetime | None = None) -> Waiting:
    """The place and the expected wait of one handoff."""
    now = now or utcnow()
    desk_id, code, name = session.execute(
        select(Handoff.desk_id, func.coalesce(Desk.code, ""), func.coalesce(Desk.name, ""))
        .outerjoin(Desk, Desk.id == Handoff.desk_id)
        .where(Handoff.id == handoff_id)
    ).one()
    at = place(session, handoff_id, desk_id)
    return Waiting(
        place=at,
        expected=expected(session, desk_id, at, code, now),
        open=opening_hours.is_open(now, code),
        opens=opening_hours.next_opening(now, code),
        desk_name=name,
    )


def place(session: Session, handoff_id: int, desk_id: int | None) -> int:
    """How many wait at this desk up to this one."""
    wanted = select(func.count()).where(
        Handoff.state == "waiting", Handoff.desk_id.is_(None), Handoff.id < handoff_id
    )
    if desk_id is not None:
        wanted = select(func.count()).where(
            Handoff.state == "waiting", Handoff.desk_id == desk_id, Handoff.id < handoff_id
        )
    return int(session.execute(wanted).scalar_one()) + 1


def expected(
    session: Session, desk_id: int | None, place: int, desk_code: str, now: dt.datetime
) -> dt.timedelta | None:
    """How long who is at this place will probably wait; None when nothing honest can be said.

    People are picked up in rounds: with `n` agents there, the first `n` who wait go in the first
    round. A round takes the median of what it took lately at this desk, in working time; the wait
    is that times the rounds up to this place. None when nobody is present, or after fewer than
    LEAST pick-ups in working hours within LOOKED_BACK.
    """
    agents = _agents(session, desk_id)
    if desk_id is None or not agents:
        return None
    rounds = _rounds(_pick_ups(session, desk_id, now), desk_code)
    if len(rounds) < LEAST:
        return None
    return dt.timedelta(seconds=statistics.median(rounds)) * math.ceil(place / agents)


def _agents(session: Session, desk_id: int | None) -> int:
    """How many are there to pick up: at the desk, or at who takes over from it."""
    if desk_id is None:
        return 0
    present = desks.count_present(session)
    return present[desk_id] or max(
        (present[other] for other in desks.overflow_desks(session, desk_id)), default=0
    )


def _pick_ups(session: Session, desk_id: int, now: dt.datetime) -> list[PickUp]:
    rows = session.execute(
        select(Handoff.created_at, Handoff.picked_up_at, Handoff.claimed_by)
        .where(
            Handoff.desk_id == desk_id,
            Handoff.picked_up_at >= now - LOOKED_BACK,
            Handoff.callback.is_(False),
            Handoff.reason != "taken",
        )
        .order_by(Handoff.picked_up_at.desc())
        .limit(MOST)
    )
    return [PickUp(*row) for row in rows]


def _rounds(pick_ups: list[PickUp], desk_code: str) -> list[float]:
    """How long a round of pick-ups took, in seconds, as each of them tells.

    The place that somebody had is told by who else had asked and was not picked up yet; how many
    agents there were, by how many different ones picked up on that day.
    """
    asked = sorted(one.created_at for one in pick_ups)
    taken = sorted(one.picked_up_at for one in pick_ups)
    on_day: dict[dt.date, set[int | None]] = {}
    for one in pick_ups:
        on_day.setdefault(one.picked_up_at.date(), set()).add(one.agent)
    found = []
    for one in pick_ups:
        if not opening_hours.is_open(one.created_at, desk_code):
            continue
        before = bisect_left(asked, one.created_at) - bisect_right(taken, one.created_at)
        rounds = math.ceil((max(before, 0) + 1) / len(on_day[one.picked_up_at.date()]))
        waited = opening_hours.worked(one.created_at, one.picked_up_at, desk_code)
        found.append(waited.total_seconds() / rounds)
    return found
