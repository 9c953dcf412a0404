"""ProcedureRecord from plain JSON types, strictly: what is not understood is refused, by path."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
import types
import typing
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from bot.catalogue.records import CURATABLE, METHODS, ProcedureRecord
from bot.errors import RecordError

CODE = re.compile(r"[A-Z0-9][A-Z0-9.\-_]{1,39}")
UNITS = ("", "working_day", "day", "hour")
REQUIRED_TEXT = ("code", "name", "source")


def record_from_dict(data: Mapping[str, Any]) -> ProcedureRecord:
    """A record from plain JSON or YAML types; raises RecordError naming the field that is wrong."""
    record = _build(ProcedureRecord, data, "")
    _check(record)
    return record


def _check(record: ProcedureRecord) -> None:
    for name in REQUIRED_TEXT:
        if not getattr(record, name).strip():
            raise RecordError(f"{name}: must not be empty")
    if not CODE.fullmatch(record.code):
        raise RecordError(f"code: {record.code!r} is not a procedure code such as 1.004194")
    if not 0 <= record.popularity <= 100:
        raise RecordError("popularity: must be between 0 and 100")
    strange = [part for part in record.curated if part not in CURATABLE]
    if strange:
        raise RecordError(f"curated: {strange[0]!r} is none of {', '.join(CURATABLE)}")
    for i, method in enumerate(record.methods):
        where = f"methods[{i}]"
        if method.method not in METHODS:
            raise RecordError(f"{where}.method: {method.method!r} is none of {', '.join(METHODS)}")
        if method.unit not in UNITS:
            raise RecordError(f"{where}.unit: {method.unit!r} is none of {', '.join(UNITS[1:])}")
        if method.days is not None and not 0 <= method.days < 10_000:
            raise RecordError(f"{where}.days: {method.days!r} is no number of days")
        if any(fee.amount is not None and fee.amount < 0 for fee in method.fees):
            raise RecordError(f"{where}.fees: an amount is negative")


def _build(cls: type, data: Any, where: str) -> Any:
    if not isinstance(data, Mapping):
        raise RecordError(f"{where or 'record'}: must be a mapping, not {type(data).__name__}")
    hints = _hints(cls)
    unknown = sorted(str(key) for key in data if key not in hints)
    if unknown:
        raise RecordError(f"{where or 'record'}: unknown field {', '.join(unknown)}")
    values = {
        key: _value(hints[key], value, f"{where}.{key}" if where else key)
        for key, value in data.items()
    }
    missing = [
        f.name
        for f in dataclasses.fields(cls)
        if f.name not in values
        and f.default is dataclasses.MISSING
        and f.default_factory is dataclasses.MISSING
    ]
    if missing:
        raise RecordError(f"{where or 'record'}: {', '.join(missing)} is missing")
    return cls(**values)


@lru_cache(maxsize=16)
def _hints(cls: type) -> dict[str, Any]:
    return typing.get_type_hints(cls)


def _value(hint: Any, value: Any, where: str) -> Any:
    origin = typing.get_origin(hint)
    if origin is tuple:
        if not isinstance(value, (list, tuple)):
            raise RecordError(f"{where}: must be a list")
        item = typing.get_args(hint)[0]
        return tuple(_value(item, v, f"{where}[{i}]") for i, v in enumerate(value))
    if origin in (types.UnionType, typing.Union):
        if value is None:
            return None
        return _value(next(a for a in typing.get_args(hint) if a is not type(None)), value, where)
    if origin is dict:
        return _text_map(value, where)
    if dataclasses.is_dataclass(hint):
        return _build(typing.cast(type, hint), value, where)
    return _scalar(hint, value, where)


def _text_map(value: Any, where: str) -> dict[str, str]:
    if not isinstance(value, Mapping):
        raise RecordError(f"{where}: must be a mapping")
    for key, text in value.items():
        if not isinstance(key, str) or not isinstance(text, str):
            raise RecordError(f"{where}.{key}: must be text")
    return dict(value)


def _scalar(hint: type, value: Any, where: str) -> Any:
    # bool is an int to Python, and a datetime is a date: neither is meant here.
    if hint is dt.date:
        return _date(value, where)
    if hint is bool and isinstance(value, bool):
        return value
    if hint is int and isinstance(value, int) and not isinstance(value, bool):
        return value
    if hint is float and isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    if hint is str and isinstance(value, str):
        return value
    raise RecordError(f"{where}: must be {hint.__name__}, not {type(value).__name__} {value!r:.60}")


def _date(value: Any, where: str) -> dt.date:
    if isinstance(value, dt.date) and not isinstance(value, dt.datetime):
        return value
    if isinstance(value, str):
        try:
            return dt.date.fromisoformat(value)
        except ValueError:
            pass
    raise RecordError(f"{where}: must be a date such as 2026-07-01, not {value!r:.60}")
