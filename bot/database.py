"""The engine and the session: one engine per process, one transaction per boundary."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import DateTime, create_engine, event
from sqlalchemy.engine import Engine, make_url
from sqlalchemy.orm import Session, declarative_base, sessionmaker
from sqlalchemy.pool import QueuePool
from sqlalchemy.types import TypeDecorator

Base: Any = declarative_base()


def utcnow() -> dt.datetime:
    """The time now, aware, in UTC: the only clock that rows are written with."""
    return dt.datetime.now(dt.timezone.utc)


class UTCDateTime(TypeDecorator):
    """An aware UTC datetime on every database; SQLite alone would lose the zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, dialect: Any) -> dt.datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive datetime reached the database")
        return value.astimezone(dt.timezone.utc)

    def process_result_value(self, value: dt.datetime | None, dialect: Any) -> dt.datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            return value.replace(tzinfo=dt.timezone.utc)
        return value.astimezone(dt.timezone.utc)


def make_engine(url: str) -> Engine:
    """An engine for `url` with what each database needs to serve several processes.

    Its errors don't quote the values of a statement: they may be a citizen's words.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        if parsed.database and parsed.database != ":memory:":
            Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
        pool: dict[str, Any] = {}
        if parsed.database and parsed.database != ":memory:":
            # SQLAlchemy 1.4 would open a file anew for each transaction, and closing its last
            # connection writes the whole log back: several times the cost of the work itself.
            pool = {"poolclass": QueuePool, "pool_size": 10, "max_overflow": 20}
        arguments = {"timeout": 30, "check_same_thread": False}
        engine = create_engine(
            url, future=True, hide_parameters=True, connect_args=arguments, **pool
        )
        event.listen(engine, "connect", _sqlite_pragmas)
        event.listen(engine, "begin", _sqlite_begin)
        return engine
    return create_engine(
        url, future=True, hide_parameters=True, pool_pre_ping=True, pool_size=10, max_overflow=20
    )


def _sqlite_pragmas(connection: Any, _record: Any) -> None:
    # pysqlite's own BEGIN comes too late for serialisable writes; see _sqlite_begin.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute("PRAGMA busy_timeout=30000")
    cursor.close()


def _sqlite_begin(connection: Any) -> None:
    # A deferred transaction that reads and then writes fails at once with SQLITE_BUSY when
    # another process wrote in between, whatever busy_timeout says. A session opened with
    # `session_scope(..., readonly=True)` asks for the deferred kind.
    mode = connection.get_execution_options().get("sqlite_begin", "IMMEDIATE")
    connection.exec_driver_sql(f"BEGIN {mode}")


def make_sessions(engine: Engine) -> sessionmaker[Session]:
    """The session factory of one engine."""
    return sessionmaker(engine, future=True, expire_on_commit=False)


@contextlib.contextmanager
def session_scope(sessions: sessionmaker[Session], *, readonly: bool = False) -> Iterator[Session]:
    """One transaction: committed at the end, rolled back on any exception."""
    with sessions() as session:
        if readonly:
            session.connection(execution_options={"sqlite_begin": "DEFERRED"})
        try:
            yield session
            session.commit()
        except BaseException:
            session.rollback()
            raise
