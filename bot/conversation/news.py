"""Tells citizens who follow a case that its status has changed."""

from __future__ import annotations

from sqlalchemy.orm import Session, sessionmaker

from bot.conversation.cutting import fit
from bot.conversation.messages import Reply
from bot.conversation.sending import to_row
from bot.database import session_scope, utcnow
from bot.onestop import Cases
from bot.services import cases, inbox

# Each is a query to a foreign database, one after the other: few at a time, often.
FOLLOWS_AT_ONCE = 20


def store_changes(sessions: sessionmaker[Session], onestop: Cases, text_limit: int) -> list[int]:
    """Put a message into the outbox for each change; returns whom to deliver to.

    The change is noted and its message stored in one transaction: each is told exactly once. A kill
    before that commit leaves the follows as they were, to be looked at again.
    """
    with session_scope(sessions, readonly=True) as session:
        follows = cases.longest_unseen(session, FOLLOWS_AT_ONCE)
    looks = cases.look(onestop, follows)
    if not looks:
        return []
    told = []
    with session_scope(sessions) as session:
        for change in cases.note(session, looks, utcnow()):
            rows = [to_row(reply) for reply in fit([Reply(text=change.text)], text_limit)]
            inbox.store_replies(session, change.conversation_id, rows)
            told.append(change.conversation_id)
    return told
