"""The real worker process: woken at once, killed in the middle, several at a time."""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from sqlalchemy import select, update
from sqlalchemy.orm import Session, sessionmaker

from bot.channels.zalo.oauth import TIMEOUT
from bot.database import session_scope, utcnow
from bot.models.conversations import ChannelToken
from bot.models.desks import Desk
from bot.models.handoffs import Handoff, ReplyDraft
from bot.models.staff import Staff
from bot.queue import QUEUES, Queue, make_broker
from bot.services import handoffs
from bot.settings import Settings
from tests.chain import Chain, event, signed
from tests.fakes import Answer, FakeRasa, FakeZalo, answer_politely, eventually
from webhook import create_app

pytestmark = pytest.mark.alone

ROOT = Path(__file__).parent.parent
Worker = subprocess.Popen[bytes]


@pytest.fixture
def start_worker(
    environ: dict[str, str],
    sessions: sessionmaker[Session],
    store: redis.Redis[Any],
    tmp_path: Path,
) -> Iterator[Callable[[], Worker]]:
    """Starts worker processes; each is ready when it is returned, and gone after the test."""
    workers: list[Worker] = []

    def start() -> Worker:
        store.delete("worker:alive")
        command = [sys.executable, "-m", "dramatiq", "bot.jobs", "-p", "1", "-t", "4"]
        log = (tmp_path / f"worker{len(workers)}.log").open("wb")
        base = {"PATH": os.environ["PATH"], "ENV_FILE": str(tmp_path / "none")}
        worker = subprocess.Popen(
            command, cwd=ROOT, env={**base, **environ}, stderr=log, start_new_session=True
        )
        workers.append(worker)
        eventually(lambda: bool(store.exists("worker:alive")), seconds=40, what="a worker")
        return worker

    yield start
    for worker in workers:
        kill(worker)


def kill(worker: Worker) -> None:
    """End a worker and its children as a power cut would."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(worker.pid, signal.SIGKILL)
    worker.wait()


def test_events_are_answered_in_order_by_two_workers(
    start_worker: Callable[[], Worker],
    settings: Settings,
    chain: Chain,
    fake_rasa: FakeRasa,
    fake_zalo: FakeZalo,
) -> None:
    start_worker()
    start_worker()
    app = create_app(settings)
    users = [str(n) for n in range(1, 9)]

    def write(user: str) -> None:
        client = app.test_client()
        for n in range(5):
            body = event(user=user, message={"text": f"{user} hỏi {n}", "msg_id": f"{user}-{n}"})
            for _ in range(2):  # each event twice
                assert client.post("/webhook/zalo", **signed(body)).status_code == 200

    threads = [threading.Thread(target=write, args=(user,)) for user in users]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    eventually(lambda: len(fake_zalo.sent) >= 40, seconds=40)
    eventually(lambda: set(chain.states("out")) == {"sent"})
    for user in users:
        assert fake_zalo.texts(user) == [f"đáp: {user} hỏi {n}" for n in range(5)]
    app.extensions["metrics"].close()


def test_an_idle_worker_wakes_at_once(
    start_worker: Callable[[], Worker],
    settings: Settings,
    chain: Chain,
    store: redis.Redis[Any],
    fake_zalo: FakeZalo,
) -> None:
    start_worker()
    broker = make_broker(settings.redis_url)
    queue, bell = Queue(broker), broker.wake_key(QUEUES["answer"])
    heard = 0
    for n in range(5):
        # All four consumers (two queues, and their delayed ones) are asleep.
        eventually(lambda: store.info("clients")["blocked_clients"] >= 4)
        assert queue.enqueue("answer", chain.say(f"câu {n}"))
        # A sleeper is handed the token by the store itself, before anybody could poll.
        heard += store.llen(bell) == 0
        eventually(lambda n=n: len(fake_zalo.sent) > n)  # type: ignore[misc]
    assert heard >= 3  # one may just have turned over in its sleep


@pytest.mark.parametrize("moment", ["in the turn", "in the send"])
def test_a_worker_killed_in_the_middle_loses_and_doubles_nothing(
    start_worker: Callable[[], Worker],
    settings: Settings,
    chain: Chain,
    store: redis.Redis[Any],
    fake_rasa: FakeRasa,
    fake_zalo: FakeZalo,
    moment: str,
) -> None:
    first = start_worker()
    reached, go_on = threading.Event(), threading.Event()

    def stop_here(asked: dict[str, Any]) -> Answer | None:
        reached.set()
        go_on.wait(20)
        return None

    if moment == "in the turn":
        fake_rasa.respond = lambda asked: (stop_here(asked), answer_politely(asked))[1]
    else:
        fake_zalo.faults = [stop_here]
    conversation = chain.say("một")
    chain.say("hai")
    Queue(make_broker(settings.redis_url)).enqueue("answer", conversation)
    assert reached.wait(20)
    kill(first)
    fake_rasa.respond = answer_politely
    go_on.set()
    assert chain.states("in")[1] == "pending"
    # The dead worker's lock would end by itself; the test only makes the time pass.
    eventually(lambda: store.pexpire(f"lock:conversation:{conversation}", 1) is not None)
    chain.let_time_pass(60)
    start_worker()
    eventually(lambda: set(chain.states("out")) == {"sent"} and len(chain.states("out")) == 2)
    assert fake_zalo.texts() == ["đáp: một", "đáp: hai"]
    assert set(chain.states("in")) == {"answered"}


def test_the_sweep_finds_what_was_never_enqueued(
    start_worker: Callable[[], Worker], chain: Chain, fake_zalo: FakeZalo
) -> None:
    chain.say("một")
    chain.let_time_pass(60)
    start_worker()
    eventually(lambda: fake_zalo.texts() == ["đáp: một"])


def test_a_token_endpoint_that_hangs_does_not_stop_the_sweep(
    start_worker: Callable[[], Worker], chain: Chain, fake_zalo: FakeZalo
) -> None:
    chain.tokens.access_token()
    with session_scope(chain.sessions) as session:  # an early renewal is due
        ends = utcnow() + dt.timedelta(hours=4)
        session.execute(update(ChannelToken).values(expires_at=ends))
    asked, go_on = threading.Event(), threading.Event()

    def hang(form: dict[str, list[str]]) -> Answer:
        asked.set()
        go_on.wait(30)
        return 200, {}

    fake_zalo._refresh = hang  # type: ignore[method-assign]
    start_worker()
    assert asked.wait(20)
    chain.say("một")
    chain.let_time_pass(60)
    # Within the patience of the one that asks.
    eventually(lambda: fake_zalo.texts() == ["đáp: một"], seconds=TIMEOUT[1] - 1)
    go_on.set()


def test_while_rasa_is_away_messages_wait_and_are_answered_after(
    start_worker: Callable[[], Worker],
    settings: Settings,
    chain: Chain,
    fake_rasa: FakeRasa,
    fake_zalo: FakeZalo,
) -> None:
    start_worker()
    queue = Queue(make_broker(settings.redis_url))
    fake_rasa.respond = lambda asked: (503, {"error": "no model"})
    for n in range(6):
        queue.enqueue("answer", chain.say(f"câu {n}", user=str(n % 2)))
    eventually(lambda: len(fake_rasa.asked) >= 4)
    assert fake_zalo.sent == []
    fake_rasa.respond = answer_politely
    eventually(lambda: len(fake_zalo.sent) == 6)
    assert fake_zalo.texts("0") == ["đáp: câu 0", "đáp: câu 2", "đáp: câu 4"]
    assert fake_zalo.texts("1") == ["đáp: câu 1", "đáp: câu 3", "đáp: câu 5"]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_sweep_has_a_draft_made_that_nobody_was_told_about(
    start_worker: Callable[[], Worker], chain: Chain, fake_rasa: FakeRasa, fake_zalo: FakeZalo
) -> None:
    conversation = chain.say("xin chào")
    with session_scope(chain.sessions) as session:
        lan = Staff(email="lan@example.vn", name="Lan", role="agent", password_hash="x")
        desk = Desk(code="tp", name="Sở Tư pháp", kind="department", drafts=True)
        session.add_all([lan, desk])
        session.flush()
        handoff = handoffs.take(session, conversation, lan.id)
        session.execute(update(Handoff).where(Handoff.id == handoff).values(desk_id=desk.id))
    start_worker()

    def drafts() -> list[str]:
        with session_scope(chain.sessions, readonly=True) as session:
            return list(session.execute(select(ReplyDraft.state)).scalars())

    eventually(lambda: drafts() == ["ready"], seconds=30, what="a draft")
    assert [asked["text"] for asked in fake_rasa.dry_runs] == ["xin chào"]
    assert fake_rasa.asked == []
