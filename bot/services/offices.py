"""The offices that take files: which one serves a commune, and what is near a position.

Configured in data/lookups/offices.yml. An address that nobody has checked is marked `sample`, and
whoever shows it must say so.
"""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from bot.catalogue.records import ProcedureRecord
from bot.errors import SettingError
from bot.services.places import Unit, tables
from nlu.text import LOOKUPS, fold

COMMUNE_DESK, POLICE, PROVINCIAL_CENTRE = "commune_desk", "police", "provincial_centre"
KINDS = (COMMUNE_DESK, POLICE, PROVINCIAL_CENTRE)
FILE, HOURS_FILE = LOOKUPS / "offices.yml", LOOKUPS / "office_hours.yml"
FAR_KM = 30.0  # farther than this from every unit, a position is outside the province

_EARTH_KM = 6371.0
# Ministries whose local offices are not the one-stop desk.
_OWN_OFFICES = frozenset(
    {"bo-tai-chinh", "bo-quoc-phong", "bo-cong-an", "ngan-hang-nha-nuoc", "toa-an-nhan-dan"}
)
_COMMUNE_POLICE = re.compile(r"cong an (?:cap )?(?:xa|phuong)\b")
_COMMITTEE = r"(?:u[yi] ban nhan dan|ubnd)"
_COMMUNE = re.compile(rf"(?:{_COMMITTEE}|dang ky kinh doanh)[^;]*\b(?:xa|phuong)\b")
_PROVINCE = re.compile(rf"(?:^|; ?)(?:van phong )?so [a-z]|{_COMMITTEE}[^;]*\btinh\b")


@dataclass(frozen=True)
class Office:
    """One office. `address` is "" when unknown; `sample`: nobody has checked the address."""

    kind: str
    name: str
    hours: str
    address: str = ""
    phone: str = ""
    sample: bool = False


@dataclass(frozen=True)
class Book:
    """The configured offices."""

    names: Mapping[str, str]
    entries: tuple[Mapping[str, Any], ...]
    hours: str

    def entry(self, kind: str, unit: Unit) -> Mapping[str, Any]:
        """What is configured about this office; empty when nothing is."""
        for row in self.entries:
            served = row.get("unit") == unit.code or unit.former_province in row.get("serves", ())
            if row["kind"] == kind and served:
                return row
        return {}


@functools.lru_cache(maxsize=4)
def book(path: Path = FILE, hours: Path = HOURS_FILE) -> Book:
    """The offices of one file; raises SettingError naming what is wrong with it."""
    data = YAML(typ="safe").load(path.read_text(encoding="utf-8"))
    rows = data.get("addresses") or []
    for row in rows:
        if row.get("kind") not in KINDS or not row.get("address"):
            raise SettingError(f"{path.name}: each address needs a kind ({', '.join(KINDS)})")
        if (row.get("unit") not in tables().units) == (not row.get("serves")):
            raise SettingError(f"{path.name}: {row['address']}: needs a known unit, or serves")
    lines = YAML(typ="safe").load(hours.read_text(encoding="utf-8"))["hours"]
    return Book(data["names"], tuple(rows), "; ".join(lines))


def office_for(unit: Unit, kind: str, offices: Book | None = None) -> Office:
    """The office of a kind that serves a commune; ValueError for a kind that is none of KINDS."""
    if kind not in KINDS:
        raise ValueError(f"{kind!r} is none of {', '.join(KINDS)}")
    offices = offices or book()
    entry = offices.entry(kind, unit)
    return Office(
        kind=kind,
        name=offices.names[kind].format(unit=unit.said),
        hours=entry.get("hours", offices.hours),
        address=entry.get("address", ""),
        phone=entry.get("phone", ""),
        sample=bool(entry.get("sample", False)),
    )


def kind_for(record: ProcedureRecord) -> str | None:
    """Which of KINDS takes the files of a procedure; None when it is another body (tax, bank …).

    The nearest one where several levels do.
    """
    agencies = fold("; ".join(record.agencies))
    communes, provinces = "Cấp xã" in record.levels, "Cấp tỉnh" in record.levels
    silent = not agencies and record.ministry not in _OWN_OFFICES
    if _COMMUNE_POLICE.search(agencies):
        return POLICE
    if communes and record.ministry == "bo-cong-an" and not agencies:
        return POLICE
    if _COMMUNE.search(agencies) or (communes and silent):
        return COMMUNE_DESK
    if provinces and "Cấp bộ" not in record.levels and (_PROVINCE.search(agencies) or silent):
        return PROVINCIAL_CENTRE
    return None


def nearest(latitude: float, longitude: float, limit: int = 3) -> list[tuple[Unit, float]]:
    """The nearest communes with their distance in km as the crow flies; [] outside the province.

    A unit's position is approximate unless its office's is configured.
    """
    offices = book()
    found = [
        (unit, distance_km((latitude, longitude), _position(unit, offices)))
        for unit in tables().units.values()
    ]
    found.sort(key=lambda pair: pair[1])
    return found[:limit] if found[0][1] <= FAR_KM else []


def distance_km(one: tuple[float, float], other: tuple[float, float]) -> float:
    """Kilometres between two (latitude, longitude) positions in degrees."""
    (lat1, lon1), (lat2, lon2) = (tuple(map(math.radians, p)) for p in (one, other))
    half = math.sin((lat2 - lat1) / 2) ** 2
    half += math.cos(lat1) * math.cos(lat2) * math.sin((lon2 - lon1) / 2) ** 2
    return 2 * _EARTH_KM * math.asin(math.sqrt(half))


def _position(unit: Unit, offices: Book) -> tuple[float, float]:
    entry = offices.entry(COMMUNE_DESK, unit)
    return (
        float(entry.get("latitude", unit.latitude)),
        float(entry.get("longitude", unit.longitude)),
    )
