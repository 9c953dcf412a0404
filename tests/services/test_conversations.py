"""What is recorded of a conversation, and what is left when it is erased."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session, sessionmaker

from bot.database import session_scope, utcnow
from bot.models.conversations import Conversation, Feedback, Message
from bot.services import conversations
from bot.services.conversations import Stored, erase, record_feedback
from tests.fakes import eventually


def say(session: Session, text: str, *, message_id: str, user: str = "1") -> Stored:
    return conversations.store_inbound(
        session,
        channel="zalo",
        user_id=user,
        message_id=message_id,
        kind="text",
        text=text,
        occurred_at=utcnow(),
    )


def count(session: Session, model: type) -> int:
    return int(session.execute(select(func.count()).select_from(model)).scalar_one())


def test_a_repeated_message_changes_nothing(session: Session) -> None:
    first = say(session, "một", message_id="a")
    again = say(session, "khác", message_id="a")
    assert (first.new, again.new) == (True, False)
    assert first.conversation_id == again.conversation_id
    assert session.execute(select(Message.text)).scalars().all() == ["một"]


def test_two_citizens_have_two_conversations(session: Session) -> None:
    one = say(session, "một", message_id="a", user="1")
    two = say(session, "hai", message_id="b", user="2")
    assert one.conversation_id != two.conversation_id


def test_a_replayed_turn_records_once(session: Session) -> None:
    known = say(session, "tôi muốn góp ý", message_id="a").conversation_id
    assert record_feedback(session, known, "a", "rất tốt") is True
    assert record_feedback(session, str(known), "a", "rất tốt") is False
    assert record_feedback(session, str(known), "b", "rất tốt") is True


@pytest.mark.parametrize("trial", ["eval-1", "", "999999", "1; DROP TABLE", "9" * 40, "²"])
def test_a_conversation_that_is_none_of_ours_leaves_no_trace(session: Session, trial: str) -> None:
    assert record_feedback(session, trial, "a", "x") is False
    assert erase(session, trial) is False
    assert count(session, Feedback) == 0


def test_erasing_leaves_the_other_citizens_alone(session: Session) -> None:
    mine = say(session, "của tôi", message_id="a", user="1").conversation_id
    say(session, "của người khác", message_id="b", user="2")
    record_feedback(session, mine, "a", "rất tốt")
    assert erase(session, mine, forget_user=True)
    assert session.execute(select(Message.text).order_by(Message.id)).scalars().all() == [
        "",
        "của người khác",
    ]
    assert count(session, Feedback) == 0
    users = session.execute(select(Conversation.channel_user_id)).scalars().all()
    assert set(users) == {f"erased:{mine}", "2"}


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_what_is_said_during_a_withdrawal_starts_a_new_conversation(
    sessions: sessionmaker[Session],
) -> None:
    with session_scope(sessions) as session:
        old = say(session, "một", message_id="a").conversation_id
    stored: list[Stored] = []

    def webhook() -> None:
        with session_scope(sessions) as session:
            stored.append(say(session, "hai", message_id="b"))

    with sessions() as withdrawal, sessions() as watcher:
        erase(withdrawal, old, forget_user=True)
        thread = threading.Thread(target=webhook)
        thread.start()
        waits = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
        eventually(lambda: watcher.execute(waits).scalar_one() > 0)
        withdrawal.commit()
        thread.join(20)
    assert stored[0].new
    assert stored[0].conversation_id != old
    with sessions() as session:
        wanted = select(Message.conversation_id, Message.state, Message.text)
        wanted = wanted.where(Message.channel_message_id == "b")
        assert session.execute(wanted).one() == (stored[0].conversation_id, "pending", "hai")
