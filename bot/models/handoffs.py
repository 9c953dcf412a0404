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
        Index("ix_handoffs_created", "created_at"),
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
    picked_up_at = Column(UTCDateTime)  # the first claim
    claimed_at = Column(UTCDateTime)
    claimed_by = Column(Integer, ForeignKey("staff.id"))
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
