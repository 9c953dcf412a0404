"""What the holder of a conversation does with a draft: approve, edit, dismiss. Each draft once."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from bot.database import utcnow
from bot.errors import DraftNotOpen
from bot.models.handoffs import Handoff, ReplyDraft
from bot.services import audit, requests
from bot.services.handoff_changes import lock_of, lost, move
from bot.services.handoff_lists import CLAIMED
from bot.services.reply_drafts import (
    APPROVED,
    DISMISSED,
    EDITED,
    READY,
    parts_of,
    why_outdated,
)

DECIDED = "decided"


def exists(session: Session, handoff_id: int, draft_id: int) -> bool:
    """Whether this handoff ever had such a draft."""
    known = select(ReplyDraft.id).where(
        ReplyDraft.id == draft_id, ReplyDraft.handoff_id == handoff_id
    )
    return session.execute(known).first() is not None


def approve(session: Session, handoff_id: int, draft_id: int, staff_id: int) -> list[int]:
    """Send a draft as it is, as the holder's own words; the ids of the messages.

    Raises DraftNotOpen when it was decided before or is out of date, LostRace, with their name,
    when somebody else holds the conversation, and WindowClosed. Deliver it after the commit.
    """
    row = _held(session, handoff_id, draft_id, staff_id)
    if outdated := why_outdated(session, row):
        raise DraftNotOpen(outdated)
    _decide(session, row, staff_id, APPROVED)
    sent = requests.reply_with(
        session, row.conversation_id, staff_id, parts_of(row), form_id=f"draft:{draft_id}"
    )
    if sent is None:
        raise DraftNotOpen(DECIDED)
    return sent


def edited(session: Session, handoff_id: int, draft_id: int, staff_id: int) -> None:
    """Note that the reply which the caller sends in this transaction was made of a draft.

    One that is out of date may be: whoever edits it has read it beside what came since. Raises
    DraftNotOpen when it was decided before, and LostRace as `approve` does.
    """
    _decide(session, _held(session, handoff_id, draft_id, staff_id), staff_id, EDITED)


def dismiss(session: Session, handoff_id: int, draft_id: int, staff_id: int) -> None:
    """Put a draft aside, out of date or not. Raises as `edited` does."""
    _decide(session, _held(session, handoff_id, draft_id, staff_id), staff_id, DISMISSED)


def _held(session: Session, handoff_id: int, draft_id: int, staff_id: int) -> Any:
    """The draft, with its conversation locked, if this person holds that."""
    lock_of(session, handoff_id)
    held = session.execute(
        select(Handoff.id).where(
            Handoff.id == handoff_id, Handoff.state == CLAIMED, Handoff.claimed_by == staff_id
        )
    ).first()
    if held is None:
        raise lost(session, handoff_id)
    row = session.execute(
        select(ReplyDraft)
        .where(ReplyDraft.id == draft_id, ReplyDraft.handoff_id == handoff_id)
        .execution_options(populate_existing=True)
    ).scalar_one_or_none()
    if row is None or row.state != READY:
        raise DraftNotOpen(DECIDED)
    return row


def _decide(session: Session, row: Any, staff_id: int, state: str) -> None:
    done = session.execute(
        update(ReplyDraft)
        .where(ReplyDraft.id == row.id, ReplyDraft.state == READY)
        .values(state=state, decided_at=utcnow(), decided_by=staff_id)
        .execution_options(synchronize_session=False)
    )
    if done.rowcount != 1:
        raise DraftNotOpen(DECIDED)
    move(session, row.handoff_id)  # other pages that show it look again
    detail = {"draft_id": row.id, "message_id": row.message_id}
    audit.record(session, staff_id, f"draft_{state}", "handoff", row.handoff_id, detail)
