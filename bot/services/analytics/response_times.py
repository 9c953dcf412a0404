"""How long citizens waited for the assistant's answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from bot.models.conversations import Message
from bot.services.analytics.clock import tenths_between
from bot.services.analytics.scope import Scope, off_index

BOUNDS = (1, 2, 5, 10, 30, 60)  # seconds


def counted(session: Session, scope: Scope) -> dict[int, int]:
    """RESPONSE TIME: from keeping a message to the platform's accepting its first reply.

    How many messages of the period took how many tenths of a second. A notice that asks to wait is
    no reply, nor is what staff write; a message without an accepted reply is not counted.
    """
    reply = aliased(Message)
    accepted = (
        select(func.min(reply.finished_at))
        .where(
            reply.reply_to_id == Message.id,
            off_index(reply.state) == "sent",
            # What was said before the answer was ready is a notice.
            reply.created_at >= Message.finished_at,
        )
        .correlate(Message)
        .scalar_subquery()
    )
    first = (
        select(Message.created_at, accepted.label("accepted")).where(scope.messages()).subquery()
    )
    tenths = tenths_between(first.c.created_at, first.c.accepted).label("tenths")
    rows = session.execute(
        select(tenths, func.count()).where(first.c.accepted.is_not(None)).group_by("tenths")
    )
    return {max(0, int(length)): int(number) for length, number in rows}


def percentile(lengths: Mapping[int, int], share: float) -> float | None:
    """The length in seconds that this share of the messages did not exceed; None without any.

    The nearest rank: a length that really occurred.
    """
    total = sum(lengths.values())
    passed = 0
    for length in sorted(lengths):
        passed += lengths[length]
        if passed >= share * total:
            return length / 10
    return None


def spread(lengths: Mapping[int, int]) -> list[int]:
    """How many took up to each of BOUNDS (and longer than the one before), then how many longer."""
    found = [0] * (len(BOUNDS) + 1)
    for length, number in lengths.items():
        place = next((i for i, bound in enumerate(BOUNDS) if length <= bound * 10), len(BOUNDS))
        found[place] += number
    return found


def merged(rows: Any) -> dict[Any, dict[int, int]]:
    """(key, length, number) rows as lengths by key."""
    found: dict[Any, dict[int, int]] = {}
    for key, length, number in rows:
        found.setdefault(key, {})[max(0, int(length))] = int(number)
    return found
