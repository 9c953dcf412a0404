"""How sure it is that the first candidate is meant alone, and that the first three hold it at all.

Two logistic models over the same few signals, learned by python -m benchmarks.search_certainty: the
distance to the next candidate, what speaks for the first, and what the message leaves open.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from bot.services.search.message import Message
from bot.services.search.ranking import FEATURES, Candidate, Ranker, load_learned

FAR = 8.0  # a distance in log odds from which more says nothing

# What the model looks at, in the order of its weights.
SIGNALS = (
    "likely",  # log odds of the first against all others, at most FAR either way
    "ahead",  # distance to the second in log odds, at most FAR
    "meant",  # a saying points at it
    "said",  # weight of the saying
    "choice",  # the saying leaves a choice
    "covered",  # share of the message's words that the record or the saying holds
    "ordered",  # the same for neighbouring words
    "title",  # share of the name that the message says
    "unheld",  # weight of the words that neither the name nor the saying holds
    "asked",  # how often ordinary people need it
    "better_known",  # how much more often than the second
    "alike",  # likeness to the nearest phrase that means it alone
    "opener",  # how much nearer a phrase is that leaves a choice
    "open",  # likeness to that phrase, if it is the nearest and holds the first
    "votes",  # share of the nearest phrases that serve it
    "undecided",  # share of the nearest phrases that leave a choice
    "less_alike",  # how much another procedure's nearest phrase is nearer
    "spoken",  # share of the message that its phrases hold
    "agrees",  # does what the message wants done
    "conflicts",  # does something else
    "no_action",  # nothing is to be done with it, and it has siblings that differ by that
    "vague_action",  # "làm lại", and it can be issued again or exchanged
    "contested",  # another record takes up what the first leaves unheard
    "sibling",  # the second does something else with the same paper
    "short",  # 1 / (1 + number of words that tell)
)


def signals(
    order: Sequence[Candidate], message: Message, ranker: Ranker, *, contested: bool
) -> tuple[float, ...]:
    """The values of SIGNALS for the first of `order`, one candidate of each family."""
    first = order[0]
    values = dict(zip(FEATURES, first.values, strict=True))
    others = [math.exp(c.total - first.total) for c in order[1:]]
    rest = sum(others) or math.exp(-FAR)
    comparison = message.likeness
    return (
        max(-FAR, min(FAR, -math.log(rest))),
        min(FAR, first.total - order[1].total) if len(order) > 1 else FAR,
        values["hit"],
        first.said,
        values["choice"],
        first.covered,
        first.ordered,
        first.title,
        first.unheld,
        ranker.asked(first.place) / 100,
        (ranker.asked(first.place) - ranker.asked(order[1].place)) / 100 if order[1:] else 1.0,
        first.likeness.single,
        max(0.0, comparison.shared - first.likeness.single),
        comparison.shared * (comparison.is_open and first.place in comparison.choice),
        first.likeness.votes,
        comparison.undecided,
        values["less_alike"],
        first.likeness.spoken,
        values["agrees"],
        max(values["conflicts"], values["conflicts_said"]),
        float(not message.actions and ranker.has_siblings(first.place)),
        float(message.vague and ranker.is_one_of_several(first.place)),
        float(contested),
        float(len(order) > 1 and ranker.are_siblings(first.place, order[1].place)),
        1 / (1 + len(message.said_of(first.request).union(message.content))),
    )


def certainty(values: Sequence[float]) -> float:
    """0..1: the probability that the first is right and nothing else could be meant."""
    return _chance("certainty", values)


def promise(values: Sequence[float]) -> float:
    """0..1: the probability that one of the first three is right."""
    return _chance("promise", values)


def _chance(model: str, values: Sequence[float]) -> float:
    bias, *weights = load_learned(model, ("bias", *SIGNALS))
    score = bias + sum(w * v for w, v in zip(weights, values, strict=True))
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, score))))
