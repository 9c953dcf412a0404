"""Messages that mean something only after the ones before: choosing from an offer, going on."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bot.services.search import actions as acting
from bot.services.search.decision import ONE, SEVERAL, Decision
from bot.services.search.engine import Engine
from bot.services.search.message import Message
from bot.services.search.ranking import Candidate
from bot.services.search.words import split

SHORT = 8  # words: "cái thứ hai nhé", not a sentence that happens to hold a number
CLEAR = 0.35  # lead with which one of the offered is chosen
# Actions that say which variant of the procedure now talked about is meant.
VARIANT_ACTIONS = frozenset({"again", "exchange", "extend", "end", "pause"})

_ORDINALS = (
    re.compile(r"\b(?:dau tien|thu nhat|(?:so|cai|muc|lua chon) (?:1|mot)|cai dau)\b|^1$"),
    re.compile(r"\b(?:thu hai|thu 2|(?:so|cai|muc|lua chon) (?:2|hai)|o giua)\b|^2$"),
    re.compile(r"\b(?:thu ba|thu 3|(?:so|cai|muc|lua chon) (?:3|ba))\b|^3$"),
)
_LAST = re.compile(r"\b(?:cuoi cung|cai cuoi|sau cung)\b")


def narrow(engine: Engine, message: Message, offered: Sequence[str]) -> Decision | None:
    """The offered procedure that the message chooses, or None when it chooses none of them."""
    places = [engine.index.place[code] for code in offered if code in engine.index.place]
    if not places:
        return None
    chosen = _by_number(message, places)
    if chosen is not None:
        return Decision(ONE, ((chosen, 1.0),))
    if not message.named and not message.actions and not message.content:
        return None
    text = " ".join(w.text for w in message.words)
    return _among(engine, f"{text} {_shared_object(engine, offered, places)}", places, message)


def with_context(engine: Engine, message: Message, context_code: str) -> Decision | None:
    """A variant of the procedure now talked about, or a preference for its field; else None."""
    place = engine.index.place.get(context_code)
    if place is None:
        return None
    sector = engine.index.entries[place].sector
    if message.named:
        plain = engine.decide(message)
        return plain if plain.kind == ONE else engine.decide(message, sector=sector)
    if not message.actions & VARIANT_ACTIONS - engine.index.features[place].actions:
        return None
    text = " ".join(w.text for w in message.words)
    whole = engine.understand(f"{text} {_object_of(engine, place)}")
    decision = engine.decide(whole, sector=sector)
    if decision.kind not in (ONE, SEVERAL):
        return None
    first = decision.order[0][0]
    return decision if engine.index.entries[first].sector == sector else None


def _by_number(message: Message, places: Sequence[int]) -> int | None:
    if len(message.words) > SHORT:
        return None
    bare = " ".join(w.bare for w in message.words)
    if _LAST.search(bare):
        return places[-1]
    for number, pattern in enumerate(_ORDINALS):
        if number < len(places) and pattern.search(bare):
            return places[number]
    return None


def _among(
    engine: Engine, text: str, places: Sequence[int], message: Message
) -> Decision | None:
    whole = engine.understand(text)
    candidates, _ = engine.ranker.rank(whole)
    allowed = [c for c in candidates if c.place in places]
    if not allowed:
        return None
    first = allowed[0]
    elsewhere, _ = engine.ranker.rank(message)
    if message.named and elsewhere and elsewhere[0].place not in places:
        family = engine.index.features[elsewhere[0].place].family
        if family not in {engine.index.features[p].family for p in places}:
            return None
    rest = [c for c in allowed if c.place != first.place]
    if rest and first.total - rest[0].total < CLEAR:
        return None if not message.named else Decision(SEVERAL, _order(allowed))
    return Decision(ONE, _order(allowed))


def _order(candidates: Sequence[Candidate]) -> tuple[tuple[int, float], ...]:
    return tuple((c.place, round(0.95 - 0.1 * n, 2)) for n, c in enumerate(candidates[:9]))


def _shared_object(engine: Engine, offered: Sequence[str], places: Sequence[int]) -> str:
    """What the offered procedures are all about, in words that the sayings know."""
    for request in engine.sayings.requests:
        if request.ask and set(offered) <= set(request.codes):
            return request.name
    titles = [engine.index.features[p].title for p in places]
    shared = frozenset.intersection(*titles)
    words = split(engine.index.entries[places[0]].title)
    return " ".join(w.text for w in words if w.bare in shared)


def _object_of(engine: Engine, place: int) -> str:
    """A procedure's name without its action: "Cấp lại thẻ căn cước" → "thẻ căn cước"."""
    words = split(engine.index.entries[place].title)
    _, said = acting.of_message(words)
    return " ".join(w.text for number, w in enumerate(words) if number not in said)
