"""How well labelled messages are understood, beside a stock Rasa with the same training data.

    python -m benchmarks.understanding [--examples N] [FILES…]

Stock: the pipeline that `rasa init` gives (DIET, 100 epochs), trained on the examples of data/nlu
as they stand, each placeholder filled once, and BM25 over the titles for the procedure. It answers
the best title for every question about a procedure, because it has nothing to tell a guess by.
DIET takes about five minutes of processor time for a thousand examples: it learns from a drawing;
our own classifier is measured on the same drawing too. Both assistants run on the configured
catalogue. Prints a table, writes benchmarks/results/understanding.json.
"""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks import report, search, stock_nlu
from bot import migrate
from bot.database import make_engine, make_sessions, session_scope
from bot.evaluation.metrics import (
    ANSWERED,
    OFFERED,
    OTHER,
    OUT_OF_SCOPE,
    REFUSED,
    Item,
    figures,
    public_intent,
)
from bot.evaluation.run import REGISTERS, evaluate, read_lines
from bot.services.search import entries
from bot.settings import ROOT, Settings
from nlu import expansion, intent_model

Lines = Sequence[Mapping[str, Any]]
FILES = (
    ROOT / "tests" / "data" / "fresh_messages.jsonl",
    ROOT.parent / "shared" / "data" / "questions_dev.jsonl",
)
COLUMNS = ("overall", *REGISTERS)
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
OF_INTENTS = ("intent_macro_f1", "out_of_scope_recall", "false_refusal")


def stock_item(
    line: Mapping[str, Any], intent: str, confidence: float, codes: Sequence[str]
) -> Item:
    """What a stock assistant does: refuses what it takes for foreign, else answers one title."""
    outcome, intent = OTHER, public_intent(intent)
    if intent == OUT_OF_SCOPE:
        outcome = REFUSED
    elif codes and intent.startswith("ask_") and intent != "ask_office_hours":
        outcome = ANSWERED
    return Item(
        id=str(line["id"]),
        register=line["register"],
        gold_intent=line["intent"],
        gold_procedures=tuple(line.get("procedures") or ()),
        ambiguous=bool(line.get("ambiguous")),
        intent=intent,
        confidence=confidence,
        outcome=outcome,
        procedures=tuple(codes) if outcome == ANSWERED else (),
    )


def ask_stock(lines: Lines, model: stock_nlu.StockModel, find: search.Find) -> list[Item]:
    """What the stock assistant makes of each message."""
    with stock_nlu.parser(model) as parse:
        return [
            stock_item(line, *parse(line["text"]), [m.code for m in find(line["text"]).matches])
            for line in lines
        ]


def ask_classifier(lines: Lines, model: intent_model.IntentModel) -> list[Item]:
    """What our classifier alone makes of each message; it names no procedure."""
    best = [model.rank(line["text"])[0] for line in lines]
    return [
        stock_item(line, found.name, found.confidence, ())
        for line, found in zip(lines, best, strict=True)
    ]


def by_register(items: Sequence[Item]) -> dict[str, dict[str, float | None]]:
    """The figures over all items and over those of each register."""
    chosen = {column: [i for i in items if i.register == column] for column in REGISTERS}
    return {"overall": figures(items)} | {c: figures(chosen[c]) for c in REGISTERS}


def offering(items: Sequence[Item]) -> list[Item]:
    """The same items, had the assistant offered three procedures instead of answering one."""
    return [
        dataclasses.replace(item, outcome=OFFERED) if item.outcome == ANSWERED else item
        for item in items
    ]


def titles(settings: Settings) -> search.Find:
    """BM25 over the titles of the configured catalogue."""
    with session_scope(make_sessions(make_engine(settings.database_url)), readonly=True) as session:
        records = entries.read(session)
    if not records:
        raise SystemExit("The configured catalogue is empty: python -m bot import-catalogue …")
    return search.plain_bm25(records)


def compare(settings: Settings, files: Sequence[Path], count: int) -> dict[str, Any]:
    """The figures of each assistant on each file, and what the stock one learned from."""
    migrate.upgrade(settings.database_url)
    find, pairs = titles(settings), stock_nlu.filled_once()
    drawn = stock_nlu.draw(pairs, count)
    stock = stock_nlu.train(drawn)
    classifiers = {
        "ours, same drawing, our variants of it": intent_model.fit(expansion.expand(drawn)),
        "ours, same drawing as it is": intent_model.fit(drawn),
    }
    measured: dict[str, Any] = {}
    for file in files:
        lines = read_lines(file)
        ours = evaluate(settings, file, None)
        answered = ask_stock(lines, stock, find)
        told = {"ours": {column: ours[column] for column in COLUMNS}}
        told["stock"] = by_register(answered)
        told["stock, offering three"] = by_register(offering(answered))
        for name, model in classifiers.items():
            told[name] = by_register(ask_classifier(lines, model))
        measured[file.stem] = told
    training = {"of": len(pairs), "megabytes": stock.megabytes, **dataclasses.asdict(stock)}
    training["path"] = str(stock.path.relative_to(ROOT))
    return {"stock_training": training, "sets": measured}


def rows(sets: Mapping[str, Any]) -> list[list[str]]:
    """A row for each figure and each assistant that has it."""
    found = []
    for name in SHOWN:
        for who in next(iter(sets.values())):
            if name in _figures_of(who):
                cells = (_cell(told[who][c][name]) for told in sets.values() for c in COLUMNS)
                found.append([name, who, *cells])
    return found


def _figures_of(who: str) -> Sequence[str]:
    if who == "stock, offering three":
        return ("procedure_top3",)
    return SHOWN if who in ("ours", "stock") else OF_INTENTS


def _cell(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print the table, write the JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--examples", type=int, default=stock_nlu.DRAWN, help="examples the stock learns from"
    )
    parser.add_argument("files", nargs="*", type=Path, help="labelled messages as JSON lines")
    options = parser.parse_args(arguments)
    files = options.files or [file for file in FILES if file.exists()]
    told = compare(Settings.from_env(), files, options.examples)
    print(told["stock_training"])
    head = ["figure", "who", *(f"{name} {c}" for name in told["sets"] for c in COLUMNS)]
    for row in [head, ["---"] * len(head), *rows(told["sets"])]:
        print("| " + " | ".join(row) + " |")
    report.save("understanding", told)


if __name__ == "__main__":
    main()
