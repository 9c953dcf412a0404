"""What citizens' messages teach: kept masked, grouped by likeness, and what staff make of them."""

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
)

from bot.database import Base, UTCDateTime, utcnow

BigId = BigInteger().with_variant(Integer, "sqlite")


class ReviewGroup(Base):
    """Messages that ask alike. `version` grows with each decision: of two at once one wins.

    decision: "" while it is open, else what was made of it. `digest` is that of the key while the
    group takes in new messages, and empty afterwards: later ones begin a group of their own.
    """

    __tablename__ = "review_groups"

    id = Column(BigId, primary_key=True)
    key = Column(Text, nullable=False)  # the telling words of its first message, sorted, bare
    digest = Column(String(64), unique=True)
    decision = Column(String(12), nullable=False, default="", index=True)
    decided_by = Column(Integer, ForeignKey("staff.id"))
    decided_at = Column(UTCDateTime)
    understood = Column(Boolean, nullable=False, default=False)  # every message is answered now
    checked_version = Column(Integer)  # of the catalogue, when that was found out
    version = Column(Integer, nullable=False, default=0)
    created_at = Column(UTCDateTime, nullable=False, default=utcnow)


class ReviewItem(Base):
    """A message that was not answered at once, or not surely, and what came of it.

    `choice`: the code of the procedure that was answered in the end, "none" when the citizen said
    that nothing offered fits, "" while that is not known. States: new | used | dismissed.
    The conversation and the message are named only while a choice or an erasure may follow.
    """

    __tablename__ = "review_items"
    __table_args__ = (
        Index("ix_review_items_conversation", "conversation_id", "created_at"),
        Index("ix_review_items_state", "state", "created_at"),
        Index("ix_review_items_group", "group_id", "state", "created_at"),
        Index("ix_review_items_created", "created_at"),
    )

    id = Column(BigId, primary_key=True)
    conversation_id = Column(BigId)
    message_id = Column(BigId, unique=True)  # messages.id: a replayed turn records nothing twice
    group_id = Column(BigId, ForeignKey("review_groups.id"))  # None until it is grouped
    text = Column(Text, nullable=False)  # masked
    normalised = Column(Text, nullable=False)  # of the masked text
    intent = Column(String(60), nullable=False, default="")
    confidence = Column(Integer)  # thousandths
    outcome = Column(String(12), nullable=False)  # refused | asked | offered | unsure | answered
    handed_over = Column(Boolean, nullable=False, default=False)
    procedures = Column(JSON, nullable=False, default=list)  # offered, the best first
    commune = Column(String(10), nullable=False, default="")
    choice = Column(String(40), nullable=False, default="")
    chosen_at = Column(UTCDateTime)
    suggestion = Column(String(12), nullable=False, default="")  # of an agent: example | correction
    suggested_by = Column(Integer, ForeignKey("staff.id"))
    answer = Column(Text, nullable=False, default="")  # the agent's, masked
    state = Column(String(12), nullable=False, default="new")
    created_at = Column(UTCDateTime, nullable=False, default=utcnow)


class Lesson(Base):
    """What staff made of a group: a saying, a training example or a correction of the catalogue.

    A saying and an example are proposed → approved | rejected by a second person; a correction is
    open → done. All can be withdrawn. An approved saying is read by the search.
    """

    __tablename__ = "lessons"
    __table_args__ = (
        Index("ix_lessons_state", "state", "kind", "id"),
        Index("ix_lessons_subject", "subject", "kind", "state"),
    )

    id = Column(BigId, primary_key=True)
    group_id = Column(BigId, ForeignKey("review_groups.id"), index=True)
    kind = Column(String(12), nullable=False)  # saying | example | correction
    subject = Column(String(60), nullable=False)  # a procedure's code; of an example, the intent
    text = Column(Text, nullable=False)  # masked
    answer = Column(Text, nullable=False, default="")  # the agent's, masked
    state = Column(String(12), nullable=False)  # proposed | approved | rejected | open | done | …
    proposed_by = Column(Integer, ForeignKey("staff.id"), nullable=False)
    proposed_at = Column(UTCDateTime, nullable=False, default=utcnow)
    decided_by = Column(Integer, ForeignKey("staff.id"))
    decided_at = Column(UTCDateTime)
    note = Column(Text, nullable=False, default="")  # why it was rejected
