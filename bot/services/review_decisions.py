"""What staff decide about a group of messages. Of two who decide at once, the second is told."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from bot.database import utcnow
from bot.errors import LostRace, ReviewError
from bot.models.learning import ReviewGroup, ReviewItem
from bot.models.staff import Staff
from bot.services import audit, lessons
from bot.services.lessons import KINDS, Draft, Lesson
from bot.services.review_grouping import PUT_ASIDE, digest_of

DECISIONS = (*KINDS, *PUT_ASIDE)


def decide(session: Session, staff_id: int, group_id: int, version: int, decision: str) -> None:
    """Put a group aside: "ignored" or "out_of_scope". Raises LostRace naming who was first."""
    _take(session, staff_id, group_id, version, decision, "dismissed")


def teach(session: Session, staff_id: int, group_id: int, version: int, draft: Draft) -> int:
    """Make a lesson of a group; its id.

    Raises ReviewError for a draft that cannot be kept and LostRace naming who was first.
    """
    checked = lessons.check(session, draft)
    _take(session, staff_id, group_id, version, draft.kind, "used")
    return lessons.propose(session, staff_id, checked, group_id)


def reject(session: Session, staff_id: int, lesson_id: int, note: str) -> Lesson:
    """Turn a proposal down and put its group back into the inbox."""
    found = lessons.reject(session, staff_id, lesson_id, note)
    if found.group_id is not None:
        _open(session, found.group_id, ReviewGroup.decision == found.kind)
    return found


def undo(session: Session, staff_id: int, group_id: int, *, version: int, approves: bool) -> None:
    """Take a decision back, with what came of it.

    What two people have approved only an approver takes back (else ReviewError). Raises LostRace
    when the group was decided anew.
    """
    if not approves and lessons.is_live(session, group_id):
        raise ReviewError("Việc đã được duyệt: chỉ người duyệt hoặc quản trị hoàn tác được.")
    decided = ReviewGroup.version == version, ReviewGroup.decision != ""
    _open(session, group_id, *decided)
    lessons.withdraw_all(session, staff_id, group_id)
    audit.record(session, staff_id, "review_undone", "review_group", group_id)


def _take(
    session: Session, staff_id: int, group_id: int, version: int, decision: str, state: str
) -> None:
    taken = _update_group(
        session,
        (ReviewGroup.id == group_id, ReviewGroup.version == version, ReviewGroup.decision == ""),
        decision=decision,
        decided_by=staff_id,
        decided_at=utcnow(),
        version=version + 1,
    )
    if not taken:
        raise LostRace(_who_was_first(session, group_id))
    _set_items(session, group_id, ("new",), state)
    audit.record(
        session, staff_id, "review_decided", "review_group", group_id, {"decision": decision}
    )


def _open(session: Session, group_id: int, *wanted: Any) -> None:
    key = session.execute(select(ReviewGroup.key).where(ReviewGroup.id == group_id)).scalar()
    opened = key is not None and _update_group(
        session,
        (ReviewGroup.id == group_id, *wanted),
        decision="",
        decided_by=None,
        decided_at=None,
        checked_version=None,
        understood=False,
        version=ReviewGroup.version + 1,
    )
    if not opened:
        raise LostRace(_who_was_first(session, group_id))
    _take_in_again(session, group_id, str(key))
    _set_items(session, group_id, ("used", "dismissed"), "new")


def _take_in_again(session: Session, group_id: int, key: str) -> None:
    """What is asked alike from now on joins the group again, unless a later one takes it in."""
    digest = digest_of(key)
    taken = select(func.count()).select_from(ReviewGroup).where(ReviewGroup.digest == digest)
    if not session.execute(taken).scalar():
        _update_group(session, (ReviewGroup.id == group_id,), digest=digest)


def _who_was_first(session: Session, group_id: int) -> str:
    row = session.execute(
        select(ReviewGroup.decision, Staff.name)
        .outerjoin(Staff, Staff.id == ReviewGroup.decided_by)
        .where(ReviewGroup.id == group_id)
    ).first()
    if row is None:
        return "Nhóm này không còn nữa: người dân đã rút tin nhắn."
    if row[0]:
        return f"{row[1] or 'Người khác'} đã quyết định nhóm này trước."
    return "Nhóm này vừa được người khác mở lại. Mời xem lại rồi quyết định."


def _update_group(session: Session, wanted: Any, **values: Any) -> bool:
    done = session.execute(
        update(ReviewGroup)
        .where(*wanted)
        .values(values)
        .execution_options(synchronize_session=False)
    )
    return bool(done.rowcount == 1)


def _set_items(session: Session, group_id: int, states: tuple[str, ...], state: str) -> None:
    session.execute(
        update(ReviewItem)
        .where(ReviewItem.group_id == group_id, ReviewItem.state.in_(states))
        .values(state=state)
        .execution_options(synchronize_session=False)
    )
