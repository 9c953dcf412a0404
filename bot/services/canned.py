"""Canned replies: personal ones, and shared ones that only some may change."""

from __future__ import annotations

import datetime as dt
import unicodedata
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, delete, func, or_, select, update
from sqlalchemy.orm import Session, aliased

from bot.database import utcnow
from bot.errors import CannedError
from bot.models.canned import CannedReply
from bot.models.desks import Desk
from bot.models.staff import Staff
from bot.services import audit, desks
from bot.services.canned_fields import Context, Filled, fill, gaps, problems
from bot.services.pages import PAGE_SIZE, Page
from bot.services.staff import Member
from nlu.text import fold

__all__ = ["Context", "Filled", "fill", "gaps"]

SHARERS = ("admin", "editor")  # who may change what is shared
TITLE_LIMIT, BODY_LIMIT = 100, 2_000  # characters
MOST_OWN = 500  # of one person
CHOICES = 20  # offered in the compose box


@dataclass(frozen=True)
class Canned:
    """One canned reply as somebody sees it."""

    id: int
    title: str
    body: str
    shared: bool
    desk_id: int | None
    desk_name: str
    updated_at: dt.datetime
    updated_by: str
    may_change: bool


def listed(session: Session, who: Member, page: int) -> Page[Canned]:
    """What somebody may use, their own first, by title."""
    seen = _seen_by(session, who)
    total = session.execute(select(func.count(CannedReply.id)).where(seen)).scalar_one()
    wanted = _rows().where(seen).order_by(CannedReply.staff_id.is_(None), *_BY_TITLE)
    rows = session.execute(wanted.offset((page - 1) * PAGE_SIZE).limit(PAGE_SIZE))
    return Page(tuple(_canned(row, who) for row in rows), page, total)


def choices(session: Session, who: Member, words: str = "") -> list[Canned]:
    """The first CHOICES that somebody may insert and whose title or text holds all the words."""
    wanted = fold(words).split()
    rows = session.execute(
        _rows().where(_seen_by(session, who)).order_by(CannedReply.staff_id.is_(None), *_BY_TITLE)
    )
    found = []
    for row in rows:
        text = fold(f"{row.title} {row.body}")
        if all(word in text for word in wanted):
            found.append(_canned(row, who))
            if len(found) == CHOICES:
                break
    return found


def get(session: Session, who: Member, canned_id: int) -> Canned | None:
    """One that somebody may use; None for any other, which reads as if it did not exist."""
    row = session.execute(
        _rows().where(CannedReply.id == canned_id, _seen_by(session, who))
    ).first()
    return None if row is None else _canned(row, who)


def save(
    session: Session,
    who: Member,
    *,
    title: str,
    body: str,
    shared: bool,
    desk_id: int | None = None,
    canned_id: int | None = None,
) -> int | None:
    """Add one, or change the one named; its id, None when they may not change that one.

    Raises CannedError, with what to tell them, when a value is not acceptable.
    """
    values = {
        "title": " ".join(unicodedata.normalize("NFC", title).split()),
        "body": unicodedata.normalize("NFC", body.replace("\r\n", "\n")).strip(),
        "desk_id": desk_id if shared else None,
        "staff_id": None if shared else who.id,
        "updated_at": utcnow(),
        "updated_by": who.id,
    }
    _check(session, who, values, shared=shared, new=canned_id is None)
    if canned_id is None:
        row = CannedReply(**values)
        session.add(row)
        session.flush()
        made = int(row.id)
    else:
        changed = session.execute(
            update(CannedReply)
            .where(CannedReply.id == canned_id, _changeable_by(who))
            .values(**values)
            .execution_options(synchronize_session=False)
        )
        if changed.rowcount != 1:
            return None
        made = canned_id
    audit.record(session, who.id, "canned_saved", "canned", made, {"shared": shared})
    return made


def remove(session: Session, who: Member, canned_id: int) -> bool:
    """Delete one; False when there is none that they may change."""
    done = session.execute(
        delete(CannedReply)
        .where(CannedReply.id == canned_id, _changeable_by(who))
        .execution_options(synchronize_session=False)
    )
    if done.rowcount != 1:
        return False
    audit.record(session, who.id, "canned_removed", "canned", canned_id)
    return True


_BY_TITLE = (CannedReply.title, CannedReply.id)


def _check(
    session: Session, who: Member, values: dict[str, Any], *, shared: bool, new: bool
) -> None:
    if not values["title"] or len(values["title"]) > TITLE_LIMIT:
        raise CannedError(f"Tên cần có từ 1 đến {TITLE_LIMIT} ký tự.")
    if not values["body"] or len(values["body"]) > BODY_LIMIT:
        raise CannedError(f"Nội dung cần có từ 1 đến {BODY_LIMIT} ký tự.")
    if wrong := problems(values["body"]):
        raise CannedError(f"Không có trường {', '.join(wrong)}. Mời xem danh sách trường bên dưới.")
    if shared and who.role not in SHARERS:
        raise CannedError("Chỉ quản trị và biên tập mới sửa được câu dùng chung.")
    desk_id = values["desk_id"]
    if desk_id is not None and session.get(Desk, desk_id) is None:
        raise CannedError("Không có bàn trực này.")
    own = select(func.count(CannedReply.id)).where(CannedReply.staff_id == who.id)
    if new and not shared and session.execute(own).scalar_one() >= MOST_OWN:
        raise CannedError(f"Mỗi người lưu tối đa {MOST_OWN} câu. Mời xoá bớt câu cũ.")


def _changeable_by(who: Member) -> Any:
    own = CannedReply.staff_id == who.id
    return or_(own, CannedReply.staff_id.is_(None)) if who.role in SHARERS else own


def _seen_by(session: Session, who: Member) -> Any:
    shared = CannedReply.staff_id.is_(None)
    if who.role not in SHARERS:
        mine = desks.desks_of(session, who.id)
        shared = and_(shared, or_(CannedReply.desk_id.is_(None), CannedReply.desk_id.in_(mine)))
    return or_(CannedReply.staff_id == who.id, shared)


def _rows() -> Any:
    writer = aliased(Staff)
    return (
        select(
            CannedReply.id,
            CannedReply.title,
            CannedReply.body,
            CannedReply.staff_id,
            CannedReply.desk_id,
            func.coalesce(Desk.name, "").label("desk_name"),
            CannedReply.updated_at,
            writer.name.label("updated_by"),
        )
        .join(writer, writer.id == CannedReply.updated_by)
        .outerjoin(Desk, Desk.id == CannedReply.desk_id)
    )


def _canned(row: Any, who: Member) -> Canned:
    shared = row.staff_id is None
    return Canned(
        id=row.id,
        title=row.title,
        body=row.body,
        shared=shared,
        desk_id=row.desk_id,
        desk_name=row.desk_name,
        updated_at=row.updated_at,
        updated_by=row.updated_by,
        may_change=not shared or who.role in SHARERS,
    )
