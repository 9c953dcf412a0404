"""A record as separate facts: what two versions of it differ in, and a change put on another.

A fact has a key. Most are fields of the record; each way of applying has three of its own, named by
the way and not by its place ("methods.online.fees"), so that a change of one still finds it when
others came or went. "methods" is the order of the ways.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from bot.catalogue.plain import record_from_dict
from bot.catalogue.records import ProcedureRecord

Facts = dict[str, Any]
Changes = dict[str, list[Any]]  # key -> [before, after], plain JSON; None: not there

ACTIVE = "active"  # whether the procedure is in use: kept beside the record
_ROWS = "methods."
_NO_FACTS = ("code", "methods", "edited_on")
_OF_ROW = {
    "time": ("days", "unit", "time_text"),
    "fees": ("fees", "fees_conflict"),
    "note": ("note",),
}


def facts_of(record: ProcedureRecord, active: bool = True) -> Facts:
    """Every fact by its key, in plain JSON types."""
    plain = record.to_dict()
    facts: Facts = {key: value for key, value in plain.items() if key not in _NO_FACTS}
    facts[ACTIVE] = active
    names: list[str] = []
    for row in plain["methods"]:
        same = sum(name.split("-")[0] == row["method"] for name in names)
        names.append(row["method"] if not same else f"{row['method']}-{same + 1}")
        for part, fields in _OF_ROW.items():
            facts[f"{_ROWS}{names[-1]}.{part}"] = {field: row[field] for field in fields}
    facts["methods"] = names
    return facts


def record_of(facts: Mapping[str, Any], base: ProcedureRecord) -> ProcedureRecord:
    """The record with these facts; its code and what is no fact are those of `base`."""
    plain = base.to_dict()
    plain |= {key: value for key, value in facts.items() if key in plain}
    plain["methods"] = [_row(name, facts) for name in facts["methods"]]
    return record_from_dict(plain)


def _row(name: str, facts: Mapping[str, Any]) -> dict[str, Any]:
    row = {"method": name.split("-")[0]}
    for part in _OF_ROW:
        row |= facts.get(f"{_ROWS}{name}.{part}") or {}
    return row


def changes_between(before: Mapping[str, Any], after: Mapping[str, Any]) -> Changes:
    """What differs, by key."""
    keys = dict.fromkeys((*before, *after))
    return {
        key: [before.get(key), after.get(key)] for key in keys if before.get(key) != after.get(key)
    }


def put(facts: Mapping[str, Any], changes: Mapping[str, Any]) -> Facts:
    """The facts once the changes are made."""
    return _set(facts, {key: after for key, (_, after) in changes.items()})


def take_back(facts: Mapping[str, Any], changes: Mapping[str, Any]) -> Facts:
    """The facts as they were before the changes."""
    return _set(facts, {key: before for key, (before, _) in changes.items()})


def pick(facts: Mapping[str, Any], other: Mapping[str, Any], keys: Iterable[str]) -> Facts:
    """The facts, with those of `keys` as `other` has them.

    A fact of a way of applying that is not among the facts brings the whole way along.
    """
    wanted = list(keys)
    picked = _set(facts, {key: other.get(key) for key in wanted})
    for key in wanted:
        name = key.removeprefix(_ROWS).rsplit(".", 1)[0]
        if key in picked and key.startswith(_ROWS) and name not in picked["methods"]:
            picked["methods"] = [*picked["methods"], name]
            row = {f"{_ROWS}{name}.{part}": other.get(f"{_ROWS}{name}.{part}") for part in _OF_ROW}
            picked = _set(picked, row)
    return picked


def _set(facts: Mapping[str, Any], values: Mapping[str, Any]) -> Facts:
    merged = dict(facts) | dict(values)
    return {k: v for k, v in merged.items() if v is not None or not k.startswith(_ROWS)}
