"""A stock Rasa NLU (the pipeline of `rasa init`) trained on a drawing of our examples."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
import os
import random
import re
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import peers
from nlu import examples, expansion

Pair = tuple[str, str]  # text, intent
FOLDER = peers.STOCK.with_name("stock-understanding")
DRAWN = 1500  # DIET takes about five minutes of processor time for a thousand examples
_ONCE = expansion.Expansion(
    fillings=1, foreign_fillings=1, repeats=1, registers=False, surroundings=False
)
_BARE = re.compile(r"<[^<>]+>")
_CONFIG = {"recipe": "default.v1", "assistant_id": "stock", "language": "en"}
# Reads texts as JSON lines, writes [intent, confidence] for each; run by the stock Python.
_PARSE = """
import asyncio, json, sys
from rasa.core.agent import Agent
agent = Agent.load(sys.argv[1])
async def main():
    for line in sys.stdin:
        intent = (await agent.parse_message(json.loads(line)))["intent"]
        print("=" + json.dumps([intent["name"], intent["confidence"]]), flush=True)
asyncio.run(main())
"""


@dataclass(frozen=True)
class StockModel:
    """A trained stock model and what its training took."""

    path: Path
    examples: int
    seconds: float  # wall clock
    cpu_seconds: float

    @property
    def megabytes(self) -> float:
        """Size of the archive."""
        return self.path.stat().st_size / 1e6


def filled_once() -> list[Pair]:
    """Every example of data/nlu once, its placeholders filled."""
    chance = random.Random(1)
    plain: list[Pair] = []
    bare: list[Pair] = []
    for example in examples.read():
        (bare if _BARE.fullmatch(example[0]) else plain).append(example)
    pairs = list(expansion.expand(plain, _ONCE))
    pairs += [chance.choice(list(expansion.expand([example], _ONCE))) for example in bare]
    return list(dict.fromkeys(pairs))


def draw(pairs: Sequence[Pair], count: int) -> list[Pair]:
    """About `count` pairs, intents in proportion, of each at least two if it has them."""
    by_intent: dict[str, list[Pair]] = {}
    for pair in pairs:
        by_intent.setdefault(pair[1], []).append(pair)
    share = min(1.0, count / len(pairs))
    chance = random.Random(1)
    drawn: list[Pair] = []
    for intent in sorted(by_intent):
        group = by_intent[intent]
        drawn += chance.sample(group, min(len(group), max(2, round(share * len(group)))))
    return drawn


def as_typed(pairs: Sequence[Pair]) -> list[Pair]:
    """Each example in one of the forms that our classifier learns: in haste, without marks, …"""
    chance = random.Random(1)
    varied = dataclasses.replace(_ONCE, registers=True, surroundings=True)
    forms = list(expansion.expand(pairs, varied))
    each = len(forms) // len(pairs)
    return [chance.choice(forms[at : at + each]) for at in range(0, len(forms), each)]


def train(pairs: Sequence[Pair]) -> StockModel:
    """A stock Rasa NLU model of these examples, trained unless that was done."""
    python = peers.install_stock()
    nlu = _nlu_file(pairs)
    folder = FOLDER / hashlib.sha256(json.dumps(nlu).encode()).hexdigest()[:12]
    costs, model = folder / "training.json", folder / "models" / "stock.tar.gz"
    if not costs.exists():
        print(f"Training a stock Rasa on {len(pairs)} examples …", flush=True)
        (folder / "data").mkdir(parents=True, exist_ok=True)
        # Without a pipeline Rasa takes its default one, as after `rasa init`.
        config = {**_CONFIG, "pipeline": None, "policies": None}
        peers.write_yaml(folder / "config.yml", config)
        peers.write_yaml(folder / "data" / "nlu.yml", nlu)
        began, used = time.perf_counter(), _children_cpu()
        peers.call([python, "-m", "rasa", "train", "nlu", "--fixed-model-name", "stock"], folder)
        told = {"seconds": time.perf_counter() - began, "cpu_seconds": _children_cpu() - used}
        costs.write_text(json.dumps({"examples": len(pairs), **told}))
    return StockModel(model, **json.loads(costs.read_text()))


def _nlu_file(pairs: Sequence[Pair]) -> dict[str, Any]:
    by_intent: dict[str, list[str]] = {}
    for text, intent in pairs:
        by_intent.setdefault(intent, []).append(text)
    blocks = [
        {"intent": intent, "examples": "".join(f"- {text}\n" for text in texts)}
        for intent, texts in sorted(by_intent.items())
    ]
    return {"version": "3.1", "nlu": blocks}


def _children_cpu() -> float:
    times = os.times()
    return times.children_user + times.children_system


@contextlib.contextmanager
def parser(model: StockModel) -> Iterator[Callable[[str], tuple[str, float]]]:
    """Gives what finds the intent and its confidence, in a process of the stock Python."""
    process = subprocess.Popen(
        [peers.install_stock(), "-c", _PARSE, model.path],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    asked, told = process.stdin, process.stdout
    assert asked is not None
    assert told is not None

    def parse(text: str) -> tuple[str, float]:
        print(json.dumps(text), file=asked, flush=True)
        for line in told:
            if line.startswith("="):
                name, confidence = json.loads(line[1:])
                return str(name), confidence
        raise SystemExit(f"the stock Rasa ended with {process.wait()}")

    try:
        yield parse
    finally:
        asked.close()
        process.wait()
