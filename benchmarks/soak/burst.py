"""Signed events at a fixed pace, whatever the answers take: how the webhook bears a burst.

A process of its own, so that nobody else's work is counted:
    python -m benchmarks.soak.burst URL PER_SECOND < events.json > attempts.json
where events is a list of {"body", "mac"}, and attempts of {"at_ms", "took_ms", "status"}.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.load import Connection
from bot.settings import ROOT

CONNECTIONS = 64  # what a platform keeps open; an event that finds none free waits, and that counts


@dataclass(frozen=True)
class Attempt:
    """One event's POST: when it was due, how long until its answer, and what that was."""

    at_ms: int
    took_ms: float
    status: int


def send(url: str, events: Sequence[tuple[bytes, str]], per_second: float) -> list[Attempt]:
    """Post the events (body, signature) at this pace from a process of its own."""
    given = [{"body": body.decode(), "mac": mac} for body, mac in events]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.soak.burst", url, str(per_second)],
        input=json.dumps(given),
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=True,
    )
    return [Attempt(**attempt) for attempt in json.loads(done.stdout)]


async def _send(
    url: str, events: list[dict[str, str]], per_second: float
) -> list[dict[str, float]]:
    free: asyncio.Queue[Connection] = asyncio.Queue()
    for _ in range(CONNECTIONS):
        free.put_nowait(Connection(url))
    began, epoch = time.perf_counter(), time.time()

    async def post(number: int, event: dict[str, str]) -> dict[str, float]:
        due = number / per_second
        await asyncio.sleep(max(0.0, began + due - time.perf_counter()))
        connection = await free.get()
        headers = [("X-ZEvent-Signature", f"mac={event['mac']}")]
        try:
            await connection.post(event["body"].encode(), headers)
            status = 200
        except (RuntimeError, OSError, asyncio.IncompleteReadError):
            connection, status = Connection(url), 0
        took = time.perf_counter() - began - due
        free.put_nowait(connection)
        at_ms = int((epoch + due) * 1000)
        return {"at_ms": at_ms, "took_ms": took * 1000, "status": status}

    return await asyncio.gather(*(post(n, event) for n, event in enumerate(events)))


if __name__ == "__main__":
    attempts = asyncio.run(_send(sys.argv[1], json.load(sys.stdin), float(sys.argv[2])))
    print(json.dumps(attempts))
