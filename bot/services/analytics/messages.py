"""What came of citizens' messages: by hour, by week, by commune."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from bot.models.conversations import Message
from bot.services.analytics.clock import hour_in_vietnam, hour_number
from bot.services.analytics.scope import ANSWERED, ASKED, OFFERED, REFUSED, Scope


@dataclass(frozen=True)
class Turns:
    """Messages, and of them those that the assistant dealt with, by outcome."""

    messages: int = 0
    turns: int = 0
    answered: int = 0
    asked_back: int = 0
    not_understood: int = 0

    def __add__(self, more: Turns) -> Turns:
        return Turns(
            self.messages + more.messages,
            self.turns + more.turns,
            self.answered + more.answered,
            self.asked_back + more.asked_back,
            self.not_understood + more.not_understood,
        )


def by_hour(session: Session, scope: Scope) -> dict[int, Turns]:
    """The messages of each `hour_number` in which there were some."""
    hour = hour_number(Message.created_at).label("hour")
    rows = session.execute(select(hour, *_counts(scope)).where(scope.messages()).group_by(hour))
    return {int(number): Turns(*map(int, counts)) for number, *counts in rows}


def by_commune(session: Session, scope: Scope) -> dict[str, Turns]:
    """The messages of each commune, by its code; "" where the citizen's is not known."""
    rows = session.execute(
        select(Message.commune, *_counts(scope)).where(scope.messages()).group_by(Message.commune)
    )
    return {code: Turns(*map(int, counts)) for code, *counts in rows}


def total(parts: Iterable[Turns]) -> Turns:
    """All of them together."""
    return sum(parts, Turns())


def by_week(scope: Scope, hours: dict[int, Turns]) -> list[Turns]:
    """The messages of each week of the period."""
    found = [Turns() for _ in scope.period.weeks]
    monday = int(scope.period.monday.timestamp()) // 3600
    for hour, turns in hours.items():
        found[(hour - monday) // (24 * 7)] += turns
    return found


def load(hours: dict[int, Turns]) -> list[list[int]]:
    """HOURLY LOAD: messages by weekday (Monday first) and hour of the day in Viet Nam."""
    counted: Counter[tuple[int, int]] = Counter()
    for number, turns in hours.items():
        at = hour_in_vietnam(number)
        counted[at.weekday(), at.hour] += turns.messages
    return [[counted[day, hour] for hour in range(24)] for day in range(7)]


def _counts(scope: Scope) -> tuple[object, ...]:
    """MESSAGES and TURNS; ANSWERED: turns that ended with an answer about a procedure, a place or a
    case; ASKED BACK: turns in which the assistant asked, or offered a choice; NOT UNDERSTOOD: turns
    in which it said that it didn't understand or doesn't know.
    """
    is_turn = scope.turns()

    def those(*outcomes: str) -> object:
        return func.sum(case((is_turn & Message.outcome.in_(outcomes), 1), else_=0))

    turns = func.sum(case((is_turn, 1), else_=0))
    return func.count(), turns, those(ANSWERED), those(ASKED, OFFERED), those(REFUSED)
