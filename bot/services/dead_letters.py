"""Dead letters: what went wrong for good and waits for people, until it is tried again or settled.

Two kinds: replies that were refused or of which nobody knows whether they arrived, and citizens'
messages that the assistant gave up on. Each is replayed by one person only: a conditional UPDATE on
the very failure that the person saw.
"""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, func, select, text, update
from sqlalchemy.orm import Session

from bot.database import utcnow
from bot.models.conversations import DEAD_LETTER, Conversation, Message
from bot.services import audit, windows
from bot.services.failure_reasons import REASONS, reason_of
from bot.services.pages import PAGE_SIZE, Page

AT_ONCE = 200  # dead letters that one press of a button may touch
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.timezone.utc)
_OPEN = text(DEAD_LETTER)  # word for word what the partial index holds, or it isn't used


@dataclass(frozen=True)
class Key:
    """One failure of one message: a message that fails anew is another failure."""

    id: int
    stamp: int  # microseconds since 1970 at which it failed; 0 when that was not noted

    def __str__(self) -> str:
        return f"{self.id}.{self.stamp}"

    @property
    def time(self) -> dt.datetime | None:
        """The moment that the stamp tells."""
        return _EPOCH + dt.timedelta(microseconds=self.stamp) if self.stamp else None

    @classmethod
    def of(cls, message_id: int, at: dt.datetime | None) -> Key:
        """The key of what happened to a message at a time, if one was noted."""
        stamp = 0 if at is None else (at - _EPOCH) // dt.timedelta(microseconds=1)
        return cls(message_id, stamp)

    @classmethod
    def read(cls, given: str) -> Key | None:
        """The key that a form carries; None when it is none."""
        match = re.fullmatch(r"([0-9]{1,18})\.([0-9]{1,18})", given)
        return cls(int(match[1]), int(match[2])) if match else None


@dataclass(frozen=True)
class DeadLetter:
    """A message that waits for people. `hindrance`: why it can't be replayed now; "" if it can."""

    key: Key
    conversation_id: int
    channel: str
    display_name: str
    direction: str
    kind: str
    text: str
    state: str
    error: str
    at: dt.datetime
    reason: str  # one of REASONS
    hindrance: str  # "" | erased | window

    @property
    def doubtful(self) -> bool:
        """Whether the citizen may have it already."""
        return self.state == "unknown"


@dataclass(frozen=True)
class Replayed:
    """What a replay did: the conversations to wake, by job, and why the others stayed."""

    deliver: frozenset[int]
    answer: frozenset[int]
    count: int
    left: Counter[str]  # by hindrance; "raced" where somebody else was faster


def count(session: Session) -> int:
    """How many dead letters are open."""
    return int(session.execute(count_query()).scalar_one())


def count_by_reason(session: Session) -> dict[str, int]:
    """How many are open for each reason that occurs, in the order of REASONS."""
    found: Counter[str] = Counter()
    for direction, state, error, number in _kinds(session):
        found[reason_of(direction, state, error)] += number
    return {reason: found[reason] for reason in REASONS if found[reason]}


def page_of(session: Session, number: int, *, reason: str = "") -> Page[DeadLetter]:
    """One page of the open dead letters, newest first; of one reason if it is given."""
    wanted = _of_reason(session, reason)
    if wanted is None:
        return Page((), number, 0)
    total = session.execute(count_query(*wanted)).scalar_one()
    rows = session.execute(page_query(*wanted).offset((number - 1) * PAGE_SIZE))
    return Page(tuple(_letter(row) for row in rows), number, total)


def keys_of_reason(session: Session, reason: str) -> list[Key]:
    """The oldest open ones of one reason, at most AT_ONCE."""
    wanted = _of_reason(session, reason) if reason else None
    if wanted is None:
        return []
    rows = session.execute(_select().where(_OPEN, *wanted).order_by(Message.id).limit(AT_ONCE))
    return [_letter(row).key for row in rows]


def find(session: Session, keys: Collection[Key]) -> list[DeadLetter]:
    """Those of these failures that are still open, oldest first."""
    ids = [key.id for key in keys]
    rows = session.execute(_select().where(_OPEN, Message.id.in_(ids)).order_by(Message.id))
    letters = [_letter(row) for row in rows]
    return [letter for letter in letters if letter.key in keys]


def replay(session: Session, keys: Collection[Key], staff_id: int) -> Replayed:
    """Send again, or answer anew, what can be; wake the conversations after the commit.

    Whoever shows an `unknown` one has asked its person before: the citizen may have it already.
    """
    keys = set(sorted(keys, key=lambda key: key.id)[:AT_ONCE])
    _lock_conversations(session, keys)
    found = find(session, keys)
    left: Counter[str] = Counter()
    left["raced"] = len(keys) - len(found)
    deliver: set[int] = set()
    answer: set[int] = set()
    for letter in found:
        if letter.hindrance:
            left[letter.hindrance] += 1
        elif not _reopen(session, letter):
            left["raced"] += 1
        else:
            (answer if letter.direction == "in" else deliver).add(letter.conversation_id)
            detail = {"message": letter.key.id, "reason": letter.reason}
            audit.record(
                session,
                staff_id,
                "message_replayed",
                "conversation",
                letter.conversation_id,
                detail,
            )
    done = len(keys) - sum(left.values())
    return Replayed(frozenset(deliver), frozenset(answer), done, +left)


def dismiss(session: Session, keys: Collection[Key], staff_id: int, note: str) -> int:
    """Take failures off the list, with a note for colleagues; how many were still on it."""
    keys = set(sorted(keys, key=lambda key: key.id)[:AT_ONCE])
    done = 0
    for letter in find(session, keys):
        changed = session.execute(
            update(Message)
            .where(*_still(letter))
            .values(settled_at=utcnow(), settled_by=staff_id, settled_note=note.strip()[:300])
            .execution_options(synchronize_session=False)
        )
        if changed.rowcount == 1:
            done += 1
            audit.record(
                session,
                staff_id,
                "message_dismissed",
                "conversation",
                letter.conversation_id,
                {"message": letter.key.id, "reason": letter.reason},
            )
    return done


def _reopen(session: Session, letter: DeadLetter) -> bool:
    """Put one back to work, unless somebody else has done so; whether it was this call."""
    values: dict[str, Any] = {"attempts": 0, "not_before": None, "error": "", "finished_at": None}
    if letter.direction == "in":
        values |= {"state": "pending", "outcome": "", "intent": "", "confidence": None}
    else:
        values |= {"state": "queued"}
    changed = session.execute(
        update(Message)
        .where(*_still(letter))
        .values(values)
        .execution_options(synchronize_session=False)
    )
    return bool(changed.rowcount == 1)


def _still(letter: DeadLetter) -> tuple[Any, ...]:
    """That a row is still in the failure that was read."""
    failed_at = letter.key.time
    same = Message.finished_at == failed_at if failed_at else Message.finished_at.is_(None)
    return (Message.id == letter.key.id, _OPEN, Message.state == letter.state, same)


def _lock_conversations(session: Session, keys: Collection[Key]) -> None:
    # An erasure locks the conversation too: what it empties must not come back into the outbox.
    # In order of the ids, so that two who replay the same ones don't wait for each other.
    wanted = select(Message.conversation_id).where(Message.id.in_([key.id for key in keys]))
    session.execute(
        select(Conversation.id)
        .where(Conversation.id.in_(wanted))
        .order_by(Conversation.id)
        .with_for_update()
    ).all()


def _kinds(session: Session) -> list[Any]:
    return list(
        session.execute(
            select(Message.direction, Message.state, Message.error, func.count())
            .where(_OPEN)
            .group_by(Message.direction, Message.state, Message.error)
        )
    )


def _of_reason(session: Session, reason: str) -> Sequence[Any] | None:
    """Conditions for the errors of one reason; None when no open one has it."""
    if not reason:
        return ()
    if reason == "unanswered":
        return (Message.direction == "in",)
    if reason == "unknown":
        return (Message.state == "unknown",)
    # The rules that sort errors are kept in one place; there are few different errors at a time.
    errors = [
        error
        for direction, state, error, _ in _kinds(session)
        if reason_of(direction, state, error) == reason
    ]
    if not errors:
        return None
    return (and_(Message.state == "refused", Message.error.in_(errors)),)


def page_query(*wanted: Any) -> Any:
    """The first page of the open ones, newest first."""
    return _select().where(_OPEN, *wanted).order_by(Message.id.desc()).limit(PAGE_SIZE)


def count_query(*wanted: Any) -> Any:
    """How many are open."""
    return select(func.count()).select_from(Message).where(_OPEN, *wanted)


def _select() -> Any:
    return select(
        Message.id,
        Message.finished_at,
        Message.conversation_id,
        Message.channel,
        Message.direction,
        Message.kind,
        Message.text,
        Message.state,
        Message.error,
        Message.created_at,
        Conversation.display_name,
        Conversation.channel_user_id,
        Conversation.last_interaction_at,
    ).join(Conversation, Conversation.id == Message.conversation_id)


def _letter(row: Any) -> DeadLetter:
    hindrance = ""
    if row.channel_user_id.startswith("erased:"):
        hindrance = "erased"
    elif row.kind != "template" and windows.state(row.channel, row.last_interaction_at) == "closed":
        hindrance = "window"
    return DeadLetter(
        key=Key.of(row.id, row.finished_at),
        conversation_id=row.conversation_id,
        channel=row.channel,
        display_name=row.display_name,
        direction=row.direction,
        kind=row.kind,
        text=row.text,
        state=row.state,
        error=row.error,
        at=row.created_at,
        reason=reason_of(row.direction, row.state, row.error),
        hindrance=hindrance,
    )
