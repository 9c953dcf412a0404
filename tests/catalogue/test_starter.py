"""The starter catalogue: whole, plainly worded, and no number in it without its source."""

from __future__ import annotations

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from bot.catalogue.files import read_file
from bot.catalogue.records import Document, Method, ProcedureRecord
from bot.services.answer_text import names_district
from tests.catalogue.shapes import DAY, shared

FOLDER = Path(__file__).resolve().parents[2] / "data" / "catalogue"
TOPICS = sorted(FOLDER.glob("*.yml"))
# What a person from anywhere in the country asks first; each must be answerable on day one.
MUST_HAVE = {
    "1.001193": "khai sinh",
    "1.000656": "khai tử",
    "1.000894": "kết hôn",
    "1.004873": "độc thân",
    "2.000635": "trích lục",
    "2.000815": "sao y",
    "2.000884": "chữ ký",
    "1.014061": "căn cước",
    "1.014064": "mất căn cước",
    "3.000228": "VNeID",
    "1.001456": "hộ chiếu",
    "1.004194": "tạm trú",
    "1.004222": "nhập hộ khẩu",
    "1.010041": "xác nhận cư trú",
    "1.013067": "đăng ký xe",
    "1.013076": "sang tên xe",
    "3.000347": "đổi bằng lái",
    "3.000348": "mất bằng lái",
    "3.000333": "lý lịch tư pháp",
    "1.001612": "hộ kinh doanh",
    "1.013978": "sổ đỏ",
    "1.013831": "sang tên sổ đỏ",
    "1.012784": "tách thửa",
    "1.013225": "giấy phép xây dựng",
    "1.001939": "bảo hiểm y tế",
    "1.001613": "bảo hiểm xã hội",
    "1.011607": "hộ nghèo",
    "2.001263": "con nuôi",
}
_DIGITS_APART = re.compile(r"(?<=\d)[.,](?=\d{3}(?!\d))")
_CITATION = re.compile(r"\d+/\d{4}/[\w-]+|\d{1,2}/\d{1,2}/\d{4}")


@cache
def starter() -> dict[str, ProcedureRecord]:
    """Every record of the starter catalogue by code."""
    items = [item for path in TOPICS for item in read_file(path, DAY)]
    return {item.record.code: item.record for item in items if item.record is not None}


@pytest.fixture(scope="module")
def national() -> dict[str, dict[str, Any]]:
    """The national crawl by code; the test is skipped where it is absent."""
    path = shared("procedures_national_2642.jsonl")
    # Not splitlines(): records hold U+2028 and other characters that it takes for line ends.
    rows = (json.loads(line) for line in path.read_text("utf-8").split("\n") if line.strip())
    return {row["ma_thu_tuc"]: row for row in rows}


@pytest.mark.parametrize("path", TOPICS, ids=lambda path: path.stem)
def test_every_record_of_a_topic_can_be_imported(path: Path) -> None:
    refused = [f"{item.where}: {item.reason}" for item in read_file(path, DAY) if item.reason]
    assert refused == []


def test_no_procedure_is_written_twice() -> None:
    items = [item for path in TOPICS for item in read_file(path, DAY)]
    codes = Counter(item.code for item in items)
    assert [code for code, times in codes.items() if times > 1] == []
    assert len(codes) >= 90


@pytest.mark.parametrize(("code", "said"), MUST_HAVE.items())
def test_what_people_need_most_is_there_under_the_name_they_use(code: str, said: str) -> None:
    record = starter()[code]
    assert any(said in words for words in (record.plain_name, *record.sayings))
    assert record.popularity >= 55


def test_every_record_can_be_found_explained_and_traced() -> None:
    for record in starter().values():
        assert record.plain_name, record.code
        assert 6 <= len(record.sayings) <= 15, record.code
        assert record.methods, record.code
        assert record.agencies, record.code
        assert 2 <= len(record.steps) <= 6, record.code
        assert record.decision_number, record.code
        assert record.link.startswith("https://dichvucong.gov.vn/"), record.code
        assert 1 <= record.popularity <= 100, record.code


def test_no_two_procedures_claim_the_same_saying() -> None:
    said = Counter(words for record in starter().values() for words in set(record.sayings))
    assert [words for words, times in said.items() if times > 1] == []


def test_everything_is_composed_unicode_without_stray_spaces() -> None:
    for record in starter().values():
        for text in _texts(record):
            assert text == unicodedata.normalize("NFC", text), (record.code, text)
            assert text == " ".join(text.split()), (record.code, text)


def test_nobody_is_sent_to_a_district_office() -> None:
    for record in starter().values():
        for text in _texts(record):
            assert not names_district(text), (record.code, text)


def test_a_fee_that_two_places_disagree_on_shows_both() -> None:
    for record in starter().values():
        for method in record.methods:
            if method.fees_conflict:
                assert len(method.fees) >= 2, record.code
                assert any("cột mức thu" in fee.text for fee in method.fees), record.code


def test_the_official_facts_are_those_of_the_national_record(
    national: dict[str, dict[str, Any]],
) -> None:
    for record in starter().values():
        row = national[record.code]
        assert record.name == _plain(row["ten_thu_tuc"]).rstrip("."), record.code
        assert record.sector == _plain(row["linh_vuc"]), record.code
        assert record.levels == tuple(_plain(row["cap_thuc_hien"]).split(", ")), record.code
        assert record.decision_number == _plain(row["so_quyet_dinh"]), record.code
        assert record.link == row["detail_url"], record.code
        assert record.ministry == row["bo"], record.code
        for law in record.legal_bases:
            assert law.number in _plain(row["can_cu_phap_ly"]), (record.code, law.number)


def test_every_fee_and_every_time_stands_in_the_national_record(
    national: dict[str, dict[str, Any]],
) -> None:
    for record in starter().values():
        row = national[record.code]
        source = _plain(" ".join((row["cach_thuc_thuc_hien"], row["trinh_tu_thuc_hien"])))
        for method in record.methods:
            for fee in method.fees:
                if fee.amount == 0:
                    assert re.search(r"miễn (?:lệ )?phí", source, re.IGNORECASE), record.code
                elif fee.amount is not None:
                    assert _stands(fee.amount, source), (record.code, fee)
            if method.days is not None:
                assert _time_stands(method, source), (record.code, method)


def test_every_other_number_stands_in_the_national_record(
    national: dict[str, dict[str, Any]],
) -> None:
    without_source = []
    for record in starter().values():
        source = _plain(" ".join(str(value) for value in national[record.code].values()))
        for text in _told(record):
            cited = _CITATION.findall(text)
            rest = _DIGITS_APART.sub("", _CITATION.sub(" ", text))
            numbers = re.findall(r"\d+", rest)
            lost = [c for c in cited if not _cited(c, source)]
            lost += [n for n in numbers if not _stands(int(n), source)]
            without_source += [(record.code, number, text) for number in lost]
    assert without_source == []


def test_no_paper_is_made_up_where_the_national_record_has_no_list(
    national: dict[str, dict[str, Any]],
) -> None:
    for record in starter().values():
        papers = _plain(national[record.code]["thanh_phan_ho_so"])
        for paper in _papers(record):
            if paper.originals or paper.copies:
                assert re.search(r"\d+ bản (?:chính|sao)", papers), (record.code, paper.name)


def test_no_saying_is_taken_from_the_development_questions() -> None:
    rows = shared("questions_dev.jsonl").read_text("utf-8").split("\n")
    asked = {_words(json.loads(row)["text"]) for row in rows if row.strip()}
    said = {words for record in starter().values() for words in record.sayings}
    assert [words for words in said if _words(words) in asked] == []


def _words(text: str) -> str:
    return " ".join(re.findall(r"\w+", unicodedata.normalize("NFC", text).lower()))


def _papers(record: ProcedureRecord) -> Iterator[Document]:
    for group in record.document_groups:
        yield from group.documents


def _told(record: ProcedureRecord) -> Iterator[str]:
    """What a citizen can read of a record and what has to have a source."""
    yield from record.steps
    yield from record.results
    yield record.conditions
    yield record.receiving_address
    for group in record.document_groups:
        yield group.case
        for paper in group.documents:
            yield from (paper.name, paper.form, paper.note)
    for method in record.methods:
        yield from (method.time_text, method.note)
        yield from (fee.text for fee in method.fees)


def _texts(record: ProcedureRecord) -> Iterator[str]:
    yield from (record.name, record.plain_name, record.sector)
    yield from record.sayings
    yield from record.agencies
    yield from record.applicants
    yield from _told(record)


def _plain(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text or "").split())


def _stands(number: int, source: str) -> bool:
    """Whether the number is in the text, also with leading zeros, dots, or a unit lost behind it.

    The crawl ran cells together ("Mẫu số 18" and "1 bản chính" became "181 bản chính"), and
    dropped thousands ("700 VNĐ" beside "700.000 đồng").
    """
    glued = r"(?=\d bản (?:chính|sao))"
    text = _DIGITS_APART.sub("", source)
    return bool(re.search(rf"(?<!\d)0*{number}(?:(?!\d)|{glued})", text))


def _time_stands(method: Method, source: str) -> bool:
    unit = {"working_day": "ngày làm việc", "day": "ngày", "hour": "giờ", "": ""}[method.unit]
    return bool(re.search(rf"(?<!\d)0?{method.days:g} ?{unit}", source, re.IGNORECASE))


def _cited(citation: str, source: str) -> bool:
    """A law's number or a date, which sources also write out or without leading zeros."""
    text = re.sub(r"(\d+) tháng (\d+) năm (\d{4})", r"\1/\2/\3", source)
    pattern = "/".join(rf"0*{re.escape(part.lstrip('0'))}" for part in citation.split("/"))
    return bool(re.search(rf"(?<!\d){pattern}", text))
