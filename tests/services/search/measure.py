"""The figures of procedure search as the evaluation defines them, without intents."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from bot.services.procedures import NOTHING, ONE, UNKNOWN, SearchResult

# The intents that are about a procedure.
ASPECTS = [
    *("documents", "fee", "processing_time", "where", "steps", "online", "eligibility"),
    *("forms", "result", "legal_basis", "procedure"),
]
ABOUT = frozenset(f"ask_{aspect}" for aspect in ASPECTS)


@dataclass(frozen=True)
class Item:
    """One labelled message."""

    text: str
    register: str
    gold: frozenset[str]
    ambiguous: bool


@dataclass(frozen=True)
class Figures:
    """Shares of 0..1; `items` counts those with a procedure."""

    items: int
    top1: float
    top3: float
    direct: float
    wrong_confident: float
    clarified: float
    unserved_told: float


def read_items(
    path: Path, register: str | None = None, intents: frozenset[str] = ABOUT
) -> list[Item]:
    """The messages of these intents (about procedures), of one register or of all."""
    rows = (json.loads(line) for line in path.open(encoding="utf-8"))
    return [
        Item(r["text"], r["register"], frozenset(r["procedures"]), r.get("ambiguous", False))
        for r in rows
        if r["intent"] in intents and register in (None, r["register"])
    ]


def measure(items: Iterable[Item], find: Callable[[str], SearchResult]) -> Figures:
    """Search each message and count."""
    found = [(item, find(item.text)) for item in items]
    named = [(i, r) for i, r in found if i.gold]
    clear = [(i, r) for i, r in named if not i.ambiguous]
    unclear = [r for i, r in found if i.ambiguous]
    unserved = [r for i, r in found if not i.gold]
    return Figures(
        items=len(named),
        top1=_share(_first(r) in i.gold for i, r in named),
        top3=_share(bool(i.gold & set(_codes(r)[:3])) for i, r in named),
        direct=_share(r.kind == ONE and _first(r) in i.gold for i, r in clear),
        wrong_confident=_share(r.kind == ONE and _first(r) not in i.gold for i, r in named),
        clarified=_share(r.kind != ONE for r in unclear),
        unserved_told=_share(r.kind == UNKNOWN for r in unserved),
    )


def _codes(result: SearchResult) -> list[str]:
    return [] if result.kind == NOTHING else [match.code for match in result.matches]


def _first(result: SearchResult) -> str:
    return next(iter(_codes(result)), "")


def _share(outcomes: Iterable[bool]) -> float:
    counted = list(outcomes)
    return sum(counted) / len(counted) if counted else 1.0
