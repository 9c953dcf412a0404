"""Many inbound messages kept in one transaction, where that is safe.

Only on PostgreSQL: SQLite has one writer, whose commits are cheap and whose rows have no locks.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import bindparam, text
from sqlalchemy.orm import Session

from bot.database import UTCDateTime, utcnow
from bot.models.conversations import Conversation, Message
from bot.services.conversations import CONTACT_PRECISION, Stored
from bot.services.rows import insert_all_once

# What changes more of the conversation than its last contact.
APART = frozenset({"follow", "unfollow", "submit_info", "withdraw"})

# SKIP LOCKED: whoever holds one conversation (an answer, an erasure) delays the messages of no
# other. FOR UPDATE and not less: with it nobody else can be storing the same message, so that
# what is not inserted is a repeat.
_LOCKED = text(
    "SELECT c.id, c.channel, c.channel_user_id, c.last_interaction_at"
    " FROM json_to_recordset(CAST(:people AS json)) AS p(channel text, user_id text)"
    " JOIN conversations c ON c.channel = p.channel AND c.channel_user_id = p.user_id"
    " FOR UPDATE OF c SKIP LOCKED"
).columns(last_interaction_at=UTCDateTime())
_PRESENT = text(
    "SELECT c.channel, c.channel_user_id"
    " FROM json_to_recordset(CAST(:people AS json)) AS p(channel text, user_id text)"
    " JOIN conversations c ON c.channel = p.channel AND c.channel_user_id = p.user_id"
)
_RECEIVED = text(
    "SELECT m.channel, m.channel_message_id"
    " FROM json_to_recordset(CAST(:messages AS json)) AS p(channel text, message_id text)"
    " JOIN messages m ON m.channel = p.channel AND m.direction = 'in'"
    " AND m.channel_message_id = p.message_id"
)
_CONTACT = text(
    "UPDATE conversations SET last_interaction_at = :now WHERE id = ANY(:ids)"
).bindparams(bindparam("now", type_=UTCDateTime()))


@dataclass(frozen=True)
class Incoming:
    """One message as the channel read it."""

    channel: str
    user_id: str
    message_id: str
    kind: str
    text: str
    content: Mapping[str, Any] = field(hash=False)
    occurred_at: dt.datetime

    @property
    def person(self) -> tuple[str, str]:
        """Who wrote it: the key of the conversation."""
        return self.channel, self.user_id

    @property
    def key(self) -> tuple[str, str]:
        """What the platform repeats when it is in doubt."""
        return self.channel, self.message_id


def store_together(session: Session, messages: Sequence[Incoming]) -> list[Stored | None]:
    """Keep what can be kept without waiting for anybody; one entry for each message.

    None: this one must be stored by itself (`conversations.store_inbound`), because somebody holds
    its conversation, or because it changes more than the thread.
    """
    plain = [m for m in messages if m.kind not in APART]
    # A repeat in the same group would be told from the first by nothing.
    first = {m.key: m for m in reversed(plain)}
    plain = [m for m in plain if first[m.key] is m]
    if not plain or session.get_bind().dialect.name != "postgresql":
        return [None] * len(messages)
    ours = _conversations(session, plain)
    kept = [m for m in plain if m.person in ours]
    new = _insert(session, kept, ours)
    _note_contact(session, {ours[m.person] for m in kept if m.key in new})
    known = {id(m): Stored(ours[m.person][0], m.key in new) for m in kept}
    return [known.get(id(m)) for m in messages]


_Known = tuple[int, "dt.datetime | None"]  # the conversation's id, its last contact


def _conversations(session: Session, messages: Sequence[Incoming]) -> dict[tuple[str, str], _Known]:
    """The conversations of these people, ours until the commit; made where there is none."""
    people = list(dict.fromkeys(m.person for m in messages))
    rows = session.execute(_LOCKED, {"people": _people(people)})
    ours = {(r.channel, r.channel_user_id): (int(r.id), r.last_interaction_at) for r in rows}
    missing = [person for person in people if person not in ours]
    if not missing:
        return ours
    held = {tuple(row) for row in session.execute(_PRESENT, {"people": _people(missing)})}
    # What somebody said before a withdrawal must not bring back whom we have forgotten.
    asked = [m for m in messages if m.person in missing]
    received = {tuple(row) for row in session.execute(_RECEIVED, {"messages": _keys(asked)})}
    held |= {m.person for m in asked if m.key in received}
    fresh = [
        {"channel": channel, "channel_user_id": user_id}
        for channel, user_id in missing
        if (channel, user_id) not in held
    ]
    if fresh:
        made = insert_all_once(session, Conversation, fresh, ("id", "channel", "channel_user_id"))
        ours |= {(r.channel, r.channel_user_id): (int(r.id), None) for r in made}
    return ours


def _insert(
    session: Session, messages: Sequence[Incoming], ours: Mapping[tuple[str, str], _Known]
) -> set[tuple[str, str]]:
    rows = [
        {
            "conversation_id": ours[m.person][0],
            "channel": m.channel,
            "direction": "in",
            "channel_message_id": m.message_id,
            "kind": m.kind,
            "text": m.text,
            "content": dict(m.content),
            "state": "pending",
            "occurred_at": m.occurred_at,
        }
        for m in messages
    ]
    if not rows:
        return set()
    made = insert_all_once(session, Message, rows, ("channel", "channel_message_id"))
    return {(row.channel, row.channel_message_id) for row in made}


def _people(people: Sequence[tuple[str, str]]) -> str:
    return json.dumps([{"channel": channel, "user_id": user_id} for channel, user_id in people])


def _keys(messages: Sequence[Incoming]) -> str:
    return json.dumps([{"channel": m.channel, "message_id": m.message_id} for m in messages])


def _note_contact(session: Session, conversations: set[_Known]) -> None:
    now = utcnow()
    stale = [
        number for number, last in conversations if last is None or now - last >= CONTACT_PRECISION
    ]
    if stale:
        session.execute(_CONTACT, {"now": now, "ids": stale})
