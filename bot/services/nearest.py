"""Which records are near enough to an unserved request to be worth a look."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.orm import Session

from bot.services import catalogue
from bot.services.procedures import Match
from bot.services.search import words as reading

# The score (a likelihood) from which a record may help, by how many telling words it shares with
# the message; what is less near only puzzles.
NEAR = {1: 0.15, 2: 0.03}
BESIDE = 0.015  # what is shown beside one that is near enough


def nearest(session: Session, text: str, matches: Sequence[Match]) -> list[Match]:
    """Those of `matches` that share telling words with the message, if one is likely enough."""
    lists = reading.load_lists()
    said = {
        word.bare
        for word in reading.read(text)
        if not lists.is_filler(word) and word.bare not in lists.generic
    }
    shared = {m.code: len(said & _words_of(session, m.code)) for m in matches}
    if not any(m.score >= _near(shared[m.code]) for m in matches):
        return []
    return [m for m in matches if m.score >= BESIDE and shared[m.code]]


def _near(shared: int) -> float:
    return NEAR[min(shared, 2)] if shared else 2.0


def _words_of(session: Session, code: str) -> set[str]:
    record = catalogue.get(session, code)
    if record is None:
        return set()
    names = " ".join((record.name, record.plain_name, *record.sayings))
    return {word.bare for word in reading.split(names)}
