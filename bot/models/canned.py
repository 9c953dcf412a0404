"""Canned replies: texts that staff send often, with fields that are filled when one is inserted."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Integer, String, Text

from bot.database import Base, UTCDateTime, utcnow


class CannedReply(Base):
    """One text. `staff_id` None: shared, with every desk or with one."""

    __tablename__ = "canned_replies"
    __table_args__ = (Index("ix_canned_replies_staff", "staff_id", "title"),)

    id = Column(Integer, primary_key=True)
    staff_id = Column(Integer, ForeignKey("staff.id"))
    desk_id = Column(Integer, ForeignKey("desks.id"))
    title = Column(String(100), nullable=False)
    body = Column(Text, nullable=False)
    updated_at = Column(UTCDateTime, nullable=False, default=utcnow)
    updated_by = Column(Integer, ForeignKey("staff.id"), nullable=False)
