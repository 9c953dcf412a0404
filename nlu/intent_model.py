"""The intent classifier itself: a linear model over sparse features. It knows nothing of Rasa.

Training uses scikit-learn; afterwards the model is one matrix and a vocabulary, read with numpy
alone, so that a message costs a millisecond and a stored model holds no pickled code.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nlu.features import ALL, FeatureOptions, features

PENALTY = 5e-6  # chosen by cross-validation, as is the temperature
RAREST = 3  # a feature seen less often is noise
EPOCHS = 8
# Added to the scores of intents: what no office does is met in more forms than anybody can list.
LEANING = {"out_of_scope": 0.3}
TEMPERATURE = 1.1  # divides the scores so that confidences are calibrated
_MATRIX, _NAMES = "intents.npz", "intents.json"


@dataclass(frozen=True)
class Ranked:
    """An intent and how sure the model is, 0..1."""

    name: str
    confidence: float


class IntentModel:
    """Weights by feature and intent."""

    def __init__(
        self,
        vocabulary: dict[str, int],
        intents: Sequence[str],
        weights: np.ndarray,  # features × intents
        bias: np.ndarray,
        rarity: np.ndarray,  # inverse document frequency by feature
        temperature: float = 1.0,
        options: FeatureOptions = ALL,
    ) -> None:
        self._vocabulary = vocabulary
        self.intents = list(intents)
        self._weights = weights
        self._bias = bias
        self._rarity = rarity
        self._temperature = temperature
        self._options = options

    def rank(self, text: str) -> list[Ranked]:
        """All intents, the likeliest first."""
        logits = self.logits(text) / self._temperature
        odds = np.exp(logits - logits.max())
        chances = odds / odds.sum()
        order = np.argsort(-chances)
        return [Ranked(self.intents[i], float(chances[i])) for i in order]

    def logits(self, text: str) -> np.ndarray:
        """The raw scores, in the order of `intents`."""
        counts = Counter(features(text, self._options))
        known = [(self._vocabulary[f], n) for f, n in counts.items() if f in self._vocabulary]
        if not known:  # nothing readable: every intent is as likely
            return np.zeros_like(self._bias)
        columns = np.array([column for column, _ in known])
        values = (1 + np.log([n for _, n in known])) * self._rarity[columns]
        values /= np.sqrt((values**2).sum())
        return values @ self._weights[columns] + self._bias

    def save(self, folder: Path) -> None:
        """Write the model into a folder as plain numbers and names."""
        np.savez_compressed(
            folder / _MATRIX, weights=self._weights, bias=self._bias, rarity=self._rarity
        )
        content = {
            "vocabulary": sorted(self._vocabulary, key=self._vocabulary.__getitem__),
            "intents": self.intents,
            "temperature": self._temperature,
            "options": vars(self._options),
        }
        (folder / _NAMES).write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> IntentModel:
        """Read what `save` wrote."""
        names = json.loads((folder / _NAMES).read_text(encoding="utf-8"))
        with np.load(folder / _MATRIX, allow_pickle=False) as stored:
            return cls(
                {name: column for column, name in enumerate(names["vocabulary"])},
                names["intents"],
                stored["weights"],
                stored["bias"],
                stored["rarity"],
                names["temperature"],
                FeatureOptions(**names["options"]),
            )


def fit(
    examples: Iterable[tuple[str, str]],
    *,
    penalty: float = PENALTY,
    temperature: float = TEMPERATURE,
    options: FeatureOptions = ALL,
) -> IntentModel:
    """Learn from (text, intent) pairs. `penalty`: weight of the L2 term."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import SGDClassifier

    texts, intents = zip(*dict.fromkeys(examples), strict=True)
    vectorizer = TfidfVectorizer(
        analyzer=lambda text: features(text, options), min_df=RAREST, sublinear_tf=True
    )
    matrix = vectorizer.fit_transform(texts)
    learner = SGDClassifier(
        loss="log_loss",
        alpha=penalty,
        class_weight="balanced",
        average=True,
        max_iter=EPOCHS,
        tol=None,
        random_state=7,
    )
    learner.fit(matrix, intents)
    weights, bias = learner.coef_, learner.intercept_
    names = [str(name) for name in learner.classes_]
    if len(names) == 2:  # scikit-learn keeps one row for two classes
        weights, bias = np.vstack([-weights, weights]), np.concatenate([-bias, bias])
    return IntentModel(
        {name: int(column) for name, column in vectorizer.vocabulary_.items()},
        names,
        weights.T.astype(np.float32),
        (bias + [LEANING.get(name, 0.0) for name in names]).astype(np.float32),
        vectorizer.idf_.astype(np.float32),
        temperature,
        options,
    )
