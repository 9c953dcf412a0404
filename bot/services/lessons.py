"""What staff teach: sayings and training examples that a second person approves, and corrections.

    saying, example   proposed → approved | rejected
    correction        open → done → open
    each              → withdrawn

An approved saying is read by every process's search within seconds: the catalogue's version tells.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session, aliased

from bot.database import utcnow
from bot.errors import LostRace, ReviewError
from bot.models.learning import Lesson as Row
from bot.models.learning import ReviewGroup, ReviewItem
from bot.models.procedures import Procedure
from bot.models.staff import Staff
from bot.services import audit, catalogue
from bot.services.masking import mask
from bot.services.pages import PAGE_SIZE, Page
from bot.services.search.taught import APPROVED, SAYING

EXAMPLE, CORRECTION = "example", "correction"
KINDS = (SAYING, EXAMPLE, CORRECTION)
PROPOSED, REJECTED, OPEN, DONE, WITHDRAWN = "proposed", "rejected", "open", "done", "withdrawn"
LONGEST = {SAYING: 200, EXAMPLE: 500, CORRECTION: 2_000}  # characters
LONGEST_NOTE = 500
# What a list shows: kinds and states. "waiting" first: that is where somebody is needed.
SHOWN: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "waiting": ((SAYING, EXAMPLE), (PROPOSED,)),
    "live": ((SAYING,), (APPROVED,)),
    "training": ((EXAMPLE,), (APPROVED,)),
    "corrections": ((CORRECTION,), (OPEN,)),
    "past": (KINDS, (REJECTED, DONE, WITHDRAWN)),
}
_LETTER = re.compile(r"[^\W\d_]")


@dataclass(frozen=True)
class Lesson:
    """One thing taught. `procedure_name`: of a saying or a correction, "" when it is gone."""

    id: int
    group_id: int | None
    kind: str
    subject: str
    procedure_name: str
    text: str
    answer: str
    state: str
    proposed_by: int
    proposed_by_name: str
    proposed_at: dt.datetime
    decided_by_name: str
    decided_at: dt.datetime | None
    note: str


@dataclass(frozen=True)
class Draft:
    """What somebody wants to teach; `subject`: a procedure's code, of an example its intent."""

    kind: str
    subject: str
    text: str
    answer: str = ""


def check(session: Session, draft: Draft) -> Draft:
    """The draft, tidy and masked; raises ReviewError, in Vietnamese, where it cannot be kept."""
    text = " ".join(draft.text.split()) if draft.kind != CORRECTION else draft.text.strip()
    if not _LETTER.search(text):
        raise ReviewError("Chưa có nội dung. Mời anh/chị viết rồi lưu lại.")
    most = LONGEST[draft.kind]
    if len(text) > most:
        raise ReviewError(f"Nội dung dài {len(text)} ký tự, tối đa {most}. Mời rút ngắn.")
    subject = draft.subject.strip()
    if draft.kind == EXAMPLE:
        if not re.fullmatch(r"[a-z_]{1,60}", subject):
            raise ReviewError("Chưa chọn ý định cho ví dụ. Mời anh/chị chọn một ý định.")
    elif not _is_active(session, subject):
        raise ReviewError(
            f"Không có thủ tục nào đang dùng mang mã “{subject[:40]}”. Mời tìm rồi chọn thủ tục."
        )
    masked = mask(text)
    if draft.kind == SAYING and "[" in masked:
        raise ReviewError(
            "Cách nói không được chứa thông tin cá nhân (tên, số, ngày, mã). Mời bỏ phần đó đi."
        )
    return Draft(draft.kind, subject, masked, mask(draft.answer.strip()))


def propose(session: Session, staff_id: int, draft: Draft, group_id: int | None) -> int:
    """Keep a draft that `check` has passed; its id. Flushes."""
    row = Row(
        group_id=group_id,
        kind=draft.kind,
        subject=draft.subject,
        text=draft.text,
        answer=draft.answer,
        state=OPEN if draft.kind == CORRECTION else PROPOSED,
        proposed_by=staff_id,
    )
    session.add(row)
    session.flush()
    audit.record(
        session, staff_id, f"lesson_{row.state}", draft.kind, row.id, {"subject": draft.subject}
    )
    return int(row.id)


def approve(session: Session, staff_id: int, lesson_id: int) -> Lesson:
    """Let a proposal take effect. ReviewError for one's own, LostRace when somebody was first."""
    found = _decide(session, staff_id, lesson_id, APPROVED)
    if found.kind == SAYING:
        catalogue.bump(session)
        if found.group_id is not None:
            _settle_group(session, found.group_id)
    return found


def reject(session: Session, staff_id: int, lesson_id: int, note: str) -> Lesson:
    """Turn a proposal down; the caller opens its group again."""
    return _decide(session, staff_id, lesson_id, REJECTED, note.strip()[:LONGEST_NOTE])


def set_done(session: Session, staff_id: int, lesson_id: int, done: bool) -> None:
    """Mark a correction done, or open again. Raises LostRace when it is so already."""
    before, after = (OPEN, DONE) if done else (DONE, OPEN)
    wanted = Row.kind == CORRECTION, Row.state == before
    _move(session, lesson_id, wanted, staff_id, after)
    audit.record(session, staff_id, f"lesson_{after}", CORRECTION, lesson_id)


def withdraw_all(session: Session, staff_id: int, group_id: int) -> None:
    """Take back what came of a group; an approved saying is unlearned."""
    rows = session.execute(
        select(Row.id, Row.kind, Row.state).where(
            Row.group_id == group_id, Row.state.in_((PROPOSED, APPROVED, OPEN))
        )
    ).all()
    for lesson_id, kind, state in rows:
        _move(session, lesson_id, (Row.state == state,), staff_id, WITHDRAWN)
        audit.record(session, staff_id, f"lesson_{WITHDRAWN}", kind, lesson_id)
        if kind == SAYING and state == APPROVED:
            catalogue.bump(session)


def is_live(session: Session, group_id: int) -> bool:
    """Whether something approved came of a group."""
    wanted = select(Row.id).where(Row.group_id == group_id, Row.state == APPROVED).limit(1)
    return session.execute(wanted).first() is not None


def get(session: Session, lesson_id: int) -> Lesson | None:
    """One lesson, or None."""
    row = session.execute(_lessons().where(Row.id == lesson_id)).first()
    return None if row is None else Lesson(*row)


def listed(session: Session, shown: str, page: int) -> Page[Lesson]:
    """A page of one of the lists of SHOWN, newest first."""
    kinds, states = SHOWN[shown]
    wanted = Row.kind.in_(kinds), Row.state.in_(states)
    total = session.execute(select(func.count()).select_from(Row).where(*wanted)).scalar_one()
    rows = session.execute(
        _lessons()
        .where(*wanted)
        .order_by(Row.id.desc())
        .offset((page - 1) * PAGE_SIZE)
        .limit(PAGE_SIZE)
    )
    return Page(tuple(Lesson(*row) for row in rows), page, total)


def count_waiting(session: Session) -> int:
    """How many proposals wait for a second person."""
    kinds, states = SHOWN["waiting"]
    wanted = select(func.count()).select_from(Row)
    return int(session.execute(wanted.where(Row.kind.in_(kinds), Row.state.in_(states))).scalar())


def of_group(session: Session, group_id: int) -> tuple[Lesson, ...]:
    """What came of a group, newest first."""
    rows = session.execute(_lessons().where(Row.group_id == group_id).order_by(Row.id.desc()))
    return tuple(Lesson(*row) for row in rows)


def corrections_of(session: Session, code: str) -> tuple[Lesson, ...]:
    """The corrections that a procedure waits for, oldest first."""
    wanted = Row.kind == CORRECTION, Row.subject == code, Row.state == OPEN
    rows = session.execute(_lessons().where(*wanted).order_by(Row.id))
    return tuple(Lesson(*row) for row in rows)


def _lessons() -> Any:
    proposer, decider = aliased(Staff), aliased(Staff)
    return (
        select(
            Row.id,
            Row.group_id,
            Row.kind,
            Row.subject,
            func.coalesce(Procedure.name, ""),
            Row.text,
            Row.answer,
            Row.state,
            Row.proposed_by,
            proposer.name,
            Row.proposed_at,
            func.coalesce(decider.name, ""),
            Row.decided_at,
            Row.note,
        )
        .join(proposer, proposer.id == Row.proposed_by)
        .outerjoin(decider, decider.id == Row.decided_by)
        .outerjoin(Procedure, (Procedure.code == Row.subject) & (Row.kind != EXAMPLE))
    )


def _decide(session: Session, staff_id: int, lesson_id: int, state: str, note: str = "") -> Lesson:
    found = get(session, lesson_id)
    if found is None:
        raise LostRace("Đề xuất này không còn nữa.")
    if found.proposed_by == staff_id:
        raise ReviewError("Đây là đề xuất của chính anh/chị: cần một người khác duyệt.")
    if state == APPROVED and found.kind == SAYING and not _is_active(session, found.subject):
        raise ReviewError("Thủ tục này đã ngừng nên chưa duyệt được. Mời từ chối đề xuất.")
    _move(session, lesson_id, (Row.state == PROPOSED,), staff_id, state, note=note)
    audit.record(session, staff_id, f"lesson_{state}", found.kind, lesson_id)
    return found


def _move(
    session: Session, lesson_id: int, wanted: Any, staff_id: int, state: str, **more: Any
) -> None:
    values = {"state": state, "decided_by": staff_id, "decided_at": utcnow(), **more}
    moved = session.execute(
        update(Row)
        .where(Row.id == lesson_id, *wanted)
        .values(values)
        .execution_options(synchronize_session=False)
    )
    if moved.rowcount != 1:
        found = get(session, lesson_id)
        who = found.decided_by_name if found else ""
        raise LostRace(f"{who or 'Người khác'} đã quyết định việc này trước.")


def _settle_group(session: Session, group_id: int) -> None:
    """What was asked is learned: whoever is still not understood begins a group of their own."""
    session.execute(
        update(ReviewGroup)
        .where(ReviewGroup.id == group_id)
        .values(digest=None)
        .execution_options(synchronize_session=False)
    )
    session.execute(
        update(ReviewItem)
        .where(ReviewItem.group_id == group_id, ReviewItem.state == "new")
        .values(state="used")
        .execution_options(synchronize_session=False)
    )


def _is_active(session: Session, code: str) -> bool:
    wanted = select(Procedure.id).where(Procedure.code == code, Procedure.active.is_(True))
    return session.execute(wanted).first() is not None
