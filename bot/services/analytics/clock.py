"""Moments as numbers that both databases can group by.

Viet Nam is whole hours ahead of UTC, so an hour of the one is an hour of the other.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import Integer
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.expression import FunctionElement

from bot.services.working_days import VIETNAM

# Whole numbers over whole numbers, which "/" of SQLAlchemy may turn into a fraction.
_AS_DIVISION = 8


class hour_number(FunctionElement):
    """The hours between 1970 and a moment."""

    type = Integer()
    inherit_cache = True


class tenths_between(FunctionElement):
    """The tenths of a second from one moment to another, rounded."""

    type = Integer()
    inherit_cache = True


@compiles(hour_number, "sqlite")
def _hour_sqlite(element: Any, compiler: Any, **kw: Any) -> str:
    return f"(CAST(strftime('%s', {compiler.process(element.clauses, **kw)}) AS INTEGER) / 3600)"


@compiles(hour_number)
def _hour(element: Any, compiler: Any, **kw: Any) -> str:
    moment = compiler.process(element.clauses, **kw)
    return f"CAST(FLOOR(EXTRACT(EPOCH FROM {moment}) / 3600) AS BIGINT)"


@compiles(tenths_between, "sqlite")
def _tenths_sqlite(element: Any, compiler: Any, **kw: Any) -> str:
    since, until = (compiler.process(clause, **kw) for clause in element.clauses)
    return f"CAST(ROUND((julianday({until}) - julianday({since})) * 864000) AS INTEGER)"


@compiles(tenths_between)
def _tenths(element: Any, compiler: Any, **kw: Any) -> str:
    since, until = (compiler.process(clause, **kw) for clause in element.clauses)
    return f"CAST(ROUND(EXTRACT(EPOCH FROM {until} - {since}) * 10) AS BIGINT)"


def week_number(column: Any, monday: dt.datetime) -> Any:
    """The weeks from this Monday's first moment to the moment in the column."""
    hours: Any = hour_number(column)
    return (hours - int(monday.timestamp()) // 3600).op("/", precedence=_AS_DIVISION)(24 * 7)


def hour_in_vietnam(number: int) -> dt.datetime:
    """The hour of an `hour_number`, by the clock of Viet Nam."""
    return dt.datetime.fromtimestamp(number * 3600, VIETNAM)
