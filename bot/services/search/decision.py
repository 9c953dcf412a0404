"""From an order to an answer: one procedure, a choice, none that serves, or nothing named.

A wrong answer about fees and papers harms more than a question back, so one procedure is answered
only when it is an everyday one, clearly ahead, and nothing else in the message speaks against it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from bot.services.search.message import Message
from bot.services.search.ranking import Candidate, Ranker, Unserved

ONE, SEVERAL, UNKNOWN, NOTHING = "one", "several", "unknown", "nothing"

EVERYDAY = 40  # `asked` from which a procedure may be answered without a question back
TELLING, LONG = 1.25, 1.6  # weights of a saying: two words, nearly two parts
EXPLAINED = 0.3  # share of the message that a saying below LONG must explain to be answered
AHEAD = 0.55  # what the first must lead the second by
AHEAD_RARE = 0.9  # the same for a procedure that few need
AHEAD_UNSAID = 0.3  # the same where only names speak
COVERED_ONE, TITLE_ONE = 0.8, 0.75  # where only names speak
TITLE_NAMED, ORDERED_NAMED = 0.2, 0.15  # below both, a stray word names no procedure
COVERED_SEVERAL = 0.4  # of words and pairs; below this the catalogue does not know what is asked
EXACT_COVERED, EXACT_TITLE = 0.9, 0.85  # the official name was typed
NEAREST = 0.5  # what the nearest to an unserved request is worth of its score
QUOTED = 0.6  # share of a name, and of the message's pairs, from which the name is said
UNSERVED_LEAD = 0.3  # what a record must be ahead by to serve an unserved request all the same


@dataclass(frozen=True)
class Decision:
    """What to do, and the places in the index, the best first, with scores of 0..1."""

    kind: str
    order: tuple[tuple[int, float], ...]


def decide(
    message: Message, candidates: Sequence[Candidate], unserved: Unserved | None, ranker: Ranker
) -> Decision:
    """One, several, unknown or nothing for one message."""
    if not message.named:
        return Decision(NOTHING, ())
    order = _one_of_each_family(candidates, ranker)
    scored = tuple((c.place, _score(c, order)) for c in order)
    nearest = tuple(
        (c.place, round(NEAREST * c.covered * score, 4))
        for c, (_, score) in zip(order, scored, strict=True)
    )
    if not order:
        return Decision(UNKNOWN, ())
    first = order[0]
    if (
        unserved is not None
        and unserved.said > first.said + UNSERVED_LEAD
        and not _is_quoted(first)
    ):
        return Decision(UNKNOWN, nearest)
    if first.request is None:
        kind = _by_names(first, order, ranker)
        return Decision(kind, {NOTHING: (), UNKNOWN: nearest}.get(kind, scored))
    return Decision(_by_saying(first, order, ranker), scored)


def _is_quoted(first: Candidate) -> bool:
    """Whether the message says the name itself, so that no saying is needed."""
    return first.covered >= COVERED_ONE and min(first.ordered, first.title) >= QUOTED


def _by_saying(first: Candidate, order: Sequence[Candidate], ranker: Ranker) -> str:
    assert first.request is not None
    rare = ranker.asked(first.place) < EVERYDAY
    lead = AHEAD_RARE if rare else AHEAD
    rivals = [
        c for c in order[1:] if c.request is not first.request and first.total - c.total < lead
    ]
    vague = (rare and first.said < TELLING) or (first.said < LONG and first.covered < EXPLAINED)
    return SEVERAL if first.request.ask or rivals or vague else ONE


def _by_names(first: Candidate, order: Sequence[Candidate], ranker: Ranker) -> str:
    if first.title < TITLE_NAMED and first.ordered < ORDERED_NAMED:
        return NOTHING
    if (first.covered + first.ordered) / 2 < COVERED_SEVERAL:
        return UNKNOWN
    rival = len(order) > 1 and first.total - order[1].total < AHEAD_UNSAID
    exact = first.covered >= EXACT_COVERED and first.title >= EXACT_TITLE
    everyday = ranker.asked(first.place) >= EVERYDAY
    clear = first.covered >= COVERED_ONE and first.title >= TITLE_ONE
    return ONE if not rival and (exact or (everyday and clear)) else SEVERAL


def _one_of_each_family(candidates: Sequence[Candidate], ranker: Ranker) -> list[Candidate]:
    """The same procedure at another level or by another way is no other choice."""
    seen: set[str] = set()
    kept: list[Candidate] = []
    for candidate in candidates:
        family = ranker.index.features[candidate.place].family
        if family not in seen:
            seen.add(family)
            kept.append(candidate)
    return kept


def _score(candidate: Candidate, order: Sequence[Candidate]) -> float:
    """0..1: how sure, from what speaks for it and how far it is from the first."""
    behind = order[0].total - candidate.total
    return round(1 / (1 + math.exp(2.2 - 1.3 * candidate.total)) * math.exp(-behind), 4)
