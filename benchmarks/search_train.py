"""Learns the weights of the search features, and compares them on procedures never seen.

Run: python -m benchmarks.search_train [--write]. Learns from the labelled messages in tests/data,
from the development set and from messages made of official names (benchmarks.search_titles); both
need ../shared/data. A listwise logistic model: the right records should get all of the probability.
Figures come from five folds that share no procedure; --write keeps the weights learned from all.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks import report
from benchmarks.search import SETS, read_entries
from benchmarks.search_titles import messages, sample, without
from bot.services.search.engine import Engine
from bot.services.search.ranking import FEATURES, WEIGHTS_FILE
from bot.services.search.sayings import load
from tests.services.search.measure import read_items

FOLDS = 5
MADE, WRITTEN = 0.1, 1.0  # weight of a message made from a name, and of one that a person wrote
PENALTY = 3e-4
ROUNDS, RATE = 600, 0.1

Floats = NDArray[np.float64]


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
    ambiguous: bool = False


def main(arguments: Sequence[str] | None = None) -> None:
    """Compare, print, and write when asked to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="keep the learned weights")
    options = parser.parse_args(arguments)
    examples = list(read_examples())
    shipped = Engine.build([]).ranker.weights
    rows = [["as shipped", *_shares([e.features @ shipped for e in examples], examples)]]
    rows.append(["learned, folds", *_shares(across_folds(examples), examples)])
    sources = list(dict.fromkeys(e.source for e in examples))
    print(report.table(["top1 / top3", *sources], rows))
    if options.write:
        weights = fit(examples)
        plain = {n: round(float(w), 3) for n, w in zip(FEATURES, weights, strict=True)}
        text = json.dumps({"weights": plain}, indent=1)
        WEIGHTS_FILE.write_text(text + "\n", encoding="utf-8")


def read_examples() -> Iterable[Example]:
    """Every labelled and every made message with its candidates."""
    entries = read_entries()
    engine = Engine.build(entries)
    for source, path in SETS.items():
        for item in read_items(path) if path.exists() else ():
            gold = frozenset(engine.index.place[c] for c in item.gold if c in engine.index.place)
            if gold:
                yield from _example(
                    engine, source, item.text, gold, WRITTEN, min(item.gold), item.ambiguous
                )
    chosen = sample(entries)
    engine = Engine.build(entries, without(load(), {e.code for e in chosen}))
    for asked in messages(chosen, engine.index):
        key = min((entries[place].code for place in asked.gold), default="")
        yield from _example(engine, "names", asked.text, asked.gold, MADE, key)


def _example(
    engine: Engine,
    source: str,
    text: str,
    gold: frozenset[int],
    weight: float,
    key: str,
    ambiguous: bool = False,
) -> Iterable[Example]:
    candidates, _ = engine.ranker.rank(engine.understand(text))
    if candidates:
        places = tuple(c.place for c in candidates)
        yield Example(
            source=source,
            text=text,
            fold=int(hashlib.sha256(key.encode()).hexdigest(), 16) % FOLDS,
            weight=weight,
            places=places,
            families=tuple(engine.index.features[p].family for p in places),
            features=np.array([c.values for c in candidates]),
            right=np.array([p in gold for p in places]),
            ambiguous=ambiguous,
        )


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
    for step in range(1, ROUNDS + 1):
        whole = _softmax(z @ weights, starts, sizes, np.ones_like(right))
        wanted = _softmax(z @ weights, starts, sizes, right)
        gradient = z.T @ (row_weight * (whole - wanted)) + 2 * PENALTY * weights
        first = 0.9 * first + 0.1 * gradient
        second = 0.999 * second + 0.001 * gradient**2
        weights -= RATE * (first / (1 - 0.9**step)) / (np.sqrt(second / (1 - 0.999**step)) + 1e-8)
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
