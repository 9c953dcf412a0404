"""Handoffs as they are read: one, the open one of a conversation, and the lists of the console."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import false, func, or_, select
from sqlalchemy.orm import Session, aliased

from bot.database import utcnow
from bot.models import handoffs as model
from bot.models.conversations import Conversation
from bot.models.desks import Desk, DeskMember
from bot.models.staff import Staff
from bot.services.pages import PAGE_SIZE, Page
from bot.services.staff import Member

WAITING, CLAIMED, CLOSING, CLOSED = "waiting", "claimed", "closing", "closed"
READ_ALL = ("admin", "auditor")  # the roles that no desk confines

_Row = model.Handoff
_Agent, _Closer = aliased(Staff), aliased(Staff)


@dataclass(frozen=True)
class Handoff:
    """A handoff with the names of those whom it is about."""

    id: int
    conversation_id: int
    display_name: str
    channel: str
    desk_id: int | None
    desk_code: str
    desk_name: str
    drafts_on: bool  # the assistant drafts the replies of this desk
    state: str
    reason: str
    packet: Mapping[str, Any] = field(hash=False)
    callback: bool  # asked for out of hours: the assistant goes on until somebody claims it
    created_at: dt.datetime
    told_at: dt.datetime | None
    claimed_at: dt.datetime | None
    claimed_by: int | None
    claimed_by_name: str
    last_staff_at: dt.datetime | None
    last_citizen_at: dt.datetime | None
    unanswered_since: dt.datetime | None
    closing_at: dt.datetime | None
    due_at: dt.datetime | None
    closed_at: dt.datetime | None
    closed_by_name: str
    outcome: str
    rating: int | None
    comment: str
    comment_until: dt.datetime | None
    version: int


@dataclass(frozen=True)
class Note:
    """A remark of staff for staff."""

    staff_name: str
    text: str
    created_at: dt.datetime


_COLUMNS = (
    _Row.id,
    _Row.conversation_id,
    Conversation.display_name,
    Conversation.channel,
    _Row.desk_id,
    func.coalesce(Desk.code, ""),
    func.coalesce(Desk.name, ""),
    func.coalesce(Desk.drafts, false()),
    _Row.state,
    _Row.reason,
    _Row.packet,
    _Row.callback,
    _Row.created_at,
    _Row.told_at,
    _Row.claimed_at,
    _Row.claimed_by,
    func.coalesce(_Agent.name, ""),
    _Row.last_staff_at,
    _Row.last_citizen_at,
    _Row.unanswered_since,
    _Row.closing_at,
    _Row.due_at,
    _Row.closed_at,
    func.coalesce(_Closer.name, ""),
    _Row.outcome,
    _Row.rating,
    _Row.comment,
    _Row.comment_until,
    _Row.version,
)


def get(
    session: Session, handoff_id: int, *, desk_ids: Collection[int] | None = None
) -> Handoff | None:
    """One handoff; None when there is none, or none of these desks. `desk_ids` None: any desk."""
    found = session.execute(_handoffs().where(_Row.id == handoff_id, _of_desks(desk_ids))).first()
    return None if found is None else Handoff(*found)


def open_for(session: Session, conversation_id: int) -> Handoff | None:
    """The handoff of a conversation that is not closed yet."""
    found = session.execute(
        _handoffs().where(_Row.conversation_id == conversation_id, _Row.state != CLOSED)
    ).first()
    return None if found is None else Handoff(*found)


def concerns_desk(session: Session, conversation_id: int) -> bool:
    """Whether a text of this citizen may be for people: an open handoff, an awaited comment."""
    found = session.execute(
        select(_Row.id)
        .where(
            _Row.conversation_id == conversation_id,
            or_(_Row.state != CLOSED, _Row.comment_until > utcnow()),
        )
        .limit(1)
    ).first()
    return found is not None


def newest(session: Session, conversation_id: int) -> int | None:
    """The id of the newest handoff of a conversation."""
    found = session.execute(
        select(func.max(_Row.id)).where(_Row.conversation_id == conversation_id)
    ).scalar()
    return None if found is None else int(found)


def any_claimed(session: Session) -> bool:
    """Whether anybody is at any conversation."""
    return (
        session.execute(select(_Row.id).where(_Row.state == CLAIMED).limit(1)).first() is not None
    )


def last_closed(session: Session, conversation_id: int) -> Handoff | None:
    """The handoff of a conversation that was closed last."""
    found = session.execute(
        _handoffs()
        .where(_Row.conversation_id == conversation_id, _Row.state == CLOSED)
        .order_by(_Row.id.desc())
        .limit(1)
    ).first()
    return None if found is None else Handoff(*found)


def queue(session: Session, desk_ids: Collection[int] | None, page: int = 1) -> Page[Handoff]:
    """Who waits at these desks (None: at any), the longest wait first."""
    return _page(session, page, _Row.id.asc(), _Row.state == WAITING, _of_desks(desk_ids))


def mine(session: Session, staff_id: int, page: int = 1) -> Page[Handoff]:
    """What this member of staff is at; who waits for a reply comes first."""
    condition = (_Row.claimed_by == staff_id, _Row.state == CLAIMED)
    return _page(session, page, _Row.id.asc(), *condition)


def all_open(session: Session, desk_ids: Collection[int] | None, page: int = 1) -> Page[Handoff]:
    """Everything that is not closed, oldest first."""
    states = _Row.state.in_((WAITING, CLAIMED, CLOSING))
    return _page(session, page, _Row.id.asc(), states, _of_desks(desk_ids))


def open_at(session: Session, desk_id: int | None, page: int = 1) -> Page[Handoff]:
    """Who waits at one desk or is with a person of it, oldest first. `desk_id` None: at no desk."""
    states = _Row.state.in_((WAITING, CLAIMED))
    return _page(session, page, _Row.id.asc(), states, _Row.desk_id == desk_id)


@dataclass(frozen=True)
class TakenAway:
    """What a supervisor took from somebody: from whom it went, and to whom."""

    id: int
    conversation_id: int
    display_name: str
    by_name: str
    to_name: str  # "": nobody, it waits
    desk_name: str
    state: str


def taken_from(session: Session, staff_id: int) -> list[TakenAway]:
    """What was taken from somebody and they have not acknowledged yet, newest first."""
    by = aliased(Staff)
    rows = session.execute(
        select(
            _Row.id,
            _Row.conversation_id,
            Conversation.display_name,
            func.coalesce(by.name, ""),
            func.coalesce(_Agent.name, ""),
            func.coalesce(Desk.name, ""),
            _Row.state,
        )
        .join(Conversation, Conversation.id == _Row.conversation_id)
        .outerjoin(Desk, Desk.id == _Row.desk_id)
        .outerjoin(_Agent, _Agent.id == _Row.claimed_by)
        .outerjoin(by, by.id == _Row.taken_by)
        .where(_Row.taken_from == staff_id)
        .order_by(_Row.id.desc())
        .limit(PAGE_SIZE)
    )
    return [TakenAway(*row) for row in rows]


def closed(session: Session, desk_ids: Collection[int] | None, page: int = 1) -> Page[Handoff]:
    """What is closed, the newest first."""
    return _page(session, page, _Row.id.desc(), _Row.state == CLOSED, _of_desks(desk_ids))


def history(session: Session, conversation_id: int) -> list[Handoff]:
    """Every handoff of one conversation, newest first."""
    rows = session.execute(
        _handoffs()
        .where(_Row.conversation_id == conversation_id)
        .order_by(_Row.id.desc())
        .limit(PAGE_SIZE)
    )
    return [Handoff(*row) for row in rows]


def notes(session: Session, handoff_id: int) -> list[Note]:
    """The remarks of staff, oldest first."""
    rows = session.execute(
        select(Staff.name, model.HandoffNote.text, model.HandoffNote.created_at)
        .join(Staff, Staff.id == model.HandoffNote.staff_id)
        .where(model.HandoffNote.handoff_id == handoff_id)
        .order_by(model.HandoffNote.id)
    )
    return [Note(*row) for row in rows]


def may_see(
    session: Session, who: Member, handoff: Handoff, overflow: Collection[int] = ()
) -> bool:
    """Whether somebody may open a handoff: of their desks, of `overflow` desks, or their own."""
    if who.role in READ_ALL or handoff.desk_id is None or handoff.claimed_by == who.id:
        return True
    if handoff.desk_id in overflow:
        return True
    seat = select(DeskMember.desk_id).where(
        DeskMember.staff_id == who.id, DeskMember.desk_id == handoff.desk_id
    )
    return session.execute(seat).first() is not None


def _of_desks(desk_ids: Collection[int] | None) -> Any:
    if desk_ids is None:
        return ~false()
    return or_(_Row.desk_id.in_(list(desk_ids)), _Row.desk_id.is_(None))


def _handoffs() -> Any:
    return (
        select(*_COLUMNS)
        .join(Conversation, Conversation.id == _Row.conversation_id)
        .outerjoin(Desk, Desk.id == _Row.desk_id)
        .outerjoin(_Agent, _Agent.id == _Row.claimed_by)
        .outerjoin(_Closer, _Closer.id == _Row.closed_by)
    )


def _page(session: Session, page: int, order: Any, *conditions: Any) -> Page[Handoff]:
    total = session.execute(select(func.count(_Row.id)).where(*conditions)).scalar_one()
    rows = session.execute(
        _handoffs()
        .where(*conditions)
        .order_by(order)
        .offset((page - 1) * PAGE_SIZE)
        .limit(PAGE_SIZE)
    )
    return Page(tuple(Handoff(*row) for row in rows), page, int(total))
