"""How often citizens looked up a case, and with what result."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot.models.cases import CaseLookup
from bot.services.analytics.scope import Scope

RESULTS = ("shown", "wrong", "locked")


def by_result(session: Session, scope: Scope) -> dict[str, int]:
    """CASE LOOK-UPS that were tried in the period: shown; wrong code or fact; refused by a lock."""
    rows = session.execute(
        select(CaseLookup.outcome, func.count())
        .where(scope.during(CaseLookup.created_at), scope.of_channel(CaseLookup.conversation_id))
        .group_by(CaseLookup.outcome)
    )
    found = {result: int(number) for result, number in rows}
    return {result: found.get(result, 0) for result in RESULTS}
