"""The catalogue: procedures and the version number that tells every process to read it again."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    String,
    Text,
    UniqueConstraint,
)

from bot.database import Base, UTCDateTime, utcnow


class Procedure(Base):
    """One procedure: the searched columns, and the whole record as ProcedureRecord.to_dict."""

    __tablename__ = "procedures"

    id = Column(Integer, primary_key=True)
    code = Column(String(40), nullable=False, unique=True)
    name = Column(Text, nullable=False)
    plain_name = Column(Text, nullable=False, default="")
    sector = Column(String(200), nullable=False, default="", index=True)
    levels = Column(String(200), nullable=False, default="")
    ministry = Column(String(80), nullable=False, default="")
    decision_number = Column(String(120), nullable=False, default="")
    source = Column(String(200), nullable=False)
    crawl_date = Column(Date, nullable=False)
    effective_from = Column(Date)
    effective_to = Column(Date)
    active = Column(Boolean, nullable=False, default=True)
    record = Column(JSON, nullable=False)
    digest = Column(String(64), nullable=False)  # of the record: tells changed from unchanged
    version = Column(Integer, nullable=False, default=1)  # of the newest ProcedureRevision
    edited = Column(JSON, nullable=False, default=list)  # facts that staff set: imports ask first
    created_at = Column(UTCDateTime, nullable=False, default=utcnow)
    updated_at = Column(UTCDateTime, nullable=False, default=utcnow)


class ProcedureRevision(Base):
    """One change of one procedure: what it was before and after, who did it and how."""

    __tablename__ = "procedure_revisions"
    __table_args__ = (UniqueConstraint("code", "version"),)

    id = Column(Integer, primary_key=True)
    code = Column(String(40), nullable=False)
    version = Column(Integer, nullable=False)
    at = Column(UTCDateTime, nullable=False, default=utcnow)
    staff_id = Column(Integer, ForeignKey("staff.id"))  # None: from the command line
    kind = Column(String(12), nullable=False)  # see catalogue_rows.KINDS
    note = Column(String(200), nullable=False, default="")
    changes = Column(JSON, nullable=False)  # see bot.catalogue.facts; empty for a new procedure


class ScheduledChange(Base):
    """A change that holds from a day on. Reading looks at the day; a sweep writes it down later."""

    __tablename__ = "scheduled_changes"
    __table_args__ = (
        Index("ix_scheduled_changes_due", "state", "effective_on"),
        Index("ix_scheduled_changes_code", "code", "state"),
    )

    id = Column(Integer, primary_key=True)
    code = Column(String(40), nullable=False)
    effective_on = Column(Date, nullable=False)  # in Vietnam
    changes = Column(JSON, nullable=False)
    note = Column(String(200), nullable=False, default="")
    state = Column(String(12), nullable=False, default="waiting")  # waiting | applied | cancelled
    staff_id = Column(Integer, ForeignKey("staff.id"))
    created_at = Column(UTCDateTime, nullable=False, default=utcnow)
    settled_at = Column(UTCDateTime)
    settled_by = Column(Integer, ForeignKey("staff.id"))


class CatalogueVersion(Base):
    """One row, id 1: `version` grows with every change of the catalogue."""

    __tablename__ = "catalogue_version"

    id = Column(Integer, primary_key=True)
    version = Column(Integer, nullable=False, default=0)
    changed_at = Column(UTCDateTime, nullable=False, default=utcnow)
