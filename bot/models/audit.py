"""The audit trail: who did what to whom, and when. Rows are only ever added."""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Column, ForeignKey, Index, Integer, String

from bot.database import Base, UTCDateTime, utcnow

BigId = BigInteger().with_variant(Integer, "sqlite")


class AuditEntry(Base):
    """One act of staff. `detail` holds counts and ids, never a citizen's words.

    `once_key` makes an act that must happen once (a reply sent by a form) refuse its repeat.
    """

    __tablename__ = "audit_log"
    __table_args__ = (Index("ix_audit_log_subject", "subject_type", "subject_id", "id"),)

    id = Column(BigId, primary_key=True)
    at = Column(UTCDateTime, nullable=False, default=utcnow)
    staff_id = Column(Integer, ForeignKey("staff.id"))  # None: nobody was signed in
    action = Column(String(40), nullable=False)
    subject_type = Column(String(40), nullable=False, default="")
    subject_id = Column(String(60), nullable=False, default="")
    detail = Column(JSON, nullable=False, default=dict)
    once_key = Column(String(80), unique=True)
