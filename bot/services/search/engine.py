"""The search of one process: built when first needed, and again when what it reads changes.

What staff teach raises the catalogue's version too.
"""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from bot.services import schedules
from bot.services.schedules import Stamp
from bot.services.search import entries as reading_entries
from bot.services.search import words as reading
from bot.services.search.decision import Decision, decide
from bot.services.search.entries import Entry
from bot.services.search.index import Index
from bot.services.search.message import Message, understand
from bot.services.search.phrasings import Phrasing, PhrasingIndex
from bot.services.search.phrasings import load as load_phrasings
from bot.services.search.ranking import Ranker
from bot.services.search.sayings import Sayings
from bot.services.search.sayings import load as load_sayings
from bot.services.search.taught import Taught, read_taught
from bot.services.search.words import WordLists

CHECK_EVERY = 1.0  # seconds between two looks at the catalogue's version


@dataclass(frozen=True)
class Engine:
    """Everything that answers a search; immutable, shared by threads."""

    index: Index
    ranker: Ranker
    sayings: Sayings
    phrasings: PhrasingIndex
    lists: WordLists
    taught: Taught

    @classmethod
    def build(
        cls,
        entries: Sequence[Entry],
        sayings: Sayings | None = None,
        phrasings: Iterable[Phrasing] | None = None,
        taught: Sequence[Phrasing] = (),
    ) -> Engine:
        """Index these procedures (2,642 take well under three seconds)."""
        sayings = sayings or load_sayings()
        phrasings = load_phrasings() if phrasings is None else phrasings
        lists = reading.load_lists()
        index = Index(entries)
        spoken = PhrasingIndex([*phrasings, *taught], index.place, lists)
        known = Taught(taught, index.place)
        return cls(index, Ranker(index, sayings), sayings, spoken, lists, known)

    def understand(self, text: str) -> Message:
        """Read one message."""
        return understand(text, self.index, self.sayings, self.lists, self.phrasings)

    def decide(self, message: Message, *, sector: str = "") -> Decision:
        """Rank and decide; `sector` is that of the procedure now talked about."""
        candidates, unserved = self.ranker.rank(message, sector=sector)
        return decide(message, candidates, unserved, self.ranker)


class EngineCache:
    """One engine for each database of this process."""

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        today: Callable[[], dt.date] = schedules.today_here,
    ) -> None:
        self._clock = clock
        self._today = today
        self._lock = threading.Lock()
        self._known: dict[str, tuple[Stamp, float, Engine]] = {}

    def get(self, session: Session) -> Engine:
        """The engine for the catalogue as it is now, or was within the last second."""
        key = str(session.get_bind().engine.url)
        known = self._known.get(key)
        if known is not None and self._clock() - known[1] < CHECK_EVERY:
            return known[2]
        # Whoever comes while another thread builds is answered from the catalogue as it was.
        if not self._lock.acquire(blocking=known is None) and known is not None:
            return known[2]
        try:
            return self._checked(session, key)
        finally:
            self._lock.release()

    def _checked(self, session: Session, key: str) -> Engine:
        today = self._today()
        stamp = schedules.stamp(session, today)
        known = self._known.get(key)
        if known is not None and known[0] == stamp:
            engine = known[2]
        else:
            engine = Engine.build(reading_entries.read(session, today), taught=read_taught(session))
        self._known[key] = (stamp, self._clock(), engine)
        return engine
