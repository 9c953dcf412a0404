"""Inserting a row at most once, on either database."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import bindparam, text
from sqlalchemy.orm import Session


def insert_once(session: Session, model: Any, values: Mapping[str, Any]) -> bool:
    """Insert a row unless a unique constraint already holds it; whether it was inserted."""
    full = {**_defaults(model.__table__), **values}
    statement = _insert_once_statement(model.__table__, tuple(sorted(full)))
    return bool(session.execute(statement, full).rowcount == 1)


def insert_all_once(session: Session, model: Any, rows: Sequence[Mapping[str, Any]]) -> None:
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
