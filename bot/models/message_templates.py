"""Template messages as the platform has approved them: what may be sent after the window closed."""

from __future__ import annotations

from sqlalchemy import JSON, Boolean, Column, ForeignKey, Integer, String, Text

from bot.database import Base, UTCDateTime, utcnow


class MessageTemplate(Base):
    """One approved template; `params` holds name, limit and field of each, in order."""

    __tablename__ = "message_templates"

    id = Column(Integer, primary_key=True)
    template_id = Column(String(20), nullable=False, unique=True)  # the platform's
    name = Column(String(100), nullable=False)
    body = Column(Text, nullable=False)  # the approved text, with {name} for each parameter
    params = Column(JSON, nullable=False, default=list)
    daytime_only = Column(Boolean, nullable=False, default=True)
    active = Column(Boolean, nullable=False, default=True)
    updated_at = Column(UTCDateTime, nullable=False, default=utcnow)
    updated_by = Column(Integer, ForeignKey("staff.id"), nullable=False)
