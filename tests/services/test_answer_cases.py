"""Which lists of papers are cases, what they are called, and which case some words name."""

from __future__ import annotations

import datetime as dt

import pytest

from bot.catalogue.records import Document, DocumentGroup, ProcedureRecord
from bot.services.answer_cases import Case, find_case, sort_out

DAY = dt.date(2026, 7, 1)


def record(*groups: DocumentGroup, name: str = "Đăng ký thử", **more: object) -> ProcedureRecord:
    return ProcedureRecord(
        "9.000001", name, "Thử", "Sổ tay thử nghiệm", DAY, document_groups=groups, **more
    )


def group(case: str, *names: str) -> DocumentGroup:
    return DocumentGroup(tuple(Document(n, originals=1) for n in names), case)


@pytest.mark.parametrize(
    "heading",
    [
        "Giấy tờ phải nộp",
        "Giấy tờ phải xuất trình",
        "1. Chứng từ phải nộp",
        "Lưu ý",
        "2. Hồ sơ đăng ký",
        "Hồ sơ của người được nhận làm con nuôi",
        "Ngoài các tài liệu nêu trên",
    ],
)
def test_what_everybody_needs_is_no_case_whatever_its_heading(heading: str) -> None:
    papers = sort_out(record(group("", "Tờ khai"), group(heading, "Giấy A")))
    assert not papers.asks


@pytest.mark.parametrize(
    ("heading", "label"),
    [
        ("a) Đối với trường hợp cấp lại do bị mất, hồ sơ gồm", "Cấp lại do bị mất"),
        ("Trường hợp 2: Đổi tên doanh nghiệp", "Đổi tên doanh nghiệp"),
        ("(1.7) Đối với công trình nhà ở riêng lẻ", "Công trình nhà ở riêng lẻ"),
        ("Đăng ký thử theo danh sách, hồ sơ gồm", "Theo danh sách"),
        ("Kiểm định lần đầu", "Kiểm định lần đầu"),
        (
            "Trường hợp tàu cá nhập khẩu, được tặng cho hoặc viện trợ từ tổ chức nước ngoài",
            "Tàu cá nhập khẩu",
        ),
    ],
)
def test_a_case_has_a_short_name_without_numbers_and_officialese(heading: str, label: str) -> None:
    papers = sort_out(record(group("", "Tờ khai"), group(heading, "Giấy A")))
    assert [case.label for case in papers.cases] == [label]


def test_no_two_buttons_read_the_same() -> None:
    start = "Trường hợp nhận quyền sử dụng đất, quyền sở hữu tài sản "
    papers = sort_out(record(group(start + "do thừa kế", "A"), group(start + "do tặng cho", "B")))
    labels = [case.label for case in papers.cases]
    assert len(set(labels)) == 2
    assert all(len(label) <= 100 for label in labels)


def test_what_every_case_asks_for_is_common() -> None:
    papers = sort_out(
        record(
            group("Trường hợp bị mất", "Đơn đề nghị", "Đơn báo mất"),
            group("Trường hợp bị hỏng", "Đơn đề nghị", "Giấy bị hỏng"),
        )
    )
    assert [p.name for g in papers.common for p in g.documents] == ["Đơn đề nghị"]
    assert [[p.name for p in case.papers] for case in papers.cases] == [
        ["Đơn báo mất"],
        ["Giấy bị hỏng"],
    ]


def test_the_case_that_is_called_like_the_procedure_is_the_ordinary_one() -> None:
    papers = sort_out(
        record(group("Hồ sơ đăng ký thử gồm", "Giấy A"), group("Trường hợp theo danh sách", "B"))
    )
    assert [p.name for p in papers.ordinary] == ["Giấy A"]
    assert [case.label for case in papers.cases] == ["Theo danh sách"]


def test_a_paper_that_names_its_own_case_is_not_asked_of_everybody() -> None:
    abandoned = "Trường hợp trẻ em bị bỏ rơi thì phải có biên bản về việc trẻ bị bỏ rơi"
    papers = sort_out(record(group("", "Tờ khai", abandoned)))
    assert [p.name for g in papers.common for p in g.documents] == ["Tờ khai"]
    assert [(case.name, case.papers[0].name) for case in papers.cases] == [
        ("Trẻ em bị bỏ rơi", abandoned)
    ]


def test_nobody_is_asked_to_choose_among_twenty_cases() -> None:
    many = [group(f"Trường hợp thứ {n}", f"Giấy {n}") for n in range(20)]
    assert not sort_out(record(*many)).asks


def test_a_single_list_under_a_heading_leaves_nothing_to_ask() -> None:
    assert not sort_out(record(group("Trường hợp bị mất", "Đơn"))).asks


CASES = [
    Case("Nhà thuê, mượn, ở nhờ", "", ()),
    Case("Nhà của mình", "", ()),
    Case("Giấy chứng nhận bị mất", "", ()),
    Case("Giấy chứng nhận bị rách, hư hỏng", "", ()),
]


@pytest.mark.parametrize(
    ("said", "case"),
    [
        ("nhà thuê", 0),
        ("e dang thue nha", 0),
        ("ở nhờ nhà bác, mượn", 0),
        ("bị mất ạ", 2),
        ("no bi rach roi", 3),
        ("hư hỏngg", 3),
        ("nhà", None),
        ("thời tiết hôm nay", None),
        ("đổi bằng lái xe hết hạn", None),
        ("", None),
        ("tôi mới chuyển về đây và muốn hỏi xem nhà thuê thì cần những giấy tờ gì ạ", None),
    ],
)
def test_words_name_a_case_or_none(said: str, case: int | None) -> None:
    found = find_case(CASES, said, "Cấp lại giấy chứng nhận")
    assert (found[0] if found else None) == case
