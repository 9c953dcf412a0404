"""A citizen who follows a case is written to when its status changes: once."""

from __future__ import annotations

import dataclasses

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session, sessionmaker

from bot.conversation import news
from bot.database import session_scope, utcnow
from bot.models.conversations import Message
from bot.onestop import Case
from bot.services import cases, conversations
from tests.onestop.invented import CODE, Memory, a_case, serving
from tests.outages import broken


def follower(sessions: sessionmaker[Session], source: Memory) -> int:
    """A conversation that follows the case of `source`."""
    with session_scope(sessions) as session:
        who = conversations.get_or_create(session, "zalo", "1111111111111111111")
    with session_scope(sessions) as session:
        cases.look_up(
            session,
            serving(source),
            conversation_id=who,
            code=CODE,
            second_fact="4127",
            message_id="proof",
            now=utcnow(),
        )
        assert cases.follow(session, who, CODE, "follow", utcnow()) == "started"
    return who


def outbox(sessions: sessionmaker[Session]) -> list[str]:
    with session_scope(sessions, readonly=True) as session:
        rows = session.execute(select(Message.text).where(Message.state == "queued"))
        return list(rows.scalars())


def test_a_change_is_put_into_the_outbox_once(sessions: sessionmaker[Session]) -> None:
    source = Memory(a_case())
    who = follower(sessions, source)
    assert news.store_changes(sessions, serving(source), 2000) == []
    source.cases[CODE] = dataclasses.replace(source.cases[CODE], status=9)
    assert news.store_changes(sessions, serving(source), 2000) == [who]
    (text,) = outbox(sessions)
    assert CODE in text
    assert news.store_changes(sessions, serving(source), 2000) == []
    assert len(outbox(sessions)) == 1


def test_nobody_follows_and_nothing_is_asked(sessions: sessionmaker[Session]) -> None:
    source = Memory(a_case())
    assert news.store_changes(sessions, serving(source), 2000) == []
    assert outbox(sessions) == []


def test_while_the_one_stop_database_is_asked_no_transaction_of_ours_is_open(
    sessions: sessionmaker[Session],
) -> None:
    source = Memory(a_case())
    who = follower(sessions, source)
    engine = sessions.kw["bind"]

    class Watched(Memory):
        def find(self, code: str) -> Case | None:
            in_use.append(engine.pool.checkedout())
            return super().find(code)

    in_use: list[int] = []
    assert news.store_changes(sessions, serving(Watched(a_case(status=9))), 2000) == [who]
    assert in_use == [0]


def test_a_change_whose_message_could_not_be_stored_is_told_the_next_time(
    sessions: sessionmaker[Session],
) -> None:
    source = Memory(a_case())
    who = follower(sessions, source)
    source.put(a_case(status=9))
    with broken(sessions, "INSERT INTO messages"), pytest.raises(OperationalError):
        news.store_changes(sessions, serving(source), 2000)
    assert news.store_changes(sessions, serving(source), 2000) == [who]
    assert len(outbox(sessions)) == 1
