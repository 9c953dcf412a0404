"""Which records are near enough to an unserved request to be worth a look."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy.orm import Session

from bot.services import catalogue
from bot.services.procedures import Match
from bot.services.search import words as reading

NEAR = 0.15  # score from which the nearest may help; below it, it only puzzles


def nearest(session: Session, text: str, matches: Iterable[Match]) -> list[Match]:
    """Those of `matches` that are likely enough and share a telling word with the message."""
    lists = reading.load_lists()
    said = {
        word.bare
        for word in reading.read(text)
        if not lists.is_filler(word) and word.bare not in lists.generic
    }
    return [m for m in matches if m.score >= NEAR and said & _words_of(session, m.code)]


def _words_of(session: Session, code: str) -> set[str]:
    record = catalogue.get(session, code)
    if record is None:
        return set()
    names = " ".join((record.name, record.plain_name, *record.sayings))
    return {word.bare for word in reading.split(names)}
