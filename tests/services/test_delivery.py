"""The work of a conversation is found at the same cost however long it has become."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from sqlalchemy import insert
from sqlalchemy.orm import Session

from bot.database import Base, make_engine, make_sessions, utcnow
from bot.models.conversations import Message
from bot.services import conversations, delivery


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
        for look in (delivery.open_work, delivery.outbox):
            at_ten = steps(session, lambda look=look: look(session, short))  # type: ignore[misc]
            at_400 = steps(session, lambda look=look: look(session, long))  # type: ignore[misc]
            assert at_400 <= at_ten * 1.5 + 50
        due_at_all = steps(session, lambda: delivery.due_conversations(session))
        talk(session, long, 2000)
        assert steps(session, lambda: delivery.due_conversations(session)) <= due_at_all + 50
    engine.dispose()
