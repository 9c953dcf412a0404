"""Conversations: how many, whom the assistant served alone, who was handed over."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, case, func, literal, select
from sqlalchemy.orm import Session

from bot.models.conversations import Message
from bot.models.handoffs import Handoff
from bot.services.analytics.clock import week_number
from bot.services.analytics.scope import ANSWERED, EVENTS, INBOUND, STAFF, Scope


@dataclass(frozen=True)
class Conversations:
    """Numbers of conversations."""

    total: int = 0
    bot_alone: int = 0
    handed_over: int = 0


def counted(session: Session, scope: Scope) -> Conversations:
    """CONVERSATION: a citizen on a channel with at least one message in the period.

    BOT ALONE: of them those with at least one answered turn, no handoff that began in the period
    and no message that was left to people. HANDED OVER: those with a handoff that began in the
    period, also when staff stepped in by themselves. The rest got neither.
    """
    rows = _rows(session, scope, weekly=False)
    return rows.get(0, Conversations())


def by_week(session: Session, scope: Scope) -> list[Conversations]:
    """The same for each week of the period: somebody who wrote in two weeks counts in both."""
    rows = _rows(session, scope, weekly=True)
    return [rows.get(week, Conversations()) for week in range(len(scope.period.weeks))]


def _rows(session: Session, scope: Scope, *, weekly: bool) -> dict[int, Conversations]:
    def week(column: Any) -> Any:
        return (week_number(column, scope.period.monday) if weekly else literal(0)).label("week")

    is_answered = scope.turns() & (Message.outcome == ANSWERED)
    wrote = _each(
        week(Message.created_at),
        Message.conversation_id,
        func.max(case((is_answered, 1), else_=0)).label("answered"),
    )
    wrote = wrote.where(scope.messages()).subquery()
    left = _each(week(Message.created_at), Message.conversation_id, func.count().label("n"))
    left = left.where(
        INBOUND,
        scope.during(Message.created_at),
        Message.kind.not_in(EVENTS),
        Message.outcome == STAFF,
    ).subquery()
    handed = _each(week(Handoff.created_at), Handoff.conversation_id, func.count().label("n"))
    handed = handed.where(scope.during(Handoff.created_at)).subquery()
    alone = and_(wrote.c.answered == 1, handed.c.n.is_(None), left.c.n.is_(None))
    found = session.execute(
        select(
            wrote.c.week,
            func.count(),
            func.sum(case((alone, 1), else_=0)),
            func.sum(case((handed.c.n.is_not(None), 1), else_=0)),
        )
        .select_from(
            wrote.outerjoin(handed, _same(wrote, handed)).outerjoin(left, _same(wrote, left))
        )
        .group_by(wrote.c.week)
    )
    return {int(week): Conversations(*map(int, counts)) for week, *counts in found}


def _each(week: Any, conversation_id: Any, value: Any) -> Any:
    return select(week, conversation_id.label("conversation"), value).group_by(
        "week", conversation_id
    )


def _same(one: Any, other: Any) -> Any:
    return and_(one.c.conversation == other.c.conversation, one.c.week == other.c.week)
