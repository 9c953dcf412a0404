"""A database that fails at its border: chosen statements find no connection any more."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session, sessionmaker


@contextmanager
def broken(
    sessions: sessionmaker[Session], statement: str = "", *, times: int = 1_000_000
) -> Iterator[list[str]]:
    """While it is open, statements that hold these words fail `times`; yields those that failed."""
    failed: list[str] = []

    def fail(connection: Any, cursor: Any, sql: str, *rest: Any) -> None:
        if statement in sql and len(failed) < times:
            failed.append(sql)
            raise OperationalError(sql, {}, Exception("server closed the connection"))

    engine = sessions.kw["bind"]
    event.listen(engine, "before_cursor_execute", fail)
    try:
        yield failed
    finally:
        event.remove(engine, "before_cursor_execute", fail)
