"""The catalogue as postings: which procedures hold a word, and how much that says (BM25)."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bot.services.search import actions as acting
from bot.services.search.entries import Entry
from bot.services.search.words import bare_words, split

K1, B = 1.2, 0.4
NAME, SECTOR, RESULT, PAPER = 1.0, 0.35, 0.3, 0.12  # how much a word says, by where it stands
COMMON_SHARE = 0.25  # a word in more of the records than this finds nothing in a large catalogue
LARGE = 5000
RESULT_LENGTH, PAPER_LENGTH, PAPERS = 200, 100, 12  # characters and papers that are read


@dataclass(frozen=True)
class Features:
    """What ranking compares with a message, prepared once for each procedure."""

    terms: dict[str, float]  # word or pair -> the weight of the best place where it stands
    title: frozenset[str]  # the words of the name
    title_weight: float
    family: str  # equal for the same procedure at several levels or by several ways
    actions: frozenset[str]
    subject: str  # the name without its action
    level: int


class Index:
    """Immutable once built, so that threads can share it."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        self.entries = tuple(entries)
        self.place = {entry.code: number for number, entry in enumerate(self.entries)}
        bags = [_bag(entry) for entry in self.entries]
        self._count = max(len(bags), 1)
        self._df: Counter[str] = Counter(term for bag in bags for term in bag)
        self._weights = {term: self._rarity(df) for term, df in self._df.items()}
        self._unknown = self._rarity(0)
        self.features = tuple(
            self._features(entry, bag) for entry, bag in zip(self.entries, bags, strict=True)
        )
        self._postings = self._post(bags)

    def weight(self, term: str) -> float:
        """How rare the term is: about 0 for one that stands everywhere, 1 for a unique one."""
        return self._weights.get(term, self._unknown)

    def knows(self, term: str) -> bool:
        """Whether any procedure holds the term."""
        return term in self._df

    def search(self, terms: Iterable[str], limit: int) -> list[tuple[int, float]]:
        """Places of the best procedures and their BM25 scores."""
        scores = np.zeros(self._count, dtype=np.float32)
        for term in terms:
            posting = self._postings.get(term)
            if posting is not None:
                places, weights = posting
                scores[places] += weights
        if limit < self._count:
            best = np.argpartition(scores, -limit)[-limit:]
        else:
            best = np.arange(len(self.entries))
        best = best[scores[best] > 0]
        order = best[np.argsort(-scores[best], kind="stable")]
        return [(int(place), float(scores[place])) for place in order]

    def _rarity(self, df: int) -> float:
        count = self._count
        return math.log1p((count - df + 0.5) / (df + 0.5)) / math.log1p(count * 2 + 1)

    def _features(self, entry: Entry, bag: dict[str, float]) -> Features:
        name = split(entry.title)
        title = [w.bare for w in name]
        words = frozenset(title)
        return Features(
            terms=bag,
            title=words,
            title_weight=sum(self.weight(w) for w in words) or 1.0,
            family=" ".join(title),
            actions=acting.of_title(name),
            subject=acting.object_of(name),
            level=entry.level,
        )

    def _post(
        self, bags: Sequence[dict[str, float]]
    ) -> dict[str, tuple[NDArray[np.int32], NDArray[np.float32]]]:
        average = sum(sum(bag.values()) for bag in bags) / self._count or 1.0
        lists: dict[str, tuple[list[int], list[float]]] = {}
        limit = self._count * (COMMON_SHARE if self._count > LARGE else 1.0)
        for place, bag in enumerate(bags):
            norm = K1 * (1 - B + B * sum(bag.values()) / average)
            for term, tf in bag.items():
                if self._df[term] > limit:
                    continue
                places, weights = lists.setdefault(term, ([], []))
                places.append(place)
                weights.append(self.weight(term) * tf * (K1 + 1) / (tf + norm))
        return {
            term: (np.array(places, dtype=np.int32), np.array(weights, dtype=np.float32))
            for term, (places, weights) in lists.items()
        }


def pairs(words: Sequence[str]) -> list[str]:
    """Neighbouring words as one term each: they keep the order that single words lose."""
    return [f"{a}_{b}" for a, b in itertools.pairwise(words)]


def _bag(entry: Entry) -> dict[str, float]:
    bag: dict[str, float] = {}
    for text in (entry.title, entry.plain_name, *entry.sayings):
        words = bare_words(text)
        _add(bag, words, NAME)
        _add(bag, pairs(words), NAME)
    _add(bag, bare_words(entry.sector), SECTOR)
    for text in entry.results[:3]:
        _add(bag, bare_words(text[:RESULT_LENGTH]), RESULT)
    for text in entry.documents[:PAPERS]:
        _add(bag, bare_words(text[:PAPER_LENGTH]), PAPER)
    return bag


def _add(bag: dict[str, float], terms: Iterable[str], weight: float) -> None:
    for term in terms:
        if bag.get(term, 0.0) < weight:
            bag[term] = weight
