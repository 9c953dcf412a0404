"""Conversations and what citizens sent: kept once, answered once, erased on request."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from bot.database import utcnow
from bot.errors import LostRace
from bot.models.conversations import Conversation, Feedback, HumanRequest, Message
from bot.services import cases

PENDING_LIMIT = 50  # messages read at one look
# A row that is still `sending` after this was left behind by a process that died.
SENDING_DOUBT = dt.timedelta(seconds=60)
NOTHING: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True)
class Stored:
    """Where an inbound message went; `new` is False for a repeat, which changed nothing."""

    conversation_id: int
    new: bool


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


def get_or_create(session: Session, channel: str, user_id: str) -> int:
    """The id of the conversation with this citizen, made when it is the first contact."""
    wanted = select(Conversation.id).where(
        Conversation.channel == channel, Conversation.channel_user_id == user_id
    )
    found = session.execute(wanted).scalar()
    if found is None:
        values = {"channel": channel, "channel_user_id": user_id}
        insert_once(session, Conversation, values)
        found = session.execute(wanted).scalar_one()
    return int(found)


def store_inbound(
    session: Session,
    *,
    channel: str,
    user_id: str,
    message_id: str,
    kind: str,
    text: str,
    content: Mapping[str, Any] = NOTHING,
    occurred_at: dt.datetime,
) -> Stored:
    """Keep one message as pending; a `message_id` that is already there inserts nothing."""
    conversation_id = get_or_create(session, channel, user_id)
    values = {
        "conversation_id": conversation_id,
        "channel": channel,
        "direction": "in",
        "channel_message_id": message_id,
        "kind": kind,
        "text": text,
        "content": dict(content),
        "state": "pending",
        "occurred_at": occurred_at,
    }
    new = insert_once(session, Message, values)
    if new:
        # The moment of receipt, not the platform's stamp: a retried event comes late, and the
        # platform itself has the last word about the window.
        changes: dict[str, Any] = {"last_interaction_at": utcnow()}
        if kind in ("follow", "unfollow"):
            changes = {"following": int(kind == "follow"), **changes}
        session.execute(
            update(Conversation).where(Conversation.id == conversation_id).values(changes)
        )
    return Stored(conversation_id, new)


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
    current, erased_at = session.execute(
        select(Conversation.version, Conversation.erased_at)
        .where(Conversation.id == conversation_id)
        .with_for_update()
    ).one()
    if current != version:
        raise LostRace("the conversation was taken over while the reply was computed")
    values: dict[str, Any] = {
        "state": state,
        "intent": result.intent[:60],
        "confidence": None if result.confidence is None else round(result.confidence * 1000),
        "outcome": result.outcome[:12],
        "procedures": list(result.procedures),
        "error": result.error[:300],
        "not_before": None,
        "finished_at": utcnow(),
    }
    if erased_at is not None and message.created_at <= erased_at:
        values |= _BLANK  # the very message that asked for the erasure
    done = session.execute(
        update(Message)
        .where(Message.id == message.id, Message.state == "pending")
        .values(values)
        .execution_options(synchronize_session=False)
    )
    if done.rowcount != 1:
        raise LostRace("the message was answered by somebody else")
    return store_replies(
        session, conversation_id, replies, reply_to=message.id, first_state=first_state
    )


def store_replies(
    session: Session,
    conversation_id: int,
    replies: Sequence[NewReply],
    *,
    reply_to: int | None = None,
    first_state: str = "queued",
) -> list[int]:
    """Put replies into the outbox, in order; returns their ids."""
    now = utcnow()
    channel = session.execute(
        select(Conversation.channel).where(Conversation.id == conversation_id)
    ).scalar_one()
    rows = [
        Message(
            conversation_id=conversation_id,
            channel=channel,
            direction="out",
            kind="image" if reply.content.get("image") else "text",
            text=reply.text,
            content=dict(reply.content),
            state="queued" if position else first_state,
            not_before=None if position or first_state == "queued" else now + SENDING_DOUBT,
            attempts=0 if position or first_state == "queued" else 1,
            reply_to_id=reply_to,
            position=position,
            occurred_at=now,
            created_at=now,
        )
        for position, reply in enumerate(replies)
    ]
    session.add_all(rows)
    session.flush()
    return [row.id for row in rows]


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
    """Queue one notice about a message that must wait; a second call for it does nothing."""
    told = session.execute(
        select(Message.id).where(
            Message.direction == "out",
            Message.reply_to_id == message.id,
            Message.conversation_id == conversation_id,
        )
    ).first()
    return [] if told else store_replies(session, conversation_id, [reply], reply_to=message.id)


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


def request_human(
    session: Session, conversation_id: int | str, message_id: str, reason: str = ""
) -> bool:
    """Record that a citizen asked for a person; False when this message already did."""
    return _record(session, HumanRequest, conversation_id, message_id, {"reason": reason[:200]})


def record_feedback(
    session: Session, conversation_id: int | str, message_id: str, text: str
) -> bool:
    """Record what a citizen said about the service; False when this message already did."""
    return _record(session, Feedback, conversation_id, message_id, {"text": text})


def erase(session: Session, conversation_id: int | str, *, forget_user: bool = False) -> bool:
    """Erase what a citizen said, was told and gave; counts and states stay. False if unknown.

    A message that still waits for its answer keeps its words until `finish`. With `forget_user`
    (a withdrawal) nothing more is answered or sent, and the row no longer tells who it was: a
    later message from the same person starts a new conversation.
    """
    known = _known(session, conversation_id)
    if known is None:
        return False
    closing = {"pending": "ignored"} if forget_user else {}
    for state, closed in {**closing, "queued": "refused"}.items():
        session.execute(_messages_of(known).where(Message.state == state).values(state=closed))
    session.execute(_messages_of(known).where(Message.state != "pending").values(_BLANK))
    session.execute(delete(Feedback).where(Feedback.conversation_id == known))
    session.execute(
        update(HumanRequest).where(HumanRequest.conversation_id == known).values(reason="")
    )
    person: dict[str, Any] = {"display_name": "", "erased_at": utcnow()}
    if forget_user:
        person |= {"channel_user_id": f"erased:{known}", "following": 0}
    session.execute(update(Conversation).where(Conversation.id == known).values(person))
    cases.erase(session, known)
    session.flush()
    return True


_BLANK: dict[str, Any] = {"text": "", "content": {}, "error": ""}


def _messages_of(conversation_id: int) -> Any:
    return (
        update(Message)
        .where(Message.conversation_id == conversation_id)
        .execution_options(synchronize_session=False)
    )


def _record(
    session: Session, model: Any, conversation_id: int | str, message_id: str, more: dict[str, Any]
) -> bool:
    known = _known(session, conversation_id)
    if known is None:  # a trial conversation, which leaves no trace
        return False
    values = {"conversation_id": known, "message_id": message_id[:200], **more}
    return insert_once(session, model, values)


def _known(session: Session, conversation_id: int | str) -> int | None:
    given = str(conversation_id)
    if not (given.isascii() and given.isdigit() and len(given) < 19):
        return None
    found = session.execute(select(Conversation.id).where(Conversation.id == int(given))).scalar()
    return None if found is None else int(found)


def insert_once(session: Session, model: Any, values: Mapping[str, Any]) -> bool:
    """Insert a row unless a unique constraint already holds it; whether it was inserted."""
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    statement = dialect.insert(model.__table__).values(dict(values)).on_conflict_do_nothing()
    return bool(session.execute(statement).rowcount == 1)
