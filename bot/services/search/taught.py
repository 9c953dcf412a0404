"""Sayings that staff taught in the inbox and a second person approved: read from the database.

They join the phrasings of the files; a message that says just one of them is answered by it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.models.learning import Lesson
from bot.services.search.decision import ONE, SEVERAL, Decision
from bot.services.search.phrasings import Phrasing
from bot.services.search.words import Word, read

# Courtesy and whom one speaks to. Not the search's fillers, which hold "mất": who lost a paper
# does not ask what its owner asks.
_COURTESY = (
    "a ad admin alo anh bot can chao chi cho chu co cua da de dum em giup gium gi ho hoi la lam ma"
    " minh muon nao nha nhe nhi oi shop the thi toi u va vang vay ve voi xin"
)
COURTESY = frozenset(_COURTESY.split())
SAYING, APPROVED = "saying", "approved"
Telling = tuple[Word, ...]


def read_taught(session: Session) -> tuple[Phrasing, ...]:
    """The approved sayings, oldest first, one procedure each."""
    rows = session.execute(
        select(Lesson.subject, Lesson.text)
        .where(Lesson.kind == SAYING, Lesson.state == APPROVED)
        .order_by(Lesson.id)
    )
    return tuple(Phrasing((code,), text) for code, text in rows)


class Taught:
    """The taught sayings, found by their telling words; immutable once built."""

    def __init__(self, sayings: Iterable[Phrasing], places: Mapping[str, int]) -> None:
        self._by_words: dict[tuple[str, ...], list[tuple[Telling, int]]] = {}
        for saying in sayings:
            place = places.get(saying.codes[0])
            words = telling(read(saying.text))
            if place is not None and words:
                self._by_words.setdefault(_bare(words), []).append((words, place))

    def decide(self, words: Sequence[Word]) -> Decision | None:
        """The procedure of who says just a taught saying; a choice where it was taught for more."""
        said = telling(words)
        known = self._by_words.get(_bare(said), ())
        places = list(dict.fromkeys(place for taught, place in known if _is_same(taught, said)))
        if not places:
            return None
        share = round(1 / len(places), 4)
        kind = ONE if len(places) == 1 else SEVERAL
        return Decision(kind, tuple((place, share) for place in places), taught=True)


def telling(words: Sequence[Word]) -> Telling:
    """The words without courtesy; all of them where nothing else is said."""
    return tuple(w for w in words if w.bare not in COURTESY) or tuple(words)


def _bare(words: Sequence[Word]) -> tuple[str, ...]:
    return tuple(w.bare for w in words)


def _is_same(taught: Sequence[Word], said: Sequence[Word]) -> bool:
    """Whether no mark that both typed tells them apart."""
    pairs = zip(taught, said, strict=True)
    return all(a.text == b.text for a, b in pairs if a.marked and b.marked)
