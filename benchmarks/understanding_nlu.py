"""Which reading of a message finds the intent best: features, classifiers, Rasa's own pipelines.

    python -m benchmarks.understanding_nlu [--rasa]

Prints a table and writes benchmarks/results/understanding_nlu.json. Training is told in seconds of
processor time, a message in the median of milliseconds, because machines are shared. `--rasa` adds
Rasa's own classifiers, which learn from a drawing, and ours from the same (a quarter of an hour).
The row with whole words needs the package underthesea and is left out, with a note, where it is not
installed.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import yaml
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.metrics import f1_score
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.svm import LinearSVC

from benchmarks import stock_nlu
from nlu import examples, expansion, intent_model
from nlu import text as reading
from nlu.features import FeatureOptions, features

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results" / "understanding_nlu.json"
DEVELOPMENT = ROOT.parent / "shared" / "data" / "questions_dev.jsonl"
OWN_SETS = tuple(
    ROOT / "tests" / "nlu" / f"{name}_messages.tsv"
    for name in ("held_out", "fresh", "frozen", "second_frozen")
)
REGISTERS = ("accented", "unaccented", "messy")
# Intents that the sets do not have.
NEAREST = {"inform": "check_case_status", "show_menu": "greet", "nlu_fallback": "out_of_scope"}
Pair = tuple[str, str]


@dataclass(frozen=True)
class Message:
    """A labelled message."""

    text: str
    register: str
    intent: str


@dataclass(frozen=True)
class Tried:
    """One way of reading messages, trained."""

    name: str
    predict: Callable[[str], str]
    megabytes: float
    seconds: float  # of processor time


def message_sets() -> dict[str, list[Message]]:
    """The project's own sets and, where it lies beside the checkout, the development set."""
    own = [
        Message(text, register, intent)
        for path in OWN_SETS
        if path.exists()
        for register, intent, text in (
            line.split("\t")
            for line in path.read_text(encoding="utf-8").splitlines()
            if line and not line.startswith("#")
        )
    ]
    sets = {"own": own}
    if DEVELOPMENT.exists():
        lines = DEVELOPMENT.read_text(encoding="utf-8").splitlines()
        rows = [json.loads(line) for line in lines]
        sets["dev"] = [Message(row["text"], row["register"], row["intent"]) for row in rows]
    return sets


def training_pairs(**changes: Any) -> list[Pair]:
    """The expanded training examples, each once."""
    return list(dict.fromkeys(expansion.expand(examples.read(), expansion.Expansion(**changes))))


def shipped(pairs: Sequence[Pair], name: str = "as shipped") -> Tried:
    """The model that the assistant uses."""
    started = time.process_time()
    model = intent_model.fit(pairs)
    seconds = time.process_time() - started
    with tempfile.TemporaryDirectory() as folder:
        model.save(Path(folder))
        size = sum(path.stat().st_size for path in Path(folder).iterdir()) / 1e6
    return Tried(name, lambda text: model.rank(text)[0].name, size, seconds)


def pipeline(name: str, pairs: Sequence[Pair], read: Any, learner: Any) -> Tried:
    """A scikit-learn classifier over the features that `read` makes of a message."""
    started = time.process_time()
    vectorizer = TfidfVectorizer(analyzer=read, min_df=intent_model.RAREST, sublinear_tf=True)
    model: Pipeline = make_pipeline(vectorizer, learner)
    model.fit([text for text, _ in pairs], [intent for _, intent in pairs])
    seconds = time.process_time() - started
    with tempfile.TemporaryDirectory() as folder:
        stored = Path(folder) / "model"
        joblib.dump((vectorizer.vocabulary_, vectorizer.idf_, learner), stored, compress=1)
        size = stored.stat().st_size / 1e6
    return Tried(name, lambda text: str(model.predict([text])[0]), size, seconds)


def sgd() -> SGDClassifier:
    """The learner of the shipped model."""
    return SGDClassifier(
        loss="log_loss", alpha=intent_model.PENALTY, class_weight="balanced", average=True,
        max_iter=intent_model.EPOCHS, tol=None, random_state=7,
    )  # fmt: skip


def with_options(**changes: bool) -> Callable[[str], list[str]]:
    """The shipped features with some kinds on or off."""
    options = FeatureOptions(**changes)
    return lambda text: features(text, options)


def raw_words(text: str) -> list[str]:
    """Words and pairs of words as typed, without nlu.text: what stock features see."""
    words = text.lower().split()
    return [*words, *(" ".join(pair) for pair in itertools.pairwise(words))]


def whole_words() -> Callable[[str], list[str]] | None:
    """Words as underthesea segments them instead of syllables; None when it is not installed."""
    try:
        from underthesea import word_tokenize
    except ImportError:
        return None

    def read(text: str) -> list[str]:
        words = [reading.fold(w) for w in word_tokenize(reading.normalise(text))]
        pairs = [" ".join(pair) for pair in itertools.pairwise(words)]
        return [*words, *pairs, *(f"e:{word}" for word in words[-4:])]

    return read


def candidates(*, with_rasa: bool) -> Iterator[Tried]:
    """Everything that is compared, trained one after the other."""
    yield from sklearn_candidates(training_pairs())
    if with_rasa:
        yield from rasa_candidates(stock_nlu.draw(stock_nlu.filled_once(), stock_nlu.DRAWN))


def sklearn_candidates(pairs: Sequence[Pair]) -> Iterator[Tried]:
    """The comparisons that need seconds."""
    only_words = with_options(letters=False, ends=False, cues=False, field=False)
    yield shipped(pairs)
    yield pipeline("with accented words too", pairs, with_options(accents=True), sgd())
    yield pipeline("without letters", pairs, with_options(letters=False), sgd())
    yield pipeline("without the last words", pairs, with_options(ends=False), sgd())
    yield pipeline("without aspect cues", pairs, with_options(cues=False), sgd())
    yield pipeline("without field words", pairs, with_options(field=False), sgd())
    yield pipeline("syllables only", pairs, only_words, sgd())
    yield pipeline("words as typed, no nlu.text", pairs, raw_words, sgd())
    yield pipeline("linear SVM", pairs, features, LinearSVC(C=0.5, class_weight="balanced"))
    logistic = LogisticRegression(C=4, class_weight="balanced", max_iter=60, tol=1e-2)
    yield pipeline("logistic regression (lbfgs)", pairs, features, logistic)
    yield pipeline("clean examples only", training_pairs(registers=False), features, sgd())
    segmented = whole_words()
    if segmented is None:
        print("whole words: left out, the package underthesea is not installed")
    else:
        yield pipeline("whole words (underthesea)", pairs, segmented, sgd())


def rasa_candidates(drawn: Sequence[Pair]) -> Iterator[Tried]:
    """Rasa's own classifiers on a drawing that DIET can manage, and ours on the same."""
    varied = stock_nlu.as_typed(drawn)
    for kind, pairs in (("as written", drawn), ("varied", varied)):
        yield shipped(pairs, f"as shipped, {len(pairs):,} {kind}")
        stock = stock_nlu.train(pairs)
        with stock_nlu.parser(stock) as parse:
            yield Tried(
                f"Rasa's default pipeline (DIET), {len(pairs):,} {kind}",
                lambda text: parse(text)[0],
                stock.megabytes,
                stock.cpu_seconds,
            )
    for name, parts in _RASA.items():
        yield rasa_candidate(f"{name}, {len(varied):,} varied", parts, varied)


_FEATURIZERS: list[dict[str, Any]] = [
    {"name": "CountVectorsFeaturizer"},
    {"name": "CountVectorsFeaturizer", "analyzer": "char_wb", "min_ngram": 1, "max_ngram": 4},
]
_RASA: dict[str, list[dict[str, Any]]] = {
    "Rasa LogisticRegression, our tokenizer": [
        {"name": "nlu.tokenizer.VietnameseTokenizer"},
        *_FEATURIZERS,
        {"name": "LogisticRegressionClassifier"},
    ],
    "Rasa DIET, our tokenizer": [
        {"name": "nlu.tokenizer.VietnameseTokenizer"},
        {"name": "LexicalSyntacticFeaturizer"},
        *_FEATURIZERS,
        {"name": "DIETClassifier", "epochs": 100, "constrain_similarities": True},
    ],
}


def rasa_candidate(name: str, parts: list[dict[str, Any]], pairs: Sequence[Pair]) -> Tried:
    """A Rasa pipeline trained and loaded as Rasa does it."""
    from rasa.core.agent import Agent
    from rasa.model_training import train_nlu

    folder = Path(tempfile.mkdtemp(prefix="understanding-"))
    config = {"recipe": "default.v1", "assistant_id": "bench", "language": "vi", "pipeline": parts}
    (folder / "config.yml").write_text(yaml.safe_dump(config, allow_unicode=True), "utf-8")
    by_intent: dict[str, list[str]] = {}
    for text, intent in pairs:
        by_intent.setdefault(intent, []).append(f"- {text}")
    blocks = [{"intent": i, "examples": "\n".join(lines)} for i, lines in by_intent.items()]
    data = {"version": "3.1", "nlu": blocks}
    (folder / "nlu.yml").write_text(yaml.safe_dump(data, allow_unicode=True, width=9999), "utf-8")
    started = time.process_time()
    stored = train_nlu(str(folder / "config.yml"), str(folder / "nlu.yml"), str(folder))
    seconds = time.process_time() - started
    agent = Agent.load(stored)
    loop = asyncio.new_event_loop()

    def predict(text: str) -> str:
        return str(loop.run_until_complete(agent.parse_message(text))["intent"]["name"])

    return Tried(name, predict, Path(str(stored)).stat().st_size / 1e6, seconds)


def measure(tried: Tried, sets: dict[str, list[Message]]) -> dict[str, Any]:
    """F1 by set and register, recall of what is out of scope, median milliseconds a message."""
    row: dict[str, Any] = {"name": tried.name, "mb": tried.megabytes, "train_s": tried.seconds}
    tried.predict(next(iter(sets.values()))[0].text)  # what is built at the first call
    spent: list[float] = []
    for name, messages in sets.items():
        found = []
        for message in messages:
            started = time.perf_counter()
            intent = tried.predict(message.text)
            spent.append((time.perf_counter() - started) * 1000)
            found.append(NEAREST.get(intent, intent))
        for register in REGISTERS:
            chosen = [i for i, m in enumerate(messages) if m.register == register]
            truth = [messages[i].intent for i in chosen]
            said = [found[i] for i in chosen]
            labels = sorted(set(truth))
            score = f1_score(truth, said, labels=labels, average="macro")
            row[f"{name}_{register}"] = float(score)
        foreign = [
            f == "out_of_scope"
            for f, m in zip(found, messages, strict=True)
            if m.intent == "out_of_scope"
        ]
        row[f"{name}_out_of_scope"] = float(np.mean(foreign))
    row["ms"] = float(np.median(spent))
    return row


def show(row: dict[str, Any], *, first: bool) -> None:
    """One line of the table on the screen, as soon as it is known."""
    columns = [key for key in row if key != "name"]
    if first:
        print("| tried | " + " | ".join(columns) + " |")
        print("|---" * (len(columns) + 1) + "|")
    print(f"| {row['name']} | " + " | ".join(f"{row[c]:.3g}" for c in columns) + " |", flush=True)


def main() -> None:
    """Measure everything, print the table and keep it."""
    os.environ["RASA_TELEMETRY_ENABLED"] = "false"
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rasa", action="store_true", help="also Rasa's own classifiers")
    arguments = parser.parse_args()
    sets = message_sets()
    rows: list[dict[str, Any]] = []
    for tried in candidates(with_rasa=arguments.rasa):
        rows.append(measure(tried, sets))
        show(rows[-1], first=len(rows) == 1)
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    RESULTS.write_text(json.dumps(rows, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
