"""Procedure search beside plain BM25 and fuzzy matching over titles: accuracy and latency.

Run: python -m benchmarks.search [--size 100000]. Accuracy needs the national crawl, ../shared/data;
without it the starter catalogue is grown to the same sizes and only latency is measured.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import bm25s
import numpy as np
from rapidfuzz import fuzz, process

from benchmarks import report
from bot.catalogue.files import read_file
from bot.services.procedures import ONE, SEVERAL, Match, SearchResult, search_in
from bot.services.search.engine import Engine
from bot.services.search.entries import Entry, from_record
from bot.settings import ROOT
from nlu import text as language
from tests.services.search.measure import Figures, Item, measure, read_items

DATA = ROOT.parent / "shared" / "data"
CRAWL = DATA / "procedures_national_2642.jsonl"
TESTS = ROOT / "tests" / "data"
SETS = {
    "development": DATA / "questions_dev.jsonl",
    "held out": TESTS / "search_heldout.jsonl",
    "fresh": TESTS / "search_fresh.jsonl",
    "rare": TESTS / "search_rare.jsonl",
    "indirect": TESTS / "search_indirect.jsonl",
    "everyday": TESTS / "messages_everyday.jsonl",
    "second": TESTS / "messages_everyday_second.jsonl",
    "third": TESTS / "messages_third.jsonl",
    "fourth": TESTS / "messages_fourth.jsonl",
    "fifth": TESTS / "messages_fifth.jsonl",
    "sixth": TESTS / "messages_sixth.jsonl",
    "open": TESTS / "messages_open.jsonl",
    "broad": TESTS / "messages_broad.jsonl",
    "close": TESTS / "messages_close.jsonl",
}
NATIONAL = 2642
Find = Callable[[str], SearchResult]


@dataclass(frozen=True)
class Latency:
    """Milliseconds of one search, and seconds to build the index."""

    procedures: int
    build: float
    p50: float
    p99: float


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print the tables, write the JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=100_000, help="procedures after growing")
    options = parser.parse_args(arguments)
    entries = read_entries()
    sets = {name: read_items(path) for name, path in SETS.items() if path.exists()}
    texts = [item.text for items in sets.values() for item in items]
    accuracy: dict[str, dict[str, Figures]] = {}
    latency: dict[str, list[Latency]] = {}
    for size in (NATIONAL, options.size):
        catalogue = grow(entries, size)
        for name, build in PEERS.items():
            start = time.perf_counter()
            find = build(catalogue)
            built = time.perf_counter() - start
            if size == NATIONAL and CRAWL.exists():
                accuracy[name] = {s: measure(items, find) for s, items in sets.items()}
            latency.setdefault(name, []).append(timed(find, texts, size, built))
    show(accuracy, latency, sets)
    report.save("search", _plain(accuracy, latency))


def read_entries() -> list[Entry]:
    """The national procedures, or the starter catalogue where the crawl is absent."""
    starter = sorted((ROOT / "data" / "catalogue").glob("*.yml"))
    items = [item for path in ([CRAWL] if CRAWL.exists() else starter) for item in read_file(path)]
    return [from_record(item.record) for item in items if item.record is not None]


def grow(entries: Sequence[Entry], size: int) -> list[Entry]:
    """The same catalogue, grown by names that join the halves of two others."""
    rng = random.Random(7)
    grown = list(entries)
    while len(grown) < size:
        first, second = rng.choice(entries), rng.choice(entries)
        left, right = first.name.split(), second.name.split()
        grown.append(
            Entry(
                code=f"G{len(grown)}",
                name=" ".join([*left[: len(left) // 2 + 1], *right[len(right) // 2 :]]),
                sector=second.sector,
                results=second.results,
                levels=("Cấp bộ",),
            )
        )
    return grown


def ours(entries: Sequence[Entry]) -> Find:
    """The search that answers citizens."""
    engine = Engine.build(entries)
    return lambda text: search_in(engine, text)


def plain_bm25(entries: Sequence[Entry]) -> Find:
    """bm25s over titles without marks; it always answers its first hit."""
    retriever = bm25s.BM25()
    retriever.index([_bare(e.name) for e in entries], show_progress=False)
    known = retriever.vocab_dict

    def find(text: str) -> SearchResult:
        words = [w for w in _bare(text) if w in known]
        if not words:
            return SearchResult(SEVERAL, ())
        places, scores = retriever.retrieve([words], k=10, show_progress=False)
        return _result(entries, places[0], scores[0])

    return find


def fuzzy(entries: Sequence[Entry]) -> Find:
    """rapidfuzz's token-set ratio over titles without marks."""
    titles = [" ".join(_bare(e.name)) for e in entries]

    def find(text: str) -> SearchResult:
        found = process.extract(
            " ".join(_bare(text)), titles, scorer=fuzz.token_set_ratio, limit=10
        )
        return _result(entries, [place for _, _, place in found], [s / 100 for _, s, _ in found])

    return find


PEERS: dict[str, Callable[[Sequence[Entry]], Find]] = {
    "procedure search": ours,
    "bm25s over titles": plain_bm25,
    "rapidfuzz over titles": fuzzy,
}


def timed(find: Find, texts: Sequence[str], size: int, built: float) -> Latency:
    """Each message once after a warm-up; messages are repeated up to about 500 searches."""
    sample = (list(texts) * (500 // len(texts) + 1))[:500] if size < 50_000 else list(texts)[:150]
    find(sample[0])
    spent: list[float] = []
    for text in sample:
        start = time.perf_counter()
        find(text)
        spent.append((time.perf_counter() - start) * 1000)
    p50, p99 = np.percentile(spent, [50, 99])
    return Latency(size, round(built, 2), round(float(p50), 2), round(float(p99), 2))


def show(
    accuracy: dict[str, dict[str, Figures]],
    latency: dict[str, list[Latency]],
    sets: dict[str, list[Item]],
) -> None:
    """The two tables."""
    head = ["", "top1", "top3", "direct", "wrong", "clarified", "told"]
    for name, items in sets.items():
        if accuracy:
            print(f"\n{name}: {len(items)} messages")
            rows = [[peer, *_shares(figures[name])] for peer, figures in accuracy.items()]
            print(report.table(head, rows))
    print()
    rows = [
        [peer, f"{row.procedures:,}", f"{row.build:.2f}", f"{row.p50:.2f}", f"{row.p99:.2f}"]
        for peer, measured in latency.items()
        for row in measured
    ]
    print(report.table(["", "procedures", "build s", "p50 ms", "p99 ms"], rows))


def _shares(figures: Figures) -> list[str]:
    f = figures
    shares = (f.top1, f.top3, f.direct, f.wrong_confident, f.clarified, f.unserved_told)
    return [f"{share:.3f}" for share in shares]


def _result(
    entries: Sequence[Entry], places: Sequence[int], scores: Sequence[float]
) -> SearchResult:
    matches = tuple(
        Match(entries[place].code, entries[place].name, float(score))
        for place, score in zip(places, scores, strict=True)
    )
    return SearchResult(ONE if matches else SEVERAL, matches)


def _bare(text: str) -> list[str]:
    return language.fold(language.nfc(text)).split()


def _plain(
    accuracy: dict[str, dict[str, Figures]], latency: dict[str, list[Latency]]
) -> dict[str, Any]:
    return {
        "accuracy": {p: {s: asdict(f) for s, f in by.items()} for p, by in accuracy.items()},
        "latency": {p: [asdict(row) for row in rows] for p, rows in latency.items()},
    }


if __name__ == "__main__":
    main()
