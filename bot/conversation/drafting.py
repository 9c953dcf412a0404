"""Computing what the assistant would answer to a message that a person is to answer.

Nothing waits for it: it is done beside the conversation, without its lock, and changes nothing of
what the assistant remembers. When it can't be done there is no draft, and the agent writes alone.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from sqlalchemy.orm import Session, sessionmaker

from bot.conversation import quotes
from bot.conversation.cutting import fit
from bot.conversation.messages import Reply, Turn
from bot.conversation.rasa_client import UNAVAILABLE, UNREACHABLE, RasaClient
from bot.conversation.router import Ask, Decision, decide
from bot.conversation.sending import to_row
from bot.database import session_scope
from bot.errors import DialogueError
from bot.logs import where
from bot.metrics import Metrics
from bot.services import catalogue, handoffs, reply_drafts
from bot.services.inbox import TurnResult
from bot.services.reply_drafts import Work
from bot.services.requests import REPLY_LIMIT

log = logging.getLogger(__name__)

AGAIN_SECONDS = 3.0
# Taps that ask something; any other orders or confirms what is between citizen and assistant.
ASKING = frozenset({"choose_procedure", "choose_case", "choose_place"})
# That something was not understood is nothing for a person to send.
UNHELPFUL = "refused"
# The button types of a person's reply. Any other tap would come to the person, unreadable.
LEADS_OUT = ("url", "phone")


class Drafting:
    """Makes the drafts that are due, one at a call."""

    def __init__(
        self,
        sessions: sessionmaker[Session],
        rasa: RasaClient,
        metrics: Metrics,
        bell: Callable[[str], None],
    ) -> None:
        self._sessions = sessions
        self._rasa = rasa
        self._metrics = metrics
        self._bell = bell

    def draft(self, draft_id: int) -> None:
        """Compute one draft; a repeat does no harm. Raises nothing that the row doesn't tell."""
        with session_scope(self._sessions) as session:
            work = reply_drafts.start(session, draft_id)
        if work is None:
            return
        try:
            turn = self._ask(work)
        except DialogueError as error:
            away = str(error) in (UNREACHABLE, UNAVAILABLE)
            self._again(work, str(error), counts=not away)
        except Exception as error:
            log.error("draft %s: %s", draft_id, where(error))
            self._again(work, type(error).__name__, counts=True)
        else:
            self._keep(work, turn)

    def _ask(self, work: Work) -> Turn | None:
        """What the assistant would say; None when the message asks it nothing."""
        asked = self._decide(work)
        if not isinstance(asked, Ask):
            return None
        if asked.command is not None and asked.command.intent not in ASKING:
            return None
        return self._rasa.would_say(
            work.conversation_id,
            work.message.message_id,
            text=asked.text,
            command=asked.command,
            context=asked.context,
        )

    def _decide(self, work: Work) -> Decision:
        def procedure_exists(code: str) -> bool:
            with session_scope(self._sessions, readonly=True) as session:
                return catalogue.get(session, code) is not None

        decision = decide(work.message, procedure_exists)
        return quotes.in_context(self._sessions, work, work.message, decision)

    def _keep(self, work: Work, turn: Turn | None) -> None:
        useful = turn is not None and turn.outcome != UNHELPFUL
        replies = [_without_taps(reply) for reply in turn.replies] if turn and useful else []
        parts = [to_row(reply) for reply in fit(replies, REPLY_LIMIT)]
        self._metrics.count("drafts", "made" if parts else "none")
        with session_scope(self._sessions) as session:
            if turn is None or not parts:
                reply_drafts.give_up(session, work.draft_id)
                return
            result = TurnResult(turn.intent, turn.confidence, turn.outcome, turn.procedures)
            handoff_id = reply_drafts.ready(session, work, parts, result)
        for name in handoffs.bells(handoff_id) if handoff_id is not None else ():
            self._bell(name)

    def _again(self, work: Work, reason: str, *, counts: bool) -> None:
        self._metrics.count("draft_failures", reason)
        log.info("draft %s is not made yet: %s", work.draft_id, reason)
        with session_scope(self._sessions) as session:
            reply_drafts.later(session, work.draft_id, AGAIN_SECONDS, counts=counts)


def _without_taps(reply: Reply) -> Reply:
    kept = tuple(button for button in reply.buttons if button.type in LEADS_OUT)
    return Reply(text=reply.text, buttons=kept, image_url=reply.image_url)
