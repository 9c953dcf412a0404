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

EVERYDAY = 40  # `asked` from which a procedure may be answered by a short saying alone
TELLING, LONG = 1.25, 1.6  # weights of a saying: two words, nearly two parts
EXPLAINED = 0.2  # share of the message that a saying below LONG must explain to be answered
SURE = 0.9  # probability among the candidates from which one is answered
COVERED_ONE, TITLE_ONE, SURE_NAMED = 0.6, 0.3, 0.85  # where only names speak
TITLE_NAMED, ORDERED_NAMED = 0.2, 0.15  # below both, a stray word names no procedure
COVERED_SEVERAL = 0.4  # of words and pairs; below this the catalogue does not know what is asked
NEAREST = 0.5  # what the nearest to an unserved request is worth of its score
COVERED_QUOTED, QUOTED = 0.8, 0.6  # shares of the message and of a name that make it a quotation
QUOTED_LEAD = 0.2  # how much better a quotation contests what a saying means
RIVAL_TITLE, RIVAL_COVERED = 0.45, 0.3  # from which a record may contest by action or variant
RIVAL_HOLDS, RIVAL_NAMED = 0.1, 0.3  # how much more of the message, and what share of its name
SIBLING_TELLS, SIBLING_NAMED = 0.25, 0.25  # weight of words that a record of its sector tells
SURE_OPEN, OPEN = 0.95, 0.3  # needed where this share of the message stays unexplained
UNSERVED_LEAD = 0.3  # what a record must be ahead by to serve an unserved request all the same
OFFERED = 3  # choices that are shown

Scored = tuple[tuple[int, float], ...]  # places with scores of 0..1, the best first


@dataclass(frozen=True)
class Decision:
    """What to do, and the places in the index, the best first, with scores of 0..1."""

    kind: str
    order: Scored


def decide(
    message: Message, candidates: Sequence[Candidate], unserved: Unserved | None, ranker: Ranker
) -> Decision:
    """One, several, unknown or nothing for one message."""
    if not message.named:
        return Decision(NOTHING, ())
    order = _one_of_each_family(candidates, ranker)
    scored = _scored(order)
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
    open_action = message.vague and ranker.is_one_of_several(first.place)
    if first.request is None:
        kind = _by_names(first, scored[0][1])
        kind = SEVERAL if kind == ONE and open_action else kind
        scored = _varied(scored, ranker) if kind == SEVERAL else scored
        return Decision(kind, {NOTHING: (), UNKNOWN: nearest}.get(kind, scored))
    rival = next((c.place for c in order[1:] if _contests(c, first, message, ranker)), None)
    kind = _by_saying(first, scored[0][1], ranker)
    if kind == ONE and not open_action and rival is None:
        return Decision(ONE, scored)
    return Decision(SEVERAL, _with_rival(_varied(scored, ranker), rival))


def _quoted(candidate: Candidate) -> float:
    """0..1: how far the message and the name are one and the same."""
    return min(candidate.covered, candidate.ordered, candidate.title)


def _contests(other: Candidate, first: Candidate, message: Message, ranker: Ranker) -> bool:
    """Whether another record takes up what the first, meant by a saying, leaves unheard.

    That is its own name, more of the message, or an action or a variant that the message names.
    """
    more = other.covered + other.ordered - first.covered - first.ordered
    if more > RIVAL_HOLDS and other.title > RIVAL_NAMED and ranker.is_plain(other.place, message):
        return True
    if _quoted(other) > max(QUOTED, _quoted(first) + QUOTED_LEAD):
        return True
    if other.title > SIBLING_NAMED and _tells(other, first, message, ranker) > SIBLING_TELLS:
        return True
    if other.title < RIVAL_TITLE or other.covered < first.covered - RIVAL_COVERED:
        return False
    action = not ranker.acts(first.place, message) and ranker.acts(other.place, message)
    variant = ranker.variants(other.place, message) - ranker.variants(first.place, message)
    return action or bool(variant)


def _tells(other: Candidate, first: Candidate, message: Message, ranker: Ranker) -> float:
    """Weight of the message's words that the name of a record of the same sector takes up.

    Counted are those that the first lacks altogether, less those of the first's name that the
    other lacks.
    """
    index = ranker.index
    if index.entries[other.place].sector != index.entries[first.place].sector:
        return 0.0
    mine, theirs = index.features[first.place], index.features[other.place]
    said = message.said_of(first.request)
    gained = [
        w for w in message.content if w in theirs.title and w not in said and w not in mine.terms
    ]
    lost = [w for w in message.content if w in mine.title and w not in theirs.terms]
    return sum(message.weights[w] for w in gained) - sum(message.weights[w] for w in lost)


def _is_quoted(first: Candidate) -> bool:
    """Whether the message says the name itself, so that no saying is needed."""
    return first.covered >= COVERED_QUOTED and min(first.ordered, first.title) >= QUOTED


def _by_saying(first: Candidate, sure: float, ranker: Ranker) -> str:
    assert first.request is not None
    rare = ranker.asked(first.place) < EVERYDAY
    vague = (rare and first.said < TELLING) or (first.said < LONG and first.covered < EXPLAINED)
    needed = SURE_OPEN if first.covered < 1 - OPEN else SURE
    return SEVERAL if first.request.ask or vague or sure < needed else ONE


def _by_names(first: Candidate, sure: float) -> str:
    if first.title < TITLE_NAMED and first.ordered < ORDERED_NAMED:
        return NOTHING
    if (first.covered + first.ordered) / 2 < COVERED_SEVERAL:
        return UNKNOWN
    clear = first.covered >= COVERED_ONE and first.title >= TITLE_ONE
    return ONE if clear and sure >= SURE_NAMED else SEVERAL


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


def _varied(scored: Scored, ranker: Ranker) -> Scored:
    """Of what differs by its action alone, two in the first three: another matter comes third."""
    subjects = [ranker.index.features[place].subject for place, _ in scored]
    if len(scored) <= OFFERED or len(set(subjects[:OFFERED])) > 1:
        return scored
    other = next((n for n, s in enumerate(subjects) if s != subjects[0]), None)
    if other is None:
        return scored
    moved = scored[other]
    return (*scored[: OFFERED - 1], moved, *(s for s in scored[OFFERED - 1 :] if s != moved))


def _with_rival(scored: Scored, rival: int | None) -> Scored:
    """What contests the first is offered beside it."""
    if rival is None:
        return scored
    moved = next(s for s in scored if s[0] == rival)
    return (scored[0], moved, *(s for s in scored[1:] if s != moved))


def _scored(order: Sequence[Candidate]) -> Scored:
    """0..1 for each: the probability among the candidates that the learned weights give it."""
    if not order:
        return ()
    odds = [math.exp(c.total - order[0].total) for c in order]
    whole = sum(odds)
    return tuple((c.place, round(o / whole, 4)) for c, o in zip(order, odds, strict=True))
