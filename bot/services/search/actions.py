"""What is to be done with the paper: to get it first, again, exchanged, longer, changed, ended …"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from bot.errors import CatalogueError
from bot.services.search import words as reading
from bot.services.search.phrases import PhraseBook
from bot.services.search.words import WORDS_FILE, Word

NEW = "new"
TITLE_WORDS = 12  # the action stands at the beginning of a name


def of_message(words: Sequence[Word]) -> tuple[frozenset[str], frozenset[int]]:
    """The actions that a message names, and the places of the words that say so."""
    book, names = _book("actions")
    found = book.find(words)
    actions = {name for item in found for name in names[item.phrase]}
    places = {place for item in found for place in range(item.start, item.end)}
    return frozenset(actions), frozenset(places)


def is_vague(words: Sequence[Word]) -> bool:
    """Whether all that the words say about the action fits more than one ("làm lại")."""
    book, _ = _book("vague_actions")
    vague = {place for item in book.find(words) for place in range(item.start, item.end)}
    return bool(vague) and of_message(words)[1] <= vague


def object_of(words: Sequence[Word]) -> str:
    """The words of a name without the action it begins with: "Cấp đổi thẻ căn cước" → the card."""
    book, _ = _book("title_actions")
    said = {n for f in book.find(words[:TITLE_WORDS]) for n in range(f.start, f.end)}
    return " ".join(w.bare for n, w in enumerate(words) if n not in said)


def of_title(words: Sequence[Word]) -> frozenset[str]:
    """The actions that a procedure's name begins with."""
    book, names = _book("title_actions")
    found = book.find(words[:TITLE_WORDS])
    return frozenset(name for item in found for name in names[item.phrase])


@lru_cache(maxsize=4)
def _book(section: str) -> tuple[PhraseBook, dict[tuple[Word, ...], set[str]]]:
    table = reading.read_yaml(WORDS_FILE).get(section)
    if not isinstance(table, dict):
        raise CatalogueError(f"{WORDS_FILE.name}: {section} must be a mapping")
    names: dict[tuple[Word, ...], set[str]] = {}
    for name, said in table.items():
        for piece in str(said).split("|"):
            names.setdefault(reading.phrase(piece), set()).add(str(name))
    return PhraseBook(names), names
