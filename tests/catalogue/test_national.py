"""The national crawl, whose tables ran together."""

from __future__ import annotations

import pytest

from bot.catalogue.fees import read_fee
from bot.catalogue.national import read_national
from bot.catalogue.national_documents import read_documents, split_form
from bot.catalogue.national_methods import read_methods
from bot.catalogue.national_texts import (
    read_applicants,
    read_laws,
    read_names,
    read_results,
    read_steps,
)
from bot.catalogue.records import Fee
from tests.catalogue.shapes import (
    BUTTONS,
    DAY,
    LAWS_HEADER,
    METHODS_HEADER,
    PAPERS_HEADER,
    national_row,
)


def test_a_row_becomes_a_record_with_every_part() -> None:
    record = read_national(national_row(), DAY)
    in_person, online = record.methods
    assert (in_person.days, in_person.unit) == (3, "working_day")
    assert in_person.fees == (Fee(20_000),)
    assert online.fees == (Fee(10_000),)
    papers = record.document_groups[0].documents
    assert [(p.name, p.form, p.originals, p.copies) for p in papers] == [
        ("Đơn xin thả diều", "Mẫu 01.docx", 1, None),
        ("Ảnh con diều", "", 0, 2),
    ]
    assert [law.number for law in record.legal_bases] == ["12/2024/QH15", "7/2025/NĐ-CP"]
    assert record.results == ("Giấy phép thả diều",)
    assert record.levels == ("Cấp tỉnh", "Cấp xã")
    assert record.applicants == ("Công dân Việt Nam", "Tổ chức (không bao gồm doanh nghiệp, HTX)")
    assert len(record.steps) == 2
    assert record.conditions == ""
    assert record.raw == {}


def test_a_number_that_lost_its_unit_is_no_time() -> None:
    reading = read_methods(f"{METHODS_HEADER}Trực tuyến1Miễn phíDịch vụ bưu chính1Miễn phí")
    assert [m.method for m in reading.methods] == ["online", "post"]
    assert all(m.days is None and not m.time_text for m in reading.methods)
    assert reading.raw["times"] == "Trực tuyến: 1; Dịch vụ bưu chính: 1"


def test_a_lost_unit_is_taken_from_the_description_when_that_repeats_the_number() -> None:
    text = f"{METHODS_HEADER}Trực tiếp5Miễn phíTrong 05 ngày làm việc kể từ ngày nhận hồ sơ."
    (method,) = read_methods(text).methods
    assert (method.days, method.unit) == (5, "working_day")


@pytest.mark.parametrize(("number", "days"), [("3", 3), ("1", None), ("4", None)])
def test_a_lost_unit_is_taken_from_the_steps_unless_it_is_the_one_that_nobody_typed(
    number: str, days: float | None
) -> None:
    steps = "Trong 01 ngày xem hồ sơ. Trong 03 ngày làm việc trả kết quả. 4 ngày; 04 giờ."
    (method,) = read_methods(f"{METHODS_HEADER}Trực tiếp{number}Miễn phí", steps).methods
    assert method.days == days


@pytest.mark.parametrize(
    ("run_on", "amount"),
    [
        ("120 VNĐ(20.000 đồng/tờ khai)", 20_000),
        ("120,000 VNĐ(mức thu 20.000 VNĐ/tờ khai)", 20_000),
        ("1100 VNĐ(phí công bố: 100.000 đồng/lần)", 100_000),
    ],
)
def test_a_time_and_a_fee_that_ran_together_are_told_apart(run_on: str, amount: int) -> None:
    (method,) = read_methods(f"{METHODS_HEADER}Trực tuyến{run_on}").methods
    assert method.days is None
    assert method.fees[0].amount == amount


def test_a_fee_that_lost_its_thousands_is_not_believed() -> None:
    for time in ("5 Ngày", "1"):
        reading = read_methods(f"{METHODS_HEADER}Trực tiếp{time}25 VNĐ")
        assert reading.methods[0].fees == ()
        assert reading.raw["fees"] == "Trực tiếp: 25 VNĐ"


def test_the_number_of_a_case_in_brackets_is_no_note_about_the_fee() -> None:
    text = f"{METHODS_HEADER}Trực tiếp3 NgàyMiễn phí(1) Trường hợp thả ban ngày."
    (method,) = read_methods(text).methods
    assert method.fees == (Fee(0),)
    assert method.note == "(1) Trường hợp thả ban ngày."


def test_amounts_in_the_description_belong_to_the_fee() -> None:
    text = (
        f"{METHODS_HEADER}Trực tiếp3 Ngày2,000 Việt Nam Đồng(/trang)"
        "Tại xã: 2.000 đồng/trang; tối đa thu 200.000 đồng/bản. Nộp vào giờ hành chính."
    )
    (method,) = read_methods(text).methods
    assert not method.fees_conflict
    assert method.fees == (
        Fee(2_000, "/trang; Tại xã: 2.000 đồng/trang; tối đa thu 200.000 đồng/bản."),
    )


def test_who_need_not_pay_is_told_with_the_fee() -> None:
    text = f"{METHODS_HEADER}Trực tiếp3 Ngày50,000 VNĐTrẻ em không phải nộp phí thả diều."
    (method,) = read_methods(text).methods
    assert method.fees == (Fee(50_000, "Trẻ em không phải nộp phí thả diều."),)


def test_a_note_that_names_no_fee_does_not_stand_for_one() -> None:
    (fee,) = read_fee("500 VNĐ", "đối với diều giấy").fees
    assert fee == Fee(None, "mức thu nguồn ghi không rõ (đối với diều giấy)")


def test_rows_with_words_for_a_time_are_read_too() -> None:
    (method,) = read_methods(
        f"{METHODS_HEADER}Trực tuyếnKhông phải trả kết quảMiễn phíQua cổng điện tử"
    ).methods
    assert method.time_text == "Không phải trả kết quả"
    assert method.note == "Qua cổng điện tử"


def test_a_table_without_any_row_is_kept_whole() -> None:
    reading = read_methods(f"{METHODS_HEADER}Gặp ông giữ diều ở đầu làng")
    assert reading.methods == ()
    assert reading.raw["methods"] == "Gặp ông giữ diều ở đầu làng"


@pytest.mark.parametrize("cell", ["Không có thông tin", ""])
def test_unknown_is_never_read_as_free(cell: str) -> None:
    assert read_fee(cell).fees == ()
    assert read_fee(cell, "Không có").fees == ()
    assert all(fee.amount != 0 for fee in read_fee(cell, "Theo quy định của tỉnh").fees)


def test_free_is_free_when_nothing_speaks_against_it() -> None:
    assert read_fee("Miễn phí").fees == (Fee(0),)
    assert read_fee("Miễn phí", "Không có").fees == (Fee(0),)
    assert not read_fee("Miễn phí", "không thu phí.").conflict


@pytest.mark.parametrize(
    "note",
    [
        "Mức lệ phí cụ thể do Hội đồng nhân dân tỉnh quyết định",
        "Cấp mới 8.000.000/lần; cấp lại 2.000.000/lần",
        "135.000 đồng/lần",
        "Miễn lệ phí đối với người thuộc hộ nghèo",
    ],
)
def test_free_beside_a_note_that_names_a_fee_is_a_conflict(note: str) -> None:
    reading = read_fee("Miễn phí", note)
    assert reading.conflict
    assert reading.fees[0].amount == 0
    assert reading.fees[1].text == note


def test_a_cell_and_a_note_that_disagree_are_both_kept() -> None:
    reading = read_fee("5,000 Việt Nam Đồng", "nộp trực tuyến thu 7.000 đồng/lần")
    assert reading.conflict
    assert [fee.amount for fee in reading.fees] == [5_000, 7_000]


def test_a_note_that_repeats_the_amount_is_no_conflict() -> None:
    reading = read_fee("70,000 VNĐ", "70.000 đồng/giấy")
    assert not reading.conflict
    assert reading.fees == (Fee(70_000, "70.000 đồng/giấy"),)


def test_papers_are_grouped_by_their_case() -> None:
    text = (
        f"* Diều bị mất, hồ sơ gồm:{PAPERS_HEADER}Đơn báo mất1 bản chính"
        f"* Diều bị rách:{PAPERS_HEADER}Con diều rách0 bản chính,1 bản saoẢnh1 bản chính,3 bản sao"
    )
    lost, torn = read_documents(text).groups
    assert lost.case == "Diều bị mất, hồ sơ gồm"
    assert [p.name for p in torn.documents] == ["Con diều rách", "Ảnh"]
    assert [(p.originals, p.copies) for p in torn.documents] == [(0, 1), (1, 3)]


def test_a_count_glued_to_a_year_is_only_the_last_digit() -> None:
    text = (
        f"--{PAPERS_HEADER}Đơn theo Thông tư ngày 01/01/20261 bản chính"
        "Ảnh gồm 01 bản chính2 bản chínhSổ năm 20253 bản chính"
    )
    decree, photo, book = read_documents(text).groups[0].documents
    assert (book.name, book.originals) == ("Sổ năm 2025", 3)
    assert (decree.name, decree.originals) == ("Đơn theo Thông tư ngày 01/01/2026", 1)
    assert (photo.name, photo.originals) == ("Ảnh gồm 01 bản chính", 2)


def test_papers_that_carry_their_own_letters_are_put_in_order() -> None:
    text = f"--{PAPERS_HEADER}c) Ba1 bản chínhđ) Năm1 bản chínha) Một1 bản chínhd) Bốn1 bản chính"
    names = [p.name for p in read_documents(text).groups[0].documents]
    assert names == ["Một", "Ba", "Bốn", "Năm"]


@pytest.mark.parametrize(
    ("cell", "name", "form"),
    [
        ("Tờ khai theo mẫu;Mẫu số 05.docx", "Tờ khai theo mẫu", "Mẫu số 05.docx"),
        ("Đơn theo Nghị định số 1/2026/NĐ-CPMẫu số 05.docx", "Đơn theo Nghị định số 1/2026/NĐ-CP",
         "Mẫu số 05.docx"),
        ("Hai bản khaiMau1.docMau2.doc", "Hai bản khai", "Mau1.doc, Mau2.doc"),
        ("Không có mẫu nào", "Không có mẫu nào", ""),
    ],
)  # fmt: skip
def test_form_files_are_told_from_the_name_of_the_paper(cell: str, name: str, form: str) -> None:
    assert split_form(cell) == (name, form)


@pytest.mark.parametrize("text", ["", "--", "Không có thông tin"])
def test_papers_that_the_source_does_not_name_are_unknown_and_not_none(text: str) -> None:
    assert read_documents(text).groups == ()
    assert read_documents(text).raw == ""


def test_a_table_of_papers_that_was_cut_is_kept_as_it_is() -> None:
    assert (
        read_documents(f"--{PAPERS_HEADER}+ Phương án thả diều +").raw == "+ Phương án thả diều +"
    )


def test_law_numbers_are_found_though_titles_run_into_them() -> None:
    text = (
        f"{LAWS_HEADER}Luật Diều năm 201102/2011/QH13Thông tư số 8/2025/TT-BTP ngày 1/6/2025"
        "8/2025/TT-BTPsửa đổi một số điều04/2020/TT-BTPLuật Gió61/2014/QH1361/2014/QH13"
    )
    numbers = [law.number for law in read_laws(text).laws]
    assert numbers[:3] == ["02/2011/QH13", "8/2025/TT-BTP", "04/2020/TT-BTP"]
    assert numbers[3] == "61/2014/QH13"


def test_results_end_where_the_buttons_of_the_page_begin() -> None:
    text = f"Giấy phépMã: KQ.G01.000064Thông báo từ chốiMã: 000.00.00.G04-KQ3337{BUTTONS}"
    assert read_results(text) == ("Giấy phép", "Thông báo từ chối")


def test_a_comma_inside_a_name_does_not_cut_it() -> None:
    assert read_applicants("Cán bộ, công chức, viên chức, Doanh nghiệp") == (
        "Cán bộ, công chức, viên chức",
        "Doanh nghiệp",
    )
    assert read_names("Cục quản lý về trật tự, xã hội, Sở Diều") == (
        "Cục quản lý về trật tự, xã hội",
        "Sở Diều",
    )


def test_steps_without_numbers_are_told_by_their_lines() -> None:
    steps = read_steps("- Nộp hồ sơ\n+ tại nhà văn hóa\n- Nhận kết quả")
    assert steps == ("- Nộp hồ sơ\n+ tại nhà văn hóa", "- Nhận kết quả")


def test_broken_text_is_kept_as_the_source_has_it() -> None:
    broken = "Bước 1: Nộp hồ sơ đăng k\u200eý.\nBước 2: Nhận"
    assert read_steps(broken)[0] == "Bước 1: Nộp hồ sơ đăng k\u200eý."
