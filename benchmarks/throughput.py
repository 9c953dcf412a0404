"""Messages per second through the whole chain, beside a stock Rasa in the same run.

8 clients in a closed loop, 200 senders × 5 turns, the same texts on both sides.
"""

from __future__ import annotations

import asyncio
import dataclasses

from benchmarks import peers
from benchmarks.load import Figures, RestChannel, SendApi, SignedWebhook, many_citizens
from benchmarks.report import save, table

CLIENTS, SENDERS = 8, 200


async def measure_assistant() -> Figures:
    """Signed webhook → reply accepted by the send API."""
    send_api = SendApi()
    await send_api.start()
    loop = asyncio.get_running_loop()
    chain = peers.assistant(f"http://127.0.0.1:{send_api.port}")
    settings = await loop.run_in_executor(None, chain.__enter__)
    try:
        webhook = SignedWebhook(
            f"http://127.0.0.1:{settings.port}/webhook/zalo",
            send_api,
            settings.zalo_app_id,
            settings.zalo_oa_id,
            settings.zalo_oa_secret_key,
        )
        turns = [webhook.for_client(str(n)) for n in range(CLIENTS)]
        await many_citizens(turns, _senders("8", CLIENTS * 2))
        return await many_citizens(turns, _senders("9", SENDERS))
    finally:
        await loop.run_in_executor(None, chain.__exit__, None, None, None)


async def measure_stock() -> Figures:
    """Stock Rasa by its REST channel."""
    loop = asyncio.get_running_loop()
    stock = peers.stock_rasa()
    url = await loop.run_in_executor(None, stock.__enter__)
    try:
        channel = RestChannel(url)
        turns = [channel.for_client(str(n)) for n in range(CLIENTS)]
        await many_citizens(turns, _senders("8", CLIENTS * 2))
        return await many_citizens(turns, _senders("9", SENDERS))
    finally:
        await loop.run_in_executor(None, stock.__exit__, None, None, None)


def _senders(prefix: str, count: int) -> list[str]:
    return [f"{prefix}{n:018d}" for n in range(count)]


def main() -> None:
    """Print the table; write results/throughput.json."""
    stock = asyncio.run(measure_stock())
    ours = asyncio.run(measure_assistant())
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
