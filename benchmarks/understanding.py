"""How well labelled messages are understood, beside a stock Rasa with the same training data.

    python -m benchmarks.understanding [--examples N] [--varied] [FILES…]

Stock: the pipeline that `rasa init` gives (DIET, 100 epochs), trained on the examples of data/nlu
as they stand, each placeholder filled once, and BM25 over the titles for the procedure. It answers
the best title for every question about a procedure, because it has nothing to tell a guess by.
DIET takes about five minutes of processor time for a thousand examples: it learns from a drawing;
our own classifier alone is measured on the same drawing too. `--varied` adds a stock Rasa that
learns the same examples each in one of the forms that ours learns them in (without marks, in haste,
with a greeting). All run on the configured catalogue. Prints a table, writes
benchmarks/results/understanding.json.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
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
from bot.services import schedules
from bot.services.search import entries
from bot.settings import ROOT, Settings
from nlu import intent_model

Lines = Sequence[Mapping[str, Any]]
TESTS, SHARED = ROOT / "tests" / "data", ROOT.parent / "shared" / "data"
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
CLASSIFIER, OFFERING = "our classifier", ", offering three"
TITLES = "stock, every intent right"
OF_SEARCH = ("procedure_top1", "procedure_top3", "direct", "wrong_confident")
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


def codes_of(find: search.Find, line: Mapping[str, Any]) -> list[str]:
    """The procedures found for a message, the best first."""
    return [match.code for match in find(line["text"]).matches]


def ask_stock(lines: Lines, model: stock_nlu.StockModel, find: search.Find) -> list[Item]:
    """What the stock assistant makes of each message."""
    with stock_nlu.parser(model) as parse:
        return [stock_item(line, *parse(line["text"]), codes_of(find, line)) for line in lines]


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
        records = entries.read(session, schedules.today_here())
    if not records:
        raise SystemExit("The configured catalogue is empty: python -m bot import-catalogue …")
    return search.plain_bm25(records)


def compare(
    settings: Settings, files: Sequence[Path], drawn: Mapping[str, Sequence[stock_nlu.Pair]]
) -> dict[str, Any]:
    """The figures of each assistant on each file; `drawn` names what a stock one learns from."""
    migrate.upgrade(settings.database_url)
    find = titles(settings)
    stocks = {f"stock, {name}": stock_nlu.train(pairs) for name, pairs in drawn.items()}
    learned = {name: intent_model.fit(pairs) for name, pairs in drawn.items()}
    measured: dict[str, Any] = {}
    for file in files:
        lines = read_lines(file)
        ours = evaluate(settings, file, None)
        told = {"ours": {column: ours[column] for column in COLUMNS}}
        right = [stock_item(line, line["intent"], 1.0, codes_of(find, line)) for line in lines]
        told[TITLES] = by_register(right)
        told[f"{TITLES}{OFFERING}"] = by_register(offering(right))
        for name, stock in stocks.items():
            answered = ask_stock(lines, stock, find)
            told[name] = by_register(answered)
            told[f"{name}{OFFERING}"] = by_register(offering(answered))
        for name, model in learned.items():
            told[f"{CLASSIFIER}, {name}"] = by_register(ask_classifier(lines, model))
        measured[file.stem] = told
    training = {
        name: {
            "examples": stock.examples,
            "seconds": round(stock.seconds),
            "cpu_seconds": round(stock.cpu_seconds),
            "megabytes": round(stock.megabytes, 1),
        }
        for name, stock in stocks.items()
    }
    return {"training": training, "sets": measured}


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
    if who.endswith(OFFERING):
        return ("procedure_top3",)
    if who == TITLES:
        return OF_SEARCH
    return OF_INTENTS if who.startswith(CLASSIFIER) else SHOWN


def _cell(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def guarded_files() -> list[Path]:
    """The sets whose figures the tests guard; those that are not on this machine are left out."""
    found = []
    for name in json.loads((TESTS / "understanding_measured.json").read_text(encoding="utf-8")):
        places = [folder / f"{name}.jsonl" for folder in (TESTS, SHARED)]
        found += [place for place in places if place.exists()]
        if not any(place.exists() for place in places):
            print(f"{name}: left out, it is not on this machine")
    return sorted(found, key=lambda file: file.parent != TESTS)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print the table, write the JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--examples", type=int, default=stock_nlu.DRAWN, help="examples the stock learns from"
    )
    told_files = "labelled messages as JSON lines; without any, the sets that the tests guard"
    parser.add_argument("files", nargs="*", type=Path, help=told_files)
    parser.add_argument(
        "--varied", action="store_true", help="a stock that learns our variants too"
    )
    options = parser.parse_args(arguments)
    files = options.files or guarded_files()
    plain = stock_nlu.draw(stock_nlu.filled_once(), options.examples)
    drawn = {"as written": plain}
    if options.varied:
        drawn["varied"] = stock_nlu.as_typed(plain)
    told = compare(Settings.from_env(), files, drawn)
    print(told["training"])
    head = ["figure", "who", *(f"{name} {c}" for name in told["sets"] for c in COLUMNS)]
    for row in [head, ["---"] * len(head), *rows(told["sets"])]:
        print("| " + " | ".join(row) + " |")
    report.save("understanding", told)


if __name__ == "__main__":
    main()
