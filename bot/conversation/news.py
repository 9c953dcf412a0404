"""Tells citizens who follow a case that its status has changed."""

from __future__ import annotations

from sqlalchemy.orm import Session, sessionmaker

from bot.conversation.cutting import fit
from bot.conversation.messages import Reply
from bot.conversation.sending import to_row
from bot.database import session_scope, utcnow
from bot.onestop import Cases
from bot.services import cases, inbox

# A look at a case is a query to a foreign database inside our transaction: few at a time, often.
FOLLOWS_AT_ONCE = 20


def store_changes(sessions: sessionmaker[Session], onestop: Cases, text_limit: int) -> list[int]:
    """Put a message into the outbox for each change; returns whom to deliver to.

    The change is noted and its message stored in one transaction: each is told exactly once.
    """
    with session_scope(sessions, readonly=True) as session:
        if not cases.count(session):
            return []
    told = []
    with session_scope(sessions) as session:
        for change in cases.changed(session, onestop, utcnow(), FOLLOWS_AT_ONCE):
            rows = [to_row(reply) for reply in fit([Reply(text=change.text)], text_limit)]
            inbox.store_replies(session, change.conversation_id, rows)
            told.append(change.conversation_id)
    return told
