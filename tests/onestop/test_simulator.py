"""The reference one-stop database looks like a province's, and is nobody's."""

from __future__ import annotations

import datetime as dt
import json
import stat
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, func, select, text
from sqlalchemy.engine import Engine

from bot.onestop import load
from nlu import case_codes
from simulator.onestop import schema
from simulator.onestop.advance import NEXT
from simulator.onestop.calendar import is_working_day
from simulator.onestop.command import main

TODAY = "2026-11-24"
WELL_KNOWN = ["H02.15-260114-0032", "H02.08-260203-0117"]


def run(url: str, *options: str) -> int:
    return main(["--database-url", url, "--today", TODAY, *options])


def engine(url: str) -> Engine:
    return create_engine(url, future=True)


def rows(url: str, query: Any) -> list[Any]:
    with engine(url).connect() as connection:
        return list(connection.execute(query))


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Two thousand cases on SQLite, shared by the tests that only read."""
    url = f"sqlite:///{tmp_path_factory.mktemp('onestop') / 'onestop.db'}"
    assert run(url, "--cases", "2000") == 0
    return url


def test_it_fills_either_database_and_the_bot_reads_it(
    database_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "onestop.yml"
    assert run(database_url, "--cases", "300", "--config-out", str(config), "--sample", "20") == 0
    printed = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [p["code"] for p in printed[:2]] == WELL_KNOWN
    assert len(printed) == 20
    onestop = load(config)
    for line in printed:
        case = onestop.find(line["code"])
        assert case is not None
        assert (case.status, case.phone_last4, case.id_last4) == (
            line["status"],
            line["phone_last4"],
            line["id_last4"],
        )
        assert (case.due.isoformat() if case.due else None) == line["due"]
        assert case.procedure_name
        assert case.office
        assert case.collect_place
        assert case.commune
        assert bool(case.missing_papers) == (case.status == 5)
        assert bool(case.fees) == (case.status == 6)


def test_running_it_again_replaces_what_it_made(database_url: str) -> None:
    assert run(database_url, "--cases", "50") == 0
    assert run(database_url, "--cases", "30") == 0
    assert rows(database_url, select(func.count()).select_from(schema.ho_so)) == [(30,)]


def test_it_never_touches_a_real_one_stop_database(
    database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with engine(database_url).begin() as connection:
        connection.execute(text("CREATE TABLE ho_so (ma_ho_so VARCHAR(60))"))
        connection.execute(text("INSERT INTO ho_so VALUES ('H02.01-250101-0001')"))
    assert run(database_url, "--cases", "10") == 1
    assert "nothing was changed" in capsys.readouterr().err
    assert rows(database_url, text("SELECT * FROM ho_so")) == [("H02.01-250101-0001",)]


def test_the_same_seed_gives_the_same_cases(tmp_path: Path) -> None:
    urls = [f"sqlite:///{tmp_path / name}" for name in ("a.db", "b.db", "c.db")]
    for url, seed in zip(urls, ("7", "7", "8"), strict=True):
        run(url, "--cases", "200", "--seed", seed)
    first, second, third = (rows(u, select(schema.ho_so)) for u in urls)
    assert first == second
    assert first != third


def test_ten_thousand_cases_take_less_than_five_seconds(tmp_path: Path) -> None:
    began = time.perf_counter()
    assert run(f"sqlite:///{tmp_path / 'many.db'}", "--cases", "10000") == 0
    assert time.perf_counter() - began < 5


def test_every_status_occurs_and_some_cases_are_overdue(url: str) -> None:
    cases = rows(url, select(schema.ho_so))
    assert set(Counter(c.ma_trang_thai for c in cases)) == set(range(1, 11))
    late = [
        c
        for c in cases
        if c.ma_trang_thai in (2, 4, 5, 6) and c.ngay_hen_tra < dt.date.fromisoformat(TODAY)
    ]
    assert 0.02 < len(late) / len(cases) < 0.3


def test_every_code_is_a_case_code_of_the_day_it_was_handed_in(url: str) -> None:
    for case in rows(url, select(schema.ho_so)):
        found = case_codes.find(case.ma_ho_so)
        assert found is not None
        assert found.code == case.ma_ho_so
        assert f"-{case.ngay_tiep_nhan:%y%m%d}-" in case.ma_ho_so


def test_cases_come_from_all_99_communes_and_are_due_on_working_days(url: str) -> None:
    units = rows(url, select(schema.don_vi).where(schema.don_vi.c.cap == "xa"))
    assert len({u.ten_don_vi for u in units}) == 99
    dues = {c.ngay_hen_tra for c in rows(url, select(schema.ho_so)) if c.ngay_hen_tra}
    assert all(is_working_day(day) for day in dues)


def test_the_people_are_nobody(url: str) -> None:
    for case in rows(url, select(schema.ho_so)):
        assert case.so_dien_thoai.startswith("090000")
        assert len(case.so_dien_thoai) == 10
        assert len(case.so_dinh_danh) == 12
        assert case.so_dinh_danh[3] == "9"


def test_cases_move_on_one_status_at_a_time(database_url: str) -> None:
    run(database_url, "--cases", "100")
    status = select(schema.ho_so.c.ma_ho_so, schema.ho_so.c.ma_trang_thai)
    before = dict(map(tuple, rows(database_url, status)))
    assert run(database_url, "--advance", "10") == 0
    after = dict(map(tuple, rows(database_url, status)))
    moved = {code for code in before if before[code] != after[code]}
    assert len(moved) == 10
    assert all(after[code] == NEXT[before[code]] for code in moved)


def test_one_case_can_be_moved_and_its_papers_are_then_complete(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    url, config = f"sqlite:///{tmp_path / 'one.db'}", tmp_path / "onestop.yml"
    run(url, "--cases", "10", "--config-out", str(config))
    assert run(url, "--advance", "1", "--code", WELL_KNOWN[0]) == 0
    assert capsys.readouterr().out.split() == [WELL_KNOWN[0]]
    case = load(config).find(WELL_KNOWN[0])
    assert case is not None
    assert (case.status, case.missing_papers) == (4, ())


def test_the_configuration_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    config = tmp_path / "new" / "onestop.yml"
    run(f"sqlite:///{tmp_path / 'x.db'}", "--cases", "1", "--config-out", str(config))
    assert stat.S_IMODE(config.stat().st_mode) == 0o600


def test_a_database_that_cannot_be_reached_is_told_in_one_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run("sqlite:////proc/nowhere/x.db") == 1
    error = capsys.readouterr().err
    assert error.startswith("onestop: ")
    assert error.count("\n") == 1


def test_the_simulator_knows_nothing_of_the_bot() -> None:
    import subprocess

    code = (
        "import sys, simulator.onestop.command;"
        "sys.exit(any(m.split('.')[0] == 'bot' for m in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
