"""What a place that a citizen names is today: one commune, several to ask about, or not ours.

The tables are in data/lookups/places and are read once; nothing here touches the database.
"""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from nlu import lexicon
from nlu.place_names import (
    COMMUNE,
    DISTRICT,
    ELSEWHERE,
    FOLDER,
    FORMER,
    NOW,
    PROVINCE,
    PlaceName,
    split_level,
)
from nlu.places import PlaceMention

ONE, SEVERAL, WHOLE, OUTSIDE = "one", "several", "whole", "outside"

# Why there is something to say about the name that was used.
RENAMED = "renamed"  # the same place under another name or level
MERGED = "merged"  # a former commune that is part of today's unit
OLDER = "older"  # a commune gone before July 2025: only its district is certain
SAME_NAME = "same_name"  # several communes were called so
DISTRICTS_GONE = "district"  # a former district: one of its communes is meant
TWO_SENSES = "two_senses"  # the former city and today's province bear one name
FORMER_PROVINCE = "former_province"


@dataclass(frozen=True)
class Unit:
    """A commune-level unit of today; positions are approximate, in degrees."""

    code: str
    name: str  # "Phường Đa Mai"
    former_province: str
    latitude: float
    longitude: float

    @property
    def said(self) -> str:
        """The name inside a sentence: "phường Đa Mai"."""
        level, name = split_level(self.name)
        return f"{level} {name}"


@dataclass(frozen=True)
class Resolution:
    """`units`: most likely first; `labels`: what tells them apart, by code, where names don't."""

    kind: str  # ONE | SEVERAL | WHOLE (the province, nothing narrower) | OUTSIDE (not ours)
    units: tuple[Unit, ...]
    said: str  # the place as it is properly called: "xã Yên Lư"
    reason: str = ""
    labels: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Tables:
    """Today's units, and those that took over each former district, most likely first."""

    units: dict[str, Unit]
    by_district: dict[str, tuple[Unit, ...]]
    districts: dict[str, str]  # key -> "huyện Yên Thế"
    province: str  # today's: "Bắc Ninh"


@functools.lru_cache(maxsize=4)
def tables(folder: Path = FOLDER) -> Tables:
    """The tables of one folder."""
    units = {
        code: Unit(code, now, province, float(latitude), float(longitude))
        for code, now, _, province, latitude, longitude in lexicon.rows(folder / "units.tsv")
    }
    parts: dict[str, Counter[str]] = {}
    for _, code, districts in lexicon.rows(folder / "former_communes.tsv"):
        for key in districts.split(";") if code else ():
            parts.setdefault(key, Counter())[code] += 1
    by_district, names = {}, {}
    for key, name, level, _, *first in lexicon.rows(folder / "districts.tsv"):
        front = [code for code in "".join(first).split(";") if code]
        front += [c for c in parts[key] if split_level(units[c].name)[1] == name]
        rest = [code for code, _ in parts[key].most_common()]
        by_district[key] = tuple(units[code] for code in dict.fromkeys((*front, *rest)))
        names[key] = f"{level} {name}"
    ((province, *_),) = lexicon.rows(folder / "province.txt")
    return Tables(units, by_district, names, province)


def unit(code: str) -> Unit | None:
    """Today's unit with this code."""
    return tables().units.get(code)


def current(mentions: Sequence[PlaceMention]) -> PlaceMention | None:
    """Where the citizen is, of the places of one message: the last that is not left behind."""
    kept = [m for m in mentions if not m.leaving]
    return kept[-1] if kept else None


def resolve(mention: PlaceMention) -> Resolution:
    """What a mention is today."""
    names = _meant(mention)
    outside = [n for n in (*mention.within, *names) if n.kind == ELSEWHERE]
    if outside:
        return Resolution(OUTSIDE, (), outside[0].name)
    communes = [n for n in names if n.kind == COMMUNE]
    districts = [n for n in names if n.kind == DISTRICT]
    if districts:
        return _of_district(districts[0], communes, names, mention)
    if communes:
        return _of_communes(communes)
    reason = FORMER_PROVINCE if names[0].name != tables().province else ""
    return Resolution(WHOLE, (), names[0].full, reason)


def choose(resolution: Resolution, codes: Iterable[str]) -> Resolution:
    """The same among a few units that were just offered, where that leaves some."""
    among = set(codes)
    left = tuple(u for u in resolution.units if u.code in among)
    if not left or resolution.kind != SEVERAL:
        return resolution
    kind = ONE if len(left) == 1 else SEVERAL
    return Resolution(kind, left, resolution.said, resolution.reason, resolution.labels)


def _meant(mention: PlaceMention) -> tuple[PlaceName, ...]:
    """The names that fit what was said around them."""
    narrowed = tuple(n for n in mention.names if _inside(n, mention.within))
    names = narrowed or mention.names
    if mention.former:
        older = tuple(n for n in names if n.when == FORMER)
        return older or names
    if mention.level and all(n.kind == COMMUNE for n in names):
        # A unit of today before a namesake that is gone.
        today = tuple(n for n in names if n.when == NOW)
        return today or names
    return names


def _inside(name: PlaceName, within: Sequence[PlaceName]) -> bool:
    return not within or any(
        b.code in name.districts if b.kind == DISTRICT else b.code == name.province for b in within
    )


def _of_communes(names: Sequence[PlaceName]) -> Resolution:
    by_code: dict[str, PlaceName] = {}
    for name in names:
        for found in _units_of(name):
            by_code.setdefault(found.code, name)
    units = tuple(tables().units[code] for code in by_code)
    said = names[0].full
    if len(units) == 1:
        return Resolution(ONE, units, said, _change(names, units[0]))
    if len(set(names)) == 1 or all(not n.code for n in names):
        return Resolution(SEVERAL, units, said, OLDER, _labels({}))
    return Resolution(SEVERAL, units, said, SAME_NAME, _labels(by_code))


def _change(names: Sequence[PlaceName], found: Unit) -> str:
    if any(n.when == NOW for n in names):
        return ""
    same = split_level(found.name)[1] == names[0].name
    return RENAMED if same else MERGED


def _units_of(name: PlaceName) -> tuple[Unit, ...]:
    if name.code:
        return (tables().units[name.code],)
    return tables().by_district[name.districts[0]]


def _labels(by_code: dict[str, PlaceName]) -> tuple[tuple[str, str], ...]:
    """What tells namesakes apart: the district each was in."""
    districts = tables().districts
    labels = []
    for code, name in by_code.items():
        district = f"{districts[name.districts[0]]} cũ"
        if name.when == FORMER:
            labels.append((code, f"{name.full}, {district}" if name.code else district))
    return tuple(labels)


def _of_district(
    district: PlaceName,
    communes: Sequence[PlaceName],
    names: Sequence[PlaceName],
    mention: PlaceMention,
) -> Resolution:
    today = [tables().units[n.code] for n in communes if n.when == NOW]
    units = tuple(dict.fromkeys((*today, *tables().by_district[district.code])))
    if district.name == tables().province and not mention.former:
        if not mention.level:
            return Resolution(WHOLE, (), district.name)
        return Resolution(SEVERAL, units, district.full, TWO_SENSES)
    if any(n.kind == PROVINCE for n in names) and not mention.level:
        return Resolution(SEVERAL, units, district.name, FORMER_PROVINCE)
    return Resolution(SEVERAL, units, district.full, DISTRICTS_GONE)
