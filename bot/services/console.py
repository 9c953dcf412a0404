"""What the console shows beside handoffs: who may open what, the numbers, what has changed."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, or_, select, true
from sqlalchemy.orm import Session

from bot.models.conversations import Message
from bot.models.desks import Desk
from bot.models.handoffs import Handoff as Row
from bot.models.handoffs import HandoffNote
from bot.models.procedures import Procedure
from bot.services import desks, handoffs, places
from bot.services.handoffs import CLAIMED, CLOSING, WAITING, Handoff
from bot.services.staff import Member

SEES_ALL = ("admin", "auditor")
LATELY = 100  # messages whose delivery a page follows


@dataclass(frozen=True)
class Line:
    """A handoff in a list, with the names of what it is about."""

    handoff: Handoff
    procedure_name: str
    place_name: str


@dataclass(frozen=True)
class Numbers:
    """What the tabs and the title tell. `newest`: the id of the last to have come, 0: nobody."""

    waiting: int
    newest: int
    mine: int
    unanswered: int  # of mine: the citizen waits for my reply


@dataclass(frozen=True)
class DeskChoice:
    """A desk that a conversation can be handed to."""

    id: int
    name: str
    kind: str
    present: int  # people who are there now


def desks_seen(session: Session, who: Member) -> Collection[int] | None:
    """The desks whose handoffs somebody sees; None: all."""
    return None if who.role in SEES_ALL else desks.visible_desks(session, who.id)


def find(session: Session, who: Member, handoff_id: int) -> Handoff | None:
    """A handoff that this member of staff may open; None for any other, as if there were none."""
    found = handoffs.get(session, handoff_id)
    if found is None:
        return None
    seen = desks_seen(session, who) or ()
    return found if handoffs.may_see(session, who, found, seen) else None


def may_open(session: Session, who: Member, conversation_id: int) -> bool:
    """Whether somebody may read a conversation: it is with no desk, or last with one of theirs."""
    newest = handoffs.history(session, conversation_id)[:1]
    if not newest:
        return True
    seen = desks_seen(session, who) or ()
    return handoffs.may_see(session, who, newest[0], seen)


def lines(session: Session, rows: Sequence[Handoff]) -> list[Line]:
    """The rows of a list with their procedures and places named."""
    codes = {str(row.packet.get("procedure_code") or "") for row in rows} - {""}
    found = (
        session.execute(select(Procedure.code, Procedure.name).where(Procedure.code.in_(codes)))
        if codes
        else ()
    )
    names = {row[0]: row[1] for row in found}
    units = places.tables().units

    def place(row: Handoff) -> str:
        unit = units.get(row.packet.get("commune_code") or "")
        return unit.name if unit else ""

    return [
        Line(row, names.get(row.packet.get("procedure_code") or "", ""), place(row)) for row in rows
    ]


def numbers(session: Session, who: Member) -> Numbers:
    """How many wait at the desks of somebody, and how many are theirs."""
    waiting, newest = session.execute(
        select(func.count(Row.id), func.coalesce(func.max(Row.id), 0)).where(
            Row.state == WAITING, _seen(desks_seen(session, who))
        )
    ).one()
    mine, unanswered = session.execute(
        select(func.count(Row.id), func.count(Row.unanswered_since)).where(
            Row.state == CLAIMED, Row.claimed_by == who.id
        )
    ).one()
    return Numbers(int(waiting), int(newest), int(mine), int(unanswered))


def queue_stamp(session: Session, who: Member) -> str:
    """A text that changes whenever a list of this member of staff does."""
    seen = or_(_seen(desks_seen(session, who)), Row.claimed_by == who.id)
    found = session.execute(
        select(
            func.count(Row.id),
            func.coalesce(func.max(Row.id), 0),
            func.coalesce(func.sum(Row.version), 0),
        ).where(Row.state.in_((WAITING, CLAIMED, CLOSING)), seen)
    ).one()
    return "-".join(str(int(part)) for part in found)


def thread_stamp(session: Session, handoff_id: int) -> str:
    """A text that changes whenever the page of a handoff would."""
    conversation_id, version = session.execute(
        select(Row.conversation_id, Row.version).where(Row.id == handoff_id)
    ).one()
    notes = session.execute(
        select(func.count(HandoffNote.id)).where(HandoffNote.handoff_id == handoff_id)
    ).scalar_one()
    newest = (
        select(
            Message.id,
            Message.state,
            Message.error,
            Message.delivered_at,
            Message.seen_at,
            Message.reaction,
        )
        .where(Message.conversation_id == conversation_id)
        .order_by(Message.id.desc())
        .limit(LATELY)
    )
    rows = session.execute(newest).all()
    return f"{version}-{notes}-{digest(rows)}"


def desk_choices(session: Session) -> list[DeskChoice]:
    """The active desks, the centre first, then departments and communes by name."""
    rows = session.execute(select(Desk.id, Desk.name, Desk.kind).where(Desk.active.is_(True)))
    present = desks.count_present(session)
    order = {"centre": 0, "department": 1, "commune": 2}
    found = [DeskChoice(row.id, row.name, row.kind, present[row.id]) for row in rows]
    return sorted(found, key=lambda desk: (order.get(desk.kind, 3), desk.name))


def _seen(desk_ids: Collection[int] | None) -> Any:
    if desk_ids is None:
        return true()
    return or_(Row.desk_id.in_(list(desk_ids)), Row.desk_id.is_(None))


def digest(rows: Sequence[Any]) -> str:
    """A short text that changes with any of these rows."""
    plain = repr([tuple(row) for row in rows]).encode()
    return hashlib.blake2s(plain, digest_size=8).hexdigest()
