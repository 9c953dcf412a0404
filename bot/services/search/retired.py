"""Retired procedures in what was found: each stands for the one that serves instead."""

from __future__ import annotations

from bot.services.search.decision import ONE, SEVERAL, Decision
from bot.services.search.engine import Engine


def without_retired(engine: Engine, decision: Decision) -> Decision:
    """The decision with what replaces the retired in their place, each procedure once.

    A retired one that is meant alone stays: whoever asks for it is told what became of it.
    """
    entries = engine.index.entries
    if decision.kind == ONE or all(entries[place].active for place, _ in decision.order):
        return decision
    order: dict[int, float] = {}
    for place, score in decision.order:
        serving = _serving(engine, place)
        if serving is not None:
            order.setdefault(serving, score)
    if decision.kind != SEVERAL or len(order) > 1:
        return Decision(decision.kind, tuple(order.items()))
    left = tuple(order.items()) or decision.order[:1]
    return Decision(ONE, left)


def _serving(engine: Engine, place: int) -> int | None:
    """The place of what is in use instead, itself where it is; None when nothing is."""
    seen: set[int] = set()
    following: int | None = place
    while following is not None and following not in seen:
        seen.add(following)
        entry = engine.index.entries[following]
        if entry.active:
            return following
        following = engine.index.place.get(entry.replaced_by)
    return None
