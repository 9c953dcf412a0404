"""One-stop databases of any schema are read, never written, and never waited for too long."""

from __future__ import annotations

import datetime as dt
import os
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import create_engine, text

from bot.errors import OneStopUnavailable, SettingError
from bot.onestop import FeeDue, OneStop, OneStopFile, load
from tests.onestop.invented import CODE, Memory, a_case, serving

# A schema that shares no name with the reference one.
TABLES = (
    'CREATE TABLE "HoSo" (so VARCHAR(60), tt VARCHAR(10), nguoi VARCHAR(100), '
    "viec VARCHAR(100), dt VARCHAR(20), hen VARCHAR(30))",
    "CREATE TABLE thieu (so VARCHAR(60), ten VARCHAR(100), xong INTEGER)",
    "CREATE TABLE tien (so VARCHAR(60), tong NUMERIC(12, 0))",
)
ROWS = (
    "INSERT INTO \"HoSo\" VALUES ('H02.15-260114-0032', 'CBS', 'Lê Hà', 'Khai sinh', "
    "'0900 004 127', '2026-12-04 00:00:00')",
    "INSERT INTO thieu VALUES ('H02.15-260114-0032', 'B', 0)",
    "INSERT INTO thieu VALUES ('H02.15-260114-0032', 'A', 0)",
    "INSERT INTO thieu VALUES ('H02.15-260114-0032', 'C', 1)",
    "INSERT INTO tien VALUES ('H02.15-260114-0032', 15000)",
)


def described(url: str, **changes: Any) -> dict[str, Any]:
    return {
        "name": "other",
        "database_url": url,
        "code_prefixes": ["H02"],
        "cases": {
            "table": "HoSo",
            "columns": {
                "code": "so",
                "status": "tt",
                "applicant": "nguoi",
                "procedure_name": "viec",
                "phone": "dt",
                "due": "hen",
            },
        },
        "missing_papers": {"table": "thieu", "code": "so", "name": "ten", "only": {"xong": 0}},
        "fees": {"table": "tien", "code": "so", "amount": "tong"},
        "status_map": {"CBS": 5, "XONG": 9},
        **changes,
    }


def written(path: Path, *sources: Any) -> Path:
    path.write_text(yaml.safe_dump({"sources": list(sources)}), encoding="utf-8")
    return path


@pytest.fixture
def filled(database_url: str) -> str:
    engine = create_engine(database_url, future=True)
    with engine.begin() as connection:
        for statement in (*TABLES, *ROWS):
            connection.execute(text(statement))
    engine.dispose()
    return database_url


@pytest.fixture
def onestop(filled: str, tmp_path: Path) -> OneStop:
    return load(written(tmp_path / "onestop.yml", described(filled)))


def test_any_schema_is_read_through_its_configured_names(onestop: OneStop) -> None:
    case = onestop.find(CODE)
    assert case is not None
    assert (case.status, case.applicant, case.phone_last4, case.id_last4) == (
        5,
        "Lê Hà",
        "4127",
        "",
    )
    assert case.due == dt.date(2026, 12, 4)
    assert case.missing_papers == ("A", "B")
    assert case.fees == (FeeDue(15_000),)
    assert case.received is None


def test_a_case_never_prints_what_identifies_a_person(onestop: OneStop) -> None:
    printed = repr(onestop.find(CODE))
    assert "Lê Hà" not in printed
    assert "4127" not in printed


@pytest.mark.parametrize(
    "code",
    ["H02.15-260114-0033", "H02' OR '1'='1", "H02.15-260114-0032'; DROP TABLE tien; --", "", "H02"],
)
def test_what_is_not_a_code_finds_nothing_and_breaks_nothing(onestop: OneStop, code: str) -> None:
    assert onestop.find(code) is None
    assert onestop.find(CODE) is not None


def test_the_database_is_never_written_to(onestop: OneStop) -> None:
    engine = onestop._sources[0]._engine  # type: ignore[attr-defined]
    with engine.connect() as connection, pytest.raises(Exception, match=r"read-?only"):
        connection.execute(text("DELETE FROM tien"))


def test_a_status_that_is_not_mapped_is_unknown_and_told_to_the_operator(
    filled: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    config = written(tmp_path / "x.yml", described(filled, status_map={"XONG": 9}))
    case = load(config).find(CODE)
    assert case is not None
    assert case.status == 0
    assert "'CBS' is not in its status_map" in caplog.text
    assert CODE not in caplog.text


def test_a_missing_table_is_unavailable_and_named_to_the_operator(
    database_url: str, tmp_path: Path
) -> None:
    onestop = load(written(tmp_path / "x.yml", described(database_url)))
    if database_url.startswith("sqlite"):
        create_engine(database_url).connect().close()
    with pytest.raises(OneStopUnavailable) as caught:
        onestop.find(CODE)
    message = str(caught.value)
    assert "'other' of ONESTOP_CONFIG" in message
    assert "HoSo" in message
    assert "\n" not in message
    assert CODE not in message


@pytest.mark.parametrize(
    "url",
    [
        "sqlite:////nowhere/at/all.db",
        "postgresql://u:hidden-word@127.0.0.1:1/x",
        "postgresql://u:hidden-word@/x?host=/nowhere",
    ],
)
def test_a_database_that_is_not_there_is_told_in_one_line_without_the_password(
    url: str, tmp_path: Path
) -> None:
    onestop = load(written(tmp_path / "x.yml", described(url)))
    problem = onestop.check()["other"]
    assert "ONESTOP_CONFIG" in problem
    assert "\n" not in problem
    assert "hidden-word" not in problem + repr(onestop.__dict__)
    with pytest.raises(OneStopUnavailable):
        onestop.find(CODE)


def test_a_missing_sqlite_file_is_not_created(tmp_path: Path) -> None:
    onestop = load(written(tmp_path / "x.yml", described(f"sqlite:///{tmp_path / 'no.db'}")))
    assert onestop.check()["other"]
    assert not (tmp_path / "no.db").exists()


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A server that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_a_database_that_never_answers_is_given_up_after_seconds(
    silent_port: int, tmp_path: Path
) -> None:
    url = f"postgresql://u@127.0.0.1:{silent_port}/x"
    onestop = load(written(tmp_path / "x.yml", described(url)))
    began = time.monotonic()
    with pytest.raises(OneStopUnavailable):
        onestop.find(CODE)
    assert time.monotonic() - began < 12


@pytest.mark.postgres
def test_a_statement_that_hangs_is_cut_off(new_postgres_url: str, tmp_path: Path) -> None:
    engine = create_engine(new_postgres_url, future=True)
    with engine.begin() as connection:
        for statement in TABLES:
            connection.execute(text(statement))
    onestop = load(written(tmp_path / "x.yml", described(new_postgres_url)))
    with engine.begin() as connection:
        connection.execute(text('LOCK TABLE "HoSo" IN ACCESS EXCLUSIVE MODE'))
        began = time.monotonic()
        with pytest.raises(OneStopUnavailable):
            onestop.find(CODE)
    assert time.monotonic() - began < 15
    engine.dispose()


def test_it_recovers_when_the_database_comes_back(filled: str, tmp_path: Path) -> None:
    onestop = load(written(tmp_path / "x.yml", described(filled)))
    assert onestop.check() == {"other": ""}
    engine = create_engine(filled, future=True)
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE tien RENAME TO gone"))
    with pytest.raises(OneStopUnavailable):
        onestop.find(CODE)
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE gone RENAME TO tien"))
    assert onestop.find(CODE) is not None
    engine.dispose()


def test_many_citizens_at_once_share_a_small_pool(onestop: OneStop) -> None:
    found = []
    threads = [
        threading.Thread(target=lambda: found.append(onestop.find(CODE) is not None))
        for _ in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [True] * 20


def test_the_code_chooses_the_source_and_the_longest_prefix_wins() -> None:
    province, department = Memory(name="province"), Memory(name="department")
    onestop = OneStop([(province, ["H02", "H05"]), (department, ["H02.15"])])
    served = {
        "H02.15-260114-0032": "department",
        "H02.150-260114-0032": "province",
        "H05.99-260114-0032": "province",
        "000.00.15.H02-191205-0001": "department",
        "000.00.08.H02-191205-0001": "province",
        "H57.132-260804-0583": None,
        "03706/2026/07906": None,
        "BG.TPH02A.150730.I4": None,
    }
    assert {code: onestop.source_of(code) for code in served} == served


def test_one_source_that_is_down_leaves_the_others_alone() -> None:
    down, up = Memory(name="down"), Memory(a_case(code="G22.99.08-260921-896048"), name="up")
    down.down = True
    onestop = serving(down, up)
    assert onestop.find("G22.99.08-260921-896048") is not None
    problems = onestop.check()
    assert problems["up"] == ""
    assert problems["down"]


def test_a_configuration_that_appears_later_is_read_without_a_restart(
    filled: str, tmp_path: Path
) -> None:
    path = tmp_path / "later.yml"
    onestop = OneStopFile(path)
    with pytest.raises(OneStopUnavailable, match="ONESTOP_CONFIG"):
        onestop.find(CODE)
    written(path, described(filled))
    assert onestop.find(CODE) is not None
    written(path, described(filled, code_prefixes=["H99"]))
    os.utime(path, ns=(1, 1))  # a clock too coarse to tell the two writes apart
    assert onestop.source_of(CODE) is None


FIELDS = ("code", "status", "applicant", "procedure_name", "phone")
WRONG: list[tuple[str, dict[str, Any]]] = [
    ("must be a plain", {"cases": {"table": "x; DROP", "columns": dict.fromkeys(FIELDS, "c")}}),
    ("code_prefixes", {"code_prefixes": ["h02%"]}),
    ("database_url", {"database_url": "nonsense"}),
    ("database_url", {"database_url": "oracle+nothing://x"}),
    ("status_map.CBS", {"status_map": {"CBS": 11}}),
    ("no column is named for code", {"cases": {"table": "a", "columns": {"status": "b"}}}),
    ("unknown field colour", {"cases": {"table": "a", "columns": {"colour": "b"}}}),
    ("missing_papers.name", {"missing_papers": {"table": "a", "code": "b"}}),
    ("only", {"fees": {"table": "a", "code": "b", "amount": "c", "only": {"x y": 1}}}),
]


@pytest.mark.parametrize(("told", "changes"), WRONG, ids=[told for told, _ in WRONG])
def test_a_wrong_configuration_is_told_with_its_place(
    told: str, changes: dict[str, Any], tmp_path: Path
) -> None:
    config = written(tmp_path / "x.yml", described("sqlite:///x.db", **changes))
    with pytest.raises(SettingError) as caught:
        load(config)
    assert "ONESTOP_CONFIG" in str(caught.value)
    assert told in str(caught.value)


@pytest.mark.parametrize("content", ["", "sources: []", "sources: 3", "[1, 2]", "a: [", "\x00"])
def test_a_broken_file_is_a_setting_error(content: str, tmp_path: Path) -> None:
    path = tmp_path / "broken.yml"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(SettingError, match="ONESTOP_CONFIG"):
        load(path)
