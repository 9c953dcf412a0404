"""What the assistant makes today of messages that it did not understand when they came."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, or_, select, update
from sqlalchemy.orm import Session, sessionmaker

from bot.database import session_scope
from bot.models.learning import ReviewGroup, ReviewItem
from bot.services import catalogue, procedures
from bot.services.procedures import ONE, SearchResult

AT_ONCE = 500  # groups of one look
FAILED_IN_SEARCH = ("refused", "asked", "offered")


@dataclass(frozen=True)
class Today:
    """A message and what the search says about it now."""

    text: str
    result: SearchResult


def today(session: Session, texts: Sequence[str]) -> tuple[Today, ...]:
    """What each of these is answered with now."""
    return tuple(Today(text, procedures.search(session, text)) for text in texts)


def refresh(sessions: sessionmaker[Session], seconds: float) -> int:
    """Find out which open groups are understood by now, the most frequent first.

    Stops after `seconds`; returns how many groups are left to look at. What was found out holds
    until the catalogue or the sayings change, or the group grows.
    """
    ends = time.monotonic() + seconds
    with session_scope(sessions, readonly=True) as session:
        version = catalogue.version(session)
        groups = _unchecked(session, version)
        found: dict[int, bool] = {}
        for group_id in groups:
            if time.monotonic() > ends:
                break
            found[group_id] = _is_understood(session, group_id)
    if found:
        with session_scope(sessions) as session:
            for understood in (True, False):
                ids = [group_id for group_id, known in found.items() if known is understood]
                _store(session, ids, understood, version)
    return len(groups) - len(found)


def _unchecked(session: Session, version: int) -> list[int]:
    rows = session.execute(
        select(ReviewGroup.id)
        .join(ReviewItem, ReviewItem.group_id == ReviewGroup.id)
        .where(
            ReviewItem.state == "new",
            ReviewGroup.decision == "",
            or_(ReviewGroup.checked_version.is_(None), ReviewGroup.checked_version != version),
        )
        .group_by(ReviewGroup.id)
        .order_by(func.count(ReviewItem.id).desc(), ReviewGroup.id)
        .limit(AT_ONCE)
    )
    return [int(row[0]) for row in rows]


def _is_understood(session: Session, group_id: int) -> bool:
    """Whether every message of a group is answered now.

    One that was answered and yet failed (a person had to help, the model was not sure, an agent
    asks for more) is answered better only if staff have taught its very words since.
    """
    rows = session.execute(
        select(ReviewItem.text, ReviewItem.outcome, ReviewItem.handed_over, ReviewItem.suggestion)
        .where(ReviewItem.group_id == group_id, ReviewItem.state == "new")
        .distinct()
    )
    for text, outcome, handed_over, suggestion in rows:
        result = procedures.search(session, text)
        failed_otherwise = handed_over or suggestion or outcome not in FAILED_IN_SEARCH
        if result.kind != ONE or (failed_otherwise and not result.taught):
            return False
    return True


def _store(session: Session, ids: Sequence[int], understood: bool, version: int) -> None:
    session.execute(
        update(ReviewGroup)
        .where(ReviewGroup.id.in_(ids), ReviewGroup.decision == "")
        .values(understood=understood, checked_version=version)
        .execution_options(synchronize_session=False)
    )
