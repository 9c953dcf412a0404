"""Inserting rows at most once: one on either database, many on PostgreSQL."""

from __future__ import annotations

import datetime as dt
import functools
import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import bindparam, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session


def insert_once(session: Session, model: Any, values: Mapping[str, Any]) -> bool:
    """Insert a row unless a unique constraint already holds it; whether it was inserted."""
    full = {**_defaults(model.__table__), **values}
    statement = _insert_once_statement(model.__table__, tuple(sorted(full)))
    return bool(session.execute(statement, full).rowcount == 1)


def insert_all_once(
    session: Session, model: Any, rows: Sequence[Mapping[str, Any]], returning: tuple[str, ...]
) -> list[Any]:
    """Insert rows of one shape (PostgreSQL only); the columns `returning` of those inserted.

    One statement whatever the number: the rows travel as one JSON value. Rows that a unique
    constraint already holds are left out. Values are text, numbers, JSON or aware datetimes.
    """
    names = tuple(sorted(rows[0]))
    left = {k: v for k, v in _defaults(model.__table__).items() if k not in names}
    statement = _insert_all_statement(model.__table__, names, tuple(sorted(left)), returning)
    given = json.dumps([dict(row) for row in rows], default=dt.datetime.isoformat)
    return list(session.execute(statement, {"rows": given, **left}))


def insert_each_once(session: Session, model: Any, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert each of these rows (all with the same columns) unless a constraint holds it."""
    if rows:
        full = [{**_defaults(model.__table__), **values} for values in rows]
        statement = _insert_once_statement(model.__table__, tuple(sorted(full[0])))
        session.execute(statement, full)


def _defaults(table: Any) -> dict[str, Any]:
    """What the columns of a new row hold when nothing is given."""
    given = {c.name: c.default for c in table.columns if c.default is not None}
    return {name: d.arg(None) if d.is_callable else d.arg for name, d in given.items()}


@functools.cache
def _insert_once_statement(table: Any, names: tuple[str, ...]) -> Any:
    # SQLAlchemy 1.4 compiles its own ON CONFLICT inserts anew for each call, which costs more than
    # the insert. The names are those of the table's columns, and both databases read this text.
    columns = [table.c[name] for name in names]
    listed, marks = ", ".join(names), ", ".join(f":{name}" for name in names)
    sql = f"INSERT INTO {table.name} ({listed}) VALUES ({marks}) ON CONFLICT DO NOTHING"  # noqa: S608
    return text(sql).bindparams(*(bindparam(c.name, type_=c.type) for c in columns))


@functools.cache
def _insert_all_statement(
    table: Any, names: tuple[str, ...], left: tuple[str, ...], returning: tuple[str, ...]
) -> Any:
    dialect = postgresql.dialect()
    types = {name: table.c[name].type.compile(dialect=dialect) for name in (*names, *left)}
    shape = ", ".join(f"{name} {types[name]}" for name in names)
    values = ", ".join([f"r.{n}" for n in names] + [f"CAST(:{n} AS {types[n]})" for n in left])
    sql = (
        f"INSERT INTO {table.name} ({', '.join(names + left)}) SELECT {values}"  # noqa: S608
        f" FROM json_to_recordset(CAST(:rows AS json)) AS r({shape})"
        f" ON CONFLICT DO NOTHING RETURNING {', '.join(returning)}"
    )
    return text(sql).bindparams(*(bindparam(name, type_=table.c[name].type) for name in left))
