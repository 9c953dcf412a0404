"""Learns when to answer and when to offer, and shows what each threshold costs.

Run after benchmarks.search_train: python -m benchmarks.search_certainty [--write]. The same
questions. Answering is right where the first candidate is a right record and nothing was left open;
offering, where the first three hold one. Figures come from five folds that share no procedure.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from benchmarks import report
from benchmarks.search_train import FOLDS, Question, read_questions, write
from bot.services.search.certainty import SIGNALS, signals
from bot.services.search.decision import one_of_each_family, rival_of

ANSWERED = (0.5, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85)  # thresholds that are compared
OFFERED = (0.2, 0.3, 0.4, 0.5, 0.6)


@dataclass(frozen=True)
class Judged:
    """One question whose first candidate was looked at."""

    asked: Question
    values: tuple[float, ...]
    right: bool  # the first is
    held: bool  # one of the first three is

    @property
    def answerable(self) -> bool:
        """Whether answering the first would have been right."""
        return self.right and not self.asked.ambiguous


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the price of each threshold by source; write the weights when asked to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="keep the learned weights")
    options = parser.parse_args(arguments)
    judged = list(judge(read_questions()))
    sources = list(dict.fromkeys(j.asked.source for j in judged))
    answer = [j.answerable for j in judged]
    chances = across_folds(judged, answer)
    rows = [[f"{t:.2f}", *(_answers(judged, chances, s, t) for s in sources)] for t in ANSWERED]
    print(report.table(["direct / wrong / clarified", *sources], rows))
    offer = [j.held for j in judged]
    chances = across_folds(judged, offer)
    rows = [[f"{t:.2f}", *(_offers(judged, chances, s, t) for s in sources)] for t in OFFERED]
    print(report.table(["held and shown / not held and shown", *sources], rows))
    if options.write:
        for name, wanted in (("certainty", answer), ("promise", offer)):
            model = fit(judged, wanted)
            weights = dict(zip(SIGNALS, model.coef_[0], strict=True))
            write(name, {"bias": model.intercept_[0], **weights})


def judge(questions: Iterable[Question]) -> Iterable[Judged]:
    """The signals of each question for which anything is found."""
    for asked in questions:
        engine = asked.engine
        message = engine.understand(asked.text)
        candidates, _ = engine.ranker.rank(message)
        if not candidates:
            continue
        order = one_of_each_family(candidates, engine.ranker)
        contested = rival_of(order, message, engine.ranker) is not None
        values = signals(order, message, engine.ranker, contested=contested)
        first = [engine.index.entries[c.place].code in asked.gold for c in order[:3]]
        yield Judged(asked, values, first[0], any(first))


def across_folds(judged: Sequence[Judged], wanted: Sequence[bool]) -> NDArray[np.float64]:
    """The chance of each question from a model that never saw its procedure."""
    chances = np.zeros(len(judged))
    folds = np.array([j.asked.fold for j in judged])
    for fold in range(FOLDS):
        others, held_out = np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
        model = fit([judged[n] for n in others], [wanted[n] for n in others])
        values = np.array([judged[n].values for n in held_out])
        chances[held_out] = model.predict_proba(values)[:, 1]
    return chances


def fit(judged: Sequence[Judged], wanted: Sequence[bool]) -> LogisticRegression:
    """A logistic model of what is wanted."""
    model = LogisticRegression(C=1.0, max_iter=5000)
    values = np.array([j.values for j in judged])
    return model.fit(values, wanted, sample_weight=[j.asked.weight for j in judged])


def _answers(
    judged: Sequence[Judged], chances: NDArray[np.float64], source: str, threshold: float
) -> str:
    pairs = [(j, c) for j, c in zip(judged, chances, strict=True) if j.asked.source == source]
    named = [(j, c) for j, c in pairs if j.asked.gold]
    clear = [c >= threshold and j.right for j, c in named if not j.asked.ambiguous]
    wrong = [c >= threshold and not j.right for j, c in named]
    unclear = [c < threshold for j, c in named if j.asked.ambiguous]
    return _shares(clear, wrong, unclear)


def _offers(
    judged: Sequence[Judged], chances: NDArray[np.float64], source: str, threshold: float
) -> str:
    pairs = [(j, c) for j, c in zip(judged, chances, strict=True) if j.asked.source == source]
    held = [c >= threshold for j, c in pairs if j.held]
    missed = [c >= threshold for j, c in pairs if not j.asked.gold]
    return _shares(held, missed)


def _shares(*outcomes: Sequence[bool]) -> str:
    return " / ".join(f"{float(np.mean(x)) if x else 1.0:.3f}" for x in outcomes)


if __name__ == "__main__":
    main()
