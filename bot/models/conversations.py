"""Conversations and their messages: the inbox and the outbox."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import relationship

from bot.database import Base, UTCDateTime, utcnow

BigId = BigInteger().with_variant(Integer, "sqlite")

# A message that failed for good and that no person has settled yet: of ours, refused or doubtful;
# of a citizen's, given up. One whose words were erased is none, for it has no error any more.
# With CASE in place of OR, SQLite does not prefer the index of the states, with all that is closed.
DEAD_LETTER = (
    "(settled_at IS NULL AND not_before IS NULL AND error <> '' AND CASE direction"
    " WHEN 'out' THEN state IN ('refused', 'unknown') ELSE state = 'answered' END)"
)
# One that a person settled; what a person's coming withdrew was settled by nobody's hand.
DISMISSED = "(settled_at IS NOT NULL AND error <> '' AND error <> 'taken over')"
INBOUND = "(direction = 'in')"


class Conversation(Base):
    """One citizen on one channel. `version` guards against a reply computed before a takeover."""

    __tablename__ = "conversations"
    __table_args__ = (UniqueConstraint("channel", "channel_user_id"),)

    id = Column(BigId, primary_key=True)
    channel = Column(String(20), nullable=False)
    channel_user_id = Column(String(64), nullable=False)
    display_name = Column(String(200), nullable=False, default="")
    following = Column(Integer, nullable=False, default=1)  # 0 after unfollow
    version = Column(Integer, nullable=False, default=0)
    last_interaction_at = Column(UTCDateTime)  # opens the 48 h / 7 d window
    created_at = Column(UTCDateTime, nullable=False, default=utcnow)
    erased_at = Column(UTCDateTime)  # words said up to then are gone
    # The dialogue engine is to begin anew: it failed for good to take the conversation back.
    starts_anew = Column(Boolean, nullable=False, default=False)


class Message(Base):
    """One message in or out.

    Inbound states: pending → answered | ignored; a failing turn stays pending with `attempts`
    and `not_before`. Outbound: queued → sending → sent | unknown | refused (kept and shown).
    `not_before` says when the row is due again: a `sending` or `unknown` row that is due is
    looked up at the platform before anything is sent a second time. Until `decisive_at` a call
    that nobody answered may still arrive there, so its absence proves nothing.
    """

    __tablename__ = "messages"
    __table_args__ = (
        # A repeat of an event inserts nothing; outbound rows get theirs from the platform.
        UniqueConstraint("channel", "direction", "channel_message_id"),
        Index("ix_messages_work", "state", "not_before"),
        Index("ix_messages_open", "conversation_id", "state"),
        Index("ix_messages_thread", "conversation_id", "id"),
        # All that the figures count by: a million rows with their texts need not be read for them.
        Index(
            "ix_messages_counted",
            "created_at",
            "conversation_id",
            "outcome",
            "state",
            "kind",
            "channel",
            "commune",
            "error",
            sqlite_where=text(INBOUND),
            postgresql_where=text(INBOUND),
        ),
        Index("ix_messages_reply", "reply_to_id"),
        Index(
            "ix_messages_dead_letters",
            "id",
            sqlite_where=text(DEAD_LETTER),
            postgresql_where=text(DEAD_LETTER),
        ),
        Index(
            "ix_messages_dismissed",
            "settled_at",
            sqlite_where=text(DISMISSED),
            postgresql_where=text(DISMISSED),
        ),
    )

    id = Column(BigId, primary_key=True)
    conversation_id = Column(BigId, ForeignKey("conversations.id"), nullable=False)
    channel = Column(String(20), nullable=False)
    direction = Column(String(3), nullable=False)  # in | out
    channel_message_id = Column(String(200))  # event id inbound; platform's id once sent
    kind = Column(String(20), nullable=False)  # text, image, sticker, location, file, follow, …
    text = Column(Text, nullable=False, default="")
    content = Column(JSON, nullable=False, default=dict)  # buttons, attachments, coordinates
    state = Column(String(12), nullable=False)
    attempts = Column(Integer, nullable=False, default=0)
    not_before = Column(UTCDateTime)
    decisive_at = Column(UTCDateTime)
    error = Column(String(300), nullable=False, default="")
    reply_to_id = Column(BigId)  # outbound: the inbound message it answers
    position = Column(Integer, nullable=False, default=0)  # outbound: order within one reply
    intent = Column(String(60), nullable=False, default="")
    confidence = Column(Integer)  # thousandths
    outcome = Column(
        String(12), nullable=False, default=""
    )  # answered, offered, asked, refused, other
    procedures = Column(JSON, nullable=False, default=list)
    commune = Column(String(10), nullable=False, default="")  # of the citizen, where it is known
    occurred_at = Column(UTCDateTime, nullable=False)  # the platform's timestamp
    created_at = Column(UTCDateTime, nullable=False, default=utcnow)
    finished_at = Column(UTCDateTime)
    delivered_at = Column(UTCDateTime)
    seen_at = Column(UTCDateTime)
    reaction = Column(String(20), nullable=False, default="")  # the citizen's icon on our message
    settled_at = Column(UTCDateTime)  # a person took this failure off the list
    settled_by = Column(Integer, ForeignKey("staff.id"))
    settled_note = Column(String(300), nullable=False, default="")

    conversation = relationship(Conversation)


class ChannelToken(Base):
    """The one stored token pair of an official account, encrypted at rest."""

    __tablename__ = "channel_tokens"

    channel = Column(String(20), primary_key=True)
    account_id = Column(String(64), primary_key=True)
    access_token = Column(Text, nullable=False)
    refresh_token = Column(Text, nullable=False)
    expires_at = Column(UTCDateTime, nullable=False)
    version = Column(Integer, nullable=False, default=0)  # a refresh is one conditional UPDATE
    lost_at = Column(UTCDateTime)  # set when the grant was refused: people are needed
    seed_digest = Column(String(64), nullable=False, default="")  # of the configured first pair
    updated_at = Column(UTCDateTime, nullable=False, default=utcnow)


class Feedback(Base):
    """What a citizen said about the service; one row for one message, however often replayed."""

    __tablename__ = "feedback"
    __table_args__ = (UniqueConstraint("conversation_id", "message_id"),)

    id = Column(BigId, primary_key=True)
    conversation_id = Column(BigId, ForeignKey("conversations.id"), nullable=False)
    message_id = Column(String(200), nullable=False)  # of the turn that recorded it
    text = Column(Text, nullable=False, default="")
    created_at = Column(UTCDateTime, nullable=False, default=utcnow)
