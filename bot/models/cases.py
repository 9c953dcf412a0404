"""What the case look-up remembers: tries, locks, verifications and follows; never the case itself.

Conversation ids carry no foreign key: audit rows and locks outlive the conversation they tell of.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, String, UniqueConstraint

from bot.database import Base, UTCDateTime, utcnow

BigId = BigInteger().with_variant(Integer, "sqlite")


class CaseLookup(Base):
    """One look-up of a case: who, which case, with what outcome. The audit trail.

    Outcomes: shown | wrong | locked. The code is kept plain: an auditor asks "who looked at this
    case", and a bare hash of so short a code would hide nothing. Erasing a conversation sets its
    id here to 0: the case keeps its trail, the citizen is gone from it.
    """

    __tablename__ = "case_lookups"
    __table_args__ = (
        # A replayed message finds its row and is not counted again.
        UniqueConstraint("conversation_id", "message_id", "code"),
        Index("ix_case_lookups_code", "code", "created_at"),
        Index("ix_case_lookups_created", "created_at"),
    )

    id = Column(BigId, primary_key=True)
    conversation_id = Column(BigId, nullable=False)
    message_id = Column(String(200), nullable=False)
    code = Column(String(60), nullable=False)
    outcome = Column(String(12), nullable=False)
    created_at = Column(UTCDateTime, nullable=False, default=utcnow)


class CaseGuard(Base):
    """Wrong tries of one citizen ("conversation:17") or on one case ("case:H02.15-…")."""

    __tablename__ = "case_guards"

    key = Column(String(100), primary_key=True)
    wrong = Column(Integer, nullable=False, default=0)
    last_wrong_at = Column(UTCDateTime)
    locked_until = Column(UTCDateTime)


class CaseVerification(Base):
    """This conversation has proved its right to see this case, for a while."""

    __tablename__ = "case_verifications"

    conversation_id = Column(BigId, primary_key=True, autoincrement=False)
    code = Column(String(60), primary_key=True)
    status = Column(Integer, nullable=False)  # as shown: a follow begins from here
    expires_at = Column(UTCDateTime, nullable=False)


class CaseFollow(Base):
    """This conversation wants to hear when the status of this case changes."""

    __tablename__ = "case_follows"
    __table_args__ = (
        UniqueConstraint("conversation_id", "code"),
        Index("ix_case_follows_checked", "checked_at"),
    )

    id = Column(BigId, primary_key=True)
    conversation_id = Column(BigId, nullable=False)
    code = Column(String(60), nullable=False)
    last_status = Column(Integer, nullable=False)
    message_id = Column(String(200), nullable=False)
    created_at = Column(UTCDateTime, nullable=False, default=utcnow)
    checked_at = Column(UTCDateTime, nullable=False, default=utcnow)
