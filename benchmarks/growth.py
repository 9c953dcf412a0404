"""The latency of turn 10 against turn 400 of one conversation, beside a stock Rasa."""

from __future__ import annotations

import asyncio
import statistics
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager

from benchmarks import peers
from benchmarks.load import RestChannel, SignedWebhook, one_citizen
from benchmarks.report import save, table

TURNS = 400
_WARM_UP, _SENDER = "7000000000000000009", "7000000000000000001"


async def measure(peer: AbstractAsyncContextManager[SignedWebhook | RestChannel]) -> list[float]:
    """The latencies (ms) of one long conversation, by turn."""
    async with peer as channel:
        await one_citizen(channel.for_client("0"), _WARM_UP, 10)
        return await one_citizen(channel.for_client("0"), _SENDER, TURNS)


def around(latencies: Sequence[float], turn: int) -> float:
    """The median of the ten turns up to `turn`: every text of the five counts twice."""
    return statistics.median(latencies[turn - 10 : turn])


def main() -> None:
    """Print the table; write results/growth.json."""
    rows, kept = [], {}
    for name, latencies in (
        ("whole chain", asyncio.run(measure(peers.signed_webhook()))),
        ("stock Rasa", asyncio.run(measure(peers.rest_channel()))),
    ):
        first, last = around(latencies, 10), around(latencies, TURNS)
        rows.append([name, f"{first:.1f}", f"{last:.1f}", f"{last / first:.2f}"])
        kept[name] = {"turn_10_ms": first, "turn_400_ms": last, "ratio": last / first}
    print(table(["", "turn 10 ms", "turn 400 ms", "ratio"], rows))
    save("growth", kept)


if __name__ == "__main__":
    main()
