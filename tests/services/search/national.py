"""The national procedures as search entries, read straight from the public crawl."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path

import pytest

from bot.services.search.engine import Engine
from bot.services.search.entries import Entry
from bot.settings import ROOT

DATA = ROOT.parent / "shared" / "data"
CRAWL = DATA / "procedures_national_2642.jsonl"
DEVELOPMENT = DATA / "questions_dev.jsonl"
TESTS = Path(__file__).resolve().parents[2] / "data"


def need(path: Path) -> None:
    """Skip, with the reason, where the public data is absent."""
    if not path.exists():
        pytest.skip(f"{path.name} is not beside this checkout")


@lru_cache(maxsize=1)
def entries() -> tuple[Entry, ...]:
    """Code, name, sector, levels and result of each procedure."""
    return tuple(_entry(json.loads(line)) for line in CRAWL.open(encoding="utf-8"))


@lru_cache(maxsize=1)
def engine() -> Engine:
    """One engine for all tests: it never changes."""
    return Engine.build(entries())


def _entry(row: dict[str, str]) -> Entry:
    return Entry(
        code=row["ma_thu_tuc"],
        name=row["ten_thu_tuc"],
        sector=row["linh_vuc"],
        results=(row["ket_qua_xu_ly"].split("Từ khóa")[0][:200],),
        levels=tuple(part.strip() for part in row["cap_thuc_hien"].split(",")),
    )
