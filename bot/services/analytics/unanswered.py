"""What citizens asked in vain, in masked words, where several said the same."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, false, func, or_, select
from sqlalchemy.orm import Session

from bot.models.learning import ReviewItem
from bot.services.analytics.scope import OFFERED, REFUSED, Scope
from bot.services.learning import NONE

# What one person alone said may tell who it was, however well it is masked.
LEAST = 2
MOST = 200  # groups


@dataclass(frozen=True)
class Unanswered:
    """The groups, the most frequent first, and how many messages were in none."""

    groups: tuple[tuple[str, int], ...]
    alone: int


def top(session: Session, scope: Scope) -> Unanswered:
    """TOP UNANSWERED: masked messages that were not understood, or for which nothing offered fit.

    Messages with the same normalised words are one group; the clock is when they were kept for
    review. What was said only once is counted, never shown. The channel is not known of them, and
    of a department are only those for which one of its procedures was offered.
    """
    wanted = _wanted(scope)
    number = func.count().label("number")
    groups = session.execute(
        select(func.min(ReviewItem.text), number)
        .where(wanted)
        .group_by(ReviewItem.normalised)
        .having(number >= LEAST)
        .order_by(number.desc(), func.min(ReviewItem.text))
        .limit(MOST)
    )
    once = (
        select(ReviewItem.normalised)
        .where(wanted)
        .group_by(ReviewItem.normalised)
        .having(func.count() < LEAST)
        .subquery()
    )
    alone = session.execute(select(func.count()).select_from(once)).scalar_one()
    return Unanswered(tuple((text, int(n)) for text, n in groups), int(alone))


def _wanted(scope: Scope) -> Any:
    wanted = and_(
        scope.during(ReviewItem.created_at),
        or_(
            ReviewItem.outcome == REFUSED,
            and_(ReviewItem.outcome == OFFERED, ReviewItem.choice == NONE),
        ),
    )
    if scope.commune:
        wanted = and_(wanted, ReviewItem.commune == scope.commune)
    if scope.department:
        offered = ReviewItem.procedures[0].as_string()
        wanted = and_(wanted, offered.in_(scope.codes) if scope.codes else false())
    return wanted
