"""The way from a kept message to the citizen's screen, under every mishap in every order.

What is promised, and checked after each step of each made-up story:

- A message is handed to the platform only while exactly one committed row says `sending`.
- A row is taken by the platform once, also when an answer is lost, a call that hung is accepted
  45 seconds later, a worker dies, or its lock ends while it sends.
- The citizen sees replies in the order of the outbox, except one that was given up as unknown and
  arrives after all; nothing is sent blank, or after a withdrawal.
- Nothing settled is ever opened again, and what is `sent` holds an id that the platform gave.
- An inbound message has the replies of one turn, whatever happened, however often it came.
- When the mishaps end, everything is answered and settled within a few sweeps.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import itertools
import json
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import redis
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session, sessionmaker

from bot.conversation import notices
from bot.conversation.attend import Attendant
from bot.conversation.locks import Locks
from bot.conversation.messages import Reply
from bot.conversation.rasa_client import RasaClient
from bot.database import Base, UTCDateTime, make_engine, session_scope, utcnow
from bot.errors import ChannelError, SendDeferred, SendRefused, SendUnknown, TokenError
from bot.metrics import Metrics
from bot.models.conversations import Conversation, Message
from bot.services import conversations, open_work
from tests.fakes import Answer, FakeRasa, running, turn

HOTLINE = "1900 0000"
USERS = ("1001", "1002")
OPEN = ("pending", "queued", "sending", "unknown")


class Killed(BaseException):
    """The worker's process is gone, in the middle of whatever it did."""


@dataclasses.dataclass(frozen=True)
class Taken:
    """One message that the platform accepted."""

    platform_id: str
    user: str
    text: str
    row_id: int
    at: dt.datetime


class Platform:
    """A channel whose next answers are told beforehand; it accepts when nothing is told."""

    name = "zalo"
    text_limit = 2000

    def __init__(self, world: World) -> None:
        self._world = world
        self.taken: list[Taken] = []
        self.hanging: list[tuple[float, Taken]] = []  # accepted in so many seconds
        self.fates: list[str] = []
        self.blind = 0  # look-ups that fail from now on
        self._ids = itertools.count(1)

    def send(self, user_id: str, reply: Reply) -> str:
        world = self._world
        row_id = world.row_being_sent(user_id, reply)
        world.meanwhile("send")
        world.point()
        fate = self.fates.pop(0) if self.fates else "takes"
        if user_id.startswith("erased:") or fate == "refuses":
            raise SendRefused("invented")
        if fate == "defers":
            raise SendDeferred("invented", 30.0)
        if fate == "no token":
            raise TokenError("invented")
        if fate in ("lost on the way", "cut before"):
            raise Killed if fate == "cut before" else SendUnknown("invented")
        one = Taken(f"out{next(self._ids)}", user_id, reply.text, row_id, utcnow())
        if fate in LATE:
            self.hanging.append((LATE[fate], one))
            raise Killed if fate == "cut, and taken late" else SendUnknown("invented")
        self.taken.append(one)
        if fate == "takes in silence":
            raise SendUnknown("invented", may_arrive=False)
        if fate == "takes and we fail":
            raise RuntimeError("a fault of ours")
        if fate == "cut after":
            raise Killed
        world.point()
        return one.platform_id

    def pass_time(self, seconds: float) -> None:
        """Accept what hung long enough; all of it is `seconds` older then."""
        gone = dt.timedelta(seconds=seconds)
        self.taken[:] = [dataclasses.replace(t, at=t.at - gone) for t in self.taken]
        for left, one in self.hanging:
            if left <= seconds:
                at = utcnow() - dt.timedelta(seconds=seconds - left)
                self.taken.append(dataclasses.replace(one, at=at))
        self.hanging[:] = [(left - seconds, one) for left, one in self.hanging if left > seconds]

    def find_sent(self, user_id: str, reply: Reply, since: dt.datetime) -> list[str]:
        self._world.point()
        if user_id.startswith("erased:"):
            raise ChannelError("no such user")
        if self.blind > 0:
            self.blind -= 1
            raise ChannelError("invented")
        alike = [t for t in self.taken if (t.user, t.text) == (user_id, reply.text)]
        return [t.platform_id for t in reversed(alike) if t.at >= since]


LATE = {"taken soon": 4.0, "taken late": 20.0, "taken very late": 44.0, "cut, and taken late": 44.0}
FATES = (
    "takes",
    "refuses",
    "defers",
    "no token",
    "lost on the way",
    "takes in silence",
    "takes and we fail",
    "cut before",
    "cut after",
    *LATE,
)


class Rasa(FakeRasa):
    """Gives a message the same answer again; fails, falls silent or talks as told beforehand."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self._world = world
        self.fates: list[str] = []
        self.answers: dict[tuple[str, str], list[str]] = {}
        self.remembered: set[str] = set()  # conversations that it has words of

    def handle(self, path: str, headers: dict[str, str], body: bytes) -> Answer:
        fate = self.fates.pop(0) if self.fates else ""
        if path.endswith("/forget") and fate in ("503", "drops"):
            return (503, {}) if fate == "503" else (0, None)
        if path.endswith("/message"):
            self.remembered.add(json.loads(body)["conversation_id"])
            self._world.meanwhile("ask")
        status, answer = super().handle(path, headers, body)
        if path.endswith("/message"):
            return self._turn(fate, self.asked[-1])
        self.remembered.discard(self.forgotten[-1])
        return status, answer

    def _turn(self, fate: str, asked: dict[str, Any]) -> Answer:
        key = (asked["conversation_id"], asked["message_id"])
        self._world.being_asked(int(key[0]), key[1])
        if fate in ("503", "drops", "silent", "garbage"):
            return {
                "503": (503, {"error": "invented"}),
                "drops": (0, None),
                "silent": (200, turn()),
                "garbage": (200, {"messages": "?"}),
            }[fate]
        texts = self.answers.get(key)
        if texts is None:
            texts = ["Dạ"] if fate == "same words" else [f"đáp: {key[1]}"]
            texts += [f"{key[1]} phần {n}" for n in range(1, {"two": 2, "three": 3}.get(fate, 1))]
            self.answers[key] = texts
        return 200, turn(*texts)


TURNS = ("503", "drops", "silent", "garbage", *("same words", "one", "two", "three") * 2)


class World:
    """Everything around the worker, and the worker itself. Used again by the next story."""

    def __init__(self, database_url: str, store: redis.Redis[Any]) -> None:
        world = self

        class Mortal(Session):
            """A session whose process may die right before and right after each commit."""

            def commit(self) -> None:
                world.point()
                super().commit()
                world.point()

        self.engine = make_engine(database_url)
        Base.metadata.create_all(self.engine)
        self.sessions: sessionmaker[Session] = sessionmaker(
            self.engine, future=True, expire_on_commit=False
        )
        mortal = sessionmaker(self.engine, class_=Mortal, future=True, expire_on_commit=False)
        self.store = store
        self.metrics = Metrics(store)
        self.rasa = Rasa(self)
        self.platform = Platform(self)
        locks = Locks(store)
        locks.lifetime = 0.0  # each `extend` asks the store, as it does after a slow step
        self.attendant = Attendant(
            mortal,
            locks,
            RasaClient([self.rasa.url], seconds=5),
            {self.platform.name: self.platform},
            self.metrics,
            hotline=HOTLINE,
            retry_seconds=(20.0,),
            slow_after=100.0,
            look_up_after=5.0,
        )
        self.serial = itertools.count(1)
        self.dies_in: int | None = None
        self.plans: dict[str, list[Callable[[], None]]] = {}
        self.clear()

    def clear(self) -> None:
        """As if nothing had ever happened."""
        self.wrong: list[str] = []
        self.raced = False
        self.events: list[dict[str, Any]] = []
        self.newest_at_start = 0
        self.platform.taken.clear()
        self.platform.hanging.clear()
        self.calm()
        self.rasa.asked.clear()
        self.rasa.answers.clear()
        self.rasa.remembered.clear()
        self.rasa.forgotten.clear()
        self.store.flushdb()
        with session_scope(self.sessions) as session:
            for table in reversed(Base.metadata.sorted_tables):
                session.execute(delete(table))

    def calm(self) -> None:
        """No mishap is planned any more."""
        self.dies_in = None
        self.plans = {"send": [], "ask": []}
        self.platform.fates.clear()
        self.platform.blind = 0
        self.rasa.fates.clear()

    def close(self) -> None:
        self.metrics.close()
        self.engine.dispose()

    # What may happen in the middle of a step

    def point(self) -> None:
        """A place where the process may die."""
        if self.dies_in is None:
            return
        self.dies_in -= 1
        if self.dies_in < 0:
            self.dies_in = None
            raise Killed

    def meanwhile(self, where: str) -> None:
        """Let happen what is planned for the middle of the next send or turn."""
        if self.plans[where]:
            mine, self.dies_in = self.dies_in, None
            self.plans[where].pop(0)()
            self.dies_in = mine

    # What is looked at while it happens

    def row_being_sent(self, user_id: str, reply: Reply) -> int:
        """The one row that may be on its way to this citizen now."""
        with session_scope(self.sessions, readonly=True) as session:
            rows = session.execute(
                select(Message.id, Message.text)
                .join(Conversation, Message.conversation_id == Conversation.id)
                .where(Message.state == "sending", Conversation.channel_user_id == user_id)
            ).all()
        if [row.text for row in rows] != [reply.text]:
            self.wrong.append(f"handed over {reply.text!r} while the rows say {rows}")
        if not reply.text:
            self.wrong.append("handed over a blank message")
        return int(rows[0].id) if rows else 0

    def being_asked(self, conversation_id: int, message_id: str) -> None:
        """Messages are put to the dialogue engine in the citizen's order, and while pending."""
        rows = self.rows(
            Message.conversation_id == conversation_id,
            Message.state == "pending",
            Message.id <= self.newest_at_start,
        )
        rows.sort(key=lambda row: (row.occurred_at, row.id))
        pending = [row.channel_message_id for row in rows]
        if message_id in pending[1:]:
            self.wrong.append(f"{message_id} was put before {pending[0]}")

    def rows(self, *wanted: Any) -> list[Message]:
        """Rows of messages, oldest first."""
        with session_scope(self.sessions, readonly=True) as session:
            return list(
                session.execute(select(Message).where(*wanted).order_by(Message.id)).scalars()
            )

    # What the outside does

    def receive(self, given: dict[str, Any]) -> bool:
        """Keep an event as the webhook does; whether it was new."""
        with session_scope(self.sessions) as session:
            return conversations.store_inbound(session, channel="zalo", **given).new

    def say(self, user: str, kind: str, age: float) -> None:
        """A citizen does something, which the platform says happened `age` seconds ago."""
        serial = next(self.serial)
        given = {
            "user_id": user,
            "message_id": f"m{serial}",
            "kind": kind,
            "text": f"câu {serial}" if kind == "text" else "",
            "occurred_at": utcnow() - dt.timedelta(seconds=age),
        }
        self.events.append(given)
        self.receive(given)

    def work(self, conversation_id: int) -> None:
        """A worker is woken for a conversation, and may die over it."""
        with contextlib.suppress(Killed):
            self.attendant.attend(conversation_id)

    def attend_all(self, ids: list[int]) -> None:
        """Wake workers for conversations, one after the other."""
        newest = self.rows()[-1:]
        self.newest_at_start = int(newest[0].id) if newest else 0
        for conversation_id in ids:
            self.work(conversation_id)

    def conversations(self) -> list[int]:
        """The ids of all."""
        with session_scope(self.sessions, readonly=True) as session:
            return [int(i) for i in session.execute(select(Conversation.id)).scalars()]

    def withdrawn(self) -> set[str]:
        """The conversations that are nobody's any more."""
        gone = Conversation.channel_user_id.startswith("erased:")
        with session_scope(self.sessions, readonly=True) as session:
            return {str(i) for i in session.execute(select(Conversation.id).where(gone)).scalars()}

    def due(self) -> list[int]:
        """The conversations that the sweep would wake."""
        with session_scope(self.sessions, readonly=True) as session:
            return open_work.due_conversations(session)

    def end_locks(self) -> None:
        """The life-time of every lock is over."""
        for key in self.store.keys("lock:*"):
            self.store.delete(key)

    def another_worker_takes_over(self) -> None:
        """The lock ended while its holder was slow, and somebody else does the work."""
        self.raced = True
        self.end_locks()
        self.work_all()

    def work_all(self) -> None:
        """Another worker is woken for every conversation."""
        for conversation_id in self.conversations():
            self.work(conversation_id)

    def forget_all(self) -> None:
        """Every citizen's withdrawal is done by somebody else."""
        with session_scope(self.sessions) as session:
            for conversation_id in self.conversations():
                conversations.erase(session, conversation_id, forget_user=True)

    def citizens_write(self) -> None:
        """Every citizen has something to add."""
        for user in USERS:
            self.say(user, "text", 0.0)

    def take_over(self) -> None:
        """Staff act on every conversation: what was computed before must not be said."""
        with session_scope(self.sessions) as session:
            session.execute(update(Conversation).values(version=Conversation.version + 1))

    def pass_time(self, seconds: float) -> None:
        """Everything that is written anywhere is `seconds` older."""
        gone = dt.timedelta(seconds=seconds)
        if seconds >= 30:
            self.end_locks()
        with session_scope(self.sessions) as session:
            for model in (Message, Conversation):
                moments = [
                    c.name for c in model.__table__.columns if isinstance(c.type, UTCDateTime)
                ]
                for row in session.execute(select(model)).scalars():
                    for name in moments:
                        was = getattr(row, name)
                        setattr(row, name, was and was - gone)
        self.platform.pass_time(seconds)
        for given in self.events:
            given["occurred_at"] -= gone


KINDS = st.sampled_from(("text",) * 8 + ("follow", "unfollow"))
AGES = st.sampled_from((0.0, 0.0, 1.0, 90.0))
RARE = ("repeat", "repeat", "repeat", "withdrawal", "erasure")
MIDDLE = ("work_all", "another_worker_takes_over", "take_over", "citizens_write")  # of World


class Outbox(RuleBasedStateMachine):
    """Stories of citizens, workers and mishaps."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self.world = world
        self.settled: dict[int, tuple[Any, ...]] = {}
        world.clear()

    @rule(said=st.lists(st.tuples(st.sampled_from(USERS), KINDS, AGES), min_size=1, max_size=2))
    def citizens_do_something(self, said: list[tuple[str, str, float]]) -> None:
        for user, kind, age in said:
            self.world.say(user, kind, age)

    @rule(which=st.integers(min_value=0, max_value=50), what=st.sampled_from(RARE))
    @precondition(lambda self: self.world.events)
    def something_rare_happens(self, which: int, what: str) -> None:
        world = self.world
        known = world.conversations()
        given = world.events[which % len(world.events)]
        if what == "withdrawal":
            world.say(given["user_id"], "withdraw", 0.0)
        elif what == "erasure":
            with session_scope(world.sessions) as session:
                conversations.erase(session, known[which % len(known)])
        else:
            assert not world.receive(given)
            assert world.conversations() == known, "a repeat brought back whom we forgot"

    @rule(
        later=st.sampled_from((0.0, 5.5, 5.5, 5.5, 15.0, 36.0, 46.0, 180.0, 700.0, 8 * 86400.0)),
        fates=st.lists(st.sampled_from(FATES), min_size=1, max_size=4),
        turns=st.lists(st.sampled_from(TURNS), max_size=3),
        blind=st.sampled_from((0, 0, 0, 1, 3)),
        dies_in=st.none() | st.none() | st.integers(min_value=0, max_value=14),
        middle=st.none()
        | st.none()
        | st.tuples(st.sampled_from(("send", "ask")), st.sampled_from(MIDDLE)),
        swept=st.booleans(),
    )
    def time_passes_and_workers_are_woken(
        self,
        later: float,
        fates: list[str],
        turns: list[str],
        blind: int,
        dies_in: int | None,
        middle: tuple[str, str] | None,
        swept: bool,
    ) -> None:
        world = self.world
        world.pass_time(later)
        world.platform.fates[:], world.platform.blind = fates, blind
        world.rasa.fates[:] = turns
        world.dies_in = dies_in
        if middle is not None:
            where, what = middle
            world.plans[where].append(getattr(world, what))
        world.attend_all(world.due() if swept else world.conversations())
        world.calm()

    # What holds at any time

    @invariant()
    def nothing_was_wrong_in_the_middle(self) -> None:
        assert self.world.wrong == []

    @invariant()
    def a_row_is_taken_once_and_in_order(self) -> None:
        taken = self.world.platform.taken
        assert len({t.row_id for t in taken}) == len(taken), f"twice: {[t.row_id for t in taken]}"
        # What was given up as unknown holds nothing up, and may arrive after all.
        given_up = {r.id for r in self.world.rows(Message.state == "unknown") if not r.not_before}
        for user in {t.user for t in taken}:
            ids = [t.row_id for t in taken if t.user == user and t.row_id not in given_up]
            assert ids == sorted(ids), f"{user} saw {ids}"

    @invariant()
    def what_is_settled_stays_settled(self) -> None:
        for row in self.world.rows():
            final = row.state not in OPEN or (row.state == "unknown" and row.not_before is None)
            now = (row.state, row.channel_message_id)
            if row.id in self.settled:
                assert self.settled[row.id] == now
            elif final:
                self.settled[row.id] = now

    @invariant()
    def what_is_sent_was_taken(self) -> None:
        given = {t.platform_id: t for t in self.world.platform.taken}
        sent = self.world.rows(Message.direction == "out", Message.state == "sent")
        held = [row.channel_message_id for row in sent]
        assert len(set(held)) == len(held)
        for row in sent:
            assert row.channel_message_id in given
            assert row.text in ("", given[row.channel_message_id].text)  # "" once erased

    @invariant()
    def a_message_has_the_replies_of_one_turn(self) -> None:
        replies: dict[int, list[Message]] = {}
        for row in self.world.rows(Message.direction == "out"):
            replies.setdefault(row.reply_to_id, []).append(row)
        for message in self.world.rows(Message.direction == "in"):
            mine = replies.get(message.id, [])
            told = [r for r in mine if r.text == notices.SLOW]
            said = [r for r in mine if r.text != notices.SLOW]
            assert len(told) <= 1
            if message.state == "pending":
                assert [r for r in said if r.text] == []
                continue
            asked = (str(message.conversation_id), message.channel_message_id)
            full = self.world.rasa.answers.get(asked, [])
            if message.state == "answered" and not any(r.text == "" for r in said):
                assert [r.text for r in said] in (full, [notices.gave_up(HOTLINE)])
                assert [r.position for r in said] == list(range(len(said)))

    def teardown(self) -> None:
        """The mishaps end: everything comes to its end too."""
        world = self.world
        world.calm()
        for _ in range(12):
            if not self.unsettled():
                break
            world.pass_time(310.0)
            world.attend_all(world.due())
        assert self.unsettled() == []
        assert world.due() == []
        if not world.raced:  # a turn that outlives its lock may end after the words are forgotten
            assert not world.rasa.remembered & world.withdrawn()
        self.nothing_was_wrong_in_the_middle()
        self.a_row_is_taken_once_and_in_order()
        self.what_is_settled_stays_settled()
        self.what_is_sent_was_taken()
        self.a_message_has_the_replies_of_one_turn()
        seen = Counter(t.row_id for t in world.platform.taken)
        for row in world.rows(Message.direction == "out", Message.state == "refused"):
            assert seen[row.id] == 0, "the citizen saw what we call refused"

    def unsettled(self) -> list[tuple[int, str]]:
        open_rows = self.world.rows(Message.state.in_(OPEN))
        return [(r.id, r.state) for r in open_rows if r.state != "unknown" or r.not_before]


@pytest.fixture
def world(database_url: str, store: redis.Redis[Any]) -> Iterator[World]:
    """The worker's surroundings on each kind of database."""
    made = World(database_url, store)
    with running(made.rasa):
        yield made
    made.close()


def test_no_mishap_loses_doubles_or_reorders_anything(world: World, database_url: str) -> None:
    stories = 90 if database_url.startswith("sqlite") else 6
    run_state_machine_as_test(
        lambda: Outbox(world),
        settings=settings(
            max_examples=stories,
            stateful_step_count=25,
            deadline=None,
            print_blob=True,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_nothing_is_asked_about_a_citizen_who_withdrew(world: World) -> None:
    world.say(USERS[0], "withdraw", 0.0)
    world.say(USERS[0], "text", 0.0)
    world.attend_all(world.conversations())
    assert world.rasa.forgotten
    assert world.rasa.asked == []


def test_whoever_withdrew_is_not_told_that_it_takes_long(world: World) -> None:
    world.say(USERS[0], "withdraw", 0.0)
    world.say(USERS[0], "text", 0.0)
    world.pass_time(180.0)
    world.rasa.fates[:] = ["", "503"]  # it forgets, then fails
    world.attend_all(world.conversations())
    assert world.rasa.forgotten
    assert world.rows(Message.direction == "out") == []


def test_an_erased_reply_is_not_said_again_as_a_blank_one(world: World) -> None:
    world.say(USERS[0], "text", 0.0)
    world.platform.fates[:] = ["takes in silence"]
    world.attend_all(world.conversations())
    with session_scope(world.sessions) as session:
        conversations.erase(session, world.conversations()[0])
    world.pass_time(60.0)
    world.attend_all(world.conversations())
    assert world.wrong == []
    assert len(world.platform.taken) == 1
    [reply] = world.rows(Message.direction == "out")
    assert (reply.state, reply.not_before, reply.text) == ("unknown", None, "")


def test_a_repeat_brings_nobody_back_who_withdrew(world: World) -> None:
    world.say(USERS[0], "withdraw", 0.0)
    world.attend_all(world.conversations())
    assert not world.receive(world.events[0])
    assert len(world.conversations()) == 1


def test_the_notice_that_it_takes_long_passes_no_reply_that_waits(world: World) -> None:
    world.say(USERS[0], "text", 90.0)
    world.platform.fates[:] = ["no token"]
    world.attend_all(world.conversations())
    world.say(USERS[0], "text", 0.0)
    world.pass_time(20.0)  # the first reply waits for 40 seconds more
    with session_scope(world.sessions) as session:
        rows = session.execute(select(Message).where(Message.state == "pending")).scalars()
        for row in rows:
            row.created_at -= dt.timedelta(minutes=5)
    world.rasa.fates[:] = ["503"]
    world.attend_all(world.conversations())
    notice = world.rows(Message.text == notices.SLOW)
    assert [row.attempts for row in notice] in ([], [0])


def test_a_reply_that_waited_long_is_looked_up_as_long_as_any_other(world: World) -> None:
    world.say(USERS[0], "text", 0.0)
    world.platform.fates[:] = ["no token", "taken late"]
    world.attend_all(world.conversations())
    world.pass_time(700.0)  # the grant was lost for a while
    world.attend_all(world.conversations())
    world.pass_time(5.5)
    world.platform.blind = 1
    world.attend_all(world.conversations())
    [reply] = world.rows(Message.direction == "out")
    assert (reply.state, reply.not_before is None) == ("unknown", False)


def test_what_was_erased_in_the_middle_of_a_send_is_not_said_again_blank(world: World) -> None:
    def erase() -> None:
        with session_scope(world.sessions) as session:
            conversations.erase(session, world.conversations()[0])

    world.say(USERS[0], "text", 0.0)
    world.platform.fates[:] = ["defers"]
    world.plans["send"].append(erase)
    world.attend_all(world.conversations())
    world.pass_time(60.0)
    world.attend_all(world.conversations())
    assert world.wrong == []
