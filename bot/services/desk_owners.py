"""Which department answers for a procedure: read from data/lookups/desks.yml and its record."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from bot.catalogue.records import ProcedureRecord
from bot.errors import SettingError
from bot.services import offices
from nlu.text import LOOKUPS, fold

FILE = LOOKUPS / "desks.yml"
_KEYS = {"code", "name", "agencies", "sectors", "ministries"}


@dataclass(frozen=True)
class Owner:
    """A department or the centre, with the folded words that tell what it owns."""

    code: str
    name: str
    agencies: tuple[str, ...]
    sectors: frozenset[str]
    ministries: frozenset[str]


@dataclass(frozen=True)
class Owners:
    """The desks of one file."""

    centre: Owner
    departments: tuple[Owner, ...]


@functools.lru_cache(maxsize=4)
def owners(path: Path = FILE) -> Owners:
    """The owners in one file; raises SettingError naming what is wrong with it."""
    data = YAML(typ="safe").load(path.read_text(encoding="utf-8"))
    centre_name = offices.book().names[offices.PROVINCIAL_CENTRE]
    centre = _owner({"name": centre_name, **data["centre"]}, path)
    departments = tuple(_owner(row, path) for row in data["departments"])
    codes = [owner.code for owner in (centre, *departments)]
    for code in codes:
        if codes.count(code) > 1:
            raise SettingError(f"{path.name}: two desks have the code {code}")
    return Owners(centre, departments)


def owner_of(record: ProcedureRecord, known: Owners | None = None) -> Owner:
    """The department that answers for a procedure, or the centre.

    The owner that staff chose goes before all. The centre's bodies (police, tax …) own what they
    carry out first of all; where they only help, as with a birth that is registered together with
    a residence, the sector decides.
    """
    known = known or owners()
    chosen = [owner for owner in (known.centre, *known.departments) if owner.code == record.owner]
    if chosen:
        return chosen[0]
    agencies = [fold(name) for name in record.agencies]
    if agencies and _names(known.centre, agencies[:1]):
        return known.centre
    for department in known.departments:
        if _names(department, agencies):
            return department
    every = (*known.departments, known.centre)
    sector = fold(record.sector)
    for owner in every:
        if sector in owner.sectors:
            return owner
    return next((owner for owner in every if record.ministry in owner.ministries), known.centre)


def _names(owner: Owner, agencies: Sequence[str]) -> bool:
    return any(phrase in agency for agency in agencies for phrase in owner.agencies)


def _owner(row: Mapping[str, Any], path: Path) -> Owner:
    if not row.get("code") or not row.get("name") or set(row) - _KEYS:
        raise SettingError(f"{path.name}: {row.get('code')}: needs {', '.join(sorted(_KEYS))} only")
    return Owner(
        code=row["code"],
        name=row["name"],
        agencies=tuple(fold(phrase) for phrase in row.get("agencies") or ()),
        sectors=frozenset(fold(sector) for sector in row.get("sectors") or ()),
        ministries=frozenset(row.get("ministries") or ()),
    )
