"""Learning from use: what was not answered surely is kept, masked, with what it led to."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, exists, select, update
from sqlalchemy.orm import Session

from bot.database import utcnow
from bot.models.conversations import Conversation, Message
from bot.models.handoffs import Handoff
from bot.models.learning import Lesson, ReviewGroup, ReviewItem
from bot.services import audit
from bot.services.inbox import Inbound, TurnResult
from bot.services.masking import mask
from bot.services.rows import insert_once
from nlu.text import normalise

KEPT = ("refused", "asked", "offered")
UNSURE = "unsure"  # answered, though the language model was not sure what was asked
SURE = 0.5  # from this confidence on, the share of right answers is about the confidence
HANDING_OVER = ("request_human", "affirm")  # what opens a handoff: no question in itself
NONE = "none"  # the choice of who said that nothing offered fits
REJECTIONS = ("reject_offer", "deny")
BUTTON = "#dvc:"
CHOICE_WITHIN = dt.timedelta(minutes=15)  # a later answer is about something else
LINKED = dt.timedelta(days=30)  # how long an item can be found by its conversation
LONGEST = 1_000  # characters of a message
SUGGESTIBLE = 8  # messages of a citizen that an agent can choose from
SUGGESTIONS = ("example", "correction")


def record(session: Session, conversation_id: int, message: Inbound, result: TurnResult) -> None:
    """Take note of a finished turn: what it chose from the last offer, what it left open."""
    if result.error:  # our failure, not the citizen's words
        return
    now = utcnow()
    choice = _choice(result)
    if choice:
        _settle(session, conversation_id, choice, now)
    words = message.kind == "text" and message.text and not message.text.startswith(BUTTON)
    outcome = UNSURE if _is_unsure(result) else result.outcome
    if words and outcome in (*KEPT, UNSURE) and not _erased(session, conversation_id, message):
        _keep(session, conversation_id, message, result, outcome, now)
    if result.intent in HANDING_OVER:
        _mark_handed_over(session, conversation_id, message, now)


def suggestible(session: Session, conversation_id: int) -> list[tuple[int, str]]:
    """The citizen's last messages, the newest first: ids and masked words."""
    rows = session.execute(
        select(Message.id, Message.text)
        .where(
            Message.conversation_id == conversation_id,
            Message.direction == "in",
            Message.kind == "text",
            Message.text != "",
            Message.text.not_like(f"{BUTTON}%"),
        )
        .order_by(Message.id.desc())
        .limit(SUGGESTIBLE)
    )
    return [(int(message_id), mask(text[:LONGEST])) for message_id, text in rows]


def suggest(
    session: Session,
    conversation_id: int,
    message_id: int,
    *,
    staff_id: int,
    suggestion: str,
    answer: str,
) -> bool:
    """Keep what an agent answered to a citizen's message, masked, as a suggestion for review.

    `suggestion`: example or correction. A later one for the same message takes its place. False
    when this conversation has no such words of the citizen.
    """
    row = session.execute(
        select(Message).where(
            Message.id == message_id,
            Message.conversation_id == conversation_id,
            Message.direction == "in",
            Message.text != "",
        )
    ).scalar_one_or_none()
    if row is None:
        return False
    more = {
        "suggestion": suggestion,
        "suggested_by": staff_id,
        "answer": mask(answer[:LONGEST]),
        "state": "new",
        "group_id": None,  # a decided group does not swallow what a colleague asks for
    }
    values = {**_values(row, row.outcome or "other"), "created_at": utcnow(), **more}
    if not insert_once(session, ReviewItem, values):
        session.execute(
            update(ReviewItem)
            .where(ReviewItem.message_id == row.id)
            .values(more)
            .execution_options(synchronize_session=False)
        )
    audit.record(session, staff_id, "review_suggested", "conversation", conversation_id)
    return True


def erase(session: Session, conversation_id: int) -> None:
    """Delete what was kept of a conversation."""
    mine = ReviewItem.conversation_id == conversation_id
    groups = session.execute(select(ReviewItem.group_id).where(mine)).scalars().all()
    session.execute(delete(ReviewItem).where(mine).execution_options(synchronize_session=False))
    # The key of a group holds words of its first message.
    session.execute(
        delete(ReviewGroup)
        .where(
            ReviewGroup.id.in_([g for g in groups if g is not None]),
            ~exists().where(ReviewItem.group_id == ReviewGroup.id),
            ~exists().where(Lesson.group_id == ReviewGroup.id),
        )
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
            ReviewItem.outcome.in_(KEPT),
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


def _is_unsure(result: TurnResult) -> bool:
    sure = result.confidence is None or result.confidence >= SURE
    return result.outcome == "answered" and not sure


def _mark_handed_over(
    session: Session, conversation_id: int, message: Inbound, now: dt.datetime
) -> None:
    """Keep the question before this message, if the message opened a handoff."""
    packet = session.execute(
        select(Handoff.packet)
        .where(Handoff.conversation_id == conversation_id, Handoff.state != "closed")
        .order_by(Handoff.id.desc())
        .limit(1)
    ).scalar()
    if not packet or packet.get("message_id") != message.message_id:
        return
    row = session.execute(
        select(Message)
        .where(
            Message.id.in_(packet.get("turns") or ()),
            Message.kind == "text",
            Message.text != "",
            Message.text.not_like(f"{BUTTON}%"),
            Message.intent.not_in((*HANDING_OVER, *REJECTIONS)),
            Message.outcome != "",
            Message.id != message.id,
            Message.created_at >= now - CHOICE_WITHIN,
        )
        .order_by(Message.id.desc())
        .limit(1)
    ).scalar_one_or_none()
    if row is None:
        return
    insert_once(session, ReviewItem, {**_values(row, row.outcome), "created_at": now})
    session.execute(
        update(ReviewItem)
        .where(ReviewItem.message_id == row.id)
        .values(handed_over=True)
        .execution_options(synchronize_session=False)
    )


def _values(row: Message, outcome: str) -> dict[str, Any]:
    """What is kept of a message that was answered before."""
    text = mask(row.text[:LONGEST])
    return {
        "conversation_id": row.conversation_id,
        "message_id": row.id,
        "text": text,
        "normalised": normalise(text),
        "intent": row.intent,
        "confidence": row.confidence,
        "outcome": outcome,
        "procedures": list(row.procedures),
    }


def _keep(
    session: Session,
    conversation_id: int,
    message: Inbound,
    result: TurnResult,
    outcome: str,
    now: dt.datetime,
) -> None:
    text = mask(message.text[:LONGEST])
    values = {
        "conversation_id": conversation_id,
        "message_id": message.id,
        "text": text,
        "normalised": normalise(text),
        "intent": result.intent[:60],
        "confidence": None if result.confidence is None else round(result.confidence * 1000),
        "outcome": outcome,
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
