"""The latency of turn 10 against turn 400 of one conversation, beside a stock Rasa."""

from __future__ import annotations

import asyncio
import statistics
from collections.abc import Sequence

from benchmarks import peers
from benchmarks.load import RestChannel, SendApi, SignedWebhook, one_citizen
from benchmarks.report import save, table

TURNS = 400
_SENDER = "7000000000000000001"


async def measure_assistant() -> list[float]:
    """The latencies (ms) of our whole chain, by turn."""
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
        await one_citizen(webhook.for_client("0"), "7000000000000000009", 10)
        return await one_citizen(webhook.for_client("0"), _SENDER, TURNS)
    finally:
        await loop.run_in_executor(None, chain.__exit__, None, None, None)


async def measure_stock() -> list[float]:
    """The latencies (ms) of stock Rasa by its REST channel, by turn."""
    loop = asyncio.get_running_loop()
    stock = peers.stock_rasa()
    url = await loop.run_in_executor(None, stock.__enter__)
    try:
        channel = RestChannel(url)
        await one_citizen(channel.for_client("0"), "7000000000000000009", 10)
        return await one_citizen(channel.for_client("0"), _SENDER, TURNS)
    finally:
        await loop.run_in_executor(None, stock.__exit__, None, None, None)


def around(latencies: Sequence[float], turn: int) -> float:
    """The median of the ten turns up to `turn`: every text of the five counts twice."""
    return statistics.median(latencies[turn - 10 : turn])


def main() -> None:
    """Print the table; write results/growth.json."""
    rows, kept = [], {}
    for name, latencies in (
        ("whole chain", asyncio.run(measure_assistant())),
        ("stock Rasa", asyncio.run(measure_stock())),
    ):
        first, last = around(latencies, 10), around(latencies, TURNS)
        rows.append([name, f"{first:.1f}", f"{last:.1f}", f"{last / first:.2f}"])
        kept[name] = {"turn_10_ms": first, "turn_400_ms": last, "ratio": last / first}
    print(table(["", "turn 10 ms", "turn 400 ms", "ratio"], rows))
    save("growth", kept)


if __name__ == "__main__":
    main()
