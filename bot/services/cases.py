"""Cases (hồ sơ): look one up, tell what it says, follow it, and forget all of that."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import String, cast, delete, literal, or_, update
from sqlalchemy.orm import Session

from bot.models.cases import CaseFollow, CaseGuard, CaseLookup, CaseVerification
from bot.services.case_access import LOCK, forget_proofs, is_verified, locked_until, look_up
from bot.services.case_answers import CaseView, describe, is_overdue, mask_name, render
from bot.services.case_follows import (
    CaseChange,
    follow,
    following,
    longest_unseen,
    look,
    note,
    unfollow,
)
from bot.services.second_fact import parse as parse_second_fact

__all__ = [
    "CaseChange",
    "CaseView",
    "describe",
    "erase",
    "follow",
    "following",
    "is_overdue",
    "is_verified",
    "locked_until",
    "longest_unseen",
    "look",
    "look_up",
    "mask_name",
    "note",
    "parse_second_fact",
    "purge",
    "render",
    "unfollow",
]

KEPT = dt.timedelta(days=365)


def erase(session: Session, conversation_id: int) -> None:
    """Forget which cases this conversation followed, proved and looked at.

    The trail of each case stays without the person. So do the wrong tries, for their hour:
    otherwise asking to be forgotten would open the lock.
    """
    forget_proofs(session, conversation_id)
    unfollow(session, conversation_id)
    session.execute(
        update(CaseLookup)
        .where(CaseLookup.conversation_id == conversation_id)
        .values(conversation_id=0, message_id=literal("erased:") + cast(CaseLookup.id, String))
        .execution_options(synchronize_session=False)
    )
    session.flush()


def purge(session: Session, now: dt.datetime) -> None:
    """Drop old proofs, guards that are quiet, and audit rows and follows past their year."""
    quiet = or_(CaseGuard.last_wrong_at.is_(None), CaseGuard.last_wrong_at <= now - LOCK)
    open_ = or_(CaseGuard.locked_until.is_(None), CaseGuard.locked_until <= now)
    for statement in (
        delete(CaseVerification).where(CaseVerification.expires_at <= now),
        delete(CaseGuard).where(quiet, open_),
        delete(CaseLookup).where(CaseLookup.created_at <= now - KEPT),
        delete(CaseFollow).where(CaseFollow.created_at <= now - KEPT),
    ):
        session.execute(statement.execution_options(synchronize_session=False))
    session.flush()
