"""An assistant whose platform is the simulator."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests

from bot.settings import Settings
from simulator.zalo.server import SimulatorServer
from tests.chain import USER


@pytest.fixture
def simulator() -> Iterator[SimulatorServer]:
    """A platform on which USER has just written."""
    with SimulatorServer() as server:
        requests.post(f"{server.url}/_control/users", json={"user_ids": [USER]}, timeout=5)
        yield server


@pytest.fixture
def simulated(environ: dict[str, str], simulator: SimulatorServer) -> Settings:
    """The settings of an assistant that sends to the simulator."""
    return Settings.from_env(
        environ | {"ZALO_API_URL": simulator.url, "ZALO_OAUTH_URL": simulator.url}
    )
