"""Answers say what the record says, no more, and always where it comes from."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import re
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from bot.catalogue.records import (
    METHODS,
    Document,
    DocumentGroup,
    Fee,
    LegalBasis,
    Method,
    ProcedureRecord,
)
from bot.services.answer_text import shorten
from bot.services.answers import ASPECTS, compose
from tests.catalogue.shapes import national_records, record

TODAY = dt.date(2026, 11, 24)
ROOT = Path(__file__).resolve().parents[2]


def body(of: ProcedureRecord, aspect: str) -> str:
    return compose(of, aspect, today=TODAY).values["body"]


def priced(*methods: Method) -> ProcedureRecord:
    return record(methods=methods, decision_number="11/QĐ-THU")


@pytest.mark.parametrize("aspect", ASPECTS)
def test_every_aspect_of_an_empty_record_is_unknown_with_a_next_step(aspect: str) -> None:
    answer = compose(record(), aspect, today=TODAY, hotline="1900")
    assert answer.response == f"utter_procedure_{aspect}"
    assert "không ghi" in answer.values["body"]
    assert "1900" in answer.values["body"]
    assert "iễn phí" not in answer.values["body"]


@pytest.mark.parametrize("aspect", ASPECTS)
def test_every_answer_ends_with_the_decision_and_the_date_of_the_data(aspect: str) -> None:
    source = compose(priced(), aspect, today=TODAY).values["source"]
    assert source == "Nguồn: QĐ 11/QĐ-THU, Sổ tay thử nghiệm, dữ liệu ngày 01/07/2026."


def test_an_aspect_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(ValueError, match="weather"):
        compose(record(), "weather", today=TODAY)


def test_every_response_has_its_wording_and_the_wording_has_every_placeholder() -> None:
    text = (ROOT / "domain" / "responses" / "procedures.yml").read_text(encoding="utf-8")
    responses = yaml.safe_load(text)["responses"]
    names = {f"utter_procedure_{n}" for n in (*ASPECTS, "several", "checklist", "checklist_plain")}
    assert set(responses) == names
    for name, variants in responses.items():
        more = {"case"} if name == "utter_procedure_checklist" else set()
        for variant in variants:
            given = set(re.findall(r"{(\w+)}", variant["text"]))
            assert given == {"name", "body", "source"} | more


def test_the_overview_says_each_fact_on_a_short_line_and_doubt_about_a_fee_in_brackets() -> None:
    stated = (Fee(0, "cột mức thu ghi “Miễn phí”"), Fee(None, "Mức do tỉnh quyết định"))
    method = Method("online", 3, "working_day", fees=stated, fees_conflict=True)
    lines = body(priced(method), "overview").splitlines()
    assert "⏱ Thời hạn: 3 ngày làm việc" in lines
    [fee] = [line for line in lines if "Lệ phí:" in line]
    assert fee.startswith("💰 Lệ phí: miễn phí (nguồn có chỗ ghi khác")
    assert "Mức do tỉnh quyết định" not in fee


def test_two_times_for_one_way_are_said_to_depend_on_the_case() -> None:
    rows = [Method("online", d, "working_day", note=f"Trường hợp {d}") for d in (1, 2)]
    said = body(priced(*rows), "overview")
    assert "nộp trực tuyến: 1 ngày làm việc; nộp trực tuyến: 2 ngày làm việc (tùy" in said


def test_what_the_source_does_not_say_is_asked_by_telephone() -> None:
    assert "gọi 1022" in body(priced(), "overview")


@pytest.mark.parametrize(
    ("name", "plain", "shown"),
    [
        ("Thủ tục đăng ký thử.", "", "Đăng ký thử"),
        ("Đăng ký " + "rất dài " * 20, "ghi tên", "Ghi tên"),
    ],
)
def test_an_answer_is_headed_by_the_name_as_people_would_write_it(
    name: str, plain: str, shown: str
) -> None:
    named = dataclasses.replace(priced(), name=name, plain_name=plain)
    assert compose(named, "fee", today=TODAY).values["name"] == shown
    assert "Thường gọi" not in body(named, "overview")


def test_an_authority_is_named_once_and_in_ordinary_letters() -> None:
    named = dataclasses.replace(
        priced(), receiving_address="công an cấp xã", agencies=("Công an cấp Xã",)
    )
    assert body(named, "where").startswith("Nơi nhận hồ sơ: Công an cấp xã")
    assert "Cơ quan thực hiện" not in body(named, "where")


@pytest.mark.parametrize("step", ["Bước 1: + công dân nộp", "- + công dân nộp", "a. công dân nộp"])
def test_a_step_begins_with_its_words(step: str) -> None:
    named = dataclasses.replace(priced(), steps=(step, "Bước 2: Nhận kết quả"))
    assert body(named, "steps").startswith("1. Công dân nộp")


def test_one_fee_for_all_ways_is_said_once() -> None:
    said = body(priced(*(Method(m, fees=(Fee(10_000),)) for m in METHODS)), "fee")
    assert said == "10.000 đồng"


def test_free_is_said_as_free() -> None:
    assert body(priced(Method("online", fees=(Fee(0),))), "fee") == "Miễn phí"


def test_fees_that_differ_by_way_are_told_apart() -> None:
    said = body(
        priced(
            Method("in_person", fees=(Fee(20_000),)),
            Method("online", fees=(Fee(10_000, "mỗi người"),)),
            Method("post"),
        ),
        "fee",
    )
    assert said.splitlines() == [
        "• Nộp trực tiếp: 20.000 đồng",
        "• Nộp trực tuyến: 10.000 đồng (mỗi người)",
        "• Nộp bưu chính: nguồn không ghi",
    ]


@pytest.mark.parametrize(
    ("fee", "words"),
    [
        (Fee(2_000, "/trang"), "2.000 đồng/trang"),
        (Fee(2_000, "/trang; tối đa 5.000 đồng"), "2.000 đồng/trang (tối đa 5.000 đồng)"),
        (Fee(6_000_000, "đồng/lần"), "6.000.000 đồng/lần"),
        (Fee(10_000, "10.000 đồng/khẩu"), "10.000 đồng/khẩu"),
        (Fee(8_000, "mỗi bản", "phí"), "Phí 8.000 đồng (mỗi bản)"),
        (Fee(0, "Không quy định"), "Miễn phí (Không quy định)"),
        (Fee(None, "10 USD/bản"), "10 USD/bản"),
    ],
)
def test_a_fee_is_said_without_saying_it_twice(fee: Fee, words: str) -> None:
    assert body(priced(Method("online", fees=(fee,))), "fee") == words


def test_rows_of_one_way_are_told_apart_by_their_notes() -> None:
    said = body(
        priced(
            Method("in_person", fees=(Fee(2_000),), note="Tại xã"),
            Method("in_person", fees=(Fee(5_000),), note="- Đối với người ở xa: nộp tại tỉnh"),
        ),
        "fee",
    )
    assert said.splitlines() == [
        "• Nộp trực tiếp: 2.000 đồng",
        "   Áp dụng: Tại xã",
        "• Nộp trực tiếp: 5.000 đồng",
        "   Áp dụng: Đối với người ở xa: nộp tại tỉnh",
    ]


def test_two_fees_that_disagree_are_both_shown() -> None:
    fees = (Fee(5_000, "cột mức thu"), Fee(7_000, "thu 7.000 đồng/lần"))
    said = body(priced(Method("online", fees=fees, fees_conflict=True)), "fee")
    assert "hai nơi khác nhau" in said
    assert "5.000 đồng" in said
    assert "7.000 đồng" in said
    assert "hỏi lại" in said


def test_a_fee_that_was_not_understood_is_quoted_and_not_free() -> None:
    said = body(record(methods=(Method("post"),), raw={"fees": "Bưu chính: 25 VNĐ"}), "fee")
    assert "25 VNĐ" in said
    assert "không rõ" in said


def test_times_are_said_in_words_and_differences_are_told() -> None:
    said = body(
        priced(
            Method("in_person", days=3, unit="working_day"),
            Method("online", days=8, unit="hour"),
            Method("post", time_text="6 tháng"),
        ),
        "processing_time",
    )
    assert "trực tiếp: 3 ngày làm việc" in said
    assert "trực tuyến: 8 giờ" in said
    assert "bưu chính: 6 tháng" in said


@pytest.mark.parametrize(
    "unclear",
    [
        record(methods=(Method("online"),), raw={"times": "Trực tuyến: 1"}),
        record(methods=(Method("online", days=1),)),
    ],
)
def test_a_number_without_a_unit_is_not_said_to_be_days(unclear: ProcedureRecord) -> None:
    said = body(unclear, "processing_time")
    assert "thiếu đơn vị" in said
    assert not re.search(r"1 (ngày|giờ)", said)


def test_without_a_time_the_steps_are_quoted_where_they_name_one() -> None:
    steps = ("Nộp hồ sơ.", "Trong thời hạn 02 ngày làm việc kể từ ngày nhận, cơ quan trả kết quả.")
    said = body(record(methods=(Method("online"),), steps=steps), "processing_time")
    assert "02 ngày làm việc" in said


def test_papers_are_numbered_by_case_with_their_counts_and_form() -> None:
    groups = (
        DocumentGroup((Document("Con diều rách", originals=0, copies=1),), case="Diều rách"),
        DocumentGroup((Document("Đơn xin", form="CT01.doc", originals=1),)),
    )
    assert body(record(document_groups=groups), "documents").splitlines() == [
        "▸ Giấy tờ chung:",
        "1. Đơn xin (1 bản chính, mẫu CT01)",
        "▸ Diều rách:",
        "1. Con diều rách (1 bản sao)",
    ]


def test_the_form_comes_first_and_what_only_some_need_comes_last() -> None:
    papers = (
        Document("Trường hợp ủy quyền thì nộp văn bản ủy quyền"),
        Document("Ảnh con diều"),
        Document("Tờ khai theo Mẫu 01 ban hành kèm theo Thông tư số 1/2026/TT-BVC ngày 2/3/2026"),
    )
    said = body(record(document_groups=(DocumentGroup(papers),)), "documents")
    assert said.splitlines() == [
        "1. Tờ khai theo Mẫu 01",
        "2. Ảnh con diều",
        "3. Trường hợp ủy quyền thì nộp văn bản ủy quyền",
    ]


def test_remarks_between_the_papers_are_no_papers() -> None:
    papers = (
        Document("Đơn xin", originals=1),
        Document("Lưu ý: diều không cần giấy khai sinh", originals=1),
        Document("Bản chụp phải rõ", originals=0),
    )
    said = body(record(document_groups=(DocumentGroup(papers),)), "documents")
    assert said.splitlines() == [
        "1. Đơn xin (1 bản chính)",
        "Lưu ý: diều không cần giấy khai sinh",
    ]


def test_a_very_long_list_is_cut_and_says_how_many_are_left_and_where() -> None:
    papers = tuple(Document(f"Giấy tờ số {i} " + "rất dài " * 20) for i in range(40))
    long = record(document_groups=(DocumentGroup(papers),), link="https://example.vn/1")
    said = body(long, "documents")
    shown = len(re.findall(r"^\d+\. ", said, re.MULTILINE))
    assert f"… còn {40 - shown} giấy tờ nữa, xem đầy đủ tại https://example.vn/1" in said
    assert len(said) < 3_000


def test_steps_lose_their_own_numbers_and_keep_every_other() -> None:
    steps = ("Bước 1: Nộp theo nhóm 98.49, trong 2. ngày.", "- Bước 2. Nhận", "3) Thả diều")
    assert body(record(steps=steps), "steps").splitlines() == [
        "1. Nộp theo nhóm 98.49, trong 2. ngày.",
        "2. Nhận",
        "3. Thả diều",
    ]


def test_unparsed_papers_are_quoted_when_they_are_a_list_and_not_when_they_are_debris() -> None:
    listed = record(raw={"documents": "+ Phương án thả diều, ảnh con diều."})
    assert "Phương án thả diều" in body(listed, "documents")
    debris = record(raw={"documents": ") và nộp cho cơ quan.\nBước 2. Nhận kết quả"})
    assert "không ghi danh mục giấy tờ" in body(debris, "documents")
    assert "Bước 2" not in body(debris, "documents")


@pytest.mark.parametrize(
    "office",
    ["Ủy ban nhân dân cấp huyện", "UBND huyện", "Công an huyện", "Uỷ ban Nhân dân cấp huyện"],
)
def test_nobody_is_sent_to_a_district_office(office: str) -> None:
    of = record(
        agencies=(office, "Sở Diều"),
        receiving_address=office,
        levels=("Cấp xã",),
        steps=(f"Nộp hồ sơ tại {office}.", "Nhận kết quả."),
    )
    for aspect in ("where", "steps", "overview"):
        said = body(of, aspect)
        assert office.casefold() not in said.casefold()
        assert "đã bỏ từ 01/07/2025" in said
    assert "Sở Diều" in body(of, "where")


def test_without_an_office_the_commune_or_the_police_of_the_level_is_named() -> None:
    assert "UBND xã, phường" in body(record(levels=("Cấp xã",)), "where")
    police = body(record(levels=("Cấp xã",), ministry="bo-cong-an"), "where")
    assert "Công an cấp xã" in police
    assert "UBND" not in police


def test_the_degree_of_online_service_is_said_only_when_it_is_known() -> None:
    online = (Method("online", days=1, unit="day"),)
    assert "toàn trình: làm trọn" in body(
        record(methods=online, online_level="toàn trình"), "online"
    )
    assert "không ghi rõ" in body(record(methods=online), "online")
    assert "không ghi cách nộp trực tuyến" in body(record(methods=(Method("post"),)), "online")


def test_a_procedure_out_of_force_says_so_first() -> None:
    over = record(effective_to=dt.date(2026, 1, 1), replaced_by="9.000002", results=("Giấy phép",))
    said = body(over, "result")
    assert said.startswith("⚠ Thủ tục này đã hết hiệu lực từ 01/01/2026.")
    assert "9.000002" in said
    future = record(effective_from=dt.date(2027, 1, 1), results=("Giấy phép",))
    assert "chỉ có hiệu lực từ 01/01/2027" in body(future, "result")


def test_old_data_is_said_to_be_old() -> None:
    old = compose(record(crawl_date=dt.date(2021, 8, 23)), "fee", today=TODAY)
    assert "Dữ liệu đã cũ" in old.values["source"]


def test_law_numbers_stand_before_titles_that_do_not_name_them() -> None:
    laws = (
        LegalBasis("12/2024/QH15", "Luật Diều"),
        LegalBasis("7/2025/NĐ-CP", "Nghị định 7/2025/NĐ-CP"),
    )
    assert body(record(legal_bases=laws), "legal_basis").splitlines() == [
        "• 12/2024/QH15 – Luật Diều",
        "• Nghị định 7/2025/NĐ-CP",
    ]


@given(st.text(max_size=3_000), st.integers(min_value=2, max_value=400))
def test_shortened_text_is_never_longer_than_its_limit_and_a_mark(text: str, limit: int) -> None:
    assert len(shorten(text, limit)) <= limit + 2


def numbers(text: str) -> set[str]:
    """Every number without its separators and leading zeros."""
    found = re.findall(r"\d+(?:[.,]\d+)*", text)
    return {re.sub(r"[.,](?:0$)?", "", number).lstrip("0") or "0" for number in found}


def test_on_the_national_records_every_number_comes_from_the_record() -> None:
    ours = re.compile(
        r"^\d+\. |01/07/2025|1022|còn \d+ |Giấy tờ: \d+ loại|theo \d+ trường hợp", re.MULTILINE
    )
    for of in national_records()[::11]:
        known = numbers(json.dumps(of.to_dict(), ensure_ascii=False))
        for aspect in ASPECTS:
            said = numbers(ours.sub(" ", body(of, aspect)))
            assert said <= known, (of.code, aspect, said - known)


def test_on_the_national_records_every_answer_is_short_sourced_and_sends_nobody_astray() -> None:
    for of in national_records()[::7]:
        for aspect in ASPECTS:
            values = compose(of, aspect, today=TODAY).values
            assert values["body"].strip()
            assert not re.search(r"(ubnd|nhân dân|công an) (cấp )?huyện", values["body"], re.I)
            assert of.decision_number in values["source"]


def test_on_the_national_records_an_unstated_fee_is_never_called_free() -> None:
    for of in national_records():
        if not any(fee.amount == 0 or "miễn" in fee.text.lower()
                   for method in of.methods for fee in method.fees):  # fmt: skip
            assert "iễn phí" not in body(of, "fee")
