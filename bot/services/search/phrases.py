"""Finding known phrases in a message, with marks respected where the writer used them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from bot.services.search.words import Word


@dataclass(frozen=True)
class Found:
    """One phrase seen at words[start:end]."""

    phrase: tuple[Word, ...]
    start: int
    end: int

    @property
    def length(self) -> int:
        return self.end - self.start

    def within(self, other: Found) -> bool:
        """Whether this is a shorter part of the other."""
        return other.start <= self.start and self.end <= other.end and self.length < other.length


@dataclass
class _Node:
    children: dict[str, list[tuple[Word, _Node]]] = field(default_factory=dict)
    phrase: tuple[Word, ...] | None = None


class PhraseBook:
    """A set of phrases that is searched in one pass over a message."""

    def __init__(self, phrases: Iterable[tuple[Word, ...]]) -> None:
        self._root = _Node()
        for phrase in phrases:
            self._add(phrase)

    def _add(self, phrase: tuple[Word, ...]) -> None:
        node = self._root
        for word in phrase:
            following = node.children.setdefault(word.bare, [])
            for known, child in following:
                if known.text == word.text:
                    node = child
                    break
            else:
                child = _Node()
                following.append((word, child))
                node = child
        node.phrase = phrase

    def find(self, words: Sequence[Word]) -> list[Found]:
        """Every phrase that occurs, also inside longer ones."""
        found: list[Found] = []
        for start in range(len(words)):
            nodes = [self._root]
            for end in range(start, len(words)):
                nodes = [child for node in nodes for child in _step(node, words[end])]
                if not nodes:
                    break
                found += [Found(n.phrase, start, end + 1) for n in nodes if n.phrase is not None]
        return found


def _step(node: _Node, word: Word) -> list[_Node]:
    found = node.children.get(word.bare, [])
    if word.marked:
        found = [*found, *node.children.get(word.text, ())]
    return [child for known, child in found if agrees(word, known)]


def agrees(written: Word, known: Word) -> bool:
    """Whether a written word can be the known one: who types marks means them."""
    return written.text == known.text or (not written.marked and written.bare == known.bare)
