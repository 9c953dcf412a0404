"""How well labelled messages are understood, beside a stock Rasa with the same training data.

Stock: the pipeline of `rasa init` (DIET), trained on one drawing of our examples, and BM25 over the
titles for the procedure; it answers the best title for every question about a procedure, because
it has nothing to tell a guess by. Both run on the configured catalogue.

    python -m benchmarks.understanding tests/data/fresh_messages.jsonl …
"""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import bm25s

from benchmarks import peers
from benchmarks.report import save, table
from bot.database import make_engine, make_sessions, session_scope
from bot.evaluation.metrics import ANSWERED, OTHER, OUT_OF_SCOPE, REFUSED, Item, figures
from bot.evaluation.run import REGISTERS, evaluate, read_lines
from bot.services import catalogue
from bot.settings import ROOT, Settings
from nlu import examples, expansion

FOLDER = peers.STOCK.with_name("stock-understanding")
MOST_EXAMPLES = 5000  # DIET takes minutes for these; our own classifier reads ten times as many
SHOWN = (
    "intent_macro_f1",
    "procedure_top1",
    "procedure_top3",
    "direct",
    "wrong_confident",
    "clarified",
    "out_of_scope_recall",
    "false_refusal",
)
# Reads texts as JSON lines, writes [intent, confidence] for each; run by the stock Python.
_PARSE = """
import asyncio, json, sys
from rasa.core.agent import Agent
agent = Agent.load(sys.argv[1])
async def main():
    for line in sys.stdin:
        intent = (await agent.parse_message(json.loads(line)))["intent"]
        print(json.dumps([intent["name"], intent["confidence"]]), flush=True)
asyncio.run(main())
"""


class StockTitles:
    """BM25 over the titles of the catalogue."""

    def __init__(self, settings: Settings) -> None:
        sessions = make_sessions(make_engine(settings.database_url))
        with session_scope(sessions, readonly=True) as session:
            records = catalogue.all_active(session)
        self._codes = [r.code for r in records]
        self._index = bm25s.BM25()
        self._index.index([_words(r.name) for r in records], show_progress=False)

    def find(self, text: str) -> tuple[str, ...]:
        """The three best codes."""
        found, _ = self._index.retrieve([_words(text)], k=3, show_progress=False)
        return tuple(self._codes[n] for n in found[0])


def _words(text: str) -> list[str]:
    return "".join(c if c.isalnum() else " " for c in text.lower()).split()


def train_stock() -> tuple[Path, dict[str, Any]]:
    """The stock model (trained once) and what its training cost."""
    python = FOLDER.with_name("stock") / "venv" / "bin" / "python"
    costs = FOLDER / "training.json"
    if not costs.exists():
        peers.install_stock()
        shutil.rmtree(FOLDER, ignore_errors=True)
        (FOLDER / "data").mkdir(parents=True)
        config = {"recipe": "default.v1", "language": "en", "pipeline": None, "policies": None}
        peers.write_yaml(FOLDER / "config.yml", config)
        pairs = _examples()
        _write_examples(pairs)
        began = time.perf_counter()
        peers.call([python, "-m", "rasa", "train", "nlu", "--fixed-model-name", "stock"], FOLDER)
        seconds = time.perf_counter() - began
        costs.write_text(json.dumps({"examples": len(pairs), "seconds": round(seconds)}))
    model = FOLDER / "models" / "stock.tar.gz"
    told = json.loads(costs.read_text())
    return model, {**told, "megabytes": round(model.stat().st_size / 1e6, 1)}


def _examples() -> list[tuple[str, str]]:
    once = expansion.Expansion(
        fillings=1, foreign_fillings=1, repeats=1, registers=False, surroundings=False
    )
    pairs = sorted(set(expansion.expand(examples.read(), once)))
    random.Random(1).shuffle(pairs)
    return pairs[:MOST_EXAMPLES]


def _write_examples(pairs: Sequence[tuple[str, str]]) -> None:
    by_intent: dict[str, list[str]] = {}
    for text, intent in pairs:
        by_intent.setdefault(intent, []).append(text)
    nlu = [
        {"intent": intent, "examples": "".join(f"- {text}\n" for text in texts)}
        for intent, texts in sorted(by_intent.items())
    ]
    peers.write_yaml(FOLDER / "data" / "nlu.yml", {"version": "3.1", "nlu": nlu})


def ask_stock(model: Path, lines: Sequence[dict[str, Any]], titles: StockTitles) -> list[Item]:
    """What the stock assistant makes of each message."""
    python = FOLDER.with_name("stock") / "venv" / "bin" / "python"
    asked = "".join(json.dumps(line["text"]) + "\n" for line in lines)
    done = subprocess.run(
        [python, "-c", _PARSE, model], input=asked, capture_output=True, text=True, check=True
    )
    told = [json.loads(row) for row in done.stdout.splitlines() if row.startswith("[")]
    return [
        _item(line, intent or OUT_OF_SCOPE, confidence, titles)
        for line, (intent, confidence) in zip(lines, told, strict=True)
    ]


def _item(line: dict[str, Any], intent: str, confidence: float, titles: StockTitles) -> Item:
    if intent == "nlu_fallback":
        intent = OUT_OF_SCOPE
    outcome, codes = OTHER, ()
    if intent == OUT_OF_SCOPE:
        outcome = REFUSED
    elif intent.startswith("ask_") and intent != "ask_office_hours":
        outcome, codes = ANSWERED, titles.find(line["text"])
    return Item(
        id=line["id"],
        register=line["register"],
        gold_intent=line["intent"],
        gold_procedures=tuple(line.get("procedures") or ()),
        ambiguous=bool(line.get("ambiguous")),
        intent=intent,
        confidence=confidence,
        outcome=outcome,
        procedures=codes,
    )


def compare(settings: Settings, questions: Path, model: Path) -> dict[str, Any]:
    """Both assistants on one set of messages, by register."""
    lines = read_lines(questions)
    ours = evaluate(settings, questions, None)
    items = ask_stock(model, lines, StockTitles(settings))
    stock: dict[str, Any] = {"overall": figures(items)}
    for register in REGISTERS:
        stock[register] = figures([i for i in items if i.register == register])
    return {"ours": {k: ours[k] for k in stock}, "stock": stock}


def main() -> None:
    """Print a table for each file; write results/understanding.json."""
    default = [ROOT / "tests" / "data" / "fresh_messages.jsonl"]
    files = [Path(name) for name in sys.argv[1:]] or default
    settings = Settings.from_env()
    model, costs = train_stock()
    print(f"stock pipeline (DIET): {costs}")
    kept: dict[str, Any] = {"stock_training": costs}
    for file in files:
        both = kept[file.stem] = compare(settings, file, model)
        rows = [
            [f"{name} {who}", *(_cell(both[who][column][name]) for column in both[who])]
            for name in SHOWN
            for who in ("ours", "stock")
        ]
        print(f"\n{file.name}")
        print(table(["", "overall", *REGISTERS], rows))
    save("understanding", kept)


def _cell(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


if __name__ == "__main__":
    main()
