"""Finding the places in a message: which names are there, and which of them are meant as places."""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from dataclasses import dataclass

from nlu import lexicon
from nlu import text as reading
from nlu.place_names import (
    COMMUNE,
    DISTRICT,
    ELSEWHERE,
    LEVELS,
    NOW,
    PROVINCE,
    Names,
    PlaceName,
)
from nlu.place_words import (
    CUES,
    FILLERS,
    FORMER,
    JOINTS,
    LEVELS_BY_FIRST,
    SHORT_LEVELS,
    SPEAKERS,
    STRONG_CUES,
)

WORD = re.compile(r"[^\W_](?:[^\W_]|[\u0300-\u036f])*")
_MARKED = re.compile(r"[wfjz\d]|aa|ee|oo|dd|[sxr]$")  # what Telex and VNI leave in a word
_LONG = 8  # letters and spaces of a name that may have one of them wrong


@dataclass(frozen=True)
class PlaceMention:
    """A place named in a message; `names` are what it may be, all of one spelling.

    `level`: what the citizen called it ("xã", "huyện" …), "" when nothing. `within`: broader
    places said right after it. `former`: "cũ" was said. `leaving`: the place one comes from.
    """

    start: int
    end: int
    level: str
    names: tuple[PlaceName, ...]
    within: tuple[PlaceName, ...] = ()
    former: bool = False
    leaving: bool = False


@dataclass(frozen=True)
class _Word:
    typed: str  # lower case, repaired, with the diacritics that were typed
    folded: str
    start: int
    end: int
    capital: bool


@dataclass(frozen=True)
class _Found:
    """Names of one spelling at one spot: the words from `first` up to `last`."""

    first: int
    last: int
    names: tuple[PlaceName, ...]
    exact: bool  # every diacritic was typed, and there are some

    def __len__(self) -> int:
        return self.last - self.first


@functools.lru_cache(maxsize=50_000)
def read_word(raw: str) -> tuple[str, str]:
    """One written word: (as meant, without diacritics)."""
    word = reading.place_tone(reading.nfc(raw).lower())
    if len(word) > 2 and word.isascii() and _MARKED.search(word):
        repaired = reading.normalise(word)
        word = word if " " in repaired else repaired
    return word, reading.fold(word)


class Reader:
    """One pass over one message."""

    def __init__(self, text: str, names: Names, expecting: bool) -> None:
        self._names = names
        self._expecting = expecting
        self._words = [
            _Word(*read_word(m[0]), m.start(), m.end(), m[0][0].isupper())
            for m in WORD.finditer(text)
        ]
        self._folded = tuple(w.folded for w in self._words)
        self._text = text
        self._plain = text.isascii()

    def mentions(self) -> list[PlaceMention]:
        found: list[PlaceMention] = []
        at = 0
        while at < len(self._words):
            step = self._mention(at)
            if step is None:
                at += 1
                continue
            mention, at = step
            found.append(mention)
        return found

    def _mention(self, at: int) -> tuple[PlaceMention, int] | None:
        level, start = self._level(at)
        if level:
            found = self._leveled(level, start) or self._slip(level, start)
        elif self._folded[at] in self._names.by_first:
            found = self._bare(at)
        else:
            return None
        if found is None:
            return None
        within, end = self._within(found)
        former = any(w in FORMER for w in self._folded[found.last : found.last + 1])
        last = max(end, found.last + former)
        return (
            PlaceMention(
                self._words[at].start,
                self._words[last - 1].end,
                level,
                found.names,
                within,
                former,
                self._leaving(at),
            ),
            last,
        )

    def _level(self, at: int) -> tuple[str, int]:
        """(the level said at this word, the word after it)."""
        for spelled in LEVELS_BY_FIRST.get(self._folded[at], ()):
            typed = [w.typed for w in self._words[at : at + len(spelled)]]
            if len(typed) == len(spelled) and all(map(_agrees, typed, spelled)):
                return " ".join(spelled), at + len(spelled)
        level = SHORT_LEVELS.get(self._words[at].typed, "")
        return (level, at + 1) if level and at + 1 < len(self._words) else ("", at)

    def _at(self, at: int) -> list[_Found]:
        """What is spelled at this word, the longest first; conflicting diacritics left out."""
        spots: dict[tuple[int, bool], list[PlaceName]] = {}
        for size, name in self._names.starting(self._folded[at : at + 4]):
            typed = [w.typed for w in self._words[at : at + size]]
            spelled = [reading.place_tone(w) for w in name.name.lower().split()]
            if typed == spelled:
                exact = not "".join(typed).isascii()
                spots.setdefault((size, exact), []).append(name)
            elif all(map(_agrees, typed, spelled)):
                spots.setdefault((size, False), []).append(name)
        rows = sorted(spots.items(), key=lambda row: (-row[0][0], not row[0][1]))
        return [_Found(at, at + size, tuple(names), exact) for (size, exact), names in rows]

    def _leveled(self, level: str, at: int) -> _Found | None:
        """A name after its level."""
        for found in self._at(at):
            names = [n for n in found.names if _called(n, level)]
            same = [n for n in names if n.level == level]
            if names and (len(found) > 1 or self._surely_alone(found, bool(same))):
                return _Found(found.first, found.last, tuple(same or names), found.exact)
        return None

    def _surely_alone(self, found: _Found, own_level: bool) -> bool:
        """Whether one syllable is a name and not a word: "xã chờ mãi", "phường hồ sơ gồm gì"."""
        after = self._folded[found.last : found.last + 1]
        word = self._words[found.first]
        if found.exact or (found.names[0].name.isascii() and not self._plain):
            return word.capital or (own_level and after != ("so",))
        return own_level and self._plain and (not after or after[0] in FORMER)

    def _slip(self, level: str, at: int) -> _Found | None:
        """A name after its level with one letter wrong; none where two names are as near."""
        for size in (3, 2):
            words = self._words[at : at + size]
            if len(words) < size or not self._unusual(words):
                continue
            typed = " ".join(w.folded for w in words)
            near = self._names.near(level, typed, 1 if len(typed) >= _LONG else 0)
            if len(near) == 1:
                return _Found(at, at + size, near[0], False)
        return None

    def _unusual(self, words: Sequence[_Word]) -> bool:
        """Whether the words can be a name typed wrongly rather than what they say."""
        if (words[0].folded, words[1].folded) in self._names.ordinary:
            return False
        if all(w.capital for w in words) or any(not _is_syllable(w.typed) for w in words):
            return True
        return self._plain and not any(w.folded in FILLERS | CUES for w in words)

    def _bare(self, at: int) -> _Found | None:
        """A name without its level, where it can hardly be anything else."""
        before = [w for w in self._folded[max(0, at - 3) : at] if w not in SPEAKERS]
        cue = before[-1] if before and before[-1] == "que" else "".join(self._folded[at - 1 : at])
        for found in self._at(at):
            names = _without_level(found.names)
            if names and self._trusted(found, cue, names):
                return _Found(found.first, found.last, names, found.exact)
        return None

    def _trusted(self, found: _Found, cue: str, names: Sequence[PlaceName]) -> bool:
        """Whether a name without its level is meant as a place."""
        if self._expecting and self._nothing_else(found):
            return True
        capital = all(w.capital for w in self._words[found.first : found.last])
        former = any(w in FORMER for w in self._folded[found.last : found.last + 1])
        if len(found) == 1:
            return found.exact and capital and (cue in STRONG_CUES or former)
        sure = former or any(self._followed(found, name) for name in names)
        if sure and (found.exact or self._plain):
            return True
        if found.exact:
            return self._marked(found, cue, names, capital)
        return self._unmarked(found, cue, names, capital)

    def _marked(self, found: _Found, cue: str, names: Sequence[PlaceName], capital: bool) -> bool:
        """A name with all its diacritics."""
        ordinary = self._folded[found.first : found.last] in self._names.ordinary
        if cue in CUES or (self._expecting and capital):
            return capital or cue in STRONG_CUES or not ordinary
        if _spelled(names[0]) in self._names.needs_cue:
            return False
        return capital or (not ordinary and any(n.kind != COMMUNE or n.when == NOW for n in names))

    def _unmarked(self, found: _Found, cue: str, names: Sequence[PlaceName], capital: bool) -> bool:
        """A name without diacritics, or with some of them."""
        words = self._folded[found.first : found.last]
        if not self._plain:
            return capital and cue in STRONG_CUES
        if words in self._names.ordinary:
            return False
        if cue in STRONG_CUES:
            return True
        hidden = {" ".join(words), _spelled(names[0])} & self._names.needs_cue
        return not hidden and any(n.kind != COMMUNE for n in names)

    def _nothing_else(self, found: _Found) -> bool:
        around = self._folded[: found.first] + self._folded[found.last :]
        if len(found) == 1 and not found.exact and around and "o" not in around:
            return False  # "cho tôi hỏi" is not from the town of Chờ
        return all(w in FILLERS for w in around)

    def _followed(self, found: _Found, name: PlaceName) -> bool:
        """Whether the district or province that the place was in is said right after it."""
        within, _ = self._within(found)
        return name.kind == COMMUNE and any(_holds(broad, name) for broad in within)

    def _within(self, found: _Found) -> tuple[tuple[PlaceName, ...], int]:
        """(broader places said right after, the word after them)."""
        broader: list[PlaceName] = []
        at = end = found.last
        while at < len(self._words):
            level, start = self._level(at)
            names: list[PlaceName] = []
            for spot in self._at(start) if level or not broader else ():
                names = [n for n in spot.names if n.kind != COMMUNE and _broader(n, found, level)]
                if names:
                    end = spot.last
                    break
            if names:
                broader.extend(names)
                at = end
            elif self._folded[at] in JOINTS:
                at += 1
            else:
                break
        return tuple(broader), end

    def _leaving(self, at: int) -> bool:
        """Whether the place is the one left ("từ … sang …") or denied ("không phải ở …")."""
        before = self._folded[max(0, at - 3) : at]
        return before[-1:] == ("tu",) or before[-3:] == ("khong", "phai", "o")


@functools.lru_cache(maxsize=10_000)
def _is_syllable(word: str) -> bool:
    return lexicon.load(reading.LOOKUPS).knows(word)


def _agrees(typed: str, spelled: str) -> bool:
    """The same word, or the word without its diacritics."""
    return typed == spelled or (typed.isascii() and typed == reading.fold(spelled))


def _called(name: PlaceName, level: str) -> bool:
    """Whether people may call it so: wards are called xã, and cities of all kinds thành phố."""
    kind = LEVELS[level]
    if level == "thành phố":
        return name.kind in (DISTRICT, ELSEWHERE) or name.name == "Bắc Ninh"
    if kind == PROVINCE:
        return name.kind in (PROVINCE, ELSEWHERE)
    return name.kind == kind


def _broader(name: PlaceName, found: _Found, level: str) -> bool:
    if level and not _called(name, level):
        return False
    if name.kind == DISTRICT:
        return all(n.kind == COMMUNE for n in found.names)
    return name.name != found.names[0].name


def _holds(broad: PlaceName, name: PlaceName) -> bool:
    """Whether a district or the province had this commune."""
    if broad.kind == DISTRICT:
        return broad.code in name.districts
    return broad.kind == PROVINCE and broad.code == name.province


def _without_level(names: Sequence[PlaceName]) -> tuple[PlaceName, ...]:
    """All of them, but only the other province where one bears the name."""
    elsewhere = tuple(n for n in names if n.kind == ELSEWHERE)
    return elsewhere or tuple(names)


def _spelled(name: PlaceName) -> str:
    return " ".join(reading.place_tone(w) for w in name.name.lower().split())
