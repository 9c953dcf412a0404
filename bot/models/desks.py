"""The desks that conversations are handed to, who sits there, and who is present."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, String

from bot.database import Base, UTCDateTime, utcnow

USUAL_TARGET = 15  # minutes of working time until somebody is to have picked up


class Desk(Base):
    """A department, a commune or the provincial centre, as those who answer its citizens.

    Kinds: department | commune | centre. `commune_code` names a commune's unit and `department` a
    department's code; both are "" where they say nothing.
    """

    __tablename__ = "desks"
    __table_args__ = (Index("ix_desks_commune", "commune_code"),)

    id = Column(Integer, primary_key=True)
    code = Column(String(40), nullable=False, unique=True)
    name = Column(String(200), nullable=False)
    kind = Column(String(12), nullable=False)
    commune_code = Column(String(10), nullable=False, default="")
    department = Column(String(40), nullable=False, default="")
    active = Column(Boolean, nullable=False, default=True)
    drafts = Column(Boolean, nullable=False, default=False)  # the assistant drafts each reply
    target_minutes = Column(Integer, nullable=False, default=USUAL_TARGET)


class DeskMember(Base):
    """This member of staff answers for this desk."""

    __tablename__ = "desk_members"
    __table_args__ = (Index("ix_desk_members_staff", "staff_id"),)

    desk_id = Column(Integer, ForeignKey("desks.id"), primary_key=True)
    staff_id = Column(Integer, ForeignKey("staff.id"), primary_key=True)


class StaffPresence(Base):
    """Whether somebody takes conversations now, and how many at once.

    States: present | away | off. A present one whose console has not been heard of since `seen_at`
    for a while counts as away: the browser died.
    """

    __tablename__ = "staff_presence"

    staff_id = Column(Integer, ForeignKey("staff.id"), primary_key=True)
    state = Column(String(8), nullable=False, default="off")
    reason = Column(String(200), nullable=False, default="")
    capacity = Column(Integer, nullable=False, default=4)
    seen_at = Column(UTCDateTime, nullable=False, default=utcnow)
    changed_at = Column(UTCDateTime, nullable=False, default=utcnow)
