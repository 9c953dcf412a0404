"""Messages kept together: as if each had been stored by itself, and waiting for nobody."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import DataError

from bot.database import make_engine, make_sessions, session_scope, utcnow
from bot.models.conversations import Conversation, Message
from bot.services import conversations, receiving
from bot.services.conversations import Stored
from bot.services.receiving import Incoming

pytestmark = pytest.mark.postgres
Sessions = Any  # sessionmaker[Session], which cannot be subscripted when it runs


@pytest.fixture
def database_url(new_postgres_url: str) -> str:
    """Only where messages are stored together."""
    return new_postgres_url


def message(user: str, message_id: str, **changes: Any) -> Incoming:
    given = {
        "channel": "zalo",
        "user_id": user,
        "message_id": message_id,
        "kind": "text",
        "text": f"lời của {user}: “{message_id}” \\ ' \U0001f600",
        "content": {"quoted": 'a"b'},
        "occurred_at": dt.datetime(2026, 12, 1, 7, 30, 1, 234000, tzinfo=dt.timezone.utc),
    }
    return Incoming(**{**given, **changes})


def store(sessions: Sessions, messages: Sequence[Incoming]) -> list[Stored | None]:
    with session_scope(sessions) as session:
        return receiving.store_together(session, messages)


def alone(sessions: Sessions, given: Incoming) -> Stored:
    with session_scope(sessions) as session:
        return conversations.store_inbound(session, **vars(given))


def rows(sessions: Sessions, model: Any) -> list[dict[str, Any]]:
    with session_scope(sessions, readonly=True) as session:
        found = session.execute(select(model.__table__).order_by(model.id)).mappings()
        return [dict(row) for row in found]


def test_a_group_leaves_what_each_alone_would_leave(sessions: Sessions) -> None:
    alone(sessions, message("1", "a"))
    alone(sessions, message("2", "b"))
    stored = store(sessions, [message("1", "c"), message("3", "d"), message("3", "e")])
    assert [s and s.new for s in stored] == [True, True, True]
    volatile = {"id", "conversation_id", "channel_message_id", "text", "created_at"}
    kept = rows(sessions, Message)
    assert [row["channel_message_id"] for row in kept] == ["a", "b", "c", "d", "e"]
    assert kept[3]["text"] == message("3", "d").text
    shapes = [{k: v for k, v in row.items() if k not in volatile} for row in kept]
    assert shapes == [shapes[0]] * 5
    people = rows(sessions, Conversation)
    assert [p["channel_user_id"] for p in people] == ["1", "2", "3"]
    volatile = {"id", "channel_user_id", "created_at", "last_interaction_at"}
    shapes = [{k: v for k, v in row.items() if k not in volatile} for row in people]
    assert shapes == [shapes[0]] * 3
    assert all(p["last_interaction_at"] for p in people)
    assert [s and s.conversation_id for s in stored] == [people[0]["id"], *[people[2]["id"]] * 2]


def test_repeats_are_told_from_what_is_new(sessions: Sessions) -> None:
    known = alone(sessions, message("1", "a"))
    stored = store(sessions, [message("1", "a"), message("1", "b"), message("1", "b")])
    assert stored == [
        Stored(known.conversation_id, False),
        Stored(known.conversation_id, True),
        None,  # by itself, after the first of the two
    ]
    assert not alone(sessions, message("1", "b")).new
    assert len(rows(sessions, Message)) == 2


def test_who_withdrew_is_not_brought_back_by_a_repeat(sessions: Sessions) -> None:
    known = alone(sessions, message("1", "a"))
    with session_scope(sessions) as session:
        conversations.erase(session, known.conversation_id, forget_user=True)
    assert store(sessions, [message("1", "a"), message("2", "b")])[0] is None
    assert not alone(sessions, message("1", "a")).new
    assert len(rows(sessions, Conversation)) == 2


@pytest.mark.parametrize("kind", sorted(receiving.APART))
def test_what_changes_more_than_the_thread_goes_by_itself(sessions: Sessions, kind: str) -> None:
    stored = store(sessions, [message("1", "a", kind=kind), message("2", "b")])
    assert stored[0] is None
    assert stored[1]
    assert stored[1].new


def test_a_held_conversation_delays_no_other(sessions: Sessions) -> None:
    held = alone(sessions, message("1", "a")).conversation_id
    with session_scope(sessions) as holder:
        holder.execute(select(Conversation.id).where(Conversation.id == held).with_for_update())
        stored = store(sessions, [message("1", "b"), message("2", "c")])  # would wait for ever
    assert stored[0] is None
    assert stored[1]
    assert stored[1].new


def test_the_last_contact_is_noted_when_it_is_old(sessions: Sessions) -> None:
    known = alone(sessions, message("1", "a")).conversation_id
    for age, moves in ((dt.timedelta(seconds=10), False), (dt.timedelta(minutes=5), True)):
        before = utcnow() - age
        with session_scope(sessions) as session:
            changed = update(Conversation).where(Conversation.id == known)
            session.execute(changed.values(last_interaction_at=before))
        store(sessions, [message("1", f"b{age}")])
        assert (rows(sessions, Conversation)[0]["last_interaction_at"] != before) is moves


def test_one_that_cannot_be_stored_leaves_nothing_half_done(sessions: Sessions) -> None:
    with pytest.raises(DataError):
        store(sessions, [message("1", "a"), message("2", "b", kind="k" * 21)])
    assert rows(sessions, Message) == rows(sessions, Conversation) == []


def test_two_processes_store_the_same_events_once(sessions: Sessions) -> None:
    events = [message(str(n % 7), f"m{n}") for n in range(60)]
    new: list[Incoming] = []
    start = threading.Barrier(2)

    def keep_all(given: Sequence[Incoming]) -> None:
        start.wait(10)
        for number in range(0, len(given), 6):
            group = given[number : number + 6]
            for each, stored in zip(group, store(sessions, group), strict=True):
                if (stored or alone(sessions, each)).new:
                    new.append(each)

    threads = [threading.Thread(target=keep_all, args=(e,)) for e in (events, events[::-1])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(e.message_id for e in new) == sorted(e.message_id for e in events)
    assert len(rows(sessions, Message)) == 60
    assert len(rows(sessions, Conversation)) == 7


def test_sqlite_stores_each_by_itself() -> None:
    with make_sessions(make_engine("sqlite://"))() as session:
        assert receiving.store_together(session, [message("1", "a")] * 3) == [None] * 3
