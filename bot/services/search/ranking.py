"""Putting the procedures in order for one message."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from bot.services.search.actions import NEW
from bot.services.search.index import Features, Index
from bot.services.search.message import Message, specials_of
from bot.services.search.sayings import Hit, Request, Sayings
from bot.services.search.words import split

CANDIDATES = 40  # from BM25, for the finer comparison
OWN_NAME = 0.9  # share of a request's name that a record must hold to serve it without a code

SAID = 1.5  # weight of the most telling saying, per unit
SAID_ORDER = 0.04  # what each later code of the same request loses
COVERED, TITLE, ORDERED = 1.6, 0.8, 1.0
ACTION_AGREES, ACTION_MISSING, ACTION_UNASKED = 0.5, -0.45, -0.25
SPECIAL_UNASKED, LEVEL, ASKED = -0.45, -0.06, 0.35
QUOTED_WORDS = 2  # words of a name, beyond those that the saying rests on
QUOTE_LEAD, QUOTE_TITLE, QUOTE_WHOLE = 0.15, 0.4, 0.6
QUOTED, QUOTED_WHOLE = -0.3, 0.0  # a part of a name is a rival, nearly all of it goes first
SAME_SECTOR = 0.6  # for what the conversation is about


@dataclass(frozen=True)
class Candidate:
    """One procedure with what speaks for it."""

    place: int
    total: float
    said: float  # weight of the saying that points at it, 0 for none
    covered: float  # share of the message's words that the procedure holds
    ordered: float  # the same for pairs of neighbouring words
    title: float  # share of its name that the message says
    request: Request | None = None


@dataclass(frozen=True)
class Unserved:
    """A request that people make and no record of this catalogue serves."""

    request: Request
    said: float


class Ranker:
    """The features of one index and one table of sayings."""

    def __init__(self, index: Index, sayings: Sayings) -> None:
        self.index = index
        self._sayings = sayings
        self._places = {r: self._serving(r) for r in sayings.requests}
        self._labels = self._short_names()
        self._specials = [specials_of(split(entry.name)) for entry in index.entries]
        self._asked = [
            max(entry.popularity, sayings.asked.get(entry.code, 0)) for entry in index.entries
        ]

    def asked(self, place: int) -> int:
        """0..100: how often ordinary people need the procedure."""
        return self._asked[place]

    def label(self, place: int) -> str:
        """A short name that tells the procedure from its neighbours, for a button."""
        return self._labels.get(place) or self.index.entries[place].title

    def rank(
        self, message: Message, *, sector: str = ""
    ) -> tuple[list[Candidate], Unserved | None]:
        """Candidates, the best first, and a request that nothing serves if one is asked for."""
        said, unserved = self._said(message.hits)
        found = [place for place, _ in self.index.search(message.terms, CANDIDATES)]
        candidates = [
            self._candidate(place, message, said.get(place), sector)
            for place in dict.fromkeys([*said, *found])
        ]
        candidates = self._hear_quotes(message, self._in_given_order(candidates))
        candidates.sort(key=lambda c: (-c.total, self.index.entries[c.place].code))
        return candidates, unserved

    def compare(self, message: Message, places: Sequence[int]) -> list[Candidate]:
        """What speaks for each of these procedures alone, in their order.

        Sayings that only point at a whole choice are left out: they tell none of them apart.
        """
        said, _ = self._said([h for h in message.hits if not h.request.ask])
        return [self._candidate(place, message, said.get(place), "") for place in places]

    def _said(self, hits: Sequence[Hit]) -> tuple[dict[int, tuple[float, Hit]], Unserved | None]:
        said: dict[int, tuple[float, Hit]] = {}
        unserved: Unserved | None = None
        for hit in hits:
            places = self._places[hit.request]
            if not places and (unserved is None or hit.weight > unserved.said):
                unserved = Unserved(hit.request, hit.weight)
            for order, place in enumerate(places):
                weight = hit.weight - SAID_ORDER * order
                if place not in said or said[place][0] < weight:
                    said[place] = (weight, hit)
        return said, unserved

    def serving(self, request: Request) -> tuple[int, ...]:
        """Places of the records that serve a request, the best first."""
        return self._places[request]

    def _short_names(self) -> dict[int, str]:
        names: dict[int, str] = {}
        for request, places in self._places.items():
            if places and not request.ask:
                names.setdefault(places[0], request.name)
        plain = {n: e.plain_name for n, e in enumerate(self.index.entries) if e.plain_name}
        return {**names, **plain}

    def _serving(self, request: Request) -> tuple[int, ...]:
        known = [self.index.place[c] for c in request.codes if c in self.index.place]
        return tuple(known) if known else tuple(self._by_name(request.name))

    def _by_name(self, name: str) -> Iterable[int]:
        words = list(dict.fromkeys(w.bare for w in split(name)))
        total = sum(self.index.weight(w) for w in words)
        best: list[tuple[float, int]] = []
        for place, _ in self.index.search(words, 5):
            features = self.index.features[place]
            own = {t for t, w in features.terms.items() if w >= 1.0}
            held = sum(self.index.weight(w) for w in words if w in own)
            title = self.index.features[place].title
            extra = len(title - set(words)) / max(len(title), 1)
            if total and held / total >= OWN_NAME and extra <= 0.5:
                best.append((-held / total + extra, place))
        return [place for _, place in sorted(best)[:1]]

    def _in_given_order(self, candidates: Sequence[Candidate]) -> list[Candidate]:
        """The records of one request in the order of the table, whatever their names say."""
        groups: dict[Request, list[Candidate]] = {}
        for candidate in candidates:
            if candidate.request is not None:
                groups.setdefault(candidate.request, []).append(candidate)
        totals: dict[int, float] = {}
        for request, group in groups.items():
            places = self._places[request]
            given = sorted(group, key=lambda c: places.index(c.place))
            best = sorted((c.total for c in group), reverse=True)
            totals.update((c.place, total) for c, total in zip(given, best, strict=True))
        return [replace(c, total=totals.get(c.place, c.total)) for c in candidates]

    def _hear_quotes(self, message: Message, candidates: Sequence[Candidate]) -> list[Candidate]:
        """Lift what the message quotes by its official name over what a saying makes of a part."""
        first = max(candidates, key=lambda c: c.total, default=None)
        if first is None or first.request is None:
            return list(candidates)
        said = next(message.said_words(h) for h in message.hits if h.request is first.request)
        unsaid = set(message.content) - said - self.index.features[first.place].title
        return [self._lifted(c, first, unsaid) for c in candidates]

    def _lifted(self, candidate: Candidate, first: Candidate, unsaid: set[str]) -> Candidate:
        quoted = self.index.features[candidate.place].title & unsaid
        if (
            candidate.request is not None
            or len(quoted) < QUOTED_WORDS
            or candidate.title < QUOTE_TITLE
            or candidate.ordered < first.ordered + QUOTE_LEAD
        ):
            return candidate
        whole = min(candidate.ordered, candidate.title) >= QUOTE_WHOLE
        total = first.total + (QUOTED_WHOLE if whole else QUOTED) + 0.1 * candidate.ordered
        return replace(candidate, total=max(candidate.total, total))

    def _candidate(
        self, place: int, message: Message, said: tuple[float, Hit] | None, sector: str
    ) -> Candidate:
        features = self.index.features[place]
        words: frozenset[str] = message.said_words(said[1]) if said else frozenset()
        covered = _share(message.content, message.weights, features, words)
        ordered = _share(message.terms[len(message.content) :], message.weights, features)
        own = features.title.intersection(message.bare)
        title = sum(self.index.weight(w) for w in own) / features.title_weight
        total = COVERED * covered + ORDERED * ordered + TITLE * title
        fit = _action_fit(message.actions, features.actions)
        if said:
            total += SAID * said[0] + max(fit, 0.0)
        else:
            unasked = self._specials[place] - message.specials
            total += fit + SPECIAL_UNASKED * min(2, len(unasked))
        total += LEVEL * features.level + ASKED * self._asked[place] / 100
        if sector and self.index.entries[place].sector == sector:
            total += SAME_SECTOR
        weight, request = (said[0], said[1].request) if said else (0.0, None)
        return Candidate(place, total, weight, covered, ordered, title, request)


def _share(
    terms: Sequence[str],
    weights: dict[str, float],
    features: Features,
    said: frozenset[str] = frozenset(),
) -> float:
    """The share of the terms that the procedure holds or that a saying explains."""
    whole = sum(weights[t] for t in terms)
    if not whole:
        return 1.0 if said else 0.0
    held = sum(weights[t] * (1.0 if t in said else features.terms.get(t, 0.0)) for t in terms)
    return held / whole


def _action_fit(asked: frozenset[str], offered: frozenset[str]) -> float:
    if not offered or offered == {NEW}:
        return 0.0 if not asked - {NEW} else ACTION_UNASKED
    if asked & offered:
        return ACTION_AGREES
    return ACTION_MISSING
