"""Learning from use: what was not answered at once is kept, masked, with what it led to."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from bot.database import utcnow
from bot.models.conversations import Conversation
from bot.models.learning import ReviewItem
from bot.services.inbox import Inbound, TurnResult
from bot.services.masking import mask
from bot.services.rows import insert_once
from nlu.text import normalise

KEPT = ("refused", "asked", "offered")
NONE = "none"  # the choice of who said that nothing offered fits
REJECTIONS = ("reject_offer", "deny")
BUTTON = "#dvc:"
CHOICE_WITHIN = dt.timedelta(minutes=15)  # a later answer is about something else
LINKED = dt.timedelta(days=30)  # how long an item can be found by its conversation
LONGEST = 1_000  # characters of a message


def record(session: Session, conversation_id: int, message: Inbound, result: TurnResult) -> None:
    """Take note of a finished turn: what it chose from the last offer, what it left open."""
    if result.error:  # our failure, not the citizen's words
        return
    now = utcnow()
    choice = _choice(result)
    if choice:
        _settle(session, conversation_id, choice, now)
    words = message.kind == "text" and message.text and not message.text.startswith(BUTTON)
    if words and result.outcome in KEPT and not _erased(session, conversation_id, message):
        _keep(session, conversation_id, message, result, now)


def erase(session: Session, conversation_id: int) -> None:
    """Delete what was kept of a conversation."""
    session.execute(
        delete(ReviewItem)
        .where(ReviewItem.conversation_id == conversation_id)
        .execution_options(synchronize_session=False)
    )


def to_review(session: Session, limit: int = 50, before: int | None = None) -> Sequence[ReviewItem]:
    """The newest items that nobody has dealt with; `before`: the id of the last one seen."""
    wanted = select(ReviewItem).where(ReviewItem.state == "new")
    if before is not None:
        wanted = wanted.where(ReviewItem.id < before)
    return session.execute(wanted.order_by(ReviewItem.id.desc()).limit(limit)).scalars().all()


def unlink_old(session: Session, now: dt.datetime) -> int:
    """Cut the items of a month ago from their conversations; returns how many."""
    done = session.execute(
        update(ReviewItem)
        .where(ReviewItem.conversation_id.is_not(None), ReviewItem.created_at < now - LINKED)
        .values(conversation_id=None, message_id=None)
        .execution_options(synchronize_session=False)
    )
    return int(done.rowcount)


def _choice(result: TurnResult) -> str:
    """What this turn says about an offer before it: a code, NONE, or "" for nothing."""
    if result.outcome == "answered" and result.procedures:
        return result.procedures[0]
    return NONE if result.intent in REJECTIONS else ""


def _settle(session: Session, conversation_id: int, choice: str, now: dt.datetime) -> None:
    last = session.execute(
        select(ReviewItem.id, ReviewItem.choice, ReviewItem.outcome)
        .where(
            ReviewItem.conversation_id == conversation_id,
            ReviewItem.created_at >= now - CHOICE_WITHIN,
        )
        .order_by(ReviewItem.id.desc())
        .limit(1)
    ).first()
    if last is None or last.choice or (choice == NONE and last.outcome != "offered"):
        return
    session.execute(
        update(ReviewItem)
        .where(ReviewItem.id == last.id, ReviewItem.choice == "")
        .values(choice=choice[:40], chosen_at=now)
        .execution_options(synchronize_session=False)
    )


def _keep(
    session: Session, conversation_id: int, message: Inbound, result: TurnResult, now: dt.datetime
) -> None:
    text = mask(message.text[:LONGEST])
    values = {
        "conversation_id": conversation_id,
        "message_id": message.id,
        "text": text,
        "normalised": normalise(text),
        "intent": result.intent[:60],
        "confidence": None if result.confidence is None else round(result.confidence * 1000),
        "outcome": result.outcome,
        "procedures": list(result.procedures),
        "commune": result.commune[:10],
        "created_at": now,
    }
    insert_once(session, ReviewItem, values)
    unlink_old(session, now)


def _erased(session: Session, conversation_id: int, message: Inbound) -> bool:
    erased_at = session.execute(
        select(Conversation.erased_at).where(Conversation.id == conversation_id)
    ).scalar()
    return erased_at is not None and message.created_at <= erased_at
