"""What a citizen does with a handoff: asks for it, writes, leaves the queue, rates it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from bot.database import utcnow
from bot.models.conversations import Conversation
from bot.models.handoffs import Handoff, HandoffNote
from bot.services import desks, handoff_packet, handoff_waiting
from bot.services.handoff_changes import lock, move
from bot.services.handoff_lists import CLOSED, WAITING, last_closed, open_for
from bot.services.handoff_waiting import Waiting
from bot.services.rows import insert_once

REASONS = ("asked", "two_failures", "angry", "rule", "taken")
LEFT, WITHDRAWN = "left", "withdrawn"  # outcomes that no agent chooses
TOLD_EVERY = dt.timedelta(minutes=10)
RATED_WITHIN = dt.timedelta(days=7)
COMMENT_WITHIN = dt.timedelta(minutes=15)
COMMENT_LIMIT = 2_000  # characters


@dataclass(frozen=True)
class Opened:
    """The open handoff of a conversation; `new` False when it was open before."""

    handoff_id: int
    new: bool
    state: str
    waiting: Waiting

    @property
    def place(self) -> int:
        """The place in the queue, from 1."""
        return self.waiting.place

    @property
    def wait(self) -> dt.timedelta | None:
        """The expected wait; None: not known."""
        return self.waiting.expected


def open_(
    session: Session,
    conversation_id: int,
    reason: str,
    *,
    message_id: str,
    procedure_code: str | None = None,
    case_code: str | None = None,
    commune_code: str | None = None,
) -> Opened | None:
    """Hand a conversation over, or find that it is; None for a conversation that we don't keep.

    The caller tells the citizen what `Opened` says. `reason` is one of REASONS (else ValueError).
    """
    if reason not in REASONS:
        raise ValueError(f"{reason!r} is none of {', '.join(REASONS)}")
    known = session.execute(
        select(Conversation.id).where(Conversation.id == conversation_id)
    ).first()
    if known is None:
        return None
    lock(session, conversation_id)
    packet = handoff_packet.gather(
        session,
        conversation_id,
        reason,
        procedure_code=procedure_code,
        case_code=case_code,
        commune_code=commune_code,
    )
    now = utcnow()
    desk_id = desks.route(
        session, procedure_code=packet["procedure_code"], commune_code=commune_code
    )
    values = {
        "conversation_id": conversation_id,
        "desk_id": desk_id,
        "state": WAITING,
        "reason": reason,
        "packet": {**packet, "message_id": message_id[:200]},
        "created_at": now,
        "target_at": desks.target_at(session, desk_id, now),
        "told_at": now,
        "last_citizen_at": now,
        "unanswered_since": now,
    }
    new = insert_once(session, Handoff, values)
    found = open_for(session, conversation_id)
    assert found is not None
    told = handoff_waiting.waiting(session, found.id, now)
    if new and not told.open:
        move(session, found.id, callback=True)
    return Opened(found.id, new, found.state, told)


def wrote(session: Session, handoff_id: int, *, left_message: int | None = None) -> None:
    """Note that the citizen wrote; `left_message`: the row that is their message for later."""
    now = utcnow()
    values = {
        "last_citizen_at": now,
        "unanswered_since": func.coalesce(Handoff.unanswered_since, now),
    }
    if left_message is not None:
        packet = session.execute(
            select(Handoff.packet).where(Handoff.id == handoff_id)
        ).scalar_one()
        more = {"left_message_id": left_message, "message_left": True}
        values["packet"] = {**packet, **more}
    move(session, handoff_id, **values)


def tell_place(session: Session, handoff_id: int) -> Waiting | None:
    """What to tell who writes while they wait; None when they were told just now."""
    now = utcnow()
    due = Handoff.told_at.is_(None) | (Handoff.told_at <= now - TOLD_EVERY)
    if not move(session, handoff_id, Handoff.state == WAITING, due, told_at=now):
        return None
    return handoff_waiting.waiting(session, handoff_id, now)


def leave(session: Session, handoff_id: int) -> bool:
    """The citizen waits no longer; False when they don't wait any more (somebody has come)."""
    values = {"state": CLOSED, "closed_at": utcnow(), "outcome": LEFT, "callback": False}
    return move(session, handoff_id, Handoff.state == WAITING, **values)


def rate(session: Session, conversation_id: int, score: int) -> bool:
    """Keep the citizen's rating (1 to 5) of the last handoff; False when that is too long ago."""
    handoff_id = _rateable(session, conversation_id)
    return handoff_id is not None and move(session, handoff_id, rating=score)


def ask_comment(session: Session, conversation_id: int) -> bool:
    """Let the next text be a comment on the last handoff; False when that is too long ago."""
    handoff_id = _rateable(session, conversation_id)
    if handoff_id is None:
        return False
    return move(session, handoff_id, comment_until=utcnow() + COMMENT_WITHIN)


def comment(session: Session, conversation_id: int, text: str) -> bool:
    """Keep a text as the comment if one was asked for lately; whether it was."""
    found = session.execute(
        select(Handoff.id).where(
            Handoff.conversation_id == conversation_id, Handoff.comment_until > utcnow()
        )
    ).scalar()
    if found is None:
        return False
    return move(
        session,
        int(found),
        Handoff.comment_until.is_not(None),
        comment=text[:COMMENT_LIMIT],
        comment_until=None,
    )


def erase(session: Session, conversation_id: int, *, forget_user: bool = False) -> None:
    """Drop what handoffs keep of a citizen; one that is open ends when the citizen withdraws."""
    of_them = Handoff.conversation_id == conversation_id
    ids = select(Handoff.id).where(of_them)
    for statement in (
        delete(HandoffNote).where(HandoffNote.handoff_id.in_(ids)),
        update(Handoff).where(of_them).values(packet={}, comment="", comment_until=None),
    ):
        session.execute(statement.execution_options(synchronize_session=False))
    if not forget_user:
        return
    session.execute(
        update(Handoff)
        .where(of_them, Handoff.state != CLOSED)
        .values(
            state=CLOSED,
            closed_at=utcnow(),
            outcome=WITHDRAWN,
            callback=False,
            version=Handoff.version + 1,
        )
        .execution_options(synchronize_session=False)
    )


def _rateable(session: Session, conversation_id: int) -> int | None:
    found = last_closed(session, conversation_id)
    if found is None or found.closed_at is None or found.claimed_at is None:
        return None  # nobody came, so there is nothing to rate
    return found.id if utcnow() - found.closed_at <= RATED_WITHIN else None
