"""Names of places, old and new: communes, former districts, the province, other provinces.

Pure Python. The tables are in data/lookups/places; they are read once.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from rapidfuzz import process
from rapidfuzz.distance import OSA

from nlu import lexicon, text

FOLDER = text.LOOKUPS / "places"

COMMUNE, DISTRICT, PROVINCE, ELSEWHERE = "commune", "district", "province", "elsewhere"
NOW, SINCE_2025, FORMER = "now", "2025", "former"
LEVELS = {
    "xã": COMMUNE,
    "phường": COMMUNE,
    "thị trấn": COMMUNE,
    "huyện": DISTRICT,
    "thị xã": DISTRICT,
    "thành phố": DISTRICT,
    "tỉnh": PROVINCE,
}
_LEVEL = re.compile(r"(xã|phường|thị trấn) ", re.IGNORECASE)


@dataclass(frozen=True)
class PlaceName:
    """One name of a place at one time.

    `code`: of a commune, today's unit ("" where only its districts are known); of a district or
    a province, its key. `districts`: of a commune, the keys of the districts it was in, last first.
    """

    name: str  # without its level: "Đa Mai"
    level: str  # one of LEVELS; "" for another province
    kind: str
    code: str
    when: str = FORMER
    districts: tuple[str, ...] = ()
    province: str = ""  # the province before 01/07/2025: "Bắc Giang" | "Bắc Ninh"

    @property
    def full(self) -> str:
        """The name with its level: "phường Đa Mai"."""
        return f"{self.level} {self.name}".strip()


@dataclass(frozen=True)
class Names:
    """Every name by its words without diacritics, and what finding them needs."""

    by_first: dict[str, list[tuple[tuple[str, ...], PlaceName]]]  # longest first
    needs_cue: frozenset[str]
    ordinary: frozenset[tuple[str, str]]  # pairs of syllables that make a word, without diacritics
    by_level: dict[str, dict[str, tuple[PlaceName, ...]]]  # level -> name without diacritics

    def starting(self, words: tuple[str, ...]) -> Iterator[tuple[int, PlaceName]]:
        """(number of words, name) for each name that `words` begin with, longest first."""
        for key, name in self.by_first.get(words[0], ()) if words else ():
            if words[: len(key)] == key:
                yield len(key), name

    def near(self, level: str, typed: str, slips: int) -> list[tuple[PlaceName, ...]]:
        """The names of a level with as many words that differ in at most so many letters."""
        names = self.by_level.get(level, {})
        found = process.extract(
            typed, names.keys(), scorer=OSA.distance, score_cutoff=slips, limit=None
        )
        return [names[key] for key, _, _ in found if key.count(" ") == typed.count(" ")]


@functools.lru_cache(maxsize=4)
def load(folder: Path = FOLDER) -> Names:
    """The tables of one folder."""
    names = [*_units(folder), *_former(folder), *_districts(folder), *_provinces(folder)]
    by_first: dict[str, list[tuple[tuple[str, ...], PlaceName]]] = {}
    by_level: dict[str, dict[str, tuple[PlaceName, ...]]] = {}
    for name in dict.fromkeys(names):
        key = tuple(text.fold(name.name).split())
        by_first.setdefault(key[0], []).append((key, name))
        same = by_level.setdefault(name.level, {})
        same[" ".join(key)] = (*same.get(" ".join(key), ()), name)
    for rows in by_first.values():
        rows.sort(key=lambda row: -len(row[0]))
    needs_cue = frozenset(_spelled(row[0]) for row in lexicon.rows(folder / "needs_cue.txt"))
    words = lexicon.rows(text.LOOKUPS / "words.txt")
    pairs = (tuple(text.fold(row[0]).split()) for row in words)
    ordinary = frozenset((p[0], p[1]) for p in pairs if len(p) == 2)
    return Names(by_first, needs_cue, ordinary, by_level)


def _spelled(name: str) -> str:
    return " ".join(text.place_tone(word) for word in name.lower().split())


def split_level(full: str) -> tuple[str, str]:
    """("phường", "Đa Mai") of "Phường Đa Mai"."""
    match = _LEVEL.match(full)
    if match is None:
        raise ValueError(f"{full!r} has no level")
    return match[1].lower(), full[match.end() :]


def _units(folder: Path) -> Iterable[PlaceName]:
    for code, now, in_2025, province, *_ in lexicon.rows(folder / "units.tsv"):
        districts = _districts_of(folder).get(code, ())
        for full, when in ((now, NOW), (in_2025, SINCE_2025)):
            if when == NOW or full != now:
                level, name = split_level(full)
                yield PlaceName(name, level, COMMUNE, code, when, districts, province)


@functools.lru_cache(maxsize=4)
def _districts_of(folder: Path) -> dict[str, tuple[str, ...]]:
    found: dict[str, dict[str, None]] = {}
    for _, code, districts in lexicon.rows(folder / "former_communes.tsv"):
        found.setdefault(code, {}).update(dict.fromkeys(districts.split(";")))
    return {code: tuple(keys) for code, keys in found.items()}


def _former(folder: Path) -> Iterable[PlaceName]:
    province = {row[0]: row[3] for row in lexicon.rows(folder / "districts.tsv")}
    for full, code, districts in lexicon.rows(folder / "former_communes.tsv"):
        level, name = split_level(full)
        keys = tuple(districts.split(";"))
        yield PlaceName(name, level, COMMUNE, code, FORMER, keys, province[keys[0]])


def _districts(folder: Path) -> Iterable[PlaceName]:
    for key, name, level, province, *_ in lexicon.rows(folder / "districts.tsv"):
        yield PlaceName(name, level, DISTRICT, key, FORMER, (), province)


def _provinces(folder: Path) -> Iterable[PlaceName]:
    provinces = dict.fromkeys(row[3] for row in lexicon.rows(folder / "districts.tsv"))
    for name in provinces:
        yield PlaceName(name, "tỉnh", PROVINCE, name, FORMER, (), name)
    for row in lexicon.rows(folder / "elsewhere.txt"):
        yield PlaceName(row[0], "", ELSEWHERE, row[0])
