"""Files of every format, whole, broken and strange."""

from __future__ import annotations

import datetime as dt
import json
import os
from pathlib import Path

import pytest

from bot.catalogue.files import date_of, read_file
from bot.catalogue.plain import record_from_dict
from bot.catalogue.report import count_parts
from bot.errors import CatalogueError, RecordError
from tests.catalogue.shapes import DAY, national_records, national_row, record, shared, write_jsonl

YAML = """\
- code: '9.000007'
  name: Cấp giấy phép thả diều
  sector: Trò chơi dân gian
  source: Sổ tay thử nghiệm
  crawl_date: 2026-07-01
  methods:
    - method: in_person
      days: 3
      unit: working_day
      fees:
        - amount: 0
"""


def test_the_format_is_told_by_the_content_and_not_by_the_name(tmp_path: Path) -> None:
    disguised = write_jsonl(tmp_path / "catalogue.xlsx", [national_row()])
    (item,) = read_file(disguised, DAY)
    assert item.record is not None
    assert item.record.code == "9.000001"


def test_our_yaml_and_the_same_as_json_give_the_same_record(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_text(YAML, encoding="utf-8")
    (from_yaml,) = read_file(tmp_path / "a.yml")
    assert from_yaml.record is not None
    as_json = json.dumps([from_yaml.record.to_dict()])
    (tmp_path / "a.json").write_text(as_json, encoding="utf-8")
    (from_json,) = read_file(tmp_path / "a.json")
    assert from_json.record == from_yaml.record


@pytest.mark.parametrize("share", [0.3, 0.5, 0.9])
def test_a_file_cut_in_the_middle_of_a_record_is_refused(tmp_path: Path, share: float) -> None:
    whole = write_jsonl(tmp_path / "whole.jsonl", [national_row(f"9.{i:06}") for i in range(5)])
    content = whole.read_bytes()
    cut = tmp_path / "cut.jsonl"
    cut.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(CatalogueError, match=r"cắt hoặc hỏng|UTF-8"):
        read_file(cut)


def test_a_yaml_file_that_does_not_end_its_last_line_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_text(YAML[:-5], encoding="utf-8")
    with pytest.raises(CatalogueError, match="bị cắt"):
        read_file(tmp_path / "a.yml")


@pytest.mark.parametrize(
    "content",
    [b"", b"  \n", b"\xff\xfe\x00", b"[1, 2", b"xin ch\xc3\xa0o\n", b"[]", b"{}", b"PK\x03\x04xx"],
)
def test_a_file_that_is_no_catalogue_is_refused_as_a_whole(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "what.bin"
    path.write_bytes(content)
    with pytest.raises(CatalogueError, match=r"what\.bin"):
        read_file(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match="không đọc được"):
        read_file(tmp_path / "none.jsonl")


def test_one_bad_record_is_told_with_its_line_and_the_others_go_on(tmp_path: Path) -> None:
    rows = [national_row("9.000001"), national_row("không phải mã"), {"la": "lung"}, 7]
    items = read_file(write_jsonl(tmp_path / "a.jsonl", rows), DAY)
    assert [item.record is not None for item in items] == [True, False, False, False]
    assert items[1].where == "a.jsonl, dòng 2"
    assert "code" in items[1].reason


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"ngoại_lai": 1}, "unknown field ngoại_lai"),
        ({"code": ""}, "code"),
        ({"name": None}, "name"),
        ({"popularity": 101}, "popularity"),
        ({"popularity": True}, "popularity"),
        ({"crawl_date": "hôm qua"}, "crawl_date"),
        ({"levels": "Cấp xã"}, "levels"),
        ({"methods": [{"method": "pigeon"}]}, r"methods\[0\].method"),
        ({"methods": [{"method": "post", "unit": "moon"}]}, r"methods\[0\].unit"),
        ({"methods": [{"method": "post", "fees": [{"amount": -1}]}]}, "negative"),
        ({"methods": [{"method": "post", "fees": [{"amount": "free"}]}]}, r"fees\[0\].amount"),
    ],
)
def test_a_field_that_is_unknown_or_wrong_is_refused_by_its_path(
    change: dict[str, object], told: str
) -> None:
    with pytest.raises(RecordError, match=told):
        record_from_dict(record().to_dict() | change)


def test_a_record_is_the_same_after_a_journey_through_json() -> None:
    original = record(effective_from=dt.date(2026, 1, 1), sayings=("thả diều",))
    assert record_from_dict(json.loads(json.dumps(original.to_dict()))) == original


def test_the_day_of_a_crawl_is_that_given_then_that_in_the_name_then_that_of_the_file(
    tmp_path: Path,
) -> None:
    named = write_jsonl(tmp_path / "crawl-2026-06-30.jsonl", [national_row()])
    plain = write_jsonl(tmp_path / "crawl.jsonl", [national_row()])
    noon = dt.datetime(2025, 5, 4, 12, tzinfo=dt.timezone.utc).timestamp()
    os.utime(plain, (noon, noon))
    assert date_of(named) == dt.date(2026, 6, 30)
    page = "https://example.vn/thu-tuc-hanh-chinh/019ea6d0-0000-7aaa-8bbb-000000000000"
    assert date_of(plain, page) == dt.date(2026, 6, 8)
    assert date_of(plain) == dt.date(2025, 5, 4)
    (item,) = read_file(named, DAY)
    assert item.record is not None
    assert item.record.crawl_date == DAY


def test_the_defence_export_is_read_though_its_columns_slipped() -> None:
    items = read_file(shared("procedures_defence_207.jsonl"), DAY)
    assert all(item.record is not None for item in items)
    records = [item.record for item in items if item.record]
    papers = [p for r in records for g in r.document_groups for p in g.documents]
    assert all(p.originals is not None for p in papers)
    assert any(p.form.endswith(".doc") for p in papers)
    assert not any("Bản chính" in p.form for p in papers)
    free = [f for r in records for m in r.methods for f in m.fees if f.amount == 0]
    assert len(free) > 250


def test_the_records_of_2021_carry_the_day_on_which_they_were_made() -> None:
    items = read_file(shared("procedures_2021_87.json"), DAY)
    assert all(item.record is not None for item in items)
    assert {item.record.crawl_date.year for item in items if item.record} == {2021}


def test_most_of_the_national_crawl_is_understood() -> None:
    records = national_records()
    assert len(records) == 2_642
    counts = count_parts(records)
    assert counts["time"].parsed >= 2_200
    assert counts["fee"].parsed >= 2_230
    assert counts["documents"].parsed >= 2_570
    assert not any("Chọn cơ quan thực hiện" in text for r in records for text in r.results)
    by_code = {r.code: r for r in records}
    extension = by_code["1.002755"].methods[0]
    assert extension.fees_conflict
    assert [fee.amount for fee in extension.fees] == [5_000, 7_000]
