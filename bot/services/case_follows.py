"""Following a case: the citizen is told when its status changes."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from bot.database import utcnow
from bot.errors import CaseNotShown, OneStopUnavailable
from bot.models.cases import CaseFollow
from bot.onestop import Case, Cases
from bot.services import case_access
from bot.services.case_answers import ENDED, describe, render, view

MOST = 20  # cases that one citizen may follow
STARTED, ALREADY, FINISHED, FULL = "started", "already", "finished", "full"
CHANGED = "utter_case_changed"
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Followed:
    """A followed case as it was last seen: the status that its follower knows."""

    id: int
    conversation_id: int
    code: str
    status: int


@dataclass(frozen=True)
class CaseLook:
    """A followed case and what the one-stop database says; None: nothing to be had."""

    followed: Followed
    case: Case | None


@dataclass(frozen=True)
class CaseChange:
    """A message that is due to a follower: the response, its values, and its text ready made."""

    conversation_id: int
    code: str
    response: str
    values: dict[str, str] = field(hash=False)
    text: str


def follow(
    session: Session,
    conversation_id: int,
    code: str,
    message_id: str,
    now: dt.datetime | None = None,
) -> str:
    """Follow a case that is verified now; "started", "already", "finished" or "full".

    The answer to give is utter_follow_<that>. Raises CaseNotShown when no proof is in force.
    """
    now = now or utcnow()
    proof = case_access.verification(session, conversation_id, code, now)
    if proof is None:
        raise CaseNotShown("no proof is in force")
    known = session.execute(
        select(CaseFollow).filter_by(conversation_id=conversation_id, code=code)
    ).scalar_one_or_none()
    if known is not None:
        # The same message again gets the same answer.
        return STARTED if known.message_id == message_id else ALREADY
    if proof.status in ENDED:
        return FINISHED
    if len(following(session, conversation_id)) >= MOST:
        return FULL
    session.add(
        CaseFollow(
            conversation_id=conversation_id,
            code=code,
            last_status=proof.status,
            message_id=message_id,
            created_at=now,
            checked_at=now,
        )
    )
    session.flush()
    return STARTED


def unfollow(session: Session, conversation_id: int, code: str | None = None) -> list[str]:
    """Stop following one case, or all of them; returns the codes that were followed."""
    codes = [c for c in following(session, conversation_id) if code in (None, c)]
    session.execute(
        delete(CaseFollow)
        .where(CaseFollow.conversation_id == conversation_id, CaseFollow.code.in_(codes))
        .execution_options(synchronize_session=False)
    )
    session.flush()
    return codes


def following(session: Session, conversation_id: int) -> list[str]:
    """The codes that this conversation follows, oldest first."""
    query = (
        select(CaseFollow.code)
        .where(CaseFollow.conversation_id == conversation_id)
        .order_by(CaseFollow.id)
    )
    return list(session.execute(query).scalars())


def longest_unseen(session: Session, limit: int) -> list[Followed]:
    """The `limit` follows that have waited longest for a look."""
    query = (
        select(CaseFollow.id, CaseFollow.conversation_id, CaseFollow.code, CaseFollow.last_status)
        .order_by(CaseFollow.checked_at, CaseFollow.id)
        .limit(limit)
    )
    return [Followed(*row) for row in session.execute(query).all()]


def look(onestop: Cases, follows: Sequence[Followed]) -> list[CaseLook]:
    """Ask for each case, without a transaction of ours open: a foreign database may take long.

    A source that does not answer is left for the next time.
    """
    looks = []
    silent: set[str | None] = set()
    for followed in follows:
        source = None
        try:
            source = onestop.source_of(followed.code)
            case = None if source in silent else onestop.find(followed.code)
        except OneStopUnavailable as error:
            logger.warning("follows: %s", error)
            silent.add(source)
            case = None
        looks.append(CaseLook(followed, case))
    return looks


def note(session: Session, looks: Sequence[CaseLook], now: dt.datetime) -> list[CaseChange]:
    """Note what was seen; a message for each status that changed.

    Store the messages in the transaction of `session`: then each change is told exactly once. A
    case that ended is followed no more.
    """
    return [
        _change(look.followed.conversation_id, look.case, now)
        for look in looks
        if _note(session, look, now) and look.case is not None
    ]


def _note(session: Session, look: CaseLook, now: dt.datetime) -> bool:
    """Note what was seen; whether this process is the one to tell of a change."""
    before = look.followed.status
    status = look.case.status if look.case else before
    follow_id = look.followed.id
    noted = session.execute(
        update(CaseFollow)
        .where(CaseFollow.id == follow_id, CaseFollow.last_status == before)
        .values(last_status=status, checked_at=now)
        .execution_options(synchronize_session=False)
    )
    if noted.rowcount != 1:
        return False  # another worker has told since, or nobody follows any more
    if status in ENDED:
        session.execute(
            delete(CaseFollow)
            .where(CaseFollow.id == follow_id)
            .execution_options(synchronize_session=False)
        )
    return status != before


def _change(conversation_id: int, case: Case, now: dt.datetime) -> CaseChange:
    _, values = describe(view(case), now)
    # Sent unasked, perhaps long after the proof: it must not name anybody.
    values = {name: value for name, value in values.items() if name != "applicant"}
    return CaseChange(conversation_id, case.code, CHANGED, values, render(CHANGED, values))
