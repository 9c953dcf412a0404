"""How much of a catalogue file was understood, and a sheet to check a random sample by hand.

python -m benchmarks.parsing [FILE] [--sheet OUT.md]; by default ../shared/data's national records
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bot.catalogue.files import read_file
from bot.catalogue.records import Method, ProcedureRecord
from bot.catalogue.report import count_parts
from bot.settings import ROOT

NATIONAL = ROOT.parent / "shared" / "data" / "procedures_national_2642.jsonl"
RAW = ("cach_thuc_thuc_hien", "thanh_phan_ho_so")


def main() -> None:
    """Print the shares; write the sheet and the JSON when asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path, nargs="?", default=NATIONAL)
    parser.add_argument("--sheet", type=Path, help="where to write raw text beside what was parsed")
    parser.add_argument("--sample", type=int, default=40)
    parser.add_argument("--seed", type=int, default=2026)
    parser.add_argument("--json", type=Path, help="where to write the figures")
    options = parser.parse_args()
    if not options.file.exists():
        print(f"nothing to measure: {options.file.name} is not on this machine")
        return
    started = time.perf_counter()
    items = read_file(options.file)
    seconds = time.perf_counter() - started
    records = [item.record for item in items if item.record is not None]
    figures = measure(records, len(items), seconds)
    print(f"{len(items)} records read, {len(records)} usable, {seconds:.2f} s")
    print("part          parsed  kept raw  not stated   of all  of stated")
    for part, row in figures["parts"].items():
        print(
            f"{part:12}{row['parsed']:>8}{row['unparsed']:>10}{row['absent']:>12}"
            f"{row['of_all']:>8.1%}{row['of_stated']:>10.1%}"
        )
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    if options.sheet:
        chosen = random.Random(options.seed).sample(records, options.sample)
        options.sheet.write_text("\n".join(sheet(chosen, raw_rows(options.file))), encoding="utf-8")


def measure(records: list[ProcedureRecord], read: int, seconds: float) -> dict[str, Any]:
    """The figures as plain JSON types."""
    parts = {
        name: {
            "parsed": count.parsed,
            "unparsed": count.unparsed,
            "absent": count.absent,
            "of_all": count.parsed / count.total,
            "of_stated": count.parsed / max(1, count.parsed + count.unparsed),
        }
        for name, count in count_parts(records).items()
    }
    return {"read": read, "usable": len(records), "seconds": round(seconds, 3), "parts": parts}


def raw_rows(path: Path) -> dict[str, dict[str, str]]:
    """The source rows by code, for files of the national crawl; empty for other formats."""
    if path.suffix != ".jsonl":
        return {}
    rows = (json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line)
    return {row["ma_thu_tuc"]: row for row in rows if "ma_thu_tuc" in row}


def sheet(records: list[ProcedureRecord], rows: dict[str, dict[str, str]]) -> Iterator[str]:
    """For each record the source's words, then what was read from them."""
    for number, record in enumerate(records, start=1):
        yield f"\n## {number}. {record.code} {record.name[:100]}"
        for name in RAW:
            yield f"RAW {name}: {rows.get(record.code, {}).get(name, '')!r}"
        for method in record.methods:
            yield f"  {describe(method)}"
        for group in record.document_groups:
            yield f"  CASE {group.case!r}"
            for paper in group.documents:
                counts = f"{paper.originals}/{paper.copies}"
                yield f"    - {paper.name!r} form={paper.form!r} originals/copies={counts}"
        yield f"  KEPT RAW {record.raw}"


def describe(method: Method) -> str:
    """One parsed row on one line."""
    fees = [(fee.amount, fee.text) for fee in method.fees]
    conflict = " CONFLICT" if method.fees_conflict else ""
    when = f"{method.days} {method.unit} {method.time_text!r}"
    return f"{method.method}: {when} fees={fees}{conflict} note={method.note!r}"


if __name__ == "__main__":
    main()
