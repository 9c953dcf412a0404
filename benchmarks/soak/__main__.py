"""`python -m benchmarks.soak`: every trial, then the ledger; exit 1 when a message went wrong."""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

from benchmarks.report import save, table
from benchmarks.soak.machine import machine
from benchmarks.soak.trials import FAULTS, Outcome, Soak


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the trials; 1 when a message was lost, doubled or answered out of order."""
    given = _parser().parse_args(arguments)
    outcomes: list[Outcome] = []
    began = time.monotonic()
    with machine(postgres=given.database == "postgresql") as broken:
        soak = Soak(broken, random.Random(given.seed), _say, given.citizens)
        soak.prepare()
        for name, trial in _trials(soak, given):
            if not given.only or name in given.only:
                outcomes.append(trial())
                print(_row(outcomes[-1]), flush=True)
        restarts = len(broken.restarts)
    _report(outcomes, restarts, time.monotonic() - began)
    return 0 if all(o.account.good and not o.webhook_failures for o in outcomes) else 1


def _trials(soak: Soak, given: argparse.Namespace) -> Iterator[tuple[str, Callable[[], Outcome]]]:
    some = given.messages // 20
    yield "calm", lambda: soak.calm(some, 8)
    yield "burst", lambda: soak.burst(300, 10)
    yield "slow", lambda: soak.one_slow_conversation(some)
    yield "kills", lambda: soak.kills(given.kills, given.messages, given.every)
    # The same number of kills would only repeat them: the faults are what is new.
    some_kills = max(given.kills // 5, 1)
    yield (
        "shaky",
        lambda: soak.kills_and_faults(some_kills, given.messages // 5, given.every),
    )
    yield "tokens", lambda: soak.expiring_tokens(12, some, 2.5)
    yield "store", lambda: soak.restarts("Valkey", soak.machine.restart_store, 5, 6.0)
    if given.database == "postgresql":
        again = soak.machine.restart_postgres
        yield "database", lambda: soak.restarts("PostgreSQL", again, 5, 6.0)
    yield "rasa", lambda: soak.without_rasa(60)
    for name, faults in FAULTS.items():
        yield name, partial(soak.faulty_platform, name, some, **faults)


def _report(outcomes: Sequence[Outcome], restarts: int, seconds: float) -> None:
    head = ("trial", "sent", "lost", "doubled", "out of order", "p50 s", "p95 s", "p99 s", "took s")
    print()
    print(table(head, [_cells(o) for o in outcomes]))
    for outcome in outcomes:
        if outcome.webhook_ms:
            failures = outcome.webhook_failures
            print(f"the webhook in the burst: {_spread(outcome.webhook_ms)}, {failures} not 200")
            print(f"a server that keeps nothing: {_spread(outcome.bare_ms)}")
    print(f"{restarts} processes started again, {seconds / 60:.1f} minutes in all\n")
    figures = _totals(outcomes)
    for name in ("sent", "answered", "lost", "doubled", "out of order"):
        print(f"{name} {figures[name]}")
    latencies = sorted(s for o in outcomes for s in o.account.latencies)
    for share in (50, 95, 99):
        figures[f"p{share}"] = latencies[min(len(latencies) - 1, len(latencies) * share // 100)]
        print(f"p{share} {figures[f'p{share}']:.2f} s")
    save("soak", {**figures, "trials": [_as_json(o) for o in outcomes]})


def _spread(milliseconds: Sequence[float]) -> str:
    ordered = sorted(milliseconds)
    p50, p99 = (ordered[int(len(ordered) * share)] for share in (0.5, 0.99))
    return f"p50 {p50:.0f} ms, p99 {p99:.0f} ms, longest {ordered[-1]:.0f} ms"


def _totals(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    accounts = [o.account for o in outcomes]
    return {
        "sent": sum(a.sent for a in accounts),
        "answered": sum(a.answered for a in accounts),
        "lost": sum(a.lost for a in accounts),
        "doubled": sum(a.doubled for a in accounts),
        "out of order": sum(a.out_of_order for a in accounts),
    }


def _cells(outcome: Outcome) -> tuple[str, ...]:
    a = outcome.account
    times = (f"{a.percentile(share):.2f}" for share in (0.5, 0.95, 0.99))
    counts = (str(n) for n in (a.sent, a.lost, a.doubled, a.out_of_order))
    return (outcome.name, *counts, *times, f"{outcome.seconds:.0f}")


def _row(outcome: Outcome) -> str:
    cells = _cells(outcome)
    return f"  sent {cells[1]}, lost {cells[2]}, doubled {cells[3]}, p99 {cells[7]} s"


def _as_json(outcome: Outcome) -> dict[str, Any]:
    a = outcome.account
    return {
        "name": outcome.name,
        "sent": a.sent,
        "answered": a.answered,
        "lost": a.lost,
        "doubled": a.doubled,
        "out_of_order": a.out_of_order,
        "unexpected": a.unexpected,
        "seconds": round(outcome.seconds, 1),
        **{f"p{int(s * 100)}_s": round(a.percentile(s), 3) for s in (0.5, 0.95, 0.99)},
        "webhook_failures": outcome.webhook_failures,
        "webhook": _spread(outcome.webhook_ms) if outcome.webhook_ms else "",
        "bare": _spread(outcome.bare_ms) if outcome.bare_ms else "",
    }


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description=__doc__)
    parser.add_argument("--citizens", type=int, default=300, help="who write at the same time")
    parser.add_argument("--messages", type=int, default=5000, help="written during the kills")
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--every", type=float, default=3.0, help="seconds between kills")
    parser.add_argument("--database", choices=("postgresql", "sqlite"), default="postgresql")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 30))
    parser.add_argument("--only", nargs="*", default=[], help="names of trials: calm kills burst …")
    return parser


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
