"""Delivery of events to the webhook: a lane for each conversation, two seconds, the retry ladder.

Within a lane first deliveries keep their order; a failed event waits for its next try without
holding up the newer ones, as nothing in Zalo's papers promises more.
"""

from __future__ import annotations

import heapq
import itertools
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import requests
from requests.adapters import HTTPAdapter

from simulator.zalo.clock import Clock
from simulator.zalo.faults import FaultBox
from simulator.zalo.ledger import (
    DELIVERED,
    GIVEN_UP,
    NOT_SENT,
    RETRYING,
    Attempt,
    Delivery,
    Ledger,
)

TIME_LIMIT = 2.0
RETRY_SECONDS = (30, 300, 900, 1800, 3600)
REORDER_PATIENCE = 0.5
_LANE_IDLE = 5.0


@dataclass(frozen=True)
class DeliverySettings:
    """Where events go. `retry_scale` shortens the ladder: 0.01 makes 30 s last 0.3 s."""

    webhook_url: str
    retry_scale: float = 1.0
    retry_any_failure: bool = True  # False: only a connection that cannot be opened is tried again
    time_limit: float = TIME_LIMIT


class Courier:
    """Posts events in the background; `on_change` is told each time an event's state changes."""

    def __init__(
        self,
        settings: DeliverySettings,
        clock: Clock,
        ledger: Ledger,
        faults: FaultBox,
        on_change: Callable[[Delivery], None],
    ) -> None:
        self.settings = settings
        self.subscribed = True
        self._clock = clock
        self._ledger = ledger
        self._faults = faults
        self._on_change = on_change
        self._lanes: dict[str, _Lane] = {}
        self._lock = threading.Lock()
        self._held: dict[str, Delivery] = {}
        self._session = requests.Session()
        self._session.trust_env = False
        adapter = HTTPAdapter(pool_connections=2, pool_maxsize=64)
        self._session.mount("http://", adapter)
        self._session.mount("https://", adapter)
        self._timer = _Timer()

    def post(self, delivery: Delivery) -> None:
        """Queue an event behind the others of its conversation; returns at once."""
        if not self.settings.webhook_url or not self.subscribed:
            self._ledger.set_state(delivery, NOT_SENT)
            self._on_change(delivery)
            return
        for each in self._in_faulty_order(delivery):
            self._put(each)

    def release(self) -> None:
        """Deliver what reordering or `hold_events` has held back."""
        with self._lock:
            held, self._held = list(self._held.values()), {}
            lanes = list(self._lanes.values())
        for delivery in held:
            self._put(delivery)
        for lane in lanes:
            lane.wake()

    def close(self) -> None:
        """Stop delivering; what is queued is lost, as it is when a process is killed."""
        self._timer.close()
        with self._lock:
            lanes, self._lanes = list(self._lanes.values()), {}
        for lane in lanes:
            lane.close()
        self._session.close()

    def holding(self) -> bool:
        """Whether events are held back at present."""
        return self._faults.now.hold_events

    def _in_faulty_order(self, delivery: Delivery) -> list[Delivery]:
        if not delivery.event_name.startswith("user_send_"):
            return [delivery]
        with self._lock:
            earlier = self._held.pop(delivery.user_id, None)
            if earlier is not None:
                return [delivery, earlier]
            if not self._faults.now.reorder:
                return [delivery]
            self._held[delivery.user_id] = delivery
        self._timer.call_in(REORDER_PATIENCE, lambda: self._let_go(delivery))
        return []

    def _let_go(self, delivery: Delivery) -> None:
        with self._lock:
            if self._held.get(delivery.user_id) is not delivery:
                return
            del self._held[delivery.user_id]
        self._put(delivery)

    def _put(self, delivery: Delivery) -> None:
        for copy in range(self._faults.copies()):
            if copy:
                self._ledger.count("duplicated")
            seconds = self._faults.delay_seconds()
            if seconds:
                self._ledger.count("delayed")
                self._timer.call_in(seconds, lambda: self._lane(delivery.user_id).put(delivery, 0))
            else:
                self._lane(delivery.user_id).put(delivery, 0)

    def _lane(self, user_id: str) -> _Lane:
        with self._lock:
            lane = self._lanes.get(user_id)
            if lane is None:
                lane = self._lanes[user_id] = _Lane(self)
            return lane

    def attempt(self, delivery: Delivery, num_retry: int) -> None:
        """POST once, note the outcome, and plan the next try where one is due."""
        if not self.subscribed:
            self._ledger.set_state(delivery, NOT_SENT)
            self._on_change(delivery)
            return
        attempt, opened = self._post_once(delivery, num_retry)
        if attempt.status == 200:
            state = DELIVERED
        elif delivery.state == DELIVERED:
            state = DELIVERED  # a duplicate that failed changes nothing
        elif opened and not self.settings.retry_any_failure:
            state = GIVEN_UP
        elif num_retry < len(RETRY_SECONDS):
            state = RETRYING
            wait = RETRY_SECONDS[num_retry] * self.settings.retry_scale
            self._timer.call_in(
                wait, lambda: self._lane(delivery.user_id).put(delivery, num_retry + 1)
            )
        else:
            state = GIVEN_UP
            self.subscribed = False
        self._ledger.add_attempt(delivery, attempt, state)
        self._on_change(delivery)

    def _post_once(self, delivery: Delivery, num_retry: int) -> tuple[Attempt, bool]:
        headers = dict(delivery.headers)
        if num_retry:
            headers["num_retry"] = str(num_retry)
        at_ms, started = self._clock.now_ms(), time.perf_counter()
        status, error, opened = 0, "", True
        try:
            answer = self._session.post(
                self.settings.webhook_url,
                data=delivery.body,
                headers=headers,
                timeout=self.settings.time_limit,
                allow_redirects=False,
            )
            status = answer.status_code
        except requests.ConnectTimeout:
            error, opened = "connection timed out", False
        except requests.Timeout:
            error = f"no answer within {self.settings.time_limit:g} s"
        except requests.ConnectionError as failure:
            error, opened = f"connection failed: {type(failure).__name__}", False
        except requests.RequestException as failure:
            error = type(failure).__name__
        took_ms = (time.perf_counter() - started) * 1000
        return Attempt(num_retry, at_ms, took_ms, status, error), opened


class _Lane:
    """One conversation's queue; its thread lives while there is work, and a little longer."""

    def __init__(self, courier: Courier) -> None:
        self._courier = courier
        self._ready = threading.Condition()
        self._queue: deque[tuple[Delivery, int]] = deque()
        self._running = False
        self._closed = False

    def put(self, delivery: Delivery, num_retry: int) -> None:
        with self._ready:
            if self._closed:
                return
            self._queue.append((delivery, num_retry))
            if self._running:
                self._ready.notify()
            else:
                self._running = True
                threading.Thread(target=self._run, name="lane", daemon=True).start()

    def wake(self) -> None:
        with self._ready:
            self._ready.notify()

    def close(self) -> None:
        with self._ready:
            self._closed = True
            self._queue.clear()
            self._ready.notify()

    def _run(self) -> None:
        while (work := self._next()) is not None:
            self._courier.attempt(*work)

    def _next(self) -> tuple[Delivery, int] | None:
        with self._ready:
            while not self._closed:
                if self._queue and not self._courier.holding():
                    return self._queue.popleft()
                if not self._ready.wait(_LANE_IDLE) and not self._queue:
                    break
            self._running = False
            return None


class _Timer:
    """Calls functions later, from one thread that starts with the first of them."""

    def __init__(self) -> None:
        self._ready = threading.Condition()
        self._plans: list[tuple[float, int, Callable[[], None]]] = []
        self._number = itertools.count()
        self._started = False
        self._closed = False

    def call_in(self, seconds: float, function: Callable[[], None]) -> None:
        with self._ready:
            plan = (time.monotonic() + seconds, next(self._number), function)
            heapq.heappush(self._plans, plan)
            self._ready.notify()
            if not self._started:
                self._started = True
                threading.Thread(target=self._run, name="retries", daemon=True).start()

    def close(self) -> None:
        with self._ready:
            self._closed = True
            self._ready.notify()

    def _run(self) -> None:
        while True:
            with self._ready:
                while not self._closed and not self._due():
                    self._ready.wait(self._pause())
                if self._closed:
                    return
                function = heapq.heappop(self._plans)[2]
            function()

    def _due(self) -> bool:
        return bool(self._plans) and self._plans[0][0] <= time.monotonic()

    def _pause(self) -> float | None:
        return max(0.0, self._plans[0][0] - time.monotonic()) if self._plans else None
