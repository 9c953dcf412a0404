"""Counters and durations of all processes, kept in the store so that one page shows them all.

`count` and `observe` only touch this process's memory; a timer adds the sums to the store a
second later. What a killed process had not written yet is lost: metrics, never the ledger.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from typing import Any

import redis
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)

KEY = "metrics"
FLUSH_SECONDS = 1.0

COUNTERS = {
    "webhook_events": ("Events received from the platform, by what became of them.", "result"),
    "web_messages": ("Messages posted by the web chat, by what became of them.", "result"),
    "turns": ("Messages answered by the dialogue engine, by outcome.", "outcome"),
    "turn_failures": ("Turns that failed and will be tried again.", "reason"),
    "sends": ("Messages handed to the platform, by result.", "result"),
    "pictures": ("Pictures looked at for a case code, by what was found.", "result"),
    "reactions": ("Reactions of citizens to our messages, by what they say.", "feeling"),
    "swept": ("Conversations that the sweep had to wake.", "kind"),
}
HISTOGRAMS = {
    "turn_seconds": "Time that the dialogue engine took for one message.",
    "send_seconds": "Time that the platform took to accept one message.",
    "reply_seconds": "From receiving a message to its first reply being accepted.",
}
BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0)


class Metrics:
    """The counters of this process on their way to the store."""

    def __init__(self, store: redis.Redis[Any]) -> None:
        self._store = store
        self._sums: dict[str, float] = {}
        self._guard = threading.Lock()
        self._timer: threading.Timer | None = None

    def count(self, name: str, label: str, value: float = 1) -> None:
        """Add to the counter `name` (one of COUNTERS)."""
        self._add({f"c:{name}:{label}": value})

    def observe(self, name: str, seconds: float) -> None:
        """Add one duration to the histogram `name` (one of HISTOGRAMS)."""
        bucket = next((b for b in BUCKETS if seconds <= b), float("inf"))
        self._add({f"b:{name}:{bucket}": 1, f"s:{name}:": max(seconds, 0.0)})

    def flush(self) -> None:
        """Write what was added since the last time; kept for later when the store is down."""
        with self._guard:
            sums, self._sums = self._sums, {}
        if not sums:
            return
        try:
            with self._store.pipeline(transaction=False) as pipe:
                for field, value in sums.items():
                    pipe.hincrbyfloat(KEY, field, value)
                pipe.execute()
        except redis.RedisError:
            self._merge(sums)

    def close(self) -> None:
        """Write what there is, now; nothing is written later by itself."""
        with self._guard:
            timer, self._timer = self._timer, None
        if timer is not None:
            timer.cancel()
        self.flush()

    def _add(self, sums: Mapping[str, float]) -> None:
        self._merge(sums)
        with self._guard:
            if self._timer is not None:
                return
            self._timer = threading.Timer(FLUSH_SECONDS, self._flush_later)
            self._timer.daemon = True
        self._timer.start()

    def _flush_later(self) -> None:
        with self._guard:
            self._timer = None
        self.flush()

    def _merge(self, sums: Mapping[str, float]) -> None:
        with self._guard:
            for field, value in sums.items():
                self._sums[field] = self._sums.get(field, 0.0) + value


def render(store: redis.Redis[Any], gauges: Mapping[str, float]) -> bytes:
    """The Prometheus text: sums of all processes from the store, and the given gauges."""
    fields = {k.decode(): float(v) for k, v in store.hgetall(KEY).items()}
    registry = CollectorRegistry()
    registry.register(_Collected(fields, gauges))
    return generate_latest(registry)


class _Collected:
    def __init__(self, fields: Mapping[str, float], gauges: Mapping[str, float]) -> None:
        self._fields = fields
        self._gauges = gauges

    def collect(self) -> Iterator[Metric]:
        for name, (text, label) in COUNTERS.items():
            family = CounterMetricFamily(f"bot_{name}", text, labels=[label])
            prefix = f"c:{name}:"
            for field, value in sorted(self._fields.items()):
                if field.startswith(prefix):
                    family.add_metric([field[len(prefix) :]], value)
            yield family
        for name, text in HISTOGRAMS.items():
            yield self._histogram(name, text)
        for name, value in self._gauges.items():
            yield GaugeMetricFamily(f"bot_{name}", name.replace("_", " "), value=value)

    def _histogram(self, name: str, text: str) -> Metric:
        total = 0.0
        buckets = []
        for bound in (*BUCKETS, float("inf")):
            total += self._fields.get(f"b:{name}:{bound}", 0.0)
            buckets.append(("+Inf" if bound == float("inf") else str(bound), total))
        family = HistogramMetricFamily(f"bot_{name}", text)
        family.add_metric([], buckets=buckets, sum_value=self._fields.get(f"s:{name}:", 0.0))
        return family
