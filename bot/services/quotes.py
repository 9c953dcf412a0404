"""What a citizen replies to: the procedure that the quoted message of ours was about."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from bot.models.conversations import Message
from bot.services import catalogue


def procedure_of(
    session: Session, channel: str, conversation_id: int, quoted_id: str
) -> str | None:
    """The code of the one procedure that a message of ours answered, as the catalogue has it.

    `quoted_id` is the platform's id of that message. None when it is unknown here, belongs to
    another conversation, or answered nothing, or about several procedures.
    """
    ours, asked = aliased(Message), aliased(Message)
    found = session.execute(
        select(asked.procedures)
        .join(ours, ours.reply_to_id == asked.id)
        .where(
            ours.channel == channel,
            ours.direction == "out",
            ours.channel_message_id == quoted_id,
            ours.conversation_id == conversation_id,
            asked.conversation_id == conversation_id,
            asked.outcome == "answered",
        )
    ).first()
    if found is None or len(set(found.procedures)) != 1:
        return None
    code = str(found.procedures[0])
    return code if catalogue.get(session, code) else None
