"""A one-stop database read through configured table and column names. Never written to."""

from __future__ import annotations

import datetime as dt
import logging
import sqlite3
import time
from typing import Any
from urllib.parse import quote

from sqlalchemy import create_engine, select
from sqlalchemy import sql as sa
from sqlalchemy.engine import URL, Connection, Engine, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.pool import NullPool
from sqlalchemy.sql import Select

from bot.errors import OneStopUnavailable, SettingError
from bot.onestop.cases import UNKNOWN_STATUS, Case, FeeDue
from bot.onestop.config import OPTIONAL, REQUIRED, Lines, SourceConfig

CONNECT_SECONDS, STATEMENT_SECONDS = 3, 5
logger = logging.getLogger(__name__)


class SqlSource:
    """The cases of one database; three small queries to a look-up, whether or not it finds one."""

    def __init__(self, config: SourceConfig) -> None:
        self.name = config.name
        self._config = config
        self._engine = _engine(config)
        self._case_query = _case_query(config)
        self._papers_query = _lines_query(config.missing_papers)
        self._fees_query = _lines_query(config.fees)

    def find(self, code: str) -> Case | None:
        """The case of this code, or None; raises OneStopUnavailable."""
        try:
            with self._engine.connect() as connection:
                row = connection.execute(self._case_query, {"code": code}).mappings().first()
                # Asked for even when there is no case: absent takes as long as present.
                papers = _rows(connection, self._papers_query, code)
                fees = _rows(connection, self._fees_query, code)
        except (SQLAlchemyError, sqlite3.Error) as error:
            raise self._unavailable(error) from None
        return self._case(dict(row), papers, fees) if row else None

    def ping(self) -> None:
        """Read one row; raises OneStopUnavailable."""
        try:
            with self._engine.connect() as connection:
                connection.execute(self._case_query, {"code": ""}).first()
        except (SQLAlchemyError, sqlite3.Error) as error:
            raise self._unavailable(error) from None

    def close(self) -> None:
        """Give the connections back."""
        self._engine.dispose()

    def _unavailable(self, error: Exception) -> OneStopUnavailable:
        lines = str(getattr(error, "orig", None) or error).splitlines()
        reason = lines[0] if lines else type(error).__name__
        return OneStopUnavailable(
            f"source {self.name!r} of ONESTOP_CONFIG cannot be read: {reason}"
        )

    def _case(
        self, row: dict[str, Any], papers: list[dict[str, Any]], fees: list[dict[str, Any]]
    ) -> Case:
        return Case(
            code=_text(row["code"]),
            status=self._status(row["status"]),
            procedure_name=_text(row["procedure_name"]),
            procedure_code=_text(row.get("procedure_code")),
            received=self._date(row, "received"),
            due=self._date(row, "due"),
            finished=self._date(row, "finished"),
            office=_text(row.get("office")),
            applicant=_text(row["applicant"]),
            phone_last4=_last4(row.get("phone")),
            id_last4=_last4(row.get("id_number")),
            missing_papers=tuple(_text(p["name"]) for p in papers if _text(p["name"])),
            fees=tuple(fee for f in fees if (fee := self._fee(f))),
            collect_place=_text(row.get("collect_place")),
            collect_hours=_text(row.get("collect_hours")),
            commune=_text(row.get("commune")),
        )

    def _status(self, value: Any) -> int:
        status = self._config.status_map.get(str(value))
        if status is None:
            # An error here would tell a stranger that the case exists.
            logger.warning("source %r: status %r is not in its status_map", self.name, value)
            return UNKNOWN_STATUS
        return status

    def _fee(self, row: dict[str, Any]) -> FeeDue | None:
        try:
            amount = int(row["amount"] or 0)
        except ValueError:
            logger.warning("source %r: an amount to pay is no number", self.name)
            return None
        return FeeDue(amount, _text(row.get("how"))) if amount > 0 else None

    def _date(self, row: dict[str, Any], field: str) -> dt.date | None:
        value = row.get(field)
        if isinstance(value, dt.datetime):
            return value.date()
        if value is None or value == "" or isinstance(value, dt.date):
            return value or None
        try:
            return dt.date.fromisoformat(str(value)[:10])
        except ValueError:
            logger.warning("source %r: %s holds what is no date", self.name, field)
            return None


def _case_query(config: SourceConfig) -> Select:
    names = set(config.columns.values()) | {left for join in config.joins for left in join.on}
    cases = _table(config.table, names).alias("c")
    selected = {field: cases.c[name] for field, name in config.columns.items()}
    source: Any = cases
    for number, join in enumerate(config.joins):
        names = set(join.columns.values()) | set(join.on.values())
        other = _table(join.table, names).alias(f"j{number}")
        on = sa.and_(*(cases.c[left] == other.c[right] for left, right in join.on.items()))
        source = source.outerjoin(other, on)
        selected |= {field: other.c[name] for field, name in join.columns.items()}
    ordered = [selected[f].label(f) for f in (*REQUIRED, *OPTIONAL) if f in selected]
    return select(*ordered).select_from(source).where(selected["code"] == sa.bindparam("code"))


def _lines_query(lines: Lines | None) -> Select | None:
    if lines is None:
        return None
    names = {lines.code, *lines.columns.values(), *lines.only}
    table = _table(lines.table, names).alias("l")
    columns = [table.c[name].label(field) for field, name in lines.columns.items()]
    query = select(*columns).where(table.c[lines.code] == sa.bindparam("code"))
    for name, value in lines.only.items():
        query = query.where(table.c[name].is_(None) if value is None else table.c[name] == value)
    return query.order_by(columns[0])


def _table(name: str, columns: set[str]) -> Any:
    schema, _, table = name.rpartition(".")
    return sa.table(table, *(sa.column(c) for c in sorted(columns)), schema=schema or None)


def _rows(connection: Connection, query: Select | None, code: str) -> list[dict[str, Any]]:
    if query is None:
        return []
    return [dict(row) for row in connection.execute(query, {"code": code}).mappings()]


def _text(value: Any) -> str:
    return " ".join(str(value).split()) if value is not None else ""


def _last4(value: Any) -> str:
    digits = "".join(c for c in str(value or "") if c in "0123456789")
    return digits[-4:] if len(digits) >= 4 else ""


def _engine(config: SourceConfig) -> Engine:
    # Parameters stay out of error texts: they are case codes.
    options: dict[str, Any] = {"future": True, "hide_parameters": True}
    try:
        url = make_url(config.database_url)
        backend = url.get_backend_name()
        if backend == "sqlite":
            return create_engine(
                "sqlite://", creator=lambda: _sqlite(url), poolclass=NullPool, **options
            )
        if backend == "postgresql":
            options["connect_args"] = {
                "connect_timeout": CONNECT_SECONDS,
                "tcp_user_timeout": STATEMENT_SECONDS * 1000,
                "options": f"-c statement_timeout={STATEMENT_SECONDS * 1000}"
                " -c default_transaction_read_only=on",
            }
        elif backend == "mysql":
            options["connect_args"] = {
                "connect_timeout": CONNECT_SECONDS,
                "read_timeout": STATEMENT_SECONDS,
            }
        return create_engine(
            url, pool_size=3, max_overflow=2, pool_timeout=CONNECT_SECONDS, pool_pre_ping=True,
            pool_recycle=1800, **options,
        )  # fmt: skip
    except (ArgumentError, ImportError, ValueError, SQLAlchemyError):
        raise SettingError(
            f"ONESTOP_CONFIG: {config.name}.database_url is not the URL of a database "
            "whose driver is installed"
        ) from None


def _sqlite(url: URL) -> sqlite3.Connection:
    """A read-only connection for one look-up; its statements stop when the time is over."""
    connection = sqlite3.connect(
        f"file:{quote(url.database or '')}?mode=ro", uri=True, timeout=CONNECT_SECONDS,
        check_same_thread=False,
    )  # fmt: skip
    deadline = time.monotonic() + STATEMENT_SECONDS
    connection.set_progress_handler(lambda: time.monotonic() > deadline, 10_000)
    return connection
