"""Staff accounts and their sessions."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, String

from bot.database import Base, UTCDateTime, utcnow


class Staff(Base):
    """One person who works here. `email` is kept in lower case."""

    __tablename__ = "staff"

    id = Column(Integer, primary_key=True)
    email = Column(String(200), nullable=False, unique=True)
    name = Column(String(200), nullable=False)
    role = Column(String(12), nullable=False)  # agent | editor | approver | admin | auditor
    password_hash = Column(String(300), nullable=False)
    active = Column(Boolean, nullable=False, default=True)
    created_at = Column(UTCDateTime, nullable=False, default=utcnow)
    last_login_at = Column(UTCDateTime)


class StaffSession(Base):
    """A signed-in browser. Only a digest of its token is kept: the table opens no door."""

    __tablename__ = "staff_sessions"
    __table_args__ = (Index("ix_staff_sessions_expires", "expires_at"),)

    token_digest = Column(String(64), primary_key=True)
    staff_id = Column(Integer, ForeignKey("staff.id"), nullable=False)
    created_at = Column(UTCDateTime, nullable=False, default=utcnow)
    expires_at = Column(UTCDateTime, nullable=False)
