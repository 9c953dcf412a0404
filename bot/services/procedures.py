"""Which procedure a message means: search(session, text)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from bot.services.search.decision import NOTHING, ONE, SEVERAL, UNKNOWN
from bot.services.search.engine import Engine, EngineCache
from bot.services.search.narrowing import narrow, with_context
from bot.services.search.retired import without_retired

__all__ = ["NOTHING", "ONE", "SEVERAL", "UNKNOWN", "Match", "SearchResult", "search"]

_engines = EngineCache()


@dataclass(frozen=True)
class Match:
    """One procedure that may be meant. `score`: 0..1, how sure. `label`: short, for a button."""

    code: str
    name: str
    score: float
    label: str = ""


@dataclass(frozen=True)
class SearchResult:
    """What a message names.

    kind "one": answer it. "several": offer the first three. "unknown": something is named that no
    record serves; the matches are those near enough to be worth a look. "nothing": no procedure is
    named. `taught`: these very words were taught by staff.
    """

    kind: str
    matches: tuple[Match, ...]
    taught: bool = False


def search(
    session: Session,
    text: str,
    *,
    context_code: str | None = None,
    offered: Sequence[str] = (),
    limit: int = 10,
) -> SearchResult:
    """The procedures that `text` may mean, the best first.

    `context_code`: the procedure now talked about. `offered`: codes just offered to this citizen,
    which words such as "cái bị mất ấy" or "số 2" choose from.
    """
    return search_in(
        _engines.get(session), text, context_code=context_code, offered=offered, limit=limit
    )


def search_in(
    engine: Engine,
    text: str,
    *,
    context_code: str | None = None,
    offered: Sequence[str] = (),
    limit: int = 10,
) -> SearchResult:
    """The same in an engine that is already built."""
    message = engine.understand(text)
    decision = engine.taught.decide(message.words)
    if decision is None and offered:
        decision = narrow(engine, message, offered)
    if decision is None and context_code is not None:
        decision = with_context(engine, message, context_code)
    if decision is None:
        decision = engine.decide(message)
    decision = without_retired(engine, decision)
    matches = tuple(_match(engine, place, score) for place, score in decision.order[:limit])
    return SearchResult(decision.kind, matches, decision.taught)


def _match(engine: Engine, place: int, score: float) -> Match:
    entry = engine.index.entries[place]
    return Match(entry.code, entry.name, score, engine.ranker.label(place))
