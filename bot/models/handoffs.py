"""Handoffs: a conversation that waits for a person, is with one, or is being given back."""

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

from bot.database import Base, UTCDateTime, utcnow

BigId = BigInteger().with_variant(Integer, "sqlite")

OPEN = "(state <> 'closed')"


class Handoff(Base):
    """One handing over: waiting → claimed → closing → closed. The row is the authority.

    Each change of state is one conditional UPDATE on it. At most one row of a conversation is open.
    """

    __tablename__ = "handoffs"
    __table_args__ = (
        Index(
            "ux_handoffs_open",
            "conversation_id",
            unique=True,
            sqlite_where=text(OPEN),
            postgresql_where=text(OPEN),
        ),
        # Two of state and id: what is open is read in full, what is closed page by page.
        Index("ix_handoffs_state", "state", "id"),
        Index("ix_handoffs_desk", "desk_id", "state", "id"),
        Index("ix_handoffs_agent", "claimed_by", "state", "id"),
        Index("ix_handoffs_picked_up", "desk_id", "picked_up_at"),
        Index("ix_handoffs_conversation", "conversation_id", "id"),
        # All that the service level of a period is counted from.
        Index(
            "ix_handoffs_created", "created_at", "desk_id", "target_at", "picked_up_at", "closed_at"
        ),
        Index("ix_handoffs_taken_from", "taken_from"),
        Index("ix_handoffs_closed", "closed_at"),
    )

    id = Column(BigId, primary_key=True)
    conversation_id = Column(BigId, ForeignKey("conversations.id"), nullable=False)
    desk_id = Column(Integer, ForeignKey("desks.id"))  # None until it is routed
    state = Column(String(8), nullable=False, default="waiting")
    reason = Column(String(12), nullable=False)  # asked | two_failures | angry | rule | taken
    packet = Column(JSON, nullable=False, default=dict)  # ids and codes, no words of the citizen
    # Asked for out of hours: until somebody claims it the assistant goes on answering.
    callback = Column(Boolean, nullable=False, default=False)
    created_at = Column(UTCDateTime, nullable=False, default=utcnow)
    told_at = Column(UTCDateTime)  # when the citizen last heard their place in the queue
    # By when it should be picked up, by the desk's target when it was asked for; None: no target.
    target_at = Column(UTCDateTime)
    picked_up_at = Column(UTCDateTime)  # the first claim
    claimed_at = Column(UTCDateTime)
    claimed_by = Column(Integer, ForeignKey("staff.id"))
    # Who held it when a supervisor took it away, until they have read so; and the supervisor.
    taken_from = Column(Integer, ForeignKey("staff.id"))
    taken_by = Column(Integer, ForeignKey("staff.id"))
    last_staff_at = Column(UTCDateTime)
    last_citizen_at = Column(UTCDateTime)
    unanswered_since = Column(UTCDateTime)  # what the citizen said then has no reply of staff yet
    closing_at = Column(UTCDateTime)
    due_at = Column(UTCDateTime)  # when closing it is tried again
    closed_at = Column(UTCDateTime)
    closed_by = Column(Integer, ForeignKey("staff.id"))
    outcome = Column(String(20), nullable=False, default="")
    rating = Column(Integer)  # 1 to 5
    comment = Column(Text, nullable=False, default="")
    comment_until = Column(UTCDateTime)  # the next text up to then is the comment
    version = Column(Integer, nullable=False, default=0)  # grows with each change


class HandoffNote(Base):
    """A remark of staff for staff; it is never sent."""

    __tablename__ = "handoff_notes"
    __table_args__ = (Index("ix_handoff_notes_handoff", "handoff_id", "id"),)

    id = Column(BigId, primary_key=True)
    handoff_id = Column(BigId, ForeignKey("handoffs.id"), nullable=False)
    staff_id = Column(Integer, ForeignKey("staff.id"), nullable=False)
    text = Column(Text, nullable=False)
    created_at = Column(UTCDateTime, nullable=False, default=utcnow)


class ReplyDraft(Base):
    """What the assistant would answer to a message that a person is to answer.

    States: due (to be computed at `due_at`) → ready | none; ready → approved | edited | dismissed,
    each once. Whether a ready one is out of date is told by the handoff and the messages, not here.
    `parts` are replies as the outbox keeps them.
    """

    __tablename__ = "reply_drafts"
    __table_args__ = (
        UniqueConstraint("message_id", "claimed_at"),
        Index("ix_reply_drafts_handoff", "handoff_id", "id"),
        Index("ix_reply_drafts_conversation", "conversation_id"),
        Index("ix_reply_drafts_due", "state", "due_at"),
    )

    id = Column(BigId, primary_key=True)
    conversation_id = Column(BigId, ForeignKey("conversations.id"), nullable=False)
    handoff_id = Column(BigId, ForeignKey("handoffs.id"), nullable=False)
    message_id = Column(BigId, ForeignKey("messages.id"), nullable=False)
    claimed_at = Column(UTCDateTime, nullable=False)  # of the holder for whom it is made
    state = Column(String(10), nullable=False, default="due")
    due_at = Column(UTCDateTime)
    attempts = Column(Integer, nullable=False, default=0)
    parts = Column(JSON, nullable=False, default=list)
    intent = Column(String(60), nullable=False, default="")
    confidence = Column(Integer)  # thousandths
    procedures = Column(JSON, nullable=False, default=list)
    created_at = Column(UTCDateTime, nullable=False, default=utcnow)
    decided_at = Column(UTCDateTime)
    decided_by = Column(Integer, ForeignKey("staff.id"))
