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
PAPERS = frozenset(
    ["giay", "the", "chung", "chi", "phep", "so"]
)  # "cấp thẻ": the card is what it is about
# Where a name goes on to say for whom or in which case.
CASE = frozenset(["cho", "trong", "do", "khi", "đối", "tại", "bằng", "theo"])


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
    """What a name is about: "Cấp đổi thẻ căn cước cho …" → "the can cuoc"."""
    book, _ = _book("title_actions")
    said = {n for f in book.find(words[:TITLE_WORDS]) for n in range(f.start, f.end)}
    kept: list[str] = []
    for number, word in enumerate(words):
        if word.text in CASE and len(kept) > 1:
            break
        if number not in said or word.bare in PAPERS:
            kept.append(word.bare)
    return " ".join(kept)


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
