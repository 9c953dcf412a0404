"""ONESTOP_CONFIG: a YAML file parsed to frozen values; anything odd is a SettingError naming it.

`python -m simulator onestop --config-out FILE` writes a complete example.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from bot.errors import OneStopUnavailable, SettingError
from bot.onestop.cases import STATUSES

REQUIRED = ("code", "status", "applicant", "procedure_name")
OPTIONAL = (
    "procedure_code", "received", "due", "finished", "office", "phone", "id_number", "commune",
    "collect_place", "collect_hours",
)  # fmt: skip


@dataclass(frozen=True)
class Join:
    """A table beside the cases: `on` maps the cases' column to this table's."""

    table: str
    on: Mapping[str, str]
    columns: Mapping[str, str]


@dataclass(frozen=True)
class Lines:
    """A table with several rows to a case; `only` keeps the rows that are still open."""

    table: str
    code: str
    columns: Mapping[str, str]
    only: Mapping[str, Any]


@dataclass(frozen=True)
class SourceConfig:
    """One source: where it is, which codes it serves and how to read it."""

    name: str
    database_url: str = field(repr=False)
    code_prefixes: tuple[str, ...]
    table: str
    columns: Mapping[str, str]
    joins: tuple[Join, ...]
    missing_papers: Lines | None
    fees: Lines | None
    status_map: Mapping[str, int]


def read(path: Path) -> tuple[SourceConfig, ...]:
    """The sources in the file; raises OneStopUnavailable (no file) or SettingError (wrong file)."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise OneStopUnavailable(
            f"ONESTOP_CONFIG: {path} cannot be read ({error.strerror}); "
            "name the YAML file that describes the one-stop databases"
        ) from None
    try:
        data = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError) as error:
        raise SettingError(f"ONESTOP_CONFIG: {path} is not YAML: {_line(error)}") from None
    try:
        sources = tuple(_source(s) for s in _get(data, "sources", list, ""))
    except _Wrong as wrong:
        raise SettingError(f"ONESTOP_CONFIG: {path}: {wrong}") from None
    if not sources:
        raise SettingError(f"ONESTOP_CONFIG: {path}: no sources are listed")
    if len({s.name for s in sources}) < len(sources):
        raise SettingError(f"ONESTOP_CONFIG: {path}: two sources have the same name")
    return sources


class _Wrong(Exception):
    """What is wrong, told with its place in the file."""


def _source(data: Any) -> SourceConfig:
    name = _get(data, "name", str, "source")
    cases = _get(data, "cases", dict, name)
    columns = _names(_get(cases, "columns", dict, f"{name}.cases"), f"{name}.cases.columns")
    joins = tuple(_join(j, f"{name}.cases.joins") for j in _get(cases, "joins", list, name, []))
    known = [*columns, *(field for join in joins for field in join.columns)]
    _check_fields(known, name)
    prefixes = _get(data, "code_prefixes", list, name)
    if not all(
        isinstance(p, str) and re.fullmatch(r"[A-Z0-9]+(\.[A-Z0-9]+)*", p) for p in prefixes
    ):
        raise _Wrong(f"{name}.code_prefixes must be code beginnings such as H02 or H02.15")
    return SourceConfig(
        name=name,
        database_url=_get(data, "database_url", str, name),
        code_prefixes=tuple(prefixes),
        table=_identifier(_get(cases, "table", str, f"{name}.cases"), f"{name}.cases.table"),
        columns=columns,
        joins=joins,
        missing_papers=_lines(data, "missing_papers", ("name",), name),
        fees=_lines(data, "fees", ("amount", "how"), name),
        status_map=_status_map(_get(data, "status_map", dict, name), name),
    )


def _check_fields(known: list[str], name: str) -> None:
    if unknown := sorted(set(known) - set(REQUIRED) - set(OPTIONAL)):
        raise _Wrong(f"{name}.cases: unknown field {unknown[0]}")
    if missing := [f for f in REQUIRED if f not in known]:
        raise _Wrong(f"{name}.cases: no column is named for {missing[0]}")
    if len(set(known)) < len(known):
        raise _Wrong(f"{name}.cases: two columns are named for one field")
    if not {"phone", "id_number"} & set(known):
        raise _Wrong(f"{name}.cases: phone or id_number is needed to know the applicant by")


def _join(data: Any, where: str) -> Join:
    return Join(
        table=_identifier(_get(data, "table", str, where), f"{where}.table"),
        on=_names(_get(data, "on", dict, where), f"{where}.on", both=True),
        columns=_names(_get(data, "columns", dict, where), f"{where}.columns"),
    )


def _lines(data: Any, key: str, fields: tuple[str, ...], name: str) -> Lines | None:
    if key not in data:
        return None
    where = f"{name}.{key}"
    lines = _get(data, key, dict, name)
    columns = {f: lines[f] for f in fields if f in lines}
    if fields[0] not in columns:
        raise _Wrong(f"{where}.{fields[0]} is missing")
    only = _get(lines, "only", dict, where, {})
    _names({k: k for k in only}, f"{where}.only")
    if not all(v is None or isinstance(v, (str, int, float)) for v in only.values()):
        raise _Wrong(f"{where}.only: only plain values can be compared")
    return Lines(
        table=_identifier(_get(lines, "table", str, where), f"{where}.table"),
        code=_identifier(_get(lines, "code", str, where), f"{where}.code"),
        columns=_names(columns, where),
        only=only,
    )


def _status_map(data: Mapping[Any, Any], name: str) -> Mapping[str, int]:
    for theirs, ours in data.items():
        if ours not in STATUSES:
            raise _Wrong(f"{name}.status_map.{theirs} must be a number from 1 to 10, not {ours!r}")
    return {str(theirs): ours for theirs, ours in data.items()}


def _names(data: Mapping[Any, Any], where: str, *, both: bool = False) -> Mapping[str, str]:
    for key, value in data.items():
        _identifier(value, f"{where}.{key}")
        if both:
            _identifier(key, where)
    return dict(data)


def _identifier(value: Any, where: str) -> str:
    # Identifiers cannot be bound as parameters, so nothing but a plain name may pass.
    plain = r"[A-Za-z_][A-Za-z0-9_]{0,62}"
    if not isinstance(value, str) or not re.fullmatch(rf"{plain}(\.{plain})?", value):
        raise _Wrong(f"{where} must be a plain table or column name, not {value!r}")
    return value


_MISSING = object()


def _get(data: Any, key: str, kind: type, where: str, default: Any = _MISSING) -> Any:
    place = f"{where}.{key}" if where else key
    if not isinstance(data, dict):
        raise _Wrong(f"{where or 'the file'} must hold names and values")
    value = data.get(key, default)
    if value is _MISSING:
        raise _Wrong(f"{place} is missing")
    if not isinstance(value, kind):
        raise _Wrong(f"{place} must be a {kind.__name__}")
    return value


def _line(error: Exception) -> str:
    return " ".join(str(error).split())
