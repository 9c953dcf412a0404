"""The inbox of what was not understood, as staff read it: groups, the most frequent first."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import and_, case, func, select
from sqlalchemy.orm import Session

from bot.database import utcnow
from bot.models.learning import ReviewGroup, ReviewItem
from bot.models.staff import Staff
from bot.services.pages import PAGE_SIZE, Page
from nlu.text import fold

# Why a message is here; a message may be here for several reasons.
REASONS: dict[str, Any] = {
    "refused": ReviewItem.outcome == "refused",
    "asked": ReviewItem.outcome.in_(("asked", "offered")),
    "handed_over": ReviewItem.handed_over.is_(True),
    "unsure": ReviewItem.outcome == "unsure",
    "staff": ReviewItem.suggestion != "",
}
EXAMPLES = 3  # different messages of a group that a list shows
LOOKED_AT = 30  # of its newest, from which they are taken
MEMBERS = 200  # messages that a group's own page shows


@dataclass(frozen=True)
class GroupLine:
    """A group in a list. `counts`: how many of its messages are here for which of REASONS."""

    id: int
    version: int
    decision: str
    decided_by_name: str
    decided_at: dt.datetime | None
    understood: bool
    count: int
    oldest: dt.datetime
    newest: dt.datetime
    counts: Mapping[str, int] = field(hash=False)
    examples: tuple[str, ...] = ()


@dataclass(frozen=True)
class Member:
    """One message of a group, masked, with what an agent suggested for it."""

    id: int
    text: str
    intent: str
    confidence: float | None  # 0 to 1
    reasons: tuple[str, ...]
    procedures: tuple[str, ...]
    choice: str
    suggestion: str
    suggested_by_name: str
    answer: str
    created_at: dt.datetime


def open_groups(
    session: Session,
    page: int,
    *,
    reason: str = "",
    days: int | None = None,
    understood: bool = False,
) -> Page[GroupLine]:
    """Groups that nobody has decided, the most frequent first.

    `reason`: one of REASONS, "" for all. `days`: only messages of that time count. `understood`:
    those whose every message is answered by now, instead of those that are not.
    """
    wanted = [
        ReviewItem.state == "new",
        ReviewGroup.decision == "",
        ReviewGroup.understood.is_(understood),
    ]
    if reason:
        wanted.append(REASONS[reason])
    if days is not None:
        wanted.append(ReviewItem.created_at >= utcnow() - dt.timedelta(days=days))
    return _page(session, wanted, page)


def put_aside(session: Session, page: int) -> Page[GroupLine]:
    """Groups that were ignored or are nobody's business here, the last decided first."""
    wanted = [ReviewGroup.decision.in_(("ignored", "out_of_scope"))]
    return _page(session, wanted, page, last_decided_first=True)


def one(session: Session, group_id: int) -> GroupLine | None:
    """One group, decided or not; None when none of its messages is left."""
    found = _page(session, [ReviewGroup.id == group_id], 1).rows
    return found[0] if found else None


def members(session: Session, group_id: int) -> tuple[Member, ...]:
    """The newest messages of a group, at most MEMBERS."""
    rows = session.execute(
        select(ReviewItem, func.coalesce(Staff.name, ""))
        .outerjoin(Staff, Staff.id == ReviewItem.suggested_by)
        .where(ReviewItem.group_id == group_id)
        .order_by(ReviewItem.created_at.desc(), ReviewItem.id.desc())
        .limit(MEMBERS)
    )
    return tuple(_member(item, name) for item, name in rows)


def count_open(session: Session) -> int:
    """How many groups wait for a decision."""
    wanted = select(func.count(func.distinct(ReviewItem.group_id))).join(
        ReviewGroup, ReviewGroup.id == ReviewItem.group_id
    )
    return int(session.execute(wanted.where(_waits())).scalar_one())


def _waits() -> Any:
    return and_(
        ReviewItem.state == "new",
        ReviewGroup.decision == "",
        ReviewGroup.understood.is_(False),
    )


def _page(
    session: Session, wanted: Sequence[Any], page: int, *, last_decided_first: bool = False
) -> Page[GroupLine]:
    joined = ReviewGroup.id == ReviewItem.group_id
    total = session.execute(
        select(func.count(func.distinct(ReviewItem.group_id)))
        .join(ReviewGroup, joined)
        .where(*wanted)
    ).scalar_one()
    count = func.count(ReviewItem.id)
    head = (
        ReviewGroup.id,
        ReviewGroup.version,
        ReviewGroup.decision,
        func.coalesce(Staff.name, ""),
        ReviewGroup.decided_at,
        ReviewGroup.understood,
    )
    reasons = [func.sum(case((which, 1), else_=0)) for which in REASONS.values()]
    by_count = (count.desc(), func.max(ReviewItem.created_at).desc(), ReviewGroup.id)
    by_date = (ReviewGroup.decided_at.desc(), ReviewGroup.id.desc())
    rows = session.execute(
        select(
            *head,
            count,
            func.min(ReviewItem.created_at),
            func.max(ReviewItem.created_at),
            *reasons,
        )
        .join(ReviewGroup, joined)
        .outerjoin(Staff, Staff.id == ReviewGroup.decided_by)
        .where(*wanted)
        .group_by(ReviewGroup.id, Staff.name)
        .order_by(*(by_date if last_decided_first else by_count))
        .offset((page - 1) * PAGE_SIZE)
        .limit(PAGE_SIZE)
    ).all()
    examples = _examples(session, [row[0] for row in rows], wanted)
    lines = [_line(row, examples.get(row[0], ())) for row in rows]
    return Page(lines, page, total)


def _line(row: Sequence[Any], examples: tuple[str, ...]) -> GroupLine:
    group_id, version, decision, name, decided_at, understood, count, oldest, newest = row[:9]
    return GroupLine(
        id=group_id,
        version=version,
        decision=decision,
        decided_by_name=name,
        decided_at=decided_at,
        understood=understood,
        count=count,
        oldest=oldest,
        newest=newest,
        counts=dict(zip(REASONS, row[9:], strict=True)),
        examples=examples,
    )


def _examples(
    session: Session, groups: Sequence[int], wanted: Sequence[Any]
) -> dict[int, tuple[str, ...]]:
    """The newest different messages of each group, those with marks first."""
    place = func.row_number().over(partition_by=ReviewItem.group_id, order_by=ReviewItem.id.desc())
    numbered = (
        select(ReviewItem.group_id, ReviewItem.text, place.label("place"))
        .join(ReviewGroup, ReviewGroup.id == ReviewItem.group_id)
        .where(ReviewItem.group_id.in_(groups), *wanted)
        .subquery()
    )
    rows = session.execute(
        select(numbered.c.group_id, numbered.c.text)
        .where(numbered.c.place <= LOOKED_AT)
        .order_by(numbered.c.group_id, numbered.c.place)
    )
    found: dict[int, dict[str, None]] = {}
    for group_id, text in rows:
        found.setdefault(group_id, {})[text] = None
    return {
        group_id: tuple(sorted(texts, key=_is_bare)[:EXAMPLES]) for group_id, texts in found.items()
    }


def _is_bare(text: str) -> bool:
    """Whether a message has no marks: staff read those with marks first."""
    return fold(text) == text


def _member(item: ReviewItem, suggested_by: str) -> Member:
    reasons = {
        "refused": item.outcome == "refused",
        "asked": item.outcome in ("asked", "offered"),
        "handed_over": item.handed_over,
        "unsure": item.outcome == "unsure",
        "staff": bool(item.suggestion),
    }
    return Member(
        id=item.id,
        text=item.text,
        intent=item.intent,
        confidence=None if item.confidence is None else item.confidence / 1000,
        reasons=tuple(name for name, here in reasons.items() if here),
        procedures=tuple(item.procedures),
        choice=item.choice,
        suggestion=item.suggestion,
        suggested_by_name=suggested_by,
        answer=item.answer,
        created_at=item.created_at,
    )
