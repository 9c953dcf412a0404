"""Whether the parties that an answer needs are up, each asked with a short time-out."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urljoin

import redis
import requests
from sqlalchemy import text
from sqlalchemy.orm import Session, sessionmaker

from bot.database import session_scope
from bot.settings import Settings

SECONDS = 1.5
WORKER_KEY = "worker:alive"  # each worker renews it
WORKER_LIFE = 15  # seconds after its last sign of life


def check(
    settings: Settings, sessions: sessionmaker[Session], store: redis.Redis[Any]
) -> dict[str, str]:
    """By name: "ok", or in a word what is wrong."""
    checks: dict[str, Callable[[], None]] = {
        "database": lambda: _database(sessions),
        "store": lambda: _store(store),
        "rasa": lambda: _any([f"{url}/webhooks/citizen/health" for url in settings.rasa_urls]),
        "actions": lambda: _any([urljoin(settings.actions_url, "/health")]),
        "worker": lambda: _worker(store),
    }
    with ThreadPoolExecutor(len(checks)) as pool:
        results = {name: pool.submit(_word, run) for name, run in checks.items()}
        return {name: result.result() for name, result in results.items()}


def _word(run: Callable[[], None]) -> str:
    try:
        run()
    except Exception as error:
        return type(error).__name__
    return "ok"


def _database(sessions: sessionmaker[Session]) -> None:
    with session_scope(sessions, readonly=True) as session:
        session.execute(text("SELECT 1 FROM conversations LIMIT 1"))


def _store(store: redis.Redis[Any]) -> None:
    store.ping()


def _worker(store: redis.Redis[Any]) -> None:
    if not store.exists(WORKER_KEY):
        raise LookupError("no worker has been seen lately")


def _any(urls: list[str]) -> None:
    """Raises the last failure when none of the servers answers."""
    failure: Exception = ConnectionError()
    for url in urls:
        try:
            requests.get(url, timeout=SECONDS).raise_for_status()
        except requests.RequestException as error:
            failure = error
        else:
            return
    raise failure
