"""What citizens think of our messages, told by a tap: kept on the message, counted, never answered.

A reaction is no interaction: it opens no window. An event that the platform repeats late may bring
back an older one; nothing rests on it.
"""

from __future__ import annotations

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from bot.models.conversations import Conversation, Message

REMOVED = "/-remove"
LONGEST = 20  # characters, as the column holds
# The platform's icons, and what they say of our service.
FEELINGS = {
    "/-strong": "satisfied",
    "/-heart": "satisfied",
    ":>": "satisfied",
    ":o": "surprised",
    ":-((": "unsatisfied",
    ":-h": "unsatisfied",
    REMOVED: "removed",
}


def feeling(icon: str) -> str:
    """The word by which a reaction is counted; icons that are new are "other"."""
    return FEELINGS.get(icon, "other")


def note(session: Session, channel: str, user_id: str, platform_id: str, icon: str) -> bool:
    """Keep a citizen's reaction to a message of ours; False when that changes nothing.

    So do a repeat, an unknown message, and one that was sent to somebody else.
    """
    kept = "" if icon == REMOVED else icon[:LONGEST]
    theirs = select(Conversation.id).where(
        Conversation.channel == channel, Conversation.channel_user_id == user_id
    )
    changed = session.execute(
        update(Message)
        .where(
            Message.channel == channel,
            Message.direction == "out",
            Message.channel_message_id == platform_id,
            Message.conversation_id.in_(theirs),
            Message.reaction != kept,
        )
        .values(reaction=kept)
        .execution_options(synchronize_session=False)
    )
    return bool(changed.rowcount)
