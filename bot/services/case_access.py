"""Who may see a case: the second fact, the wrong tries and the locks.

Wrong and absent take the same path: the same queries, the same rows written, the same error.
"""

from __future__ import annotations

import datetime as dt
import hmac
import re

from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from bot.errors import CaseNotShown, LookupLocked
from bot.models.cases import CaseGuard, CaseLookup, CaseVerification
from bot.onestop import Case, Cases
from bot.services.case_answers import CaseView, view

TRIES = 5
LOCK = dt.timedelta(hours=1)
VERIFIED = dt.timedelta(minutes=15)
SHOWN, WRONG, LOCKED = "shown", "wrong", "locked"


def look_up(
    session: Session,
    onestop: Cases,
    *,
    conversation_id: int,
    code: str,
    second_fact: str | None,
    message_id: str,
    now: dt.datetime,
) -> CaseView:
    """The case, for a citizen who knows its second fact or proved it in the last 15 minutes.

    `second_fact` is four digits, or None to rely on the earlier proof. Raises CaseNotShown (wrong
    or absent), LookupLocked (the fifth wrong try, and any look-up in the hour after it) or
    OneStopUnavailable (nothing is counted). A refusal is committed here, not by the caller.
    """
    if second_fact is not None and not re.fullmatch(r"[0-9]{4}", second_fact):
        raise ValueError("the second fact is four digits")
    # Before any row is locked: a slow one-stop database must hold nobody else up.
    case = onestop.find(code)
    guards = _lock_guards(session, conversation_id, code)
    lookup = session.execute(
        select(CaseLookup).filter_by(
            conversation_id=conversation_id, message_id=message_id, code=code
        )
    ).scalar_one_or_none()
    if lookup is None:
        lookup = CaseLookup(
            conversation_id=conversation_id, message_id=message_id, code=code, created_at=now
        )
    if until := _locked_until(guards, now):
        if lookup.outcome is None:
            lookup.outcome = LOCKED
        _refuse(session, lookup, LookupLocked(until))
    if second_fact is None:
        if case is None or not is_verified(session, conversation_id, code, now):
            raise CaseNotShown("no proof is in force")
    elif lookup.outcome == WRONG or not _matches(case, second_fact):
        _count_wrong(guards, lookup, now)
        until = _locked_until(guards, now)
        _refuse(session, lookup, LookupLocked(until) if until else CaseNotShown("wrong or absent"))
    assert case is not None  # both branches above refuse an absent case
    lookup.outcome = SHOWN
    session.add(lookup)
    if second_fact is not None:
        session.merge(
            CaseVerification(
                conversation_id=conversation_id,
                code=code,
                status=case.status,
                expires_at=now + VERIFIED,
            )
        )
    session.flush()
    return view(case)


def is_verified(session: Session, conversation_id: int, code: str, now: dt.datetime) -> bool:
    """Whether this conversation proved its right to this case in the last 15 minutes."""
    return verification(session, conversation_id, code, now) is not None


def verification(
    session: Session, conversation_id: int, code: str, now: dt.datetime
) -> CaseVerification | None:
    """The proof in force, if any."""
    return session.execute(
        select(CaseVerification).where(
            CaseVerification.conversation_id == conversation_id,
            CaseVerification.code == code,
            CaseVerification.expires_at > now,
        )
    ).scalar_one_or_none()


def locked_until(
    session: Session, conversation_id: int, code: str, now: dt.datetime
) -> dt.datetime | None:
    """When this citizen may look this case up again; None when nothing is locked."""
    keys = _keys(conversation_id, code)
    guards = session.execute(select(CaseGuard).where(CaseGuard.key.in_(keys))).scalars().all()
    return _locked_until(list(guards), now)


def forget_proofs(session: Session, conversation_id: int) -> None:
    """Take back every proof of this conversation."""
    session.execute(
        delete(CaseVerification).where(CaseVerification.conversation_id == conversation_id)
    )


def _keys(conversation_id: int, code: str) -> tuple[str, str]:
    return f"conversation:{conversation_id}", f"case:{code}"


def _lock_guards(session: Session, conversation_id: int, code: str) -> list[CaseGuard]:
    """Both guards, locked to the end of the transaction, so that two tries at once are two.

    Always the citizen's first: everybody takes the two kinds in one order, so nobody deadlocks.
    """
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    guards = []
    for key in _keys(conversation_id, code):
        insert = dialect.insert(CaseGuard).values(key=key, wrong=0)
        # The update changes nothing: it locks the row in the same step, before a purge takes it.
        kept = {"wrong": CaseGuard.__table__.c.wrong}
        session.execute(insert.on_conflict_do_update(index_elements=["key"], set_=kept))
        query = select(CaseGuard).where(CaseGuard.key == key)
        query = query.execution_options(populate_existing=True)
        guards.append(session.execute(query).scalar_one())
    return guards


def _locked_until(guards: list[CaseGuard], now: dt.datetime) -> dt.datetime | None:
    ends = [g.locked_until for g in guards if g.locked_until and g.locked_until > now]
    return max(ends, default=None)


def _count_wrong(guards: list[CaseGuard], lookup: CaseLookup, now: dt.datetime) -> None:
    """Count one wrong try on both guards; a replayed message was counted before."""
    if lookup.outcome == WRONG:
        return
    lookup.outcome = WRONG
    for guard in guards:
        quiet = guard.last_wrong_at is None or now - guard.last_wrong_at >= LOCK
        served = guard.locked_until is not None  # an open lock would have refused before
        guard.wrong = 1 if quiet or served else guard.wrong + 1
        guard.last_wrong_at = now
        guard.locked_until = now + LOCK if guard.wrong >= TRIES else None


def _matches(case: Case | None, second_fact: str) -> bool:
    facts = (case.phone_last4, case.id_last4) if case else ("", "")
    same = [hmac.compare_digest(fact.encode(), second_fact.encode()) for fact in facts]
    return any(same)


def _refuse(session: Session, lookup: CaseLookup, error: CaseNotShown | LookupLocked) -> None:
    session.add(lookup)
    # The boundary rolls back on an error, and with it the try would be forgotten: a citizen could
    # then guess for ever. This is the one service that commits.
    session.commit()
    raise error
