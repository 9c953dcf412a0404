"""The end of a handoff: the assistant takes the conversation back, or the citizen goes on waiting.

Our row decides who answers, so nothing is paused in Rasa; what it does here is to end the loop and
the open questions from before, and to say good-bye with the request for a rating.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable

from sqlalchemy.orm import Session, sessionmaker

from bot.conversation.at_desk import ring
from bot.conversation.cutting import fit
from bot.conversation.payloads import Command
from bot.conversation.rasa_client import RasaClient
from bot.conversation.sending import to_row
from bot.database import session_scope, utcnow
from bot.errors import DialogueError
from bot.logs import where
from bot.services import audit, conversations, handoffs, inbox
from bot.services import handoff_words as words
from bot.services.delivery import Outbound
from bot.services.handoffs import Handoff
from bot.services.inbox import NewReply
from bot.services.open_work import OpenWork

log = logging.getLogger(__name__)

AGAIN_SECONDS = 5.0
GIVE_UP_AFTER = dt.timedelta(minutes=10)  # of trying to have the assistant take over


class GivingBack:
    """Closes what is `closing`; its caller holds the conversation's lock."""

    def __init__(self, sessions: sessionmaker[Session], rasa: RasaClient) -> None:
        self._sessions = sessions
        self._rasa = rasa

    def finish(self, work: OpenWork, text_limit: int) -> list[Outbound] | None:
        """What is to be sent, [] when nothing is being closed; None: it must be tried again."""
        with session_scope(self._sessions, readonly=True) as session:
            found = handoffs.open_for(session, work.conversation_id)
        if found is None or found.state != handoffs.CLOSING:
            return []
        if found.due_at is not None and found.due_at > utcnow():
            return None
        assert found.closing_at is not None
        # The same good-bye for each try, another one when it is closed a second time.
        message_id = f"handoff-{found.id}-{found.closing_at.timestamp():.3f}"
        try:
            turn = self._rasa.turn(work.conversation_id, message_id, command=Command("resume"))
        except Exception as error:
            why = str(error) if isinstance(error, DialogueError) else where(error)
            return self._failed(found, work, why)
        rows = [to_row(reply) for reply in fit(turn.replies, text_limit)]
        with session_scope(self._sessions) as session:
            handoffs.lock(session, work.conversation_id)
            if not handoffs.finish_closing(session, found.id):
                return []  # somebody took it up again
            return _stored(session, work.conversation_id, rows)

    def _failed(self, found: Handoff, work: OpenWork, why: str) -> list[Outbound] | None:
        assert found.closing_at is not None
        if utcnow() - found.closing_at < GIVE_UP_AFTER:
            log.warning("handoff %s is not given back yet: %s", found.id, why)
            with session_scope(self._sessions) as session:
                handoffs.postpone_closing(session, found.id, AGAIN_SECONDS)
            return None
        # What the citizen writes must not wait for ever behind an end that cannot be told. The
        # engine still stands where it stood before the person came, so it is to begin anew.
        log.error("handoff %s is closed without the assistant: %s", found.id, why)
        with session_scope(self._sessions) as session:
            handoffs.lock(session, work.conversation_id)
            if not handoffs.finish_closing(session, found.id):
                return []
            conversations.start_anew(session, work.conversation_id)
            detail = {"minutes": GIVE_UP_AFTER.seconds // 60}
            audit.record(session, None, "handoff_given_up", "handoff", found.id, detail)
            return _stored(
                session, work.conversation_id, [NewReply(words.given_back(), {"notice": "handoff"})]
            )


def _stored(session: Session, conversation_id: int, rows: list[NewReply]) -> list[Outbound]:
    ids, now = inbox.store_replies(session, conversation_id, rows), utcnow()
    return [
        Outbound(row_id, "queued", row.text, row.content, 0, None, None, now)
        for row_id, row in zip(ids, rows, strict=True)
    ]


def return_forgotten(
    sessions: sessionmaker[Session], silent_after: dt.timedelta, bell: Callable[[str], None]
) -> list[int]:
    """Back into the queue with what nobody answers; the conversations to deliver to."""
    with session_scope(sessions, readonly=True) as session:
        if not handoffs.any_claimed(session):
            return []
    with session_scope(sessions) as session:
        returned = handoffs.return_absent(session)
        returned += handoffs.return_silent(session, silent_after)
    for conversation_id in returned:
        ring(sessions, conversation_id, bell)
    return returned
