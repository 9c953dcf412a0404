"""Conversations and what citizens sent: kept once, erased on request."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from sqlalchemy import and_, delete, or_, select, update
from sqlalchemy.orm import Session

from bot.database import utcnow
from bot.models.conversations import Conversation, Feedback, Message
from bot.services import cases, handoffs, learning, reply_drafts
from bot.services.inbox import BLANK
from bot.services.rows import insert_once

RELATIONS = ("follow", "unfollow")
# The window is days long; a row that is written for each event would be waited for in a burst.
CONTACT_PRECISION = dt.timedelta(minutes=1)
NOTHING: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True)
class Stored:
    """Where an inbound message went; `new` is False for a repeat, which changed nothing."""

    conversation_id: int
    new: bool


def get_or_create(session: Session, channel: str, user_id: str) -> int:
    """The id of the conversation with this citizen, made when it is the first contact."""
    found = _find(session, channel, user_id)
    if found is None:
        values = {"channel": channel, "channel_user_id": user_id}
        insert_once(session, Conversation, values)
        found = _find(session, channel, user_id)
    assert found is not None
    return int(found.id)


def _find(session: Session, channel: str, user_id: str) -> Any:
    # Locked: a withdrawal must not erase the conversation before the message is in it. If one is
    # under way we wait, and find nobody; what is said after it belongs into a new conversation.
    # FOR KEY SHARE waits for nothing else: an event must never wait for who answers the last one.
    wanted = (
        select(Conversation.id, Conversation.last_interaction_at)
        .where(Conversation.channel == channel, Conversation.channel_user_id == user_id)
        .with_for_update(read=True, key_share=True)
    )
    return session.execute(wanted).first()


def _received_in(session: Session, channel: str, message_id: str) -> int | None:
    wanted = select(Message.conversation_id).where(
        Message.channel == channel,
        Message.direction == "in",
        Message.channel_message_id == message_id,
    )
    found = session.execute(wanted).scalar()
    return None if found is None else int(found)


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
    values = {
        "channel": channel,
        "direction": "in",
        "channel_message_id": message_id,
        "kind": kind,
        "text": text,
        "content": dict(content),
        "state": "pending",
        "occurred_at": occurred_at,
    }
    found = _find(session, channel, user_id)
    if found is None:
        # The platform may repeat what somebody said before a withdrawal: it must not bring back
        # whom we have forgotten.
        known = _received_in(session, channel, message_id)
        if known is not None:
            return Stored(known, new=False)
    conversation_id = int(found.id) if found else get_or_create(session, channel, user_id)
    new = insert_once(session, Message, {"conversation_id": conversation_id, **values})
    if new:
        _note_contact(session, conversation_id, kind, found and found.last_interaction_at)
        _take_name(session, conversation_id, content)
    return Stored(conversation_id, new)


def _note_contact(
    session: Session, conversation_id: int, kind: str, last: dt.datetime | None
) -> None:
    if last is not None and kind not in RELATIONS and utcnow() - last < CONTACT_PRECISION:
        return
    # The moment of receipt, not the platform's stamp: a retried event comes late, and the
    # platform itself has the last word about the window.
    changes: dict[str, Any] = {"last_interaction_at": utcnow()}
    if kind in RELATIONS:
        changes = {"following": int(kind == "follow"), **changes}
    session.execute(
        update(Conversation)
        .where(Conversation.id == conversation_id)
        .values(changes)
        .execution_options(synchronize_session=False)
    )


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
    # Whoever replays a failed message locks the conversation too: what is emptied here stays out.
    session.execute(select(Conversation.id).where(Conversation.id == known).with_for_update()).one()
    _close_messages(session, known, forget_user=forget_user)
    _blank_person(session, known, forget_user=forget_user)
    cases.erase(session, known)
    handoffs.erase(session, known, forget_user=forget_user)
    reply_drafts.erase(session, known)
    learning.erase(session, known)
    session.flush()
    return True


def start_anew(session: Session, conversation_id: int) -> None:
    """The dialogue engine is to forget what stood open before it is asked again."""
    _mark(session, conversation_id, True)


def starts_anew(session: Session, conversation_id: int) -> bool:
    """Whether the dialogue engine has to forget first."""
    wanted = select(Conversation.starts_anew).where(Conversation.id == conversation_id)
    return bool(session.execute(wanted).scalar())


def begun_anew(session: Session, conversation_id: int) -> None:
    """The dialogue engine has forgotten."""
    _mark(session, conversation_id, False)


def _mark(session: Session, conversation_id: int, anew: bool) -> None:
    session.execute(
        update(Conversation)
        .where(Conversation.id == conversation_id)
        .values(starts_anew=anew)
        .execution_options(synchronize_session=False)
    )


def _close_messages(session: Session, conversation_id: int, *, forget_user: bool) -> None:
    """Take what waits out of the inbox and the outbox, and every word with it."""
    messages = _messages_of(conversation_id)
    closing = {"pending": "ignored"} if forget_user else {}
    for state, closed in {**closing, "queued": "refused"}.items():
        session.execute(messages.where(Message.state == state).values(state=closed))
    # Without its words a reply can't be found at the platform, and it must not be said blank.
    doubtful = or_(
        Message.state == "sending",
        and_(Message.state == "unknown", Message.not_before.is_not(None)),
    )
    given_up = {"state": "unknown", "not_before": None, "finished_at": utcnow()}
    session.execute(messages.where(doubtful).values(given_up))
    session.execute(messages.where(Message.state != "pending").values(BLANK))


def _blank_person(session: Session, conversation_id: int, *, forget_user: bool) -> None:
    """Take the person out of the conversation, and what they said of the service."""
    session.execute(delete(Feedback).where(Feedback.conversation_id == conversation_id))
    person: dict[str, Any] = {"display_name": "", "erased_at": utcnow()}
    if forget_user:
        person |= {"channel_user_id": f"erased:{conversation_id}", "following": 0}
    session.execute(update(Conversation).where(Conversation.id == conversation_id).values(person))


def _take_name(session: Session, conversation_id: int, content: Mapping[str, Any]) -> None:
    """The name that a citizen shared is what staff call them by, unless there is one already."""
    name = content.get("info", NOTHING).get("name", "")
    if name:
        session.execute(
            update(Conversation)
            .where(Conversation.id == conversation_id, Conversation.display_name == "")
            .values(display_name=name[:200])
        )


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
