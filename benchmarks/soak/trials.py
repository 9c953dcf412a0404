"""One fault after the other, while citizens write: each trial ends with its account."""

from __future__ import annotations

import contextlib
import dataclasses
import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from benchmarks.soak import burst, ledger
from benchmarks.soak.citizens import QUESTIONS, Answers, Asked, conversations, known_answers, say
from benchmarks.soak.ledger import Account
from benchmarks.soak.machine import Machine
from simulator.zalo.events import encode
from simulator.zalo.ledger import Attempt, Delivery
from simulator.zalo.signature import event_mac

SETTLE_SECONDS = 240.0  # after the last message and the last fault
SLOW_SECONDS = 30.0  # how long the platform hangs over a message
BURST_USERS = 600
# What the platform can do wrong: shares that fail at random, counts that hit the next calls.
FAULTS: Mapping[str, Mapping[str, float]] = {
    "send API: 20 % HTTP 500": {"http_500_rate": 0.2},
    "send API: hangs 30 s": {
        "hang_seconds": SLOW_SECONDS,
        "hang_count": 3,
        "hang_before_accept_count": 3,
        "accept_after_hang": True,
    },
    "send API: 10 % taken, then cut": {"drop_after_accept_rate": 0.1},
    "send API: 10 % cut before": {"cut_before_accept_rate": 0.1},
    "events twice, late, mixed": {
        "duplicate": 1,
        "reorder": True,
        "event_delay_ms": 3000,
        "event_delay_rate": 0.2,
    },
}

# Everything at once, while processes are killed too.
SHAKY: Mapping[str, float] = {
    "http_500_rate": 0.1,
    "drop_after_accept_rate": 0.05,
    "cut_before_accept_rate": 0.05,
    "hang_seconds": 12.0,
    "hang_rate": 0.02,
    "accept_after_hang": True,
}


@dataclass(frozen=True)
class Outcome:
    """What one trial showed.

    `webhook_ms` are the times of the webhook's answers in a burst, `bare_ms` those of a server that
    keeps nothing.
    """

    name: str
    account: Account
    seconds: float
    troubles: int
    webhook_ms: tuple[float, ...] = ()
    bare_ms: tuple[float, ...] = ()
    webhook_failures: int = 0


@dataclass
class Soak:
    """Citizens in front of a machine. `say` gets a line now and then."""

    machine: Machine
    rng: random.Random
    say: Callable[[str], None]
    citizens: int = 300
    seed: int | None = None  # of `rng`, to be told when a trial fails
    answers: Answers = field(default_factory=dict)
    _next_user: int = 100_000_000_000

    def prepare(self, questions: Sequence[str] = QUESTIONS) -> None:
        """Find out, while all is well, what is answered to which question."""
        self.answers = known_answers(self.machine.platform, self.rng, questions)
        self.say(f"{len(self.answers)} questions with an answer of their own")

    def calm(self, messages: int, per_second: float) -> Outcome:
        """Nothing fails: what the others are compared with."""
        return self._trial("nothing fails", messages, per_second, lambda written: 0)

    def kills(self, count: int, messages: int, every: float) -> Outcome:
        """`kill -9` for one process after another, any of them, while `messages` are written."""

        def trouble(written: threading.Event) -> int:
            self._kill(count, every)
            return count

        name = f"{count} × kill -9, any process"
        return self._trial(name, messages, messages / (count * every), trouble)

    def restarts(self, name: str, restart: Callable[[], None], count: int, every: float) -> Outcome:
        """A party is restarted again and again."""

        def trouble(written: threading.Event) -> int:
            for _ in range(count):
                time.sleep(every)
                restart()
            return count

        messages = int(count * every * 8)
        return self._trial(f"{count} × {name} restarted", messages, 8, trouble)

    def without_rasa(self, seconds: float) -> Outcome:
        """Nobody answers for a while."""

        def trouble(written: threading.Event) -> int:
            self.machine.without_rasa(seconds)
            return 1

        return self._trial(f"Rasa down for {seconds:.0f} s", int(seconds * 3), 3, trouble)

    def faulty_platform(self, name: str, messages: int, **faults: float) -> Outcome:
        """The send API misbehaves at random; events come twice, late and in another order too."""

        def trouble(written: threading.Event) -> int:
            with self._faults(**faults):
                written.wait()
            return 1

        return self._trial(name, messages, 8, trouble)

    def kills_and_faults(self, count: int, messages: int, every: float) -> Outcome:
        """Processes are killed while the send API fails, cuts and hangs at random."""

        def trouble(written: threading.Event) -> int:
            with self._faults(**SHAKY):
                self._kill(count, every)
            return count

        name = f"{count} × kill -9, send API shaky"
        return self._trial(name, messages, messages / (count * every), trouble)

    def expiring_tokens(self, count: int, messages: int, every: float) -> Outcome:
        """The access token ends again and again while everybody writes."""

        def trouble(written: threading.Event) -> int:
            for _ in range(count):
                time.sleep(every)
                self.machine.platform.grant.expire_access()
            return count

        name = f"{count} × access token expired"
        return self._trial(name, messages, messages / (count * every), trouble)

    def one_slow_conversation(self, messages: int) -> Outcome:
        """The platform hangs over the messages to one citizen; the others must not feel it."""
        platform = self.machine.platform
        slow, answer = self._new_users(1), next(iter(self.answers))
        with self._faults(hang_seconds=SLOW_SECONDS, hang_count=1):
            say(platform, str(slow), answer)
            wait_until(lambda: not platform.faults.now.hang_count, 30)
        return self._trial("one conversation hangs", messages, 8, lambda written: 1)

    def burst(self, per_second: float, seconds: float) -> Outcome:
        """Many events at once, straight at the webhook; all are answered afterwards."""
        platform = self.machine.platform
        count = int(per_second * seconds)
        users = min(BURST_USERS, count)
        asked = conversations(self.answers, users, count, self._new_users(users), self.rng)
        events = [self._event(number, each) for number, each in enumerate(asked)]
        for each in asked:
            platform.meet(each.user_id).last_interaction_ms = platform.clock.now_ms()
        began = time.monotonic()
        # Echoes and receipts of the answers would be more events than the pace that is asked for.
        noisy, platform.options = (
            platform.options,
            dataclasses.replace(platform.options, quiet=True),
        )
        url = platform.options.delivery.webhook_url
        signed = [(e.body, e.headers["X-ZEvent-Signature"].removeprefix("mac=")) for e in events]
        with self.machine.bare_webhook() as bare:
            floor = burst.send(bare, signed, per_second)
        attempts = burst.send(url, signed, per_second)
        for event, a in zip(events, attempts, strict=True):
            event.created_ms = a.at_ms
            platform.ledger.add_event(event)
            took = Attempt(0, a.at_ms, a.took_ms, a.status)
            platform.ledger.add_attempt(event, took, "delivered" if a.status == 200 else "given_up")
        by_id = {event.msg_id: each for event, each in zip(events, asked, strict=True)}
        platform.options = noisy
        self._settle(by_id)
        return Outcome(
            f"burst of {per_second:.0f} events/s for {seconds:.0f} s",
            ledger.balance(platform.ledger, by_id),
            time.monotonic() - began,
            1,
            tuple(a.took_ms for a in attempts),
            tuple(a.took_ms for a in floor),
            sum(a.status != 200 for a in attempts),
        )

    def _kill(self, count: int, every: float) -> None:
        for done in range(1, count + 1):
            time.sleep(self.rng.uniform(0.5, 1.5) * every)
            wait_until(lambda: bool(self.machine.victims()), SETTLE_SECONDS)
            victims = self.machine.victims()
            # By kind first: a process with many children is not a likelier victim.
            kind = self.rng.choice(sorted({name.split()[0] for name in victims}))
            name = self.rng.choice(sorted(n for n in victims if n.split()[0] == kind))
            self.machine.kill(victims[name])
            if done % 20 == 0:
                self.say(f"  {done} kills")

    @contextlib.contextmanager
    def _faults(self, **faults: float) -> Iterator[None]:
        """Faults of the platform for a while; a trial that fails leaves none to the next one."""
        self.machine.platform.faults.change(faults)
        try:
            yield
        finally:
            self.machine.platform.faults.change({"reset": True})

    def _trial(
        self,
        name: str,
        messages: int,
        per_second: float,
        trouble: Callable[[threading.Event], int],
    ) -> Outcome:
        self.say(name)
        self.machine.await_ready()
        count = min(self.citizens, messages)
        asked = conversations(self.answers, count, messages, self._new_users(count), self.rng)
        written = threading.Event()
        began = time.monotonic()
        with ThreadPoolExecutor(1) as others:
            failing = others.submit(trouble, written)
            by_id = self._write(asked, per_second)
            written.set()
            troubles = failing.result()
        self._settle(by_id)
        account = ledger.balance(self.machine.platform.ledger, by_id)
        for example in account.examples:
            self.say(f"  {example}")
        return Outcome(name, account, time.monotonic() - began, troubles)

    def _write(self, asked: list[Asked], per_second: float) -> dict[str, Asked]:
        """Write all messages at this pace on average, sometimes several at once."""
        by_id = {}
        began = time.monotonic()
        for number, each in enumerate(asked):
            due = began + number / per_second
            pause = due - time.monotonic()
            if pause > 0 and self.rng.random() > 0.3:
                time.sleep(pause)
            by_id[say(self.machine.platform, each.user_id, each.text)] = each
        return by_id

    def _settle(self, by_id: dict[str, Asked]) -> None:
        wait_until(lambda: ledger.is_settled(self.machine.platform.ledger, by_id), SETTLE_SECONDS)

    def _new_users(self, count: int) -> int:
        first = self._next_user
        self._next_user += count
        return first

    def _event(self, number: int, asked: Asked) -> Delivery:
        identity = self.machine.platform.identity
        stamp = str(int(time.time() * 1000) + number)
        message_id = f"burst{stamp}{number}"
        body = {
            "app_id": identity.app_id,
            "sender": {"id": asked.user_id},
            "recipient": {"id": identity.oa_id},
            "event_name": "user_send_text",
            "message": {"text": asked.text, "msg_id": message_id},
            "timestamp": stamp,
        }
        data = encode(body, spaced=False)
        mac = event_mac(identity.app_id, data, stamp, identity.oa_secret_key)
        headers = {"X-ZEvent-Signature": f"mac={mac}"}
        return Delivery(asked.user_id, "user_send_text", message_id, data, headers, int(stamp))


def wait_until(holds: Callable[[], bool], seconds: float) -> bool:
    """Wait for a condition; False when it did not come true in time."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.5)
    return True
