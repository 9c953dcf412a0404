"""What failed for good: sorted by reason, replayed by one person only, settled with a note."""

from __future__ import annotations

import datetime as dt
import threading
from collections import Counter
from typing import Any

import pytest
from sqlalchemy import insert, select, text
from sqlalchemy.orm import Session, sessionmaker

from bot.channels.zalo import refusals
from bot.database import session_scope, utcnow
from bot.errors import SendRefused, TokenError
from bot.models.conversations import Conversation, Message
from bot.models.staff import Staff
from bot.services import conversations, dead_letters, delivery, open_work
from bot.services.dead_letters import Key
from bot.services.failure_reasons import reason_of
from tests.consoles import Office

OUT = {"direction": "out"}


def fail(office: Office, conversation: int, error: str = "zalo -244", **more: Any) -> Key:
    """A reply that failed for good."""
    at = utcnow()
    values = {**OUT, "state": "refused", "error": error, "finished_at": at, **more}
    message = office.says(conversation, "Trả lời", **values)
    return Key.of(message, values["finished_at"])


def give_up(office: Office, conversation: int, said: str = "Câu hỏi khó") -> Key:
    """A message that the assistant gave up on."""
    at = utcnow()
    error = "given up: DialogueError"
    message = office.says(conversation, said, error=error, outcome="refused", finished_at=at)
    return Key.of(message, at)


def message(office: Office, key: Key) -> Message:
    with office.sessions() as session:
        return session.execute(select(Message).where(Message.id == key.id)).scalar_one()


def replay(office: Office, *keys: Key, staff_id: int | None = None) -> dead_letters.Replayed:
    who = staff_id or office.hire("agent")
    with session_scope(office.sessions) as session:
        return dead_letters.replay(session, set(keys), who)


def open_ids(office: Office, reason: str = "") -> list[int]:
    with office.sessions() as session:
        return [row.key.id for row in dead_letters.page_of(session, 1, reason=reason).rows]


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        ("zalo -244", "blocked"),
        ("zalo -213", "blocked"),
        ("zalo -230", "window"),
        ("window closed: no interaction for 7 days", "window"),
        ("zalo -210", "content"),
        ("zalo -100", "attachment"),
        ("given up after 40 tries: zalo -224: the account needs a person", "account"),
        (f"given up after 40 tries: {TokenError('the grant is lost')}", "account"),
        ("given up after 40 tries: zalo -32: rate limit", "quota"),
        ("given up after 40 tries: zalo -200", "system"),
        ("given up after 40 tries: no connection", "system"),
        ("KeyError at sending.py:12", "system"),
        ("", "system"),
    ],
)
def test_an_error_has_its_reason(error: str, reason: str) -> None:
    assert reason_of("out", "refused", error) == reason
    assert reason_of("out", "unknown", error) == "unknown"
    assert reason_of("in", "answered", error) == "unanswered"


def test_every_code_that_refuses_a_message_for_good_has_a_reason_of_its_own() -> None:
    final = [c for c in refusals.KINDS if isinstance(refusals.error_of(c), SendRefused)]
    said = {code: reason_of("out", "refused", str(refusals.error_of(code))) for code in final}
    assert {code for code, reason in said.items() if reason == "system"} <= {-1340, -1341}


def test_only_what_waits_for_people_is_open(office: Office) -> None:
    citizen = office.citizen()
    refused, given_up = fail(office, citizen), give_up(office, citizen)
    doubtful = fail(office, citizen, "not known whether sent: http 500", state="unknown")
    fail(office, citizen, state="unknown", not_before=utcnow())  # still being looked up
    fail(office, citizen, error="")  # erased
    fail(office, citizen, settled_at=utcnow())
    office.says(citizen, "Đã tới", state="sent", **OUT)
    office.says(citizen, "Đã trả lời")
    office.says(citizen, "Còn chờ", state="pending", error="Rasa is down", not_before=utcnow())
    with office.sessions() as session:
        page = dead_letters.page_of(session, 1)
        assert dead_letters.count(session) == page.total == 3
        by_reason = dead_letters.count_by_reason(session)
    assert [row.key for row in page.rows] == [doubtful, given_up, refused]
    assert by_reason == {"blocked": 1, "unknown": 1, "unanswered": 1}
    assert open_ids(office, "blocked") == [refused.id]
    assert open_ids(office, "unanswered") == [given_up.id]
    assert open_ids(office, "unknown") == [doubtful.id]
    assert open_ids(office, "content") == []


def test_a_replayed_reply_is_in_the_outbox_as_if_it_were_new(office: Office) -> None:
    citizen = office.citizen()
    key = fail(office, citizen, attempts=40)
    done = replay(office, key)
    assert (done.count, done.deliver, done.answer, done.left) == (1, {citizen}, set(), {})
    row = message(office, key)
    assert (row.state, row.attempts, row.not_before, row.error) == ("queued", 0, None, "")
    with office.sessions() as session:
        assert [reply.id for reply in delivery.outbox(session, citizen)] == [key.id]
    assert office.trail() == [("message_replayed", str(citizen))]


def test_a_message_that_was_given_up_is_asked_anew(office: Office) -> None:
    citizen = office.citizen()
    key = give_up(office, citizen)
    done = replay(office, key)
    assert (done.deliver, done.answer) == (set(), {citizen})
    row = message(office, key)
    assert (row.state, row.attempts, row.outcome, row.error) == ("pending", 0, "", "")
    with office.sessions() as session:
        work = open_work.of(session, citizen)
    assert work is not None
    assert [waiting.id for waiting in work.inbound] == [key.id]


def test_a_failure_that_was_seen_is_replayed_and_not_the_next_one(office: Office) -> None:
    citizen = office.citizen()
    key = fail(office, citizen)
    assert replay(office, key).count == 1
    with session_scope(office.sessions) as session:
        delivery.refused(
            session, key.id, "zalo -244", from_state="queued"
        )  # it was tried and failed again
    assert replay(office, key).left == {"raced": 1}
    assert message(office, key).state == "refused"


@pytest.mark.parametrize(
    ("citizen", "hindrance"),
    [
        ({"last_interaction_at": None}, "window"),
        ({"last_interaction_at": utcnow() - dt.timedelta(days=8)}, "window"),
        ({"channel_user_id": "erased:7"}, "erased"),
    ],
)
def test_what_cannot_arrive_is_not_replayed(
    office: Office, citizen: dict[str, Any], hindrance: str
) -> None:
    conversation = office.citizen(**citizen)
    keys = [fail(office, conversation), give_up(office, conversation)]
    done = replay(office, *keys)
    assert (done.count, done.left) == (0, {hindrance: 2})
    assert [message(office, key).state for key in keys] == ["refused", "answered"]
    assert office.trail() == []


def test_a_citizen_of_the_web_chat_can_always_be_answered(office: Office) -> None:
    conversation = office.citizen(channel="web", last_interaction_at=None)
    assert replay(office, fail(office, conversation, channel="web")).count == 1


def test_a_settled_failure_leaves_the_list_and_its_note_the_erasure(office: Office) -> None:
    citizen, agent = office.citizen(), office.hire("agent")
    key = fail(office, citizen)
    with session_scope(office.sessions) as session:
        assert dead_letters.dismiss(session, {key}, agent, " đã gọi 0912345678 ") == 1
    with session_scope(office.sessions) as session:
        assert dead_letters.dismiss(session, {key}, agent, "lần nữa") == 0
    row = message(office, key)
    assert (row.settled_by, row.settled_note, row.state) == (agent, "đã gọi 0912345678", "refused")
    assert open_ids(office) == []
    assert replay(office, key).left == {"raced": 1}
    assert office.trail() == [("message_dismissed", str(citizen))]
    with session_scope(office.sessions) as session:
        conversations.erase(session, citizen)
    assert message(office, key).settled_note == ""


def test_an_erased_conversation_has_no_dead_letters(office: Office) -> None:
    citizen = office.citizen()
    keys = [fail(office, citizen), give_up(office, citizen)]
    with session_scope(office.sessions) as session:
        conversations.erase(session, citizen)
    assert open_ids(office) == []
    assert replay(office, *keys).left == {"raced": 2}


def test_a_reason_is_replayed_two_hundred_at_a_time_the_oldest_first(office: Office) -> None:
    citizen = office.citizen()
    with session_scope(office.sessions) as session:
        usual = {"channel": "zalo", "kind": "text", "content": {}, "occurred_at": utcnow()}
        values = {**usual, **OUT, "conversation_id": citizen, "error": "zalo -200"}
        session.execute(insert(Message), [{**values, "state": "refused"} for _ in range(450)])
    agent = office.hire("agent")
    counts = []
    for _ in range(4):
        with office.sessions() as session:
            keys = dead_letters.keys_of_reason(session, "system")
        assert keys == sorted(keys, key=lambda key: key.id)
        counts.append(replay(office, *keys, staff_id=agent).count)
    assert counts == [200, 200, 50, 0]


def test_of_two_agents_at_once_one_replays_each_message(
    office: Office, sessions: sessionmaker[Session]
) -> None:
    rounds = 100
    citizens = [office.citizen(channel_user_id=f"r{n}") for n in range(5)]
    agents = [office.hire("agent", email=f"r{n}@example.vn") for n in range(2)]
    won: Counter[int] = Counter()
    for _ in range(rounds):
        keys = {fail(office, citizen, state="unknown") for citizen in citizens[:2]}
        start = threading.Barrier(2)
        counts: list[int] = []

        def press(agent: int, start: threading.Barrier = start, keys: set[Key] = keys) -> None:
            start.wait()
            with session_scope(sessions) as session:
                counts.append(dead_letters.replay(session, keys, agent).count)  # noqa: B023

        threads = [threading.Thread(target=press, args=(agent,)) for agent in agents]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sum(counts) == 2
        won.update(counts)
    with sessions() as session:
        states = session.execute(select(Message.state)).scalars().all()
    assert states == ["queued"] * 2 * rounds
    assert [action for action, _ in office.trail()] == ["message_replayed"] * 2 * rounds


def test_an_erasure_at_the_same_instant_leaves_nothing_to_send(
    office: Office, sessions: sessionmaker[Session]
) -> None:
    agent = office.hire("agent")
    for n in range(30):
        citizen = office.citizen(channel_user_id=f"e{n}")
        key = fail(office, citizen)
        start = threading.Barrier(2)

        def press(key: Key = key, start: threading.Barrier = start) -> None:
            start.wait()
            with session_scope(sessions) as session:
                dead_letters.replay(session, {key}, agent)

        def erase(citizen: int = citizen, start: threading.Barrier = start) -> None:
            start.wait()
            with session_scope(sessions) as session:
                conversations.erase(session, citizen, forget_user=True)

        threads = [threading.Thread(target=press), threading.Thread(target=erase)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        row = message(office, key)
        assert (row.state, row.text) == ("refused", "")


def test_the_list_does_not_walk_through_what_is_closed(
    sessions: sessionmaker[Session],
) -> None:
    with session_scope(sessions) as session:
        session.add(Staff(id=1, email="a@b.vn", name="A", role="agent", password_hash="x"))
        session.add(Conversation(id=1, channel="zalo", channel_user_id="u"))
        session.flush()
        usual = {"conversation_id": 1, "channel": "zalo", "kind": "text", "occurred_at": utcnow()}
        usual |= {"content": {}, "error": "zalo -244", "state": "refused", **OUT}
        settled = {**usual, "settled_at": utcnow(), "settled_by": 1}
        session.execute(insert(Message), [settled] * 3000)
        session.execute(insert(Message), [usual] * 3)
    with session_scope(sessions) as session:
        bind = session.get_bind()
        explain = "EXPLAIN QUERY PLAN " if bind.dialect.name == "sqlite" else "EXPLAIN "
        if bind.dialect.name == "postgresql":
            session.execute(text("ANALYZE messages"))
        for query in (dead_letters.page_query(), dead_letters.count_query()):
            compiled = query.compile(bind, compile_kwargs={"literal_binds": True})
            plan = "\n".join(map(str, session.execute(text(explain + str(compiled)))))
            assert "ix_messages_dead_letters" in plan
        assert dead_letters.count(session) == 3


@pytest.mark.parametrize(
    "given", ["", "1", "1.", ".1", "-1.2", "1.2.3", "²." + "1", "9" * 30 + ".1"]
)
def test_a_key_of_nobody_is_none(given: str) -> None:
    assert Key.read(given) is None


def test_a_key_reads_what_it_wrote() -> None:
    key = Key(7, 1790000000123456)
    assert Key.read(str(key)) == key
