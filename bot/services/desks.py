"""The desks: seeded from the lookups, found for a procedure and a place."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.models.desks import Desk
from bot.services import catalogue, offices, places
from bot.services.desk_owners import owner_of, owners
from bot.services.rows import insert_once

DEPARTMENT, COMMUNE, CENTRE = "department", "commune", "centre"
AT_COMMUNES = (offices.COMMUNE_DESK, offices.POLICE)


@dataclass(frozen=True)
class Seeded:
    """What seeding did: how many desks it made, and how many it renamed."""

    added: int
    renamed: int


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
