"""The work of a conversation is found at the same cost however long it has become."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, insert, text
from sqlalchemy.orm import Session, sessionmaker

from bot.database import Base, make_engine, make_sessions, session_scope, utcnow
from bot.models.conversations import Conversation, Message
from bot.services import conversations, delivery, open_work


def talk(session: Session, conversation_id: int, turns: int) -> None:
    """Turns that are over: a message answered and a reply sent in each."""
    usual = {"conversation_id": conversation_id, "channel": "zalo", "kind": "text"}
    rows = [
        {**usual, "direction": way, "state": state, "text": "x" * 100, "occurred_at": utcnow()}
        for _ in range(turns)
        for way, state in (("in", "answered"), ("out", "sent"))
    ]
    session.execute(insert(Message.__table__), rows)


def steps(session: Session, work: Callable[[], object]) -> int:
    """How many instructions SQLite's machine runs for it."""
    taken = [0]

    def one_more() -> int:
        taken[0] += 1
        return 0

    raw = session.connection().connection.dbapi_connection
    raw.set_progress_handler(one_more, 1)
    work()
    raw.set_progress_handler(None, 1)
    return taken[0]


def test_turn_four_hundred_costs_what_turn_ten_costs(tmp_path: Path) -> None:
    engine = make_engine(f"sqlite:///{tmp_path / 'long.db'}")
    Base.metadata.create_all(engine)
    with make_sessions(engine)() as session:
        short = conversations.get_or_create(session, "zalo", "short")
        long = conversations.get_or_create(session, "zalo", "long")
        talk(session, short, 10)
        talk(session, long, 400)
        for look in (open_work.of, delivery.outbox):
            at_ten = steps(session, lambda look=look: look(session, short))  # type: ignore[misc]
            at_400 = steps(session, lambda look=look: look(session, long))  # type: ignore[misc]
            assert at_400 <= at_ten * 1.5 + 50
        due_at_all = steps(session, lambda: open_work.due_conversations(session))
        talk(session, long, 2000)
        assert steps(session, lambda: open_work.due_conversations(session)) <= due_at_all + 50
    engine.dispose()


def hold(session: Session, count: int) -> None:
    """So many conversations in which one reply waits for a minute and one stands behind it."""
    now = utcnow()
    rows = [{"id": n, "channel": "zalo", "channel_user_id": str(n)} for n in range(1, count + 1)]
    session.execute(insert(Conversation.__table__), rows)
    usual = {"channel": "zalo", "direction": "out", "kind": "text", "state": "queued"}
    usual |= {"occurred_at": now, "created_at": now - dt.timedelta(minutes=1)}
    soon = now + dt.timedelta(minutes=1)
    for not_before in (soon, None):
        held = [{**usual, "conversation_id": r["id"], "not_before": not_before} for r in rows]
        session.execute(insert(Message.__table__), held)


def late(session: Session, conversation_id: int, **more: Any) -> None:
    """A message that was due a minute ago."""
    minute_ago = utcnow() - dt.timedelta(minutes=1)
    session.add(
        Message(
            **{
                "conversation_id": conversation_id,
                "channel": "zalo",
                "direction": "in",
                "kind": "text",
                "state": "pending",
                "not_before": minute_ago,
                "occurred_at": minute_ago,
                "created_at": minute_ago,
                **more,
            }
        )
    )
    session.flush()


def test_replies_that_must_wait_do_not_hide_a_message_that_is_due(session: Session) -> None:
    hold(session, 700)
    assert open_work.due_conversations(session) == []
    late(session, 700)
    assert open_work.due_conversations(session) == [700]


def test_a_question_that_waits_holds_the_next_one_as_it_was_written(session: Session) -> None:
    talker = conversations.get_or_create(session, "zalo", "talker")
    now = utcnow()
    late(session, talker, not_before=None, occurred_at=now)
    late(session, talker, not_before=now + dt.timedelta(minutes=1), occurred_at=now)
    assert open_work.due_conversations(session) == [talker]  # the first is no later than the other
    earlier = now - dt.timedelta(seconds=5)
    late(session, talker, not_before=now + dt.timedelta(minutes=1), occurred_at=earlier)
    assert open_work.due_conversations(session) == []


def test_every_conversation_has_its_turn_however_many_are_due(session: Session) -> None:
    users = [conversations.get_or_create(session, "zalo", str(n)) for n in range(7)]
    for user in users:
        late(session, user)
    first = open_work.due_conversations(session, limit=3)
    second = open_work.due_conversations(session, after=first[-1], limit=3)
    third = open_work.due_conversations(session, after=second[-1], limit=3)
    assert [*first, *second, *third] == [*users, *users[:2]]
    assert open_work.due_conversations(session, after=users[2]) == [*users[3:], *users[:3]]


@pytest.mark.parametrize("analyzed", [False, True])
def test_what_is_closed_is_not_read_to_find_what_is_due(
    sessions: sessionmaker[Session], analyzed: bool
) -> None:
    asked: list[tuple[str, Any]] = []
    with session_scope(sessions) as session:
        hold(session, 200)
        talk(session, 7, 10_000)
    engine = sessions.kw["bind"]
    if analyzed:
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("ANALYZE"))

    def note(_c: Any, _cursor: Any, statement: str, values: Any, *_more: Any) -> None:
        asked.append((statement, values))

    event.listen(engine, "before_cursor_execute", note)
    with sessions() as session:
        open_work.due_conversations(session)
        statement, values = asked[-1]
        explain = "EXPLAIN QUERY PLAN " if engine.name == "sqlite" else "EXPLAIN "
        plan = session.connection().exec_driver_sql(explain + statement, values).all()
    told = "\n".join(str(row) for row in plan)
    assert "ix_messages_work" in told, told
    assert "SCAN messages" not in told, told
    assert "Seq Scan" not in told, told
