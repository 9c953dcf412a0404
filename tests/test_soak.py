"""The soak in its short form: everything real but Zalo, killed, restarted and lied to.

`make soak` does the same with thousands of messages; here a few dozen must come through.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator

import pytest

from benchmarks.soak import citizens
from benchmarks.soak.machine import machine
from benchmarks.soak.trials import FAULTS, Outcome, Soak

pytestmark = [pytest.mark.rasa, pytest.mark.postgres]

TRIALS: dict[str, Callable[[Soak], Outcome]] = {
    "killed at random": lambda soak: soak.kills(12, 120, 2.0),
    "killed while the platform is shaky": lambda soak: soak.kills_and_faults(6, 60, 2.0),
    "token expired": lambda soak: soak.expiring_tokens(4, 60, 2.0),
    "store restarted": lambda soak: soak.restarts("Valkey", soak.machine.restart_store, 1, 3.0),
    "database restarted": lambda soak: soak.restarts(
        "PostgreSQL", soak.machine.restart_postgres, 1, 3.0
    ),
    **{
        name: lambda soak, name=name: soak.faulty_platform(name, 40, **FAULTS[name])  # type: ignore[misc]
        for name in FAULTS
    },
}


@pytest.fixture(scope="module")
def soak() -> Iterator[Soak]:
    """Forty citizens in front of one running assistant on PostgreSQL.

    `SOAK_SEED` gives the seed of a run that failed; each failure tells it.
    """
    seed = int(os.environ.get("SOAK_SEED") or random.randrange(1 << 30))
    with machine() as made:
        soak = Soak(made, random.Random(seed), print, citizens=40, seed=seed)
        soak.prepare(citizens.QUESTIONS[:28])
        yield soak


@pytest.mark.timeout(400)
@pytest.mark.parametrize("trial", TRIALS)
def test_nothing_is_lost_said_twice_or_out_of_order(soak: Soak, trial: str) -> None:
    account = TRIALS[trial](soak).account
    assert account.sent > 0
    problems = (account.lost, account.doubled, account.out_of_order, account.unexpected)
    assert problems == (0, 0, 0, 0), (f"SOAK_SEED={soak.seed}", account.examples)
