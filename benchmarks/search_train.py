"""Learns the weights of the search features, and compares them on procedures never seen.

Run: python -m benchmarks.search_train [--write]. Learns from the labelled messages in tests/data,
from the development set, from messages made of official names (benchmarks.search_titles) and from
what people say (data/lookups/phrasings), each asked of an engine that lacks it; the national crawl,
../shared/data, is needed. A listwise logistic model: the right records should get all of the
probability. Figures come from five folds that share no procedure; --write keeps the weights
learned from all.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks import report
from benchmarks.search import SETS, read_entries
from benchmarks.search_titles import messages, sample, without
from bot.services.search.engine import Engine
from bot.services.search.entries import Entry
from bot.services.search.phrasings import load as load_phrasings
from bot.services.search.ranking import FEATURES, WEIGHTS_FILE
from bot.services.search.sayings import load
from nlu.messy import messy
from nlu.text import fold
from tests.services.search.measure import ABOUT, read_items

FOLDS = 5
# Weights of a message made from a name, of a phrase without its question, of a written message, and
# of one from a set that seeks out what is rare or open.
MADE, SAID, WRITTEN, SOUGHT = 0.1, 0.05, 1.0, 0.5
PENALTY = 3e-4
SEARCHED = ABOUT | {"out_of_scope"}  # intents with which a message may come to the search
EVERY = 4  # of the phrases, so many are passed over: ranking all of them takes ten minutes
ROUNDS, RATE = 600, 0.1
# What can only speak against a procedure; everything else can only speak for it. Without this, what
# goes together takes opposite signs, and a smaller catalogue is put in a strange order.
AGAINST = frozenset(
    {"order", "choice", "unheld", "unsaid", "conflicts", "conflicts_said", "ignored", "special"}
    | {"level"}
)

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Question:
    """A message with the codes that are right (none: nothing serves it), and who is asked."""

    engine: Engine
    source: str
    text: str
    gold: frozenset[str]
    weight: float
    ambiguous: bool

    @property
    def fold(self) -> int:
        """Equal for questions about the same procedure."""
        return drawn(min(self.gold, default=self.text))


@dataclass(frozen=True)
class Example:
    """The candidates of one message, and which of them are right."""

    source: str
    text: str
    fold: int
    weight: float
    places: tuple[int, ...]
    families: tuple[str, ...]
    features: Floats
    right: NDArray[np.bool_]


def main(arguments: Sequence[str] | None = None) -> None:
    """Compare, print, and write when asked to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="keep the learned weights")
    options = parser.parse_args(arguments)
    _add_new_features()
    examples = list(read_examples())
    shipped = Engine.build([]).ranker.weights
    rows = [["as shipped", *_shares([e.features @ shipped for e in examples], examples)]]
    rows.append(["learned, folds", *_shares(across_folds(examples), examples)])
    sources = list(dict.fromkeys(e.source for e in examples))
    print(report.table(["top1 / top3", *sources], rows))
    if options.write:
        weights = fit(examples)
        write("weights", dict(zip(FEATURES, weights, strict=True)))


def _add_new_features() -> None:
    """A feature that was not learned yet counts nothing."""
    known = json.loads(WEIGHTS_FILE.read_text(encoding="utf-8"))["weights"]
    if set(known) != set(FEATURES):
        write("weights", {name: known.get(name, 0.0) for name in FEATURES})


def write(section: str, learned: Mapping[str, float]) -> None:
    """Keep one section of the learned numbers."""
    known = json.loads(WEIGHTS_FILE.read_text(encoding="utf-8"))
    known[section] = {name: round(float(value), 3) for name, value in learned.items()}
    WEIGHTS_FILE.write_text(json.dumps(known, indent=1) + "\n", encoding="utf-8")


def read_examples() -> Iterable[Example]:
    """Every question with its candidates."""
    for asked in read_questions():
        engine = asked.engine
        candidates, _ = engine.ranker.rank(engine.understand(asked.text))
        gold = frozenset(engine.index.place[c] for c in asked.gold if c in engine.index.place)
        if candidates and gold:
            places = tuple(c.place for c in candidates)
            yield Example(
                source=asked.source,
                text=asked.text,
                fold=asked.fold,
                weight=asked.weight,
                places=places,
                families=tuple(engine.index.features[p].family for p in places),
                features=np.array([c.values for c in candidates]),
                right=np.array([p in gold for p in places]),
            )


def read_questions() -> Iterable[Question]:
    """Every labelled message, every phrase and every made message, each with its engine."""
    entries = read_entries()
    engine = Engine.build(entries)
    for source, path in SETS.items():
        for item in read_items(path, intents=SEARCHED) if path.exists() else ():
            weight = SOUGHT if source in ("open", "broad", "rare") else WRITTEN
            yield Question(engine, source, item.text, item.gold, weight, item.ambiguous)
    yield from _of_phrasings(entries)
    chosen = sample(entries)
    engine = Engine.build(entries, without(load(), {e.code for e in chosen}), ())
    for asked in messages(chosen, engine.index):
        gold = frozenset(entries[place].code for place in asked.gold)
        yield Question(engine, "names", asked.text, gold, MADE, asked.is_open)


def _of_phrasings(entries: Sequence[Entry]) -> Iterable[Question]:
    """Every phrase, asked of an engine that lacks it and a fifth of the others."""
    phrasings = load_phrasings()
    chance = random.Random(3)
    ways = (str, fold, lambda text: messy(text, chance))
    for part in range(FOLDS):
        left_out = [p for p in phrasings if drawn(p.text) == part][::EVERY]
        engine = Engine.build(entries, phrasings=[p for p in phrasings if drawn(p.text) != part])
        for phrasing in left_out:
            text = chance.choice(ways)(phrasing.text)
            codes = frozenset(phrasing.codes)
            yield Question(engine, "said", text, codes, SAID, phrasing.is_open)


def drawn(key: str) -> int:
    """The fold of a text or a code."""
    return int(hashlib.sha256(key.encode()).hexdigest(), 16) % FOLDS


def across_folds(examples: Sequence[Example]) -> list[Floats]:
    """The scores of each message's candidates from weights that never saw its procedures."""
    weights = [fit([e for e in examples if e.fold != fold]) for fold in range(FOLDS)]
    return [e.features @ weights[e.fold] for e in examples]


def fit(examples: Sequence[Example]) -> Floats:
    """Weights by gradient descent with Adam on standardised features."""
    used = [e for e in examples if e.right.any()]
    x = np.vstack([e.features for e in used])
    right = np.concatenate([e.right for e in used])
    sizes = np.array([len(e.right) for e in used])
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    per_message = np.array([e.weight for e in used])
    scale = x.std(axis=0) + 1e-9
    z = x / scale
    row_weight = np.repeat(per_message / per_message.sum(), sizes)
    weights = np.zeros(x.shape[1])
    first, second = np.zeros_like(weights), np.zeros_like(weights)
    against = np.array([name in AGAINST for name in FEATURES])
    for step in range(1, ROUNDS + 1):
        whole = _softmax(z @ weights, starts, sizes, np.ones_like(right))
        wanted = _softmax(z @ weights, starts, sizes, right)
        gradient = z.T @ (row_weight * (whole - wanted)) + 2 * PENALTY * weights
        first = 0.9 * first + 0.1 * gradient
        second = 0.999 * second + 0.001 * gradient**2
        weights -= RATE * (first / (1 - 0.9**step)) / (np.sqrt(second / (1 - 0.999**step)) + 1e-8)
        weights = np.where(against, np.minimum(weights, 0), np.maximum(weights, 0))
    learned: Floats = weights / scale
    return learned


def _softmax(
    scores: Floats, starts: NDArray[np.int_], sizes: NDArray[np.int_], mask: NDArray[np.bool_]
) -> Floats:
    top = np.repeat(np.maximum.reduceat(scores, starts), sizes)
    odds = np.where(mask, np.exp(np.maximum(scores - top, -50)), 0.0)
    shares: Floats = odds / np.repeat(np.add.reduceat(odds, starts), sizes)
    return shares


def _shares(scores: Sequence[Floats], examples: Sequence[Example]) -> list[str]:
    first: dict[str, list[bool]] = defaultdict(list)
    three: dict[str, list[bool]] = defaultdict(list)
    for score, example in zip(scores, examples, strict=True):
        best = np.argsort(-score, kind="stable")
        families: list[str] = []
        for place in best:
            if example.families[place] not in families:
                families.append(example.families[place])
        offered = [p for p in best if example.families[p] in families[:3]]
        first[example.source].append(bool(example.right[best[0]]))
        three[example.source].append(bool(example.right[offered].any()))
    return [f"{np.mean(first[s]):.3f} / {np.mean(three[s]):.3f}" for s in first]


if __name__ == "__main__":
    main()
