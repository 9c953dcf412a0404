"""How people say what they need, sentence by sentence (data/lookups/phrasings/*.tsv).

A line holds the codes that serve a phrase and, after a tab, the phrase. Several codes mean that the
phrase leaves open which is meant. The table of sayings says what decides; phrasings show by example
in which words and situations a procedure is asked for, and a message is compared with all of them.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bot.errors import CatalogueError
from bot.services.search.words import Word, WordLists, split
from bot.settings import ROOT

FOLDER = ROOT / "data" / "lookups" / "phrasings"
PAIR = 0.6  # what two neighbouring words count beside single ones
MISMARKED = 0.6  # what a word counts whose marks nobody writes so
FILLER_MOST = 1.5  # what a word that names nothing counts at most, however rare it is
LOOKED_AT = 100  # nearest phrases
VOTERS, STEEPNESS = 20, 4  # how many of them vote, with this power of their likeness

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Phrasing:
    """One thing people say. `codes`: the best first; more than one leaves a choice."""

    codes: tuple[str, ...]
    text: str

    @property
    def is_open(self) -> bool:
        """Whether it leaves a choice."""
        return len(self.codes) > 1


@dataclass(frozen=True)
class Likeness:
    """How like a message is to what people say for one procedure; shares of 0..1."""

    single: float = 0.0  # to the nearest phrase that means this procedure alone
    shared: float = 0.0  # to the nearest phrase that leaves a choice
    spoken: float = 0.0  # share of the message that all of its phrases together hold
    votes: float = 0.0  # share of the nearest phrases that serve it, by their likeness

    @property
    def best(self) -> float:
        """To the nearest phrase of either kind."""
        return max(self.single, self.shared)


@dataclass(frozen=True)
class Comparison:
    """A message beside all phrases."""

    likeness: Mapping[int, Likeness]  # by place in the index of procedures
    choice: tuple[int, ...] = ()  # what the nearest open phrase leaves to choose from
    single: float = 0.0  # likeness of the nearest phrase that means one procedure
    shared: float = 0.0  # likeness of the nearest open phrase
    undecided: float = 0.0  # share of the nearest phrases that leave a choice, by their likeness

    @property
    def best(self) -> float:
        """Likeness of the nearest phrase."""
        return max(self.single, self.shared)

    @property
    def is_open(self) -> bool:
        """Whether the nearest phrase leaves a choice."""
        return bool(self.choice) and self.shared >= self.single


UNLIKE, NOTHING_LIKE = Likeness(), Comparison({})


class PhrasingIndex:
    """All phrases that serve procedures of one catalogue; immutable once built."""

    def __init__(
        self, phrasings: Iterable[Phrasing], places: Mapping[str, int], lists: WordLists
    ) -> None:
        self._lists = lists
        served = ((p, tuple(places[c] for c in p.codes if c in places)) for p in phrasings)
        self._kept = [(p, found) for p, found in served if found]
        written = [_written(split(p.text)) for p, _ in self._kept]
        owners: dict[str, set[tuple[int, ...]]] = defaultdict(set)
        self._spoken: dict[int, set[str]] = defaultdict(set)
        for terms, (_, found) in zip(written, self._kept, strict=True):
            for term in terms:
                owners[term].add(found)
            for place in found:
                self._spoken[place].update(terms)
        count = len({found for _, found in self._kept}) + 1
        self._rarity = {t: math.log(count / len(o)) + 0.1 for t, o in owners.items()}
        self._unknown = math.log(count) + 0.1
        self._fillers = _fillers(lists)
        for term in self._rarity.keys() & self._fillers:
            self._rarity[term] = min(self._rarity[term], FILLER_MOST)
        self._postings, self._lengths = self._post(written)

    def compare(self, words: Sequence[Word]) -> Comparison:
        """How like these words are to the phrases, by procedure."""
        terms = self._asked(words)
        if not terms or not self._kept:
            return NOTHING_LIKE
        scores = np.zeros(len(self._kept), dtype=np.float32)
        for term, weight in terms.items():
            found = self._postings.get(term)
            if found is not None:
                scores[found[0]] += found[1] * np.float32(weight)
        scores /= self._lengths * math.sqrt(sum(w * w for w in terms.values()))
        return self._told(scores, terms)

    def _told(self, scores: Floats, terms: Mapping[str, float]) -> Comparison:
        single: dict[int, float] = {}
        shared: dict[int, float] = {}
        choice: tuple[int, ...] = ()
        order = self._nearest(scores)
        for number in order:
            phrasing, found = self._kept[number]
            if phrasing.is_open and not choice:
                choice = found
            for place in found:
                (shared if phrasing.is_open else single).setdefault(place, float(scores[number]))
        votes, undecided = self._vote(scores, order[:VOTERS])
        telling = {t: w for t, w in terms.items() if t not in self._fillers}
        likeness = {
            place: Likeness(
                single.get(place, 0.0),
                shared.get(place, 0.0),
                self._held(place, telling),
                votes.get(place, 0.0),
            )
            for place in {**single, **shared}
        }
        return Comparison(
            likeness,
            choice,
            max(single.values(), default=0.0),
            max(shared.values(), default=0.0),
            undecided,
        )

    def _nearest(self, scores: Floats) -> list[int]:
        count = min(LOOKED_AT, len(scores))
        best = np.argpartition(scores, -count)[-count:]
        best = best[scores[best] > 0]
        return [int(n) for n in best[np.lexsort((best, -scores[best]))]]

    def _vote(self, scores: Floats, voters: Sequence[int]) -> tuple[dict[int, float], float]:
        """Shares of the nearest phrases by procedure, and of those that leave a choice."""
        votes: dict[int, float] = defaultdict(float)
        undecided = 0.0
        whole = sum(float(scores[n]) ** STEEPNESS for n in voters) or 1.0
        for number in voters:
            phrasing, found = self._kept[number]
            weight = float(scores[number]) ** STEEPNESS / whole
            undecided += weight * phrasing.is_open
            for place in found:
                votes[place] += weight / len(found)
        return votes, undecided

    def _held(self, place: int, telling: Mapping[str, float]) -> float:
        held = self._spoken[place]
        whole = sum(telling.values())
        return sum(w for t, w in telling.items() if t in held) / whole if whole else 0.0

    def _asked(self, words: Sequence[Word]) -> dict[str, float]:
        """The terms of a message with their weights: a word counts as it is marked, or bare."""
        terms: dict[str, float] = {}
        forms = [_marked(w) if w.marked else w.bare for w in words]
        for word, form in zip(words, forms, strict=True):
            if form in self._rarity:
                terms[form] = self._rarity[form]
            elif word.marked and word.bare in self._rarity:
                terms[word.bare] = MISMARKED * self._rarity[word.bare]
            elif not self._lists.is_filler(word):
                terms[form] = self._unknown
        for (first, second), pair in zip(pairwise(words), pairwise(forms), strict=True):
            both = "_".join(pair) if first.marked and second.marked else _bare_pair(first, second)
            if both in self._rarity:
                terms[both] = PAIR * self._rarity[both]
        return terms

    def _post(
        self, written: Sequence[set[str]]
    ) -> tuple[dict[str, tuple[NDArray[np.int32], Floats]], Floats]:
        lists: dict[str, tuple[list[int], list[float]]] = {}
        lengths = np.ones(len(written), dtype=np.float32)
        for number, terms in enumerate(written):
            squares = 0.0
            for term in terms:
                weight = self._rarity[term] * (PAIR if "_" in term else 1.0)
                squares += weight * weight
                numbers, weights = lists.setdefault(term, ([], []))
                numbers.append(number)
                weights.append(weight)
            # Each word stands twice, marked and bare; a message asks for one of the two.
            lengths[number] = math.sqrt(squares / 2) or 1.0
        arrays = {
            term: (np.array(numbers, dtype=np.int32), np.array(weights, dtype=np.float32))
            for term, (numbers, weights) in lists.items()
        }
        return arrays, lengths


def _written(words: Sequence[Word]) -> set[str]:
    """Every term under which a phrase is found."""
    marked = [_marked(w) for w in words]
    found = {*marked, *(w.bare for w in words)}
    found.update("_".join(pair) for pair in pairwise(marked))
    found.update(_bare_pair(a, b) for a, b in pairwise(words))
    return found


def _fillers(lists: WordLists) -> set[str]:
    return {f"={w}" for w in lists.fillers_marked} | set(lists.fillers_bare)


def _marked(word: Word) -> str:
    return f"={word.text}"


def _bare_pair(first: Word, second: Word) -> str:
    return f"{first.bare}_{second.bare}"


@lru_cache(maxsize=4)
def load(folder: Path = FOLDER) -> tuple[Phrasing, ...]:
    """Read and check every file; raises CatalogueError naming the file and the line."""
    return tuple(p for path in sorted(folder.glob("*.tsv")) for p in _read(path))


def _read(path: Path) -> Iterable[Phrasing]:
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        codes, tab, text = line.partition("\t")
        if not tab or not codes.split() or not text.strip():
            raise CatalogueError(
                f"{path.name}, line {number}: codes, a tab and a phrase are wanted: {line[:60]!r}"
            )
        yield Phrasing(tuple(codes.split()), text.strip())
