"""The desks: seeded from the lookups, found for a procedure and a place; who is present there."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, func, select, update
from sqlalchemy.orm import Session

from bot.database import utcnow
from bot.models.desks import Desk, DeskMember, StaffPresence
from bot.models.handoffs import Handoff
from bot.models.staff import Staff
from bot.services import audit, catalogue, offices, opening_hours, places
from bot.services.desk_owners import owner_of, owners
from bot.services.rows import insert_once

DEPARTMENT, COMMUNE, CENTRE = "department", "commune", "centre"
AT_COMMUNES = (offices.COMMUNE_DESK, offices.POLICE)
PRESENT, AWAY, OFF = "present", "away", "off"
STATES = (PRESENT, AWAY, OFF)
SILENT_AFTER = dt.timedelta(minutes=2)  # without a heartbeat: the browser died
SHIFT_OVER_AFTER = dt.timedelta(hours=4)  # without a heartbeat: the next one begins no shift
BEAT_EVERY = dt.timedelta(seconds=20)  # heartbeats closer than this write nothing
USUAL_CAPACITY, MOST_CAPACITY = 4, 50  # conversations at once
REASON_LIMIT = 200  # characters


@dataclass(frozen=True)
class Seeded:
    """What seeding did: how many desks it made, and how many it renamed."""

    added: int
    renamed: int


@dataclass(frozen=True)
class Presence:
    """One member of staff as a taker of conversations.

    `state` is what counts: a present one who has fallen `silent` is away.
    """

    staff_id: int
    name: str
    state: str  # present | away | off
    reason: str
    capacity: int
    load: int  # conversations they hold
    since: dt.datetime | None  # of the state that they chose; None: they never chose one
    silent: bool

    @property
    def has_room(self) -> bool:
        """Whether they can take one more."""
        return self.state == PRESENT and self.load < self.capacity


def seed(session: Session) -> Seeded:
    """Make the desks that the lookups name and take over their new names.

    A desk is never closed or deleted by it: whether one is active is for people to say.
    """
    known = {desk.code: desk for desk in session.execute(select(Desk)).scalars()}
    added = renamed = 0
    for values in _named():
        desk = known.get(values["code"])
        if desk is None:
            added += insert_once(session, Desk, values)
        elif desk.name != values["name"]:
            desk.name = values["name"]
            renamed += 1
    session.flush()
    return Seeded(added, renamed)


def route(session: Session, *, procedure_code: str | None, commune_code: str | None) -> int | None:
    """The desk that a conversation about this procedure at this place belongs to.

    What communes handle belongs to the citizen's commune, if that is known; else to the department
    that owns the procedure; all else to the provincial centre. A place alone belongs to its
    commune. An inactive desk is passed over. None only where no desks were seeded.
    """
    record = catalogue.get(session, procedure_code) if procedure_code else None
    wanted = []
    if commune_code and (record is None or offices.kind_for(record) in AT_COMMUNES):
        wanted.append(commune_code)
    if record is not None:
        wanted.append(owner_of(record).code)
    wanted.append(owners().centre.code)
    rows = session.execute(
        select(Desk.code, Desk.id).where(Desk.code.in_(wanted), Desk.active.is_(True))
    )
    active = {row.code: row.id for row in rows}
    return next((active[code] for code in wanted if code in active), None)


def target_at(session: Session, desk_id: int | None, asked_at: dt.datetime) -> dt.datetime | None:
    """By when somebody of this desk is to have picked up what was asked for then; None: no desk.

    Only working time of the desk counts. A target that is changed later leaves it as it is.
    """
    desk = session.get(Desk, desk_id) if desk_id is not None else None
    if desk is None:
        return None
    return opening_hours.after(asked_at, dt.timedelta(minutes=desk.target_minutes), desk.code)


def set_presence(session: Session, staff_id: int, state: str, reason: str = "") -> None:
    """Note that somebody is present, away (with a reason) or off; ValueError for another state."""
    if state not in STATES:
        raise ValueError(f"{state!r} is none of {', '.join(STATES)}")
    now = utcnow()
    reason = " ".join(reason.split())[:REASON_LIMIT] if state == AWAY else ""
    values = {"state": state, "reason": reason, "seen_at": now, "changed_at": now}
    _put(session, staff_id, values)
    audit.record(session, staff_id, "presence", "staff", staff_id, {"state": state})


def set_capacity(session: Session, staff_id: int, capacity: int, by: int) -> None:
    """How many conversations somebody may hold at once; ValueError outside 1 to MOST_CAPACITY."""
    if not 1 <= capacity <= MOST_CAPACITY:
        raise ValueError(f"the capacity must be between 1 and {MOST_CAPACITY}")
    _put(session, staff_id, {"capacity": capacity})
    audit.record(session, by, "capacity_changed", "staff", staff_id, {"capacity": capacity})


def touch(session: Session, staff_id: int) -> None:
    """A sign of life from somebody's console. It makes nobody present who was not.

    Who comes back after hours has begun no shift yet: they are off until they say otherwise.
    """
    now = utcnow()
    theirs = StaffPresence.staff_id == staff_id
    late = and_(StaffPresence.state != OFF, StaffPresence.seen_at < now - SHIFT_OVER_AFTER)
    _update(session, and_(theirs, late), state=OFF, reason="", changed_at=now)
    _update(session, and_(theirs, StaffPresence.seen_at < now - BEAT_EVERY), seen_at=now)


def presence(session: Session, staff_id: int) -> Presence | None:
    """How somebody stands; None when there is no such active account."""
    row = session.execute(_presences().where(Staff.id == staff_id)).first()
    return None if row is None else _presence(row, utcnow())


def who_is_present(session: Session, desk_id: int) -> list[Presence]:
    """The members of a desk who are present, by name; `has_room` tells who can take one more."""
    return [who for who in members_of(session, desk_id) if who.state == PRESENT]


def members_of(session: Session, desk_id: int) -> list[Presence]:
    """The active members of a desk, by name."""
    rows = session.execute(
        _presences()
        .join(DeskMember, DeskMember.staff_id == Staff.id)
        .where(DeskMember.desk_id == desk_id)
        .order_by(Staff.name, Staff.id)
    )
    now = utcnow()
    return [_presence(row, now) for row in rows]


def members_of_all(session: Session) -> dict[int, list[Presence]]:
    """The active members of every desk that has any, by its id, each desk's by name."""
    rows = session.execute(
        _presences()
        .add_columns(DeskMember.desk_id)
        .join(DeskMember, DeskMember.staff_id == Staff.id)
        .order_by(Staff.name, Staff.id)
    )
    now = utcnow()
    found: dict[int, list[Presence]] = {}
    for row in rows:
        found.setdefault(row.desk_id, []).append(_presence(row, now))
    return found


def count_present(session: Session) -> Counter[int]:
    """How many are present at each desk, by its id."""
    rows = session.execute(
        select(DeskMember.desk_id, func.count())
        .join(Staff, Staff.id == DeskMember.staff_id)
        .join(StaffPresence, StaffPresence.staff_id == Staff.id)
        .where(*_at_work(utcnow()))
        .group_by(DeskMember.desk_id)
    )
    return Counter({row[0]: row[1] for row in rows})


def load_of(session: Session, staff_id: int) -> int:
    """How many conversations somebody holds; what is being closed is off their hands."""
    held = select(func.count(Handoff.id)).where(
        Handoff.claimed_by == staff_id, Handoff.state == "claimed"
    )
    return int(session.execute(held).scalar_one())


def overflow_desks(session: Session, desk_id: int) -> tuple[int, ...]:
    """The desks that see what waits at this one besides itself.

    The centre, while nobody at this desk is present with room for one more; else none.
    """
    centre = _centre(session)
    if centre is None or centre == desk_id or desk_id in _desks_with_room(session):
        return ()
    return (centre,)


def desks_of(session: Session, staff_id: int) -> frozenset[int]:
    """The desks that somebody is a member of, the inactive ones too."""
    found = select(DeskMember.desk_id).where(DeskMember.staff_id == staff_id)
    return frozenset(session.execute(found).scalars())


def visible_desks(session: Session, staff_id: int) -> frozenset[int]:
    """The desks whose waiting citizens somebody sees: their own, and what overflows to them."""
    own = desks_of(session, staff_id)
    if _centre(session) not in own:
        return own
    every = frozenset(session.execute(select(Desk.id)).scalars())
    return own | (every - _desks_with_room(session))


def _centre(session: Session) -> int | None:
    found = select(Desk.id).where(Desk.kind == CENTRE, Desk.active.is_(True)).order_by(Desk.id)
    centre = session.execute(found.limit(1)).scalar()
    return None if centre is None else int(centre)


def _desks_with_room(session: Session) -> frozenset[int]:
    rows = session.execute(
        select(DeskMember.desk_id)
        .join(Staff, Staff.id == DeskMember.staff_id)
        .join(StaffPresence, StaffPresence.staff_id == Staff.id)
        .join(Desk, Desk.id == DeskMember.desk_id)
        .where(*_at_work(utcnow()), Desk.active.is_(True), _load() < StaffPresence.capacity)
        .distinct()
    )
    return frozenset(rows.scalars())


def _at_work(now: dt.datetime) -> tuple[Any, ...]:
    heard_of = StaffPresence.seen_at > now - SILENT_AFTER
    return Staff.active.is_(True), StaffPresence.state == PRESENT, heard_of


def _load() -> Any:
    return (
        select(func.count(Handoff.id))
        .where(Handoff.claimed_by == Staff.id, Handoff.state == "claimed")
        .scalar_subquery()
    )


def _presences() -> Any:
    return (
        select(
            Staff.id,
            Staff.name,
            StaffPresence.state,
            StaffPresence.reason,
            StaffPresence.capacity,
            StaffPresence.seen_at,
            StaffPresence.changed_at,
            _load().label("load"),
        )
        .outerjoin(StaffPresence, StaffPresence.staff_id == Staff.id)
        .where(Staff.active.is_(True))
    )


def _presence(row: Any, now: dt.datetime) -> Presence:
    state = row.state or OFF
    silent = state == PRESENT and row.seen_at <= now - SILENT_AFTER
    return Presence(
        staff_id=row.id,
        name=row.name,
        state=AWAY if silent else state,
        reason=row.reason or "",
        capacity=row.capacity or USUAL_CAPACITY,
        load=row.load,
        since=row.changed_at,
        silent=silent,
    )


def _put(session: Session, staff_id: int, values: dict[str, Any]) -> None:
    if not insert_once(session, StaffPresence, {"staff_id": staff_id, **values}):
        _update(session, StaffPresence.staff_id == staff_id, **values)


def _update(session: Session, condition: Any, **values: Any) -> None:
    session.execute(
        update(StaffPresence)
        .where(condition)
        .values(**values)
        .execution_options(synchronize_session=False)
    )


def _named() -> list[dict[str, str]]:
    known = owners()
    centre = {"code": known.centre.code, "name": known.centre.name, "kind": CENTRE}
    departments = [
        {"code": d.code, "name": d.name, "kind": DEPARTMENT, "department": d.code}
        for d in known.departments
    ]
    communes = [
        {"code": unit.code, "name": unit.name, "kind": COMMUNE, "commune_code": unit.code}
        for unit in places.tables().units.values()
    ]
    return [centre, *departments, *communes]
