"""One message as search reads it: what it asks for, in which words, with which action."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from bot.services.search import actions as acting
from bot.services.search import words as reading
from bot.services.search.index import Index, pairs
from bot.services.search.phrases import PhraseBook
from bot.services.search.phrasings import Comparison, PhrasingIndex
from bot.services.search.sayings import Hit, Request, Sayings
from bot.services.search.words import WORDS_FILE, Word, WordLists, split

ALIKE = 0.3  # likeness to a phrase from which a message names something


@dataclass(frozen=True)
class Message:
    """`bare`: every word; `content`: those that tell; `named`: whether a procedure is named."""

    words: tuple[Word, ...]
    hits: tuple[Hit, ...]
    bare: frozenset[str]
    content: tuple[str, ...]
    telling: tuple[str, ...]  # those of `content` that are not in every other name
    terms: tuple[str, ...]
    actions: frozenset[str]
    specials: frozenset[int]
    named: bool
    vague: bool  # "làm lại": issued again or exchanged
    likeness: Comparison = field(hash=False)  # to what people say
    weights: dict[str, float] = field(hash=False)
    _said: dict[Hit, frozenset[str]] = field(hash=False)

    @property
    def pairs(self) -> tuple[str, ...]:
        """Neighbouring words, as one term each."""
        return self.terms[len(self.content) :]

    def said_words(self, hit: Hit) -> frozenset[str]:
        """The words of `content` that a hit rests on."""
        return self._said[hit]

    def said_of(self, request: Request | None) -> frozenset[str]:
        """The words of `content` that a request rests on; none where no saying asks for it."""
        hit = next((h for h in self.hits if h.request == request), None)
        return frozenset() if hit is None else self._said[hit]


def understand(
    text: str, index: Index, sayings: Sayings, lists: WordLists, phrasings: PhrasingIndex
) -> Message:
    """Read one message against the catalogue, the table of sayings and what people say."""
    words = reading.read(text)
    aside = reading.aside_places(words, lists)
    hits = sayings.match(words, aside)
    rest = [w for place, w in enumerate(words) if place not in aside]
    actions, _ = acting.of_message(rest)
    said = sayings.rewrite(rest)
    content = tuple(dict.fromkeys(w.bare for w in said if not lists.is_filler(w)))
    terms = tuple(dict.fromkeys([*content, *_neighbours(said, index, lists)]))
    likeness = phrasings.compare(rest)
    telling = tuple(w for w in content if w not in lists.generic)
    return Message(
        words=tuple(words),
        hits=tuple(hits),
        bare=frozenset(w.bare for w in said),
        content=content,
        telling=telling,
        terms=terms,
        actions=actions,
        specials=specials_of(words),
        named=bool(hits or _is_like(likeness, content) or any(map(index.knows, telling))),
        vague=acting.is_vague(rest),
        likeness=likeness,
        weights={term: _weight(term, index, lists) for term in terms},
        _said={hit: _words_of(hit, words, sayings) for hit in hits},
    )


def _is_like(likeness: Comparison, content: Sequence[str]) -> bool:
    return likeness.best >= ALIKE and len(content) > 1


def _words_of(hit: Hit, words: Sequence[Word], sayings: Sayings) -> frozenset[str]:
    said = [words[place] for place in sorted(hit.covered)]
    return frozenset(w.bare for w in [*said, *sayings.rewrite(said)])


def specials_of(words: Sequence[Word]) -> frozenset[int]:
    """Which special variants (foreigners, border, army …) the words name."""
    book, numbers = _specials()
    return frozenset(numbers[item.phrase] for item in book.find(words))


def _neighbours(words: Sequence[Word], index: Index, lists: WordLists) -> list[str]:
    """Pairs of neighbours; with a filler in them, only those that the catalogue holds."""
    telling = [not lists.is_filler(w) for w in words]
    found = zip(telling, telling[1:], pairs([w.bare for w in words]), strict=False)
    return [p for a, b, p in found if (a and b) or ((a or b) and index.knows(p))]


def _weight(term: str, index: Index, lists: WordLists) -> float:
    weight = index.weight(term)
    return weight * 0.4 if term in lists.generic else weight


@lru_cache(maxsize=1)
def _specials() -> tuple[PhraseBook, dict[tuple[Word, ...], int]]:
    numbers: dict[tuple[Word, ...], int] = {}
    for number, line in enumerate(reading.read_yaml(WORDS_FILE).get("special", ())):
        for piece in line.split("|"):
            numbers[tuple(split(piece))] = number
    return PhraseBook(numbers), numbers
