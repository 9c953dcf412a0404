"""Messages that mean something only after the ones before: choosing from an offer, going on."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bot.services.search import actions as acting
from bot.services.search.decision import ONE, SEVERAL, Decision
from bot.services.search.engine import Engine
from bot.services.search.message import Message
from bot.services.search.sayings import Request
from bot.services.search.words import split

SHORT = 8  # words: "cái thứ hai nhé", not a sentence that happens to hold a number
CLEAR = 0.3  # what the message must speak for one of the offered more than for the others
# Actions that say which variant of the procedure now talked about is meant.
VARIANT_ACTIONS = frozenset({"again", "exchange", "extend", "end", "pause"})

_ORDINALS = (
    re.compile(r"\b(?:dau tien|thu nhat|(?:so|cai|muc|lua chon) (?:1|mot)|cai dau)\b|^1$"),
    re.compile(r"\b(?:thu hai|thu 2|(?:so|cai|muc|lua chon) (?:2|hai)|o giua)\b|^2$"),
    re.compile(r"\b(?:thu ba|thu 3|(?:so|cai|muc|lua chon) (?:3|ba))\b|^3$"),
)
_LAST = re.compile(r"\b(?:cuoi cung|cai cuoi|sau cung)\b")
_FOR_WHOM = re.compile(r"\s*(?:,|\bcho\b|\bđối với\b|\bcủa\b|\btrong\b|\bkhi\b|\btheo\b).*$")


def narrow(engine: Engine, message: Message, offered: Sequence[str]) -> Decision | None:
    """The offered procedure that the message chooses, or None when it chooses none of them."""
    places = [engine.index.place[code] for code in offered if code in engine.index.place]
    if not places or _names_another(engine, message, places):
        return None
    chosen = _by_number(message, places)
    if chosen is not None:
        return Decision(ONE, ((chosen, 1.0),))
    if not (message.content or message.actions or message.specials):
        return None  # "thế mấy ngày có" tells none of them from the others
    return _by_words(engine, message, places, _shared_object(engine, places))


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
    whole = engine.understand(f"{_text(message)} {_object_of(engine, place)}")
    decision = engine.decide(whole, sector=sector)
    if decision.kind not in (ONE, SEVERAL):
        return None
    first = decision.order[0][0]
    return decision if engine.index.entries[first].sector == sector else None


def _names_another(engine: Engine, message: Message, places: Sequence[int]) -> bool:
    """Whether what the message says most tellingly has nothing to do with the offer."""
    if not message.hits:
        return False
    best = message.hits[0].weight
    meant = {
        engine.index.features[place].family
        for hit in message.hits
        if hit.weight >= best
        for place in engine.ranker.serving(hit.request)
    }
    return meant.isdisjoint(engine.index.features[p].family for p in places)


def _by_number(message: Message, places: Sequence[int]) -> int | None:
    if len(message.words) > SHORT:
        return None
    bare = " ".join(w.bare for w in message.words)
    if "khong phai" in bare:
        return None
    if _LAST.search(bare):
        return places[-1]
    for number, pattern in enumerate(_ORDINALS):
        if number < len(places) and pattern.search(bare):
            return places[number]
    return None


def _by_words(
    engine: Engine, message: Message, places: Sequence[int], subject: str
) -> Decision | None:
    """The one that the message speaks for more than for the others, once the subject is added."""
    before = engine.ranker.compare(engine.understand(subject), places)
    after = engine.ranker.compare(engine.understand(f"{_text(message)} {subject}"), places)
    gains = {b.place: a.total - b.total for a, b in zip(after, before, strict=True)}
    order = sorted(gains, key=lambda p: -gains[p])
    if gains[order[0]] - max((gains[p] for p in order[1:]), default=0.0) < CLEAR:
        return None
    return Decision(ONE, tuple((p, round(0.95 - 0.1 * n, 2)) for n, p in enumerate(order[:9])))


def _shared_object(engine: Engine, places: Sequence[int]) -> str:
    """What the offered procedures are all about, in words that the sayings know."""
    codes = {engine.index.entries[p].code for p in places}
    asks = [r for r in engine.sayings.requests if r.ask and len(codes.intersection(r.codes)) > 1]
    if asks:
        return _without_action(max(asks, key=lambda r: len(codes.intersection(r.codes))).name)
    shared = frozenset.intersection(*(engine.index.features[p].title for p in places))
    words = split(engine.index.entries[places[0]].title)
    return " ".join(w.text for w in words if w.bare in shared)


def _object_of(engine: Engine, place: int) -> str:
    """What a procedure is about, without what is done: "Cấp lại thẻ căn cước" → "thẻ căn cước"."""
    entry = engine.index.entries[place]
    named = [r for r in engine.sayings.requests if entry.code in r.codes]
    for request in named:
        if request.ask and _is_of_one_sector(engine, request):
            return request.name
    return _without_action(_FOR_WHOM.sub("", (named[0].name if named else entry.title).lower()))


def _is_of_one_sector(engine: Engine, request: Request) -> bool:
    """Whether the choice is about one thing ("giấy tờ" that were lost may be anything)."""
    places = engine.ranker.serving(request)
    return len({engine.index.entries[p].sector for p in places}) == 1


def _without_action(name: str) -> str:
    words = split(name)
    _, said = acting.of_message(words)
    return " ".join(w.text for number, w in enumerate(words) if number not in said)


def _text(message: Message) -> str:
    return " ".join(w.text for w in message.words)
