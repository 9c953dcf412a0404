"""The catalogue: procedures and the version number that tells every process to read it again."""

from __future__ import annotations

from sqlalchemy import JSON, Boolean, Column, Date, Integer, String, Text

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
    created_at = Column(UTCDateTime, nullable=False, default=utcnow)
    updated_at = Column(UTCDateTime, nullable=False, default=utcnow)


class CatalogueVersion(Base):
    """One row, id 1: `version` grows with every change of the catalogue."""

    __tablename__ = "catalogue_version"

    id = Column(Integer, primary_key=True)
    version = Column(Integer, nullable=False, default=0)
    changed_at = Column(UTCDateTime, nullable=False, default=utcnow)
