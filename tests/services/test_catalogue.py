"""Importing catalogue files into a real database, and reading them back."""

from __future__ import annotations

import datetime as dt
import time
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.catalogue.records import Document, DocumentGroup, Fee, Method
from bot.errors import CatalogueError
from bot.models.procedures import Procedure
from bot.services import catalogue
from tests.catalogue.shapes import DAY, METHODS_HEADER, national_row, record, shared, write_jsonl

LATER = dt.date(2026, 9, 1)


def rows(count: int) -> list[dict[str, str]]:
    return [national_row(f"9.{i:06}") for i in range(count)]


def test_what_was_imported_can_be_read_back(session: Session, tmp_path: Path) -> None:
    report = catalogue.import_files(session, [write_jsonl(tmp_path / "a.jsonl", rows(3))])
    assert (report.read, report.added, report.changed) == (3, 3, 0)
    session.commit()
    found = catalogue.get(session, "9.000001")
    assert found is not None
    assert found.methods[0].fees == (Fee(20_000),)
    assert [r.code for r in catalogue.all_active(session)] == ["9.000000", "9.000001", "9.000002"]
    assert catalogue.get(session, "9.999999") is None


def test_importing_the_same_file_again_changes_nothing(session: Session, tmp_path: Path) -> None:
    file = write_jsonl(tmp_path / "a.jsonl", rows(3))
    catalogue.import_files(session, [file], crawl_date=DAY)
    before = catalogue.version(session)
    report = catalogue.import_files(session, [file], crawl_date=DAY)
    assert (report.added, report.changed, report.unchanged) == (0, 0, 3)
    assert catalogue.version(session) == before


def test_only_the_record_that_changed_is_changed_and_the_version_grows(
    session: Session, tmp_path: Path
) -> None:
    first = write_jsonl(tmp_path / "a.jsonl", rows(3))
    catalogue.import_files(session, [first], crawl_date=DAY)
    before = catalogue.version(session)
    changed = rows(3)
    changed[1]["ten_thu_tuc"] = "Thả diều ban đêm"
    report = catalogue.import_files(
        session, [write_jsonl(tmp_path / "b.jsonl", changed)], crawl_date=DAY
    )
    assert (report.added, report.changed, report.unchanged) == (0, 1, 2)
    assert catalogue.version(session) == before + 1


def test_a_dry_run_tells_the_same_and_writes_nothing(session: Session, tmp_path: Path) -> None:
    file = write_jsonl(tmp_path / "a.jsonl", rows(2))
    report = catalogue.import_files(session, [file], dry_run=True)
    session.commit()
    assert (report.added, report.dry_run) == (2, True)
    assert catalogue.all_active(session) == []
    assert catalogue.version(session) == 0
    assert "chưa ghi gì" in str(report)


def test_a_file_cut_in_half_changes_nothing_though_another_file_was_whole(
    session: Session, tmp_path: Path
) -> None:
    whole = write_jsonl(tmp_path / "a.jsonl", rows(2))
    cut = tmp_path / "b.jsonl"
    cut.write_bytes(write_jsonl(tmp_path / "c.jsonl", rows(9)).read_bytes()[:9_000])
    with pytest.raises(CatalogueError, match=r"b\.jsonl"):
        catalogue.import_files(session, [whole, cut])
    session.commit()
    assert catalogue.all_active(session) == []
    assert catalogue.version(session) == 0


def test_rejected_records_are_told_with_their_place_and_reason(
    session: Session, tmp_path: Path
) -> None:
    bad = national_row("9.000009") | {"ten_thu_tuc": ""}
    report = catalogue.import_files(session, [write_jsonl(tmp_path / "a.jsonl", [*rows(1), bad])])
    (rejected,) = report.rejected
    assert (rejected.where, rejected.code) == ("a.jsonl, dòng 2", "9.000009")
    assert "name" in str(report)
    assert report.added == 1


def test_a_code_that_comes_twice_is_told_and_the_last_one_wins(
    session: Session, tmp_path: Path
) -> None:
    twice = [national_row(ten_thu_tuc="Tên đầu"), national_row(ten_thu_tuc="Tên sau")]
    report = catalogue.import_files(session, [write_jsonl(tmp_path / "a.jsonl", twice)])
    assert (report.read, report.added, report.duplicates) == (2, 1, ("9.000001",))
    found = catalogue.get(session, "9.000001")
    assert found is not None
    assert found.name == "Tên sau"


def test_a_national_record_keeps_the_words_that_the_province_added(
    session: Session, tmp_path: Path
) -> None:
    ours = record(plain_name="thả diều", sayings=("xin chơi diều",), popularity=80,
                  online_level="một phần")  # fmt: skip
    catalogue.upsert(session, ours)
    catalogue.import_files(
        session, [write_jsonl(tmp_path / "a.jsonl", [national_row()])], crawl_date=LATER
    )
    found = catalogue.get(session, "9.000001")
    assert found is not None
    assert found.name == "Cấp giấy phép thả diều 9.000001"
    assert (found.plain_name, found.sayings) == ("thả diều", ("xin chơi diều",))
    assert (found.popularity, found.online_level) == (80, "một phần")


def test_an_older_record_never_overwrites_a_newer_one(session: Session, tmp_path: Path) -> None:
    catalogue.upsert(session, record(name="Tên mới", crawl_date=LATER))
    file = write_jsonl(tmp_path / "a.jsonl", [national_row()])
    report = catalogue.import_files(session, [file], crawl_date=DAY)
    assert (report.unchanged, report.changed, report.older) == (0, 1, ("9.000001",))
    again = catalogue.import_files(session, [file], crawl_date=DAY)
    assert (again.unchanged, again.changed) == (1, 0)
    found = catalogue.get(session, "9.000001")
    assert found is not None
    assert (found.name, found.crawl_date) == ("Tên mới", LATER)


@pytest.mark.parametrize(("decision", "days"), [("11/QĐ-THU", 4), ("12/QĐ-THU", None)])
def test_a_part_that_could_not_be_parsed_leaves_the_known_one_of_the_same_decision(
    session: Session, tmp_path: Path, decision: str, days: float | None
) -> None:
    known = record(
        decision_number=decision,
        methods=(Method("online", days=4, unit="working_day", fees=(Fee(5_000),)),),
        document_groups=(DocumentGroup((Document("Đơn"),)),),
    )
    catalogue.upsert(session, known)
    worse = national_row(cach_thuc_thuc_hien=f"{METHODS_HEADER}Trực tuyến1Miễn phí")
    for _ in range(2):
        catalogue.import_files(
            session, [write_jsonl(tmp_path / "a.jsonl", [worse])], crawl_date=LATER
        )
        found = catalogue.get(session, "9.000001")
        assert found is not None
        assert found.methods[0].days == days
        assert found.methods[0].fees == (Fee(0),)


@pytest.mark.parametrize(
    ("decision", "paper"), [("11/QĐ-THU", "Đơn viết tay"), ("10/QĐ-THU", "Đơn xin thả diều")]
)
def test_papers_in_our_own_words_stay_while_the_decision_stays(
    session: Session, tmp_path: Path, decision: str, paper: str
) -> None:
    ours = record(
        decision_number=decision,
        curated=("document_groups",),
        document_groups=(DocumentGroup((Document("Đơn viết tay"),)),),
        methods=(Method("online", days=9, unit="day", fees=(Fee(99_000),)),),
    )
    catalogue.upsert(session, ours)
    file = write_jsonl(tmp_path / "a.jsonl", [national_row()])
    for _ in range(2):
        catalogue.import_files(session, [file], crawl_date=LATER)
        found = catalogue.get(session, "9.000001")
        assert found is not None
        assert found.document_groups[0].documents[0].name == paper
        assert found.methods[0].fees == (Fee(20_000),)


def test_a_record_without_a_code_finds_its_procedure_by_name(
    session: Session, tmp_path: Path
) -> None:
    old = {
        "_id": {"$oid": "612362818d18c024c839e7ce"},
        "title": "Cấp giấy phép thả diều",
        "Trình tự thực hiện": "Bước 1: Nộp. Bước 2: Nhận.",
        "Cách thức thực hiện": [],
        "Thành phần hồ sơ": [],
        "Cơ quan thực hiện": "",
    }
    catalogue.upsert(session, record(plain_name="thả diều"))
    report = catalogue.import_files(session, [write_jsonl(tmp_path / "a.json", [old])])
    assert report.older == ("9.000001",)
    report = catalogue.import_files(
        session, [write_jsonl(tmp_path / "b.json", [old | {"title": "Nuôi dế"}])]
    )
    assert report.added == 1
    assert catalogue.get(session, "OID.612362818D18C024C839E7CE") is not None


def test_a_procedure_that_was_retired_is_not_read_until_it_comes_again(session: Session) -> None:
    catalogue.upsert(session, record())
    row = session.execute(select(Procedure)).scalar_one()
    row.active = False
    session.flush()
    assert catalogue.get(session, "9.000001") is None
    assert catalogue.upsert(session, record()) == catalogue.CHANGED
    assert catalogue.get(session, "9.000001") == record()


def test_the_version_grows_only_with_a_change(session: Session) -> None:
    assert catalogue.version(session) == 0
    assert catalogue.upsert(session, record()) == catalogue.ADDED
    assert catalogue.upsert(session, record()) == catalogue.UNCHANGED
    assert catalogue.version(session) == 1
    assert catalogue.upsert(session, replace(record(), popularity=3)) == catalogue.CHANGED
    assert catalogue.version(session) == 2


def test_all_national_records_come_in_within_half_a_minute(session: Session) -> None:
    file = shared("procedures_national_2642.jsonl")
    started = time.monotonic()
    report = catalogue.import_files(session, [file], crawl_date=DAY)
    session.commit()
    assert time.monotonic() - started < 30
    assert (report.read, report.added, report.rejected) == (2_642, 2_642, ())
    again = catalogue.import_files(session, [file], crawl_date=DAY)
    assert again.unchanged == 2_642


def test_the_starter_catalogue_is_taken_whole(session: Session) -> None:
    files = sorted((Path(__file__).resolve().parents[2] / "data" / "catalogue").glob("*.yml"))
    if not files:
        pytest.skip("the starter catalogue is not there")
    report = catalogue.import_files(session, files)
    assert report.rejected == ()
    assert report.duplicates == ()
    assert report.added == report.read
