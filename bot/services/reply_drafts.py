"""What the assistant would answer to a message that a person is to answer: made and looked at.

    due → ready | none      by the worker (`bot.conversation.drafting`)
    ready → approved | edited | dismissed      by the holder (`bot.services.draft_decisions`)

A draft is part of no conversation: nothing of it is sent unless its holder says so.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from bot.database import utcnow
from bot.models.conversations import Conversation, Message
from bot.models.desks import Desk
from bot.models.handoffs import Handoff, ReplyDraft
from bot.models.procedures import Procedure
from bot.services.handoff_changes import lock, move
from bot.services.handoff_lists import CLAIMED
from bot.services.handoff_lists import Handoff as Shown
from bot.services.inbox import STAFF, Inbound, NewReply, TurnResult
from bot.services.rows import insert_once

DUE, READY, NONE = "due", "ready", "none"
APPROVED, EDITED, DISMISSED = "approved", "edited", "dismissed"
# Why a draft that nobody has decided about is out of date.
OVER, ANSWERED, NEWER = "over", "answered", "newer"
LEFT_BY_THE_DEAD = dt.timedelta(seconds=30)  # longer than a turn of the dialogue engine may take
USELESS_AFTER = dt.timedelta(minutes=10)
MAX_TRIES = 5
AT_ONCE = 100  # drafts that one sweep hands out
ON_A_PAGE = 3
_SEPARATOR = "\n\n"


@dataclass(frozen=True)
class Work:
    """A draft to be computed, and the message that it answers."""

    draft_id: int
    conversation_id: int
    channel: str
    message: Inbound


@dataclass(frozen=True)
class Draft:
    """A draft as its holder sees it; `outdated` is "" while it may be approved."""

    id: int
    message_id: int
    parts: tuple[NewReply, ...]
    intent: str
    confidence: float | None
    procedures: tuple[tuple[str, str], ...]  # code and name
    outdated: str

    @property
    def text(self) -> str:
        """All of its parts, as one text for the compose box."""
        return _SEPARATOR.join(part.text for part in self.parts if part.text)


def begin(session: Session, handoff: Shown, message_id: int) -> None:
    """Let a draft be made of the reply to a message; the desk's switch says whether one is.

    Each holder gets one of their own.
    """
    if not handoff.drafts_on or handoff.claimed_at is None:
        return
    now = utcnow()
    values = {
        "conversation_id": handoff.conversation_id,
        "handoff_id": handoff.id,
        "message_id": message_id,
        "claimed_at": handoff.claimed_at,
        "state": DUE,
        "due_at": now,
        "created_at": now,
    }
    insert_once(session, ReplyDraft, values)


def begin_for_new_holder(session: Session, handoff: Shown) -> None:
    """The same for the message that waits for the one who has just come, if there is one."""
    if not handoff.drafts_on:
        return
    newest = session.execute(
        select(Message.id, Message.outcome)
        .where(Message.conversation_id == handoff.conversation_id, Message.direction == "in")
        .order_by(Message.id.desc())
        .limit(1)
    ).first()
    if newest is None or newest.outcome != STAFF:
        return
    if _since(session, handoff.conversation_id, newest.id) != ANSWERED:
        begin(session, handoff, newest.id)


def due(session: Session) -> list[int]:
    """The drafts that are to be computed now, oldest first."""
    rows = session.execute(
        select(ReplyDraft.id)
        .where(ReplyDraft.state == DUE, ReplyDraft.due_at <= utcnow())
        .order_by(ReplyDraft.id)
        .limit(AT_ONCE)
    )
    return [row[0] for row in rows]


def start(session: Session, draft_id: int) -> Work | None:
    """Claim a draft for computing; None when another worker has it or nobody needs it any more.

    A kill after it leaves the draft due again when no worker can still be at it.
    """
    row = session.execute(
        select(ReplyDraft).where(ReplyDraft.id == draft_id, ReplyDraft.state == DUE)
    ).scalar_one_or_none()
    if row is None:
        return None
    too_late = row.attempts >= MAX_TRIES or utcnow() - row.created_at > USELESS_AFTER
    if too_late or why_outdated(session, row):
        give_up(session, draft_id)
        return None
    claimed = session.execute(
        update(ReplyDraft)
        .where(
            ReplyDraft.id == draft_id,
            ReplyDraft.state == DUE,
            ReplyDraft.attempts == row.attempts,
            ReplyDraft.due_at == row.due_at,
        )
        .values(attempts=row.attempts + 1, due_at=utcnow() + LEFT_BY_THE_DEAD)
        .execution_options(synchronize_session=False)
    )
    return _work(session, draft_id, row.message_id) if claimed.rowcount == 1 else None


def later(session: Session, draft_id: int, seconds: float, *, counts: bool = True) -> None:
    """Try again in `seconds`; the try does not count when somebody else was away."""
    tried = ReplyDraft.attempts if counts else ReplyDraft.attempts - 1
    due_at = utcnow() + dt.timedelta(seconds=seconds)
    _settle(session, draft_id, attempts=tried, due_at=due_at)


def give_up(session: Session, draft_id: int) -> None:
    """There is nothing to suggest."""
    _settle(session, draft_id, state=NONE, due_at=None)


def ready(
    session: Session,
    work: Work,
    parts: Sequence[NewReply],
    result: TurnResult,
) -> int | None:
    """Keep a computed draft; the handoff whose page shows it, None when nobody needs it any more.

    The page learns of it by the handoff's version: a desk without drafts pays for no question.
    """
    lock(session, work.conversation_id)
    kept = _settle(
        session,
        work.draft_id,
        state=READY,
        due_at=None,
        parts=[{"text": part.text, "content": dict(part.content)} for part in parts],
        intent=result.intent[:60],
        confidence=None if result.confidence is None else round(result.confidence * 1000),
        procedures=list(result.procedures),
    )
    if not kept:
        return None
    handoff_id = session.execute(
        select(ReplyDraft.handoff_id).where(ReplyDraft.id == work.draft_id)
    ).scalar_one()
    move(session, handoff_id)
    return int(handoff_id)


def shown(session: Session, handoff: Shown) -> tuple[Draft, ...]:
    """The drafts that nobody has decided about, for the present holder; the newest first."""
    if not handoff.drafts_on or handoff.state != CLAIMED:
        return ()
    rows = session.execute(
        select(ReplyDraft)
        .where(
            ReplyDraft.handoff_id == handoff.id,
            ReplyDraft.claimed_at == handoff.claimed_at,
            ReplyDraft.state == READY,
        )
        .order_by(ReplyDraft.id.desc())
        .limit(ON_A_PAGE)
    ).scalars()
    return tuple(_draft(session, row) for row in rows)


def get(session: Session, handoff_id: int, draft_id: int) -> Draft | None:
    """One draft of a handoff that nobody has decided about."""
    row = session.execute(
        select(ReplyDraft).where(
            ReplyDraft.id == draft_id,
            ReplyDraft.handoff_id == handoff_id,
            ReplyDraft.state == READY,
        )
    ).scalar_one_or_none()
    return None if row is None else _draft(session, row)


def parts_of(row: Any) -> tuple[NewReply, ...]:
    """The replies that a row holds."""
    return tuple(NewReply(part["text"], part["content"]) for part in row.parts)


def why_outdated(session: Session, row: Any) -> str:
    """OVER, ANSWERED or NEWER; "" while the draft answers what the citizen said last."""
    handoff = session.execute(
        select(Handoff.state, Handoff.claimed_at, Desk.drafts)
        .outerjoin(Desk, Desk.id == Handoff.desk_id)
        .where(Handoff.id == row.handoff_id)
    ).one()
    if handoff.state != CLAIMED or handoff.claimed_at != row.claimed_at or not handoff.drafts:
        return OVER
    return _since(session, row.conversation_id, row.message_id)


def erase(session: Session, conversation_id: int) -> None:
    """Forget every draft of a conversation."""
    session.execute(
        delete(ReplyDraft)
        .where(ReplyDraft.conversation_id == conversation_id)
        .execution_options(synchronize_session=False)
    )


def _since(session: Session, conversation_id: int, message_id: int) -> str:
    """What has happened behind a message: a person's reply, or the citizen's next message.

    By the order of the rows and not by the clocks of two machines.
    """
    rows = session.execute(
        select(Message.direction, Message.content).where(
            Message.conversation_id == conversation_id, Message.id > message_id
        )
    ).all()
    if any(row.direction == "out" and "staff_id" in row.content for row in rows):
        return ANSWERED
    return NEWER if any(row.direction == "in" for row in rows) else ""


def _work(session: Session, draft_id: int, message_id: int) -> Work:
    row = session.execute(
        select(
            Message.id,
            Message.channel_message_id,
            Message.kind,
            Message.text,
            Message.content,
            Message.attempts,
            Message.not_before,
            Message.created_at,
            Message.conversation_id,
            Conversation.channel,
        )
        .join(Conversation, Conversation.id == Message.conversation_id)
        .where(Message.id == message_id)
    ).one()
    return Work(draft_id, row.conversation_id, row.channel, Inbound(*row[:8]))


def _draft(session: Session, row: Any) -> Draft:
    names = _names(session, row.procedures)
    return Draft(
        id=row.id,
        message_id=row.message_id,
        parts=parts_of(row),
        intent=row.intent,
        confidence=None if row.confidence is None else row.confidence / 1000,
        procedures=tuple((code, names.get(code, "")) for code in row.procedures),
        outdated=why_outdated(session, row),
    )


def _names(session: Session, codes: Sequence[str]) -> Mapping[str, str]:
    if not codes:
        return {}
    rows = session.execute(
        select(Procedure.code, Procedure.name).where(Procedure.code.in_(list(codes)))
    )
    return {row.code: row.name for row in rows}


def _settle(session: Session, draft_id: int, **values: Any) -> bool:
    done = session.execute(
        update(ReplyDraft)
        .where(ReplyDraft.id == draft_id, ReplyDraft.state == DUE)
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    return bool(done.rowcount == 1)
