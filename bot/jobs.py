"""The worker: `dramatiq bot.jobs --processes N --threads M`. Settings are read at this import.

Actors take ids and look at the rows; running one twice, or for nothing, does no harm.
"""

from __future__ import annotations

import datetime as dt
import functools
import logging
import threading
import time
from collections.abc import Callable
from typing import Any

import dramatiq
import redis
from dramatiq.middleware import Middleware
from sqlalchemy.orm import Session, sessionmaker

from bot import bell
from bot.channels.files import Files
from bot.channels.web.channel import WebChannel
from bot.channels.zalo import receipts
from bot.channels.zalo.client import ZaloChannel
from bot.channels.zalo.tokens import Tokens
from bot.conversation import giving_back, news
from bot.conversation.attend import Attendant
from bot.conversation.drafting import Drafting
from bot.conversation.locks import Locks
from bot.conversation.messages import Channel
from bot.conversation.pictures import Pictures
from bot.conversation.rasa_client import RasaClient
from bot.database import make_engine, make_sessions, session_scope
from bot.health import WORKER_KEY, WORKER_LIFE
from bot.logs import use_key, where
from bot.metrics import Metrics
from bot.onestop import OneStopFile
from bot.queue import QUEUES, Queue, connect, make_broker
from bot.services import handoffs, open_work, outgoing_files, reply_drafts, schedules
from bot.settings import Settings
from bot.surge import Surge

log = logging.getLogger(__name__)

SWEEP_SECONDS = 1.0
HANDOFF_SWEEPS = 5  # what nobody answers goes back into the queue once in so many sweeps
SCHEDULE_SWEEPS = 60  # planned changes whose day has come hold at once, and are written down later
PRUNE_SWEEPS = 3600  # files that nobody needs any more are deleted once in so many sweeps
NEWS_ERRANDS = 5  # followed cases are looked at once in so many rounds of errands
TOKEN_CHECK_ERRANDS = 60  # the token is looked at once in so many rounds
STOP_SECONDS = 5.0  # for both threads of the upkeep to end
WAKE_AGAIN_SECONDS = 10  # a conversation is woken by the sweep at most this often


class Upkeep(Middleware):
    """Two threads in each worker process; of all processes one does a round at a time.

    What asks others (Zalo's token endpoint, the one-stop databases) has a thread of its own: while
    one of them hangs, forgotten work is found all the same.
    """

    def __init__(self) -> None:
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []

    def after_worker_boot(self, broker: Any, worker: Any) -> None:
        for work in (run_sweep, run_errands):
            thread = threading.Thread(
                target=self._run, args=(work,), name=work.__name__, daemon=True
            )
            thread.start()
            self._threads.append(thread)

    def before_worker_shutdown(self, broker: Any, worker: Any) -> None:
        self._stop.set()
        deadline = time.monotonic() + STOP_SECONDS
        for thread in self._threads:
            thread.join(timeout=max(deadline - time.monotonic(), 0))
        metrics.close()

    def _run(self, work: Callable[[], None]) -> None:
        while not self._stop.wait(SWEEP_SECONDS):
            try:
                work()
            except Exception as error:
                log.error("%s failed: %s", work.__name__, where(error))


settings = Settings.from_env()
use_key(settings.secret_key)
broker = make_broker(settings.redis_url, middleware=[Upkeep()])
dramatiq.set_broker(broker)
store: redis.Redis[Any] = connect(settings.redis_url)
sessions: sessionmaker[Session] = make_sessions(make_engine(settings.database_url))
metrics = Metrics(store)
locks = Locks(store)
surge = Surge(store)
tokens = Tokens(settings, sessions, locks)
zalo = ZaloChannel(settings, tokens, store)
web = WebChannel(store)
channels: dict[str, Channel] = {zalo.name: zalo, web.name: web}
ring = functools.partial(bell.ring, store)
rasa = RasaClient(settings.rasa_urls, settings.rasa_token)
attendant = Attendant(
    sessions,
    locks,
    rasa,
    channels,
    metrics,
    hotline=settings.hotline,
    pictures=Pictures(Files.of(settings).fetch, metrics),
    pay=settings.zalo_paid_messages,
    bell=ring,
)
drafting = Drafting(sessions, rasa, metrics, ring)
onestop = OneStopFile(settings.onestop_config)
queue = Queue(broker)


@dramatiq.actor(queue_name=QUEUES["answer"])
def answer(conversation_id: int) -> None:
    """Something was said in this conversation."""
    surge.pause()
    _attend(conversation_id)


@dramatiq.actor(queue_name=QUEUES["deliver"])
def deliver(conversation_id: int) -> None:
    """Something was put into this conversation's outbox."""
    _attend(conversation_id)


@dramatiq.actor(queue_name=QUEUES["wake"])
def wake(conversation_id: int) -> None:
    """The sweep found work that is due in this conversation."""
    surge.pause()
    store.delete(f"swept:{conversation_id}")
    _attend(conversation_id)


@dramatiq.actor(queue_name=QUEUES["draft"], priority=10)  # behind all that citizens wait for
def draft(draft_id: int) -> None:
    """An agent may use what the assistant would answer."""
    try:
        store.delete(f"drafting:{draft_id}")
        drafting.draft(draft_id)
    except Exception as error:  # as in _attend; the draft is due again by its row
        log.error("draft %s: %s", draft_id, where(error))


@dramatiq.actor(queue_name=QUEUES["sweep"])
def sweep() -> None:
    """Look for forgotten work now."""
    run_sweep()


def run_sweep() -> None:
    """Wake the conversations whose work is due and whose wake-up was lost or is over."""
    store.set(WORKER_KEY, 1, ex=WORKER_LIFE)
    if not _is_ours("sweep"):
        return
    with session_scope(sessions, readonly=True) as session:
        due = open_work.due_conversations(session, after=int(store.get("sweep:after") or 0))
        closing = handoffs.due_closings(session)
        drafts = reply_drafts.due(session)
    for conversation_id in (*due, *closing):
        # Not again and again for one that waits in a long queue. A kill after the mark costs this
        # conversation WAKE_AGAIN_SECONDS.
        if store.set(f"swept:{conversation_id}", 1, nx=True, ex=WAKE_AGAIN_SECONDS):
            metrics.count("swept", "conversation")
            queue.enqueue("wake", conversation_id)
    if due:
        store.set("sweep:after", due[-1])  # where the next one goes on, and round again
    for draft_id in drafts:
        # The sweep is also what begins a draft: it looks each second, and none is ever lost.
        if store.set(f"drafting:{draft_id}", 1, nx=True, ex=WAKE_AGAIN_SECONDS):
            queue.enqueue("draft", draft_id)
    receipts.settle(sessions, store)
    sweeps = store.incr("sweeps")
    # Here, where only the database is asked: what the errands ask may hang.
    if sweeps % HANDOFF_SWEEPS == 1:
        silent_after = dt.timedelta(minutes=settings.handoff_silent_minutes)
        for conversation_id in giving_back.return_forgotten(sessions, silent_after, ring):
            queue.enqueue("deliver", conversation_id)
    if sweeps % SCHEDULE_SWEEPS == 1:
        _write_due_changes()
    if sweeps % PRUNE_SWEEPS == 1:
        outgoing_files.prune(outgoing_files.folder_of(settings.var_dir))


def _write_due_changes() -> None:
    today = schedules.today_here()
    with session_scope(sessions, readonly=True) as session:
        due = schedules.due_changes(session, today)
    for code in due:
        with session_scope(sessions) as session:
            schedules.settle(session, today, code)


def run_errands() -> None:
    """Keep the token fresh and look at the followed cases, each when it is time."""
    if not _is_ours("errands"):
        return
    errands = store.incr("errands:count")
    if errands % TOKEN_CHECK_ERRANDS == 1:
        tokens.keep_fresh()
    if errands % NEWS_ERRANDS == 1:
        shortest = min(channel.text_limit for channel in channels.values())
        for conversation_id in news.store_changes(sessions, onestop, shortest):
            # Stored already; a lost wake-up is the sweep's.
            queue.enqueue("deliver", conversation_id)


def _is_ours(work: str) -> bool:
    """Whether this process does the present round; False when another one has just begun it."""
    return bool(store.set(work, 1, nx=True, px=int(SWEEP_SECONDS * 900)))


def _attend(conversation_id: int) -> None:
    # Nothing may leave an actor: dramatiq would log the message and keep it as a dead letter.
    # What failed is still open in its row, and the sweep finds it.
    try:
        attendant.attend(conversation_id)
    except redis.RedisError as error:
        log.error("the store failed: %s", type(error).__name__)
