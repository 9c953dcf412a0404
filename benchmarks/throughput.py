"""Messages per second through the whole chain, beside a stock Rasa in the same run.

8 clients in a closed loop, 200 senders × 5 turns, the same texts on both sides. Ours: from the
signed webhook to the reply that the send API accepted. Stock: the answer of its REST channel.
"""

from __future__ import annotations

import asyncio
import dataclasses
from contextlib import AbstractAsyncContextManager

from benchmarks import peers
from benchmarks.load import Figures, RestChannel, SignedWebhook, many_citizens
from benchmarks.report import save, table

CLIENTS, SENDERS = 8, 200


async def measure(peer: AbstractAsyncContextManager[SignedWebhook | RestChannel]) -> Figures:
    """The figures of one peer, after a short warm-up."""
    async with peer as channel:
        turns = [channel.for_client(str(n)) for n in range(CLIENTS)]
        await many_citizens(turns, _senders("8", CLIENTS * 2))
        return await many_citizens(turns, _senders("9", SENDERS))


def _senders(prefix: str, count: int) -> list[str]:
    return [f"{prefix}{n:018d}" for n in range(count)]


def main() -> None:
    """Print the table; write results/throughput.json."""
    stock = asyncio.run(measure(peers.rest_channel()))
    ours = asyncio.run(measure(peers.signed_webhook()))
    rows = [
        [name, f"{f.per_second:.1f}", f"{f.p50_ms:.0f}", f"{f.p95_ms:.0f}", f"{f.p99_ms:.0f}"]
        for name, f in (("whole chain", ours), ("stock Rasa", stock))
    ]
    print(table(["", "messages/s", "p50 ms", "p95 ms", "p99 ms"], rows))
    ratio = ours.per_second / stock.per_second
    print(f"whole chain / stock: {ratio:.2f}")
    save(
        "throughput",
        {"ours": dataclasses.asdict(ours), "stock": dataclasses.asdict(stock), "ratio": ratio},
    )


if __name__ == "__main__":
    main()
