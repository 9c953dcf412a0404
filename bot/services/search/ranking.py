"""Putting the procedures in order for one message."""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from bot.errors import CatalogueError
from bot.services.search.actions import NEW
from bot.services.search.index import NAME, Features, Index
from bot.services.search.message import Message, specials_of
from bot.services.search.phrasings import UNLIKE, Likeness
from bot.services.search.sayings import Hit, Request, Sayings
from bot.services.search.words import split
from bot.settings import ROOT

CANDIDATES = 30  # from BM25, for the finer comparison
OWN_NAME = 0.9  # share of a request's name that a record must hold to serve it without a code
SAID_ORDER = 0.04  # what each later code of the same request loses
SAME_SECTOR = 2.0  # for what the conversation is about
MOST = 3  # places in a request's list, or unasked variants, from which more makes no difference
RENEWED = frozenset({"again", "exchange"})
WEIGHTS_FILE = ROOT / "data" / "lookups" / "search_weights.json"

# What is known about a candidate, in the order of the weights (python -m benchmarks.search_train).
FEATURES = (
    "hit",  # a saying points at it
    "said",  # weight of the saying
    "behind",  # how much a more telling saying points elsewhere
    "order",  # its place in the list of the request
    "choice",  # the saying leaves a choice
    "covered",  # share of the message's words that the record or the saying holds
    "ordered",  # the same for neighbouring words
    "title",  # share of the name that the message says
    "quoted",  # covered x ordered
    "named",  # covered x title
    "unheld",  # weight of the words that neither the name nor the saying holds
    "unsaid",  # weight of the name's words that the message does not say
    "agrees",  # the action asked for is the one that the name begins with
    "conflicts",  # the name begins with another action, and no saying points at it
    "conflicts_said",  # the same though a saying points at it
    "ignored",  # an action is asked for and the name has none
    "special",  # variants in the name that the message does not mention
    "level",  # 0 commune .. 3 others
    "asked",  # how often ordinary people need it
    "ahead",  # holds more of the message than all that sayings point at
    "alike",  # likeness to the nearest phrase that people say for it
    "alike_open",  # the same for phrases that leave a choice
    "less_alike",  # how much another procedure's nearest phrase is nearer
    "spoken",  # share of the message that its phrases hold
    "votes",  # share of the nearest phrases that serve it
)


@dataclass(frozen=True)
class Candidate:
    """One procedure with what speaks for it."""

    place: int
    total: float
    said: float  # weight of the saying that points at it, 0 for none
    covered: float  # share of the message's words that the procedure holds
    ordered: float  # the same for pairs of neighbouring words
    title: float  # share of its name that the message says
    unheld: float  # weight of the words that neither the name nor the saying holds
    likeness: Likeness = UNLIKE
    request: Request | None = None
    values: tuple[float, ...] = ()  # of FEATURES


@dataclass(frozen=True)
class Unserved:
    """A request that people make and no record of this catalogue serves."""

    request: Request
    said: float


class Ranker:
    """The features of one index and one table of sayings."""

    def __init__(self, index: Index, sayings: Sayings) -> None:
        self.index = index
        self.weights = load_weights()
        self._places = {r: self._serving(r) for r in sayings.requests}
        self._labels = self._short_names()
        self._specials = [specials_of(split(entry.name)) for entry in index.entries]
        self._actions_on: dict[str, set[str]] = defaultdict(set)
        for features in index.features:
            self._actions_on[features.subject] |= features.actions
        self._asked = [
            max(entry.popularity, sayings.asked.get(entry.code, 0)) for entry in index.entries
        ]

    def is_one_of_several(self, place: int) -> bool:
        """Whether the same paper can be issued again as well as exchanged."""
        return self._actions_on[self.index.features[place].subject] >= RENEWED

    def has_siblings(self, place: int) -> bool:
        """Whether other records do something else with the same paper."""
        return len(self._actions_on[self.index.features[place].subject]) > 1

    def are_siblings(self, place: int, other: int) -> bool:
        """Whether two records are about the same paper."""
        return self.index.features[place].subject == self.index.features[other].subject

    def telling(self, place: int, message: Message) -> int:
        """How many telling words of the message the record's names hold."""
        features = self.index.features[place]
        return sum(features.terms.get(w, 0.0) >= NAME for w in message.telling)

    def acts(self, place: int, message: Message) -> bool:
        """Whether the procedure does what the message names."""
        return bool((self.index.features[place].actions & message.actions) - {NEW})

    def variants(self, place: int, message: Message) -> frozenset[int]:
        """The special variants that both the message and the name mention."""
        return self._specials[place] & message.specials

    def is_plain(self, place: int, message: Message) -> bool:
        """Whether the name holds no special variant that the message leaves out."""
        return self._specials[place] <= message.specials

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
        places = dict.fromkeys([*said, *found, *message.likeness.likeness])
        candidates = self._weighed(message, list(places), said)
        if sector:
            candidates = [self._in_sector(c, sector) for c in candidates]
        candidates.sort(key=lambda c: (-c.total, self.index.entries[c.place].code))
        return candidates, unserved

    def compare(self, message: Message, places: Sequence[int]) -> list[Candidate]:
        """What speaks for each of these procedures alone, in their order.

        Sayings that only point at a whole choice are left out: they tell none of them apart.
        """
        said, _ = self._said([h for h in message.hits if not h.request.ask])
        return self._weighed(message, places, said)

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

    def _weighed(
        self, message: Message, places: Sequence[int], said: Mapping[int, tuple[float, Hit]]
    ) -> list[Candidate]:
        """These places with their features and the weighted sum of them."""
        own = [self._evidence(place, message, said.get(place)) for place in places]
        hits = [e for e in own if e.request is not None]
        held = max((e.covered + e.ordered for e in hits or own), default=0.0)
        loudest = max((e.said for e in hits), default=0.0)
        return [self._candidate(e, message, held, loudest) for e in own]

    def _in_sector(self, candidate: Candidate, sector: str) -> Candidate:
        if self.index.entries[candidate.place].sector != sector:
            return candidate
        return replace(candidate, total=candidate.total + SAME_SECTOR)

    def _evidence(self, place: int, message: Message, said: tuple[float, Hit] | None) -> _Evidence:
        features = self.index.features[place]
        words: frozenset[str] = message.said_words(said[1]) if said else frozenset()
        weights = message.weights
        pairs = message.pairs
        explained = frozenset(p for p in pairs if words.issuperset(p.split("_"))) if said else words
        own = features.title & message.bare
        return _Evidence(
            place=place,
            said=said[0] if said else 0.0,
            request=said[1].request if said else None,
            covered=_share(message.content, weights, features, words),
            ordered=_share(pairs, weights, features, explained),
            title=sum(self.index.weight(w) for w in own) / features.title_weight,
            unheld=sum(
                weights[w] for w in message.content if w not in words and w not in features.title
            ),
        )

    def _candidate(
        self, own: _Evidence, message: Message, held: float, loudest: float
    ) -> Candidate:
        features = self.index.features[own.place]
        hit = own.request is not None
        order = self._places[own.request].index(own.place) if own.request is not None else 0
        agrees, conflicts, ignored = _action_fit(message.actions, features.actions)
        likeness = message.likeness.likeness.get(own.place, UNLIKE)
        unasked = len(self._specials[own.place] - message.specials)
        values = (
            float(hit),
            own.said,
            own.said - loudest if hit else 0.0,
            float(min(order, MOST)),
            float(own.request is not None and own.request.ask),
            own.covered,
            own.ordered,
            own.title,
            own.covered * own.ordered,
            own.covered * own.title,
            own.unheld,
            math.log1p(features.title_weight * (1 - own.title)),
            float(agrees),
            float(conflicts and not hit),
            float(conflicts and hit),
            float(ignored and not hit),
            0.0 if hit else float(min(unasked, MOST)),
            float(features.level),
            self._asked[own.place] / 100,
            0.0 if hit else max(0.0, own.covered + own.ordered - held),
            likeness.single,
            likeness.shared,
            likeness.best - message.likeness.best,
            likeness.spoken,
            likeness.votes,
        )
        total = sum(w * v for w, v in zip(self.weights, values, strict=True))
        return Candidate(
            place=own.place,
            total=total,
            said=own.said,
            covered=own.covered,
            ordered=own.ordered,
            title=own.title,
            unheld=own.unheld,
            likeness=likeness,
            request=own.request,
            values=values,
        )


@dataclass(frozen=True)
class _Evidence:
    """What a record holds of the message, before it is compared with the others."""

    place: int
    said: float
    request: Request | None
    covered: float
    ordered: float
    title: float
    unheld: float


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


def _action_fit(asked: frozenset[str], offered: frozenset[str]) -> tuple[bool, bool, bool]:
    """Whether the asked action agrees with the offered one, conflicts with it, or has none."""
    asked, offered = asked - {NEW}, offered - {NEW}
    agrees = not asked.isdisjoint(offered)
    return agrees, bool(offered) and not agrees, bool(asked) and not offered


def load_weights() -> tuple[float, ...]:
    """The learned weight of each feature; raises CatalogueError when one is missing."""
    return load_learned("weights", FEATURES)


@lru_cache(maxsize=8)
def load_learned(
    section: str, names: tuple[str, ...], path: Path = WEIGHTS_FILE
) -> tuple[float, ...]:
    """The numbers of these names; raises CatalogueError when the file does not hold them."""
    try:
        given = json.loads(path.read_text(encoding="utf-8"))[section]
        return tuple(float(given[name]) for name in names)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CatalogueError(f"{path.name} does not hold the {section}: {error}") from error
