"""Giving a conversation back to the assistant: closing → closed, as soon as that one answers."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.database import utcnow
from bot.models.handoffs import Handoff
from bot.services.handoff_changes import move
from bot.services.handoff_lists import CLOSED, CLOSING


def due_closings(session: Session, *, limit: int = 100) -> list[int]:
    """The conversations that are to be given back now."""
    rows = session.execute(
        select(Handoff.conversation_id)
        .where(Handoff.state == CLOSING, Handoff.due_at <= utcnow())
        .limit(limit)
    )
    return [int(row[0]) for row in rows]


def finish_closing(session: Session, handoff_id: int) -> bool:
    """The assistant has taken the conversation back; False when somebody reopened it meanwhile."""
    values = {"state": CLOSED, "closed_at": utcnow(), "unanswered_since": None, "due_at": None}
    return move(session, handoff_id, Handoff.state == CLOSING, **values)


def postpone_closing(session: Session, handoff_id: int, seconds: float) -> None:
    """Try again in `seconds`; the agent is free meanwhile."""
    due = utcnow() + dt.timedelta(seconds=seconds)
    move(session, handoff_id, Handoff.state == CLOSING, due_at=due)
