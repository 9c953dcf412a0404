"""How long a citizen has to wait for a person: their place, and what others really waited."""

from __future__ import annotations

import datetime as dt
import statistics
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot.database import utcnow
from bot.models.desks import Desk
from bot.models.handoffs import Handoff
from bot.services import opening_hours

LOOKED_BACK = dt.timedelta(days=30)
LEAST = 5  # pick-ups from which a median says something
MOST = 500  # the newest pick-ups that are looked at


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
    return Waiting(
        place=place(session, handoff_id, desk_id),
        expected=expected(session, desk_id, code, now),
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
    session: Session, desk_id: int | None, desk_code: str, now: dt.datetime
) -> dt.timedelta | None:
    """The median of what it took to pick up in working hours, lately, here; None: too few."""
    rows = session.execute(
        select(Handoff.created_at, Handoff.picked_up_at)
        .where(
            Handoff.desk_id == desk_id,
            Handoff.picked_up_at >= now - LOOKED_BACK,
            Handoff.callback.is_(False),
            Handoff.reason != "taken",
        )
        .order_by(Handoff.picked_up_at.desc())
        .limit(MOST)
    )
    waits = [
        opening_hours.worked(created, picked, desk_code).total_seconds()
        for created, picked in rows
        if opening_hours.is_open(created, desk_code)
    ]
    if len(waits) < LEAST:
        return None
    return dt.timedelta(seconds=statistics.median(waits))
