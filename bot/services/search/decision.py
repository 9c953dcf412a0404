"""From an order to an answer: one procedure, a choice, none that serves, or nothing named.

A wrong answer about fees and papers harms more than a question back, so one procedure is answered
only when it is almost certain that it is meant, and nothing in the message leaves a choice.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from bot.services.search.certainty import certainty, promise, signals
from bot.services.search.message import Message
from bot.services.search.ranking import Candidate, Ranker, Unserved

ONE, SEVERAL, UNKNOWN, NOTHING = "one", "several", "unknown", "nothing"

CERTAIN = 0.8  # certainty from which one is answered
EVERYDAY = 70  # `asked` from which who names a matter without more means its ordinary form
UNDECIDED = 0.5  # share of like phrases that leave a choice, from which a bare name does so too
SAID_OPEN = 0.6  # likeness to a phrase that leaves a choice, from which the message leaves it too
NEAR_ALIKE = 0.3  # likeness to a phrase from which its procedure is worth a look
WHOLE = 0.95  # shares of a message and of a name from which they are the same
TITLE_NAMED, ORDERED_NAMED = 0.2, 0.15  # below both, a stray word names no procedure
PROMISING = 0.35  # probability that the first three hold what is meant, from which they are shown
# How likely a record must be to be worth a look, by how many telling words it shares with a request
# that nothing serves, and how likely another is to stand beside it.
NEAR, BESIDE = {1: 0.15, 2: 0.03}, 0.015
COVERED_QUOTED, QUOTED = 0.8, 0.6  # shares of the message and of a name that make it a quotation
QUOTED_LEAD = 0.2  # how much better a quotation contests what a saying means
RIVAL_TITLE, RIVAL_COVERED = 0.45, 0.3  # from which a record may contest by action or variant
RIVAL_HOLDS, RIVAL_NAMED = 0.1, 0.3  # how much more of the message, and what share of its name
SIBLING_TELLS, SIBLING_NAMED = 0.25, 0.25  # weight of words that a record of its sector tells
UNSERVED_LEAD = 0.3  # what a record must be ahead by to serve an unserved request all the same
OFFERED = 3  # choices that are shown

Scored = tuple[tuple[int, float], ...]  # places with scores of 0..1, the best first


@dataclass(frozen=True)
class Decision:
    """What to do, and the places in the index, the best first, with scores of 0..1.

    `taught`: staff have said so of these very words.
    """

    kind: str
    order: Scored
    taught: bool = False


def decide(
    message: Message, candidates: Sequence[Candidate], unserved: Unserved | None, ranker: Ranker
) -> Decision:
    """One, several, unknown or nothing for one message."""
    opened = _opened(message)
    if not message.named:
        return opened or Decision(NOTHING, ())
    order = one_of_each_family(candidates, ranker)
    if not order:
        return Decision(UNKNOWN, ())
    scored = _scored(order)
    first = order[0]
    served = unserved is None or first.said + UNSERVED_LEAD >= unserved.said or _is_quoted(first)
    rival = rival_of(order, message, ranker)
    values = signals(order, message, ranker, contested=rival is not None)
    if not served or promise(values) < PROMISING:
        if served and (opened or not _is_named(first, message)):
            return opened or Decision(NOTHING, ())
        return Decision(UNKNOWN, _near(order, scored, message, ranker))
    sure = _is_said_whole(first, message, ranker) or certainty(values) >= CERTAIN
    if sure and not _leaves_choice(first, message, ranker):
        return Decision(ONE, scored)
    return Decision(SEVERAL, _with_rival(_varied(scored, ranker), rival))


def _opened(message: Message) -> Decision | None:
    """The choice that people leave who say just this ("xin giấy xác nhận"); None for others."""
    comparison = message.likeness
    a_word = len(message.bare) < 2  # "thế" of "thế mất mấy ngày" may be "thẻ"
    if a_word or not comparison.is_open or comparison.shared < SAID_OPEN:
        return None
    share = round(1 / len(comparison.choice), 4)
    return Decision(SEVERAL, tuple((place, share) for place in comparison.choice))


def rival_of(order: Sequence[Candidate], message: Message, ranker: Ranker) -> int | None:
    """The place of a record that takes up what the first, meant by a saying, leaves unheard."""
    first = order[0]
    if first.request is None:
        return None
    return next((c.place for c in order[1:] if _contests(c, first, message, ranker)), None)


def _is_named(first: Candidate, message: Message) -> bool:
    """Whether the message names a procedure: this one, or a "giấy phép …" that is not known."""
    by_name = first.title >= TITLE_NAMED or first.ordered >= ORDERED_NAMED
    official = len(message.content) > len(message.telling) > 0
    return first.request is not None or by_name or official


def _is_said_whole(first: Candidate, message: Message, ranker: Ranker) -> bool:
    """Whether the message is the name itself, or names an everyday matter and nothing else."""
    if min(first.covered, first.title) >= WHOLE:
        return True
    everyday = first.request is not None and ranker.asked(first.place) >= EVERYDAY
    bare = message.said_of(first.request).issuperset(message.content)
    closed = message.likeness.undecided < UNDECIDED and not message.actions and not message.specials
    return everyday and bare and closed


def _leaves_choice(first: Candidate, message: Message, ranker: Ranker) -> bool:
    """Whether people who say this may mean different procedures."""
    asks = first.request is not None and first.request.ask
    return asks or (message.vague and ranker.is_one_of_several(first.place))


def _near(order: Sequence[Candidate], scored: Scored, message: Message, ranker: Ranker) -> Scored:
    """The records that share telling words with the message, if one is likely enough."""
    shared = {c.place: ranker.telling(c.place, message) for c in order}
    alike = {c.place for c in order if c.likeness.best >= NEAR_ALIKE}
    found = any(score >= NEAR.get(min(shared[place], 2), 2.0) for place, score in scored)
    if not found and not alike:
        return ()
    return tuple(s for s in scored if s[0] in alike or (s[1] >= BESIDE and shared[s[0]]))


def _quoted(candidate: Candidate) -> float:
    """0..1: how far the message and the name are one and the same."""
    return min(candidate.covered, candidate.ordered, candidate.title)


def _contests(other: Candidate, first: Candidate, message: Message, ranker: Ranker) -> bool:
    """Whether another record contests what the first means.

    It takes up its own name, more of the message, or an action or a variant that the message names.
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


def one_of_each_family(candidates: Sequence[Candidate], ranker: Ranker) -> list[Candidate]:
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
