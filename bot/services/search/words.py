"""From a message to words, and the words that ask about a procedure without naming one."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from bot.errors import CatalogueError
from bot.settings import ROOT
from nlu import case_codes, lexicon
from nlu import text as language

WORDS_FILE = ROOT / "data" / "lookups" / "search_words.yml"
WRITES_MARKS = 0.75  # share of marked words from which the writer is taken to type marks
MAX_WORDS = 80  # a longer message names its matter early; the rest only costs time

_WORD = re.compile(r"[^\W_]+")
_ENDS_IN_Y = re.compile(r"(?:[bcdđghklmnprstvx]{1,2}|qu)[yýỳỷỹỵ]")
_AS_I = str.maketrans("yýỳỷỹỵ", "iíìỉĩị")


@dataclass(frozen=True)
class Word:
    """One syllable: as written (normalised), and without its marks."""

    text: str
    bare: str
    meant: bool = False  # unmarked on purpose: a word as it stands, in a message with marks

    @property
    def marked(self) -> bool:
        """Whether what was written about marks can be trusted."""
        return self.meant or self.text != self.bare


@dataclass(frozen=True)
class WordLists:
    """The lists of data/lookups/search_words.yml, ready for use."""

    asides: re.Pattern[str]
    fillers_marked: frozenset[str]
    fillers_bare: frozenset[str]
    generic: frozenset[str]

    def is_filler(self, word: Word) -> bool:
        """Whether the word carries nothing about which procedure is meant."""
        if word.marked:
            return word.text in self.fillers_marked
        return word.bare in self.fillers_bare


def split(text: str) -> list[Word]:
    """The words of a text that is already clean (names, sayings)."""
    found = (spelled(w) for w in _WORD.findall(language.nfc(text).lower()))
    return [Word(language.place_tone(w), language.fold(w)) for w in found]


def spelled(word: str) -> str:
    """One spelling for "lí" and "lý", "kĩ" and "kỹ": people write both."""
    if _ENDS_IN_Y.fullmatch(word):
        return word[:-1] + word[-1].translate(_AS_I)
    return word


def phrase(text: str) -> tuple[Word, ...]:
    """A phrase of a table. `rơi!` is said only by who types its marks: "roi" is mostly "rồi"."""
    words: list[Word] = []
    for piece in text.split():
        found = split(piece)
        words += [Word(w.text, w.text) for w in found] if piece.endswith("!") else found
    return tuple(words)


def bare_words(text: str) -> list[str]:
    """The same without marks: all that the index needs, at half the cost."""
    composed = unicodedata.normalize("NFC", text).lower()
    return [language.fold(spelled(w)) for w in _WORD.findall(composed)]


def read(message: str) -> list[Word]:
    """The words of what a citizen typed; case codes taken out, slips and abbreviations repaired."""
    found = case_codes.find(message)
    if found is not None:
        message = f"{message[: found.start]} {message[found.end :]}"
    clean = [spelled(w) for w in _WORD.findall(language.normalise(message))[:MAX_WORDS]]
    words = [Word(w, language.fold(w)) for w in clean]
    if sum(w.marked for w in words) < WRITES_MARKS * len(words):
        return words
    known = lexicon.load(language.LOOKUPS)
    return [w if w.marked else Word(w.text, w.bare, known.is_syllable(w.text)) for w in words]


def aside_places(words: Sequence[Word], lists: WordLists) -> frozenset[int]:
    """The places of the words that ask about fee, place, time and papers: they name nothing."""
    bare = " ".join(w.bare for w in words)
    starts: dict[int, int] = {}
    position = 0
    for number, word in enumerate(words):
        starts[position] = number
        position += len(word.bare) + 1
    places: set[int] = set()
    for match in lists.asides.finditer(bare):
        first = starts[match.start()]
        places.update(range(first, first + len(match.group().split())))
    return frozenset(places)


@lru_cache(maxsize=4)
def load_lists(path: Path = WORDS_FILE) -> WordLists:
    """Read the word lists; raises CatalogueError naming what is wrong."""
    data = read_yaml(path)
    asides = [_as_pattern(p) for p in _strings(data, "asides", path)]
    fillers = [w for line in _strings(data, "fillers", path) for w in line.split()]
    generic = [w for line in _strings(data, "generic", path) for w in line.split()]
    return WordLists(
        asides=re.compile(r"(?<!\S)(?:" + "|".join(asides) + r")(?!\S)"),
        fillers_marked=frozenset(spelled(w) for w in fillers),
        fillers_bare=frozenset(language.fold(spelled(w)) for w in fillers),
        generic=frozenset(language.fold(spelled(w)) for w in generic),
    )


def read_yaml(path: Path) -> dict[str, Any]:
    """One YAML mapping; raises CatalogueError when it is none."""
    try:
        data = YAML(typ="safe").load(path.read_text(encoding="utf-8"))
    except Exception as error:  # ruamel raises many kinds
        raise CatalogueError(f"{path.name} cannot be read: {error}") from error
    if not isinstance(data, dict):
        raise CatalogueError(f"{path.name} must be a mapping")
    return data


def _strings(data: dict[str, Any], key: str, path: Path) -> Iterable[str]:
    value = data.get(key)
    if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
        raise CatalogueError(f"{path.name}: {key} must be a list of texts")
    return value


def _as_pattern(line: str) -> str:
    """A line of `asides` over bare words: `a|b` chooses, `_` joins words, `c?` may be absent."""
    out, begun = "", False
    for part in language.fold(_WORD.sub(lambda found: spelled(found.group()), line)).split():
        choice = "(?:" + "|".join(
            re.escape(p).replace("_", r"\s") for p in part.rstrip("?").split("|")
        )
        choice += ")"
        if not part.endswith("?"):
            out += rf"\s{choice}" if begun else choice
            begun = True
        elif begun:
            out += rf"(?:\s{choice})?"
        else:
            out += rf"(?:{choice}\s)?"
    return out
