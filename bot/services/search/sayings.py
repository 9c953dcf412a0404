"""The reviewed table of how people say things (data/lookups/sayings.yml).

A pattern is parts joined by ` + `, each of which must occur somewhere in the message; ` - ` before
a part means that it must not. A part is phrases joined by `|`, or the name of a group in <>.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from pathlib import Path
from typing import Any

from bot.errors import CatalogueError
from bot.services.search import words as reading
from bot.services.search.phrases import Found, PhraseBook
from bot.services.search.words import Word
from bot.settings import ROOT

SAYINGS_FILE = ROOT / "data" / "lookups" / "sayings.yml"
PART_WEIGHT = 1.0  # each part that is found
WORD_WEIGHT = 0.25  # each word of it beyond the first: a longer phrase says more

Phrase = tuple[Word, ...]
_FIELDS = {"name", "codes", "say", "asked", "ask", "extra"}


@dataclass(frozen=True)
class Request:
    """One thing that people ask for, and the records that serve it, the best first.

    `ask`: the codes are different procedures and the citizen must choose. `asked` 0..100: how often
    ordinary people need it. `name` finds the record where none of the codes is in the catalogue.
    """

    name: str
    codes: tuple[str, ...]
    asked: int = 0
    ask: bool = False
    extra: float = 0.0


@dataclass(frozen=True)
class Pattern:
    """One way of asking for a request."""

    request: Request
    parts: tuple[frozenset[Phrase], ...]
    excluded: frozenset[Phrase]


@dataclass(frozen=True)
class Hit:
    """A request that the message asks for; a higher `weight` is a more telling pattern."""

    request: Request
    weight: float
    covered: frozenset[int]  # places of the words that matched


class Sayings:
    """The table, ready to be matched."""

    def __init__(
        self,
        patterns: Sequence[Pattern],
        synonyms: Mapping[Phrase, Phrase],
        fixed: Iterable[Phrase] = (),
    ) -> None:
        self.requests = tuple(dict.fromkeys(p.request for p in patterns))
        self.synonyms = dict(synonyms)
        self.fixed = tuple(fixed)
        self.asked: dict[str, int] = {}
        for request in self.requests:
            if not request.ask:
                for code in request.codes:
                    self.asked[code] = max(request.asked, self.asked.get(code, 0))
        self.patterns = tuple(patterns)
        self._by_phrase: dict[Phrase, list[tuple[int, int]]] = {}
        for number, pattern in enumerate(self.patterns):
            for part, phrases in enumerate(pattern.parts):
                for phrase in phrases:
                    self._by_phrase.setdefault(phrase, []).append((number, part))
        excluded = chain.from_iterable(p.excluded for p in patterns)
        self._book = PhraseBook(dict.fromkeys([*self._by_phrase, *excluded]))
        self._synonym_book = PhraseBook(self.synonyms)
        self._fixed = PhraseBook(self.fixed)

    def match(self, words: Sequence[Word], aside: frozenset[int] = frozenset()) -> list[Hit]:
        """The requests asked for, the most telling first; one hit for each request.

        A phrase that lies wholly in the places of `aside` ("mất" of "mất bao nhiêu") is not said.
        """
        whole = self._fixed.find(words)
        found = [
            item
            for item in self._book.find(words)
            if not aside.issuperset(range(item.start, item.end))
            and not any(item.within(fixed) for fixed in whole)
        ]
        spans: dict[int, dict[int, list[Found]]] = {}
        for item in found:
            for number, part in self._by_phrase.get(item.phrase, ()):
                spans.setdefault(number, {}).setdefault(part, []).append(item)
        said = {item.phrase for item in found}
        best: dict[Request, Hit] = {}
        for number, parts in spans.items():
            pattern = self.patterns[number]
            if len(parts) < len(pattern.parts) or pattern.excluded & said:
                continue
            hit = _hit(pattern, list(parts.values()))
            known = best.get(pattern.request)
            if hit is not None and (known is None or known.weight < hit.weight):
                best[pattern.request] = hit
        return sorted(best.values(), key=lambda h: (-h.weight, -h.request.asked))

    def rewrite(self, words: Sequence[Word]) -> list[Word]:
        """The words with everyday phrases replaced by the catalogue's (longest first)."""
        found = sorted(self._synonym_book.find(words), key=lambda f: (-f.length, f.start))
        taken: set[int] = set()
        starts: dict[int, tuple[int, Phrase]] = {}
        for item in found:
            places = range(item.start, item.end)
            if taken.isdisjoint(places):
                taken.update(places)
                starts[item.start] = (item.end, self.synonyms[item.phrase])
        out: list[Word] = []
        place = 0
        while place < len(words):
            end, phrase = starts.get(place, (place + 1, (words[place],)))
            out.extend(phrase)
            place = end
        return out


def _hit(pattern: Pattern, parts: Sequence[Sequence[Found]]) -> Hit | None:
    covered = _apart(sorted(parts, key=len), frozenset())
    if covered is None:
        return None
    weight = PART_WEIGHT * len(parts) + WORD_WEIGHT * (len(covered) - len(parts))
    return Hit(pattern.request, weight + pattern.request.extra, covered)


def _apart(parts: Sequence[Sequence[Found]], taken: frozenset[int]) -> frozenset[int] | None:
    """The most words that the parts can rest on without sharing any; None where they must share.

    "sổ hồng" typed as "so hong" holds "hỏng" as well, but the same word cannot say both.
    """
    if not parts:
        return taken
    best: frozenset[int] | None = None
    for item in parts[0]:
        places = frozenset(range(item.start, item.end))
        if taken.isdisjoint(places):
            found = _apart(parts[1:], taken | places)
            if found is not None and (best is None or len(found) > len(best)):
                best = found
    return best


@lru_cache(maxsize=4)
def load(path: Path = SAYINGS_FILE) -> Sayings:
    """Read and check the table; raises CatalogueError naming the entry that is wrong."""
    data = reading.read_yaml(path)
    groups = {name: _phrases(value, {}) for name, value in data.get("groups", {}).items()}
    patterns: list[Pattern] = []
    for entry in data.get("requests", ()):
        patterns += _patterns(entry, groups, path)
    synonyms: dict[Phrase, Phrase] = {}
    for meaning, said in data.get("synonyms", {}).items():
        for phrase in _phrases(said, {}):
            synonyms[phrase] = tuple(reading.split(meaning))
    return Sayings(patterns, synonyms, _phrases(data.get("fixed", ""), {}))


def _patterns(entry: Any, groups: Mapping[str, frozenset[Phrase]], path: Path) -> list[Pattern]:
    if not isinstance(entry, dict) or not entry.get("name") or set(entry) - _FIELDS:
        raise CatalogueError(f"{path.name}: this request cannot be used: {entry!r}")
    codes = entry.get("codes", "")
    if not isinstance(codes, str):  # YAML would read 1.001570 as the number 1.00157
        raise CatalogueError(f"{path.name}: put the codes of {entry['name']!r} in quotes")
    request = Request(
        name=str(entry["name"]),
        codes=tuple(codes.split()),
        asked=int(entry.get("asked", 0)),
        ask=bool(entry.get("ask", False)),
        extra=float(entry.get("extra", 0)),
    )
    return [_pattern(line, request, groups, path) for line in entry.get("say", ())]


def _pattern(
    line: str, request: Request, groups: Mapping[str, frozenset[Phrase]], path: Path
) -> Pattern:
    wanted: list[frozenset[Phrase]] = []
    excluded: frozenset[Phrase] = frozenset()
    sign = "+"
    for piece in re.split(r"\s+([+-])\s+", f" + {line}".rstrip())[1:]:
        if piece in "+-":
            sign = piece
            continue
        try:
            phrases = _phrases(piece, groups)
        except KeyError as error:
            raise CatalogueError(f"{path.name}: no group {error} ({request.name})") from error
        if sign == "-":
            excluded |= phrases
        else:
            wanted.append(phrases)
    if not wanted:
        raise CatalogueError(f"{path.name}: an empty pattern for {request.name}")
    return Pattern(request, tuple(wanted), excluded)


def _phrases(value: str, groups: Mapping[str, frozenset[Phrase]]) -> frozenset[Phrase]:
    """The phrases of `a|b|<group>`; `a || b × c|d` is a, b c, b d."""
    found: set[Phrase] = set()
    for text in _alternatives(value):
        if text.startswith("<") and text.endswith(">"):
            found |= groups[text[1:-1]]
        elif text:
            found.add(reading.phrase(text))
    return frozenset(found)


def _alternatives(value: str) -> list[str]:
    if "×" not in value:
        return [piece.strip() for piece in value.split("|")]
    left, right = value.split("×")
    alone, _, joined = left.rpartition("||")
    ends = _alternatives(right)
    products = [f"{a.strip()} {b}" for a in joined.split("|") for b in ends]
    return [*(piece.strip() for piece in alone.split("|")), *products]
