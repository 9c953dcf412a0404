"""What citizens' messages teach: the ones that were not answered at once, masked, for review."""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Column, Index, Integer, String, Text

from bot.database import Base, UTCDateTime, utcnow

BigId = BigInteger().with_variant(Integer, "sqlite")


class ReviewItem(Base):
    """A message that was refused, asked back or offered a choice, and what came of it.

    `choice`: the code of the procedure that was answered in the end, "none" when the citizen said
    that nothing offered fits, "" while that is not known. States: new | used | dismissed.
    The conversation and the message are named only while a choice or an erasure may follow.
    """

    __tablename__ = "review_items"
    __table_args__ = (
        Index("ix_review_items_conversation", "conversation_id", "created_at"),
        Index("ix_review_items_state", "state", "created_at"),
        Index("ix_review_items_created", "created_at"),
    )

    id = Column(BigId, primary_key=True)
    conversation_id = Column(BigId)
    message_id = Column(BigId, unique=True)  # messages.id: a replayed turn records nothing twice
    text = Column(Text, nullable=False)  # masked
    normalised = Column(Text, nullable=False)  # of the masked text
    intent = Column(String(60), nullable=False, default="")
    confidence = Column(Integer)  # thousandths
    outcome = Column(String(12), nullable=False)  # refused | asked | offered
    procedures = Column(JSON, nullable=False, default=list)  # offered, the best first
    commune = Column(String(10), nullable=False, default="")
    choice = Column(String(40), nullable=False, default="")
    chosen_at = Column(UTCDateTime)
    state = Column(String(12), nullable=False, default="new")
    created_at = Column(UTCDateTime, nullable=False, default=utcnow)
