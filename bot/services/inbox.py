"""The inbox as the worker sees it: pending messages, each answered once, its replies with it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from bot.database import utcnow
from bot.errors import LostRace
from bot.models.conversations import Conversation, Message

STAFF = "staff"  # the outcome of a message that was left to people
PENDING_LIMIT = 50  # messages read at one look
# A row that is still `sending` after this (longer than a lock lives) was left by a dead process.
SENDING_DOUBT = dt.timedelta(seconds=35)
# A call that hangs at the platform may be accepted this late; only then its absence is proof.
ARRIVES_WITHIN = dt.timedelta(seconds=45)
# What is left of a message whose words were erased.
BLANK: dict[str, Any] = {
    "text": "",
    "content": {},
    "error": "",
    "commune": "",
    "reaction": "",
    "settled_note": "",
}


@dataclass(frozen=True)
class Inbound:
    """A pending inbound message as the worker reads it."""

    id: int
    message_id: str
    kind: str
    text: str
    content: Mapping[str, Any] = field(hash=False)
    attempts: int
    not_before: dt.datetime | None
    created_at: dt.datetime


@dataclass(frozen=True)
class NewReply:
    """A reply about to be stored: text, `content` as the delivery reads it."""

    text: str
    content: Mapping[str, Any] = field(hash=False)


@dataclass(frozen=True)
class TurnResult:
    """What an answered message is marked with."""

    intent: str = ""
    confidence: float | None = None
    outcome: str = "other"
    procedures: tuple[str, ...] = ()
    error: str = ""
    commune: str = ""  # the code of the citizen's commune, where it is known


def pending(session: Session, conversation_id: int) -> list[Inbound]:
    """The messages that still need an answer, in the citizen's order."""
    columns = (
        Message.id,
        Message.channel_message_id,
        Message.kind,
        Message.text,
        Message.content,
        Message.attempts,
        Message.not_before,
        Message.created_at,
    )
    rows = session.execute(
        select(*columns)
        .where(
            Message.conversation_id == conversation_id,
            Message.state == "pending",
        )
        .order_by(Message.occurred_at, Message.id)
        .limit(PENDING_LIMIT)
    )
    return [Inbound(*row) for row in rows]


def finish(
    session: Session,
    conversation_id: int,
    message: Inbound,
    *,
    version: int,
    result: TurnResult,
    replies: Sequence[NewReply] = (),
    first_state: str = "queued",
    state: str = "answered",
) -> list[int]:
    """Mark a message answered and store its replies, in one; returns the ids of the replies.

    `first_state` is the state of the first reply ("sending" when the caller sends it at once).
    Raises LostRace when the conversation was taken over, or the message answered, meanwhile.
    """
    current, erased_at, channel = session.execute(
        select(Conversation.version, Conversation.erased_at, Conversation.channel)
        .where(Conversation.id == conversation_id)
        .with_for_update(key_share=True)
    ).one()
    if current != version:
        raise LostRace("the conversation was taken over while the reply was computed")
    values: dict[str, Any] = {
        "state": state,
        "intent": result.intent[:60],
        "confidence": None if result.confidence is None else round(result.confidence * 1000),
        "outcome": result.outcome[:12],
        "procedures": list(result.procedures),
        "commune": result.commune[:10],
        "error": result.error[:300],
        "not_before": None,
        "finished_at": utcnow(),
    }
    if erased_at is not None and message.created_at <= erased_at:
        values |= BLANK  # the very message that asked for the erasure
    done = session.execute(
        update(Message)
        .where(Message.id == message.id, Message.state == "pending")
        .values(values)
        .execution_options(synchronize_session=False)
    )
    if done.rowcount != 1:
        raise LostRace("the message was answered by somebody else")
    return _insert_replies(
        session, conversation_id, channel, replies, reply_to=message.id, first_state=first_state
    )


def store_replies(
    session: Session,
    conversation_id: int,
    replies: Sequence[NewReply],
    *,
    reply_to: int | None = None,
) -> list[int]:
    """Put replies into the outbox, in order; returns their ids."""
    channel = session.execute(
        select(Conversation.channel).where(Conversation.id == conversation_id)
    ).scalar_one()
    return _insert_replies(session, conversation_id, channel, replies, reply_to=reply_to)


def _insert_replies(
    session: Session,
    conversation_id: int,
    channel: str,
    replies: Sequence[NewReply],
    *,
    reply_to: int | None = None,
    first_state: str = "queued",
) -> list[int]:
    now = utcnow()
    ids = []
    for position, reply in enumerate(replies):
        claimed = position == 0 and first_state == "sending"
        values = {
            "conversation_id": conversation_id,
            "channel": channel,
            "direction": "out",
            "kind": next(
                (k for k in ("image", "file", "template") if reply.content.get(k)), "text"
            ),
            "text": reply.text,
            "content": dict(reply.content),
            "state": "sending" if claimed else "queued",
            "not_before": now + SENDING_DOUBT if claimed else None,
            "decisive_at": now + ARRIVES_WITHIN if claimed else None,
            "attempts": int(claimed),
            "reply_to_id": reply_to,
            "position": position,
            "occurred_at": now,
            "created_at": now,
        }
        inserted = session.execute(insert(Message.__table__), values)
        ids.append(int(inserted.inserted_primary_key[0]))
    return ids


def postpone(
    session: Session, message: Inbound, *, seconds: float, error: str, count: bool = True
) -> None:
    """Leave a message pending and due again in `seconds`; `error` names the reason, no text."""
    session.execute(
        update(Message)
        .where(Message.id == message.id, Message.state == "pending")
        .values(
            attempts=Message.attempts + int(count),
            not_before=utcnow() + dt.timedelta(seconds=seconds),
            error=error[:300],
        )
        .execution_options(synchronize_session=False)
    )


def notice_once(
    session: Session, conversation_id: int, message: Inbound, reply: NewReply
) -> list[int]:
    """Queue one notice about a message that still waits; a second call for it does nothing."""
    session.execute(
        select(Conversation.id)
        .where(Conversation.id == conversation_id)
        .with_for_update(key_share=True)
    )
    waits = session.execute(
        select(Message.id).where(Message.id == message.id, Message.state == "pending")
    ).first()
    told = session.execute(
        select(Message.id).where(
            Message.direction == "out",
            Message.reply_to_id == message.id,
            Message.conversation_id == conversation_id,
        )
    ).first()
    if told or not waits:
        return []
    return store_replies(session, conversation_id, [reply], reply_to=message.id)


def others_answered_since(session: Session, conversation_id: int, message: Inbound) -> bool:
    """Whether a later message of another citizen was answered by the dialogue engine."""
    return (
        session.execute(
            select(Message.id)
            .where(
                Message.id > message.id,
                Message.direction == "in",
                Message.state == "answered",
                Message.intent != "",
                Message.conversation_id != conversation_id,
            )
            .limit(1)
        ).first()
        is not None
    )
