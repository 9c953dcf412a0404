"""Checks every setting and every outside party, and says what to do about each problem."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import redis
import requests
from sqlalchemy import inspect
from sqlalchemy.exc import SQLAlchemyError

from bot import model_files
from bot.database import make_engine, make_sessions, session_scope
from bot.errors import BotError
from bot.onestop import OneStopFile
from bot.services import catalogue, offices
from bot.settings import ROOT, Settings

_SECONDS = 5


@dataclass(frozen=True)
class Finding:
    """One thing looked at; `advice` tells what to do when it is not well."""

    name: str
    ok: bool
    detail: str = ""
    advice: str = ""

    def __str__(self) -> str:
        line = f"[{'ok' if self.ok else 'PROBLEM'}] {self.name}"
        line += f": {self.detail}" if self.detail else ""
        return line if self.ok or not self.advice else f"{line}\n          → {self.advice}"


def examine(settings: Settings) -> list[Finding]:
    """What was found, in the order in which the parts depend on each other."""
    checks: tuple[Callable[[Settings], Iterator[Finding]], ...] = (
        _mode,
        _database,
        _store,
        _onestop,
        _model,
        _offices,
        _servers,
        _zalo,
    )
    return [finding for check in checks for finding in check(settings)]


def _mode(settings: Settings) -> Iterator[Finding]:
    yield Finding("mode", True, "demo (no ZALO_APP_ID)" if settings.demo else "real account")


def _database(settings: Settings) -> Iterator[Finding]:
    engine = make_engine(settings.database_url)
    where = engine.url.render_as_string(hide_password=True)
    try:
        known = set(inspect(engine).get_table_names())
    except SQLAlchemyError as error:
        reason = str(getattr(error, "orig", error)).splitlines()[0]
        yield Finding("DATABASE_URL", False, f"{where}: {reason}", "start the database or mend it")
        return
    if "procedures" not in known:
        yield Finding("DATABASE_URL", False, f"{where} has no tables", "run: make run")
        return
    yield Finding("DATABASE_URL", True, where)
    with session_scope(make_sessions(engine), readonly=True) as session:
        count = len(catalogue.all_active(session))
    advice = "run: python -m bot import-catalogue data/catalogue/*.yml"
    yield Finding("catalogue", count > 0, f"{count} procedures", advice)


def _store(settings: Settings) -> Iterator[Finding]:
    try:
        redis.Redis.from_url(settings.redis_url, socket_timeout=_SECONDS).ping()
    except (redis.RedisError, ValueError) as error:
        who = "make run starts it" if settings.embedded_store else "start Valkey or mend REDIS_URL"
        yield Finding("REDIS_URL", False, str(error), who)
    else:
        yield Finding("REDIS_URL", True)


def _onestop(settings: Settings) -> Iterator[Finding]:
    advice = f"see {settings.onestop_config}; citizens are told that cases cannot be looked up now"
    try:
        problems = OneStopFile(settings.onestop_config).check()
    except BotError as error:
        yield Finding("ONESTOP_CONFIG", False, str(error), advice)
        return
    for name, problem in problems.items():
        yield Finding(f"one-stop source {name}", not problem, problem, advice)


def _model(_settings: Settings) -> Iterator[Finding]:
    path = model_files.model_path(ROOT / "models")
    yield Finding("language model", path.exists(), path.name, "run: python -m bot train")


def _offices(settings: Settings) -> Iterator[Finding]:
    samples = sum(1 for entry in offices.book().entries if entry.get("sample"))
    advice = "check the addresses in data/lookups/offices.yml and remove `sample`"
    ok = settings.demo or not samples
    yield Finding("offices", ok, f"{samples} invented sample addresses", advice)


def _servers(settings: Settings) -> Iterator[Finding]:
    for url in settings.rasa_urls:
        yield _answers("RASA_URL", url, f"{url}/")
    health = settings.actions_url.rsplit("/", 1)[0] + "/health"
    yield _answers("ACTIONS_URL", settings.actions_url, health)
    web = f"http://{settings.host}:{settings.port}"
    yield _answers("web", web, f"{web}/health/live")


def _zalo(settings: Settings) -> Iterator[Finding]:
    # An unknown token still gets Zalo's own envelope: that tells that the address is right.
    yield _answers("ZALO_API_URL", settings.zalo_api_url, f"{settings.zalo_api_url}/v2.0/oa/getoa")


def _answers(name: str, what: str, url: str) -> Finding:
    try:
        answer = requests.get(url, timeout=_SECONDS)
    except requests.RequestException as error:
        return Finding(name, False, f"{what} does not answer ({type(error).__name__})", "start it")
    return Finding(name, answer.ok, what if answer.ok else f"{what} answers {answer.status_code}")
