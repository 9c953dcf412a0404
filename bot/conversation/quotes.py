"""A citizen's reply to one of our messages: "cái này" is the procedure that one was about."""

from __future__ import annotations

import dataclasses

from sqlalchemy.orm import Session, sessionmaker

from bot.conversation.router import Ask, Decision
from bot.database import session_scope
from bot.services import quotes
from bot.services.inbox import Inbound
from bot.services.open_work import OpenWork
from bot.services.reply_drafts import Work


def in_context(
    sessions: sessionmaker[Session], work: OpenWork | Work, message: Inbound, decision: Decision
) -> Decision:
    """The decision about a message, with the procedure of the message that it quotes."""
    quoted = message.content.get("quoted")
    if not quoted or not isinstance(decision, Ask) or not decision.text:
        return decision
    with session_scope(sessions, readonly=True) as session:
        code = quotes.procedure_of(session, work.channel, work.conversation_id, quoted)
    if code is None:
        return decision
    return dataclasses.replace(decision, context={**decision.context, "procedure_code": code})
