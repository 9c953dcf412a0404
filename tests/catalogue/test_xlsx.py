"""The template that staff fill in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from bot.catalogue.files import read_file
from bot.catalogue.xlsx import write_template
from bot.errors import CatalogueError


@pytest.fixture
def template(tmp_path: Path) -> Path:
    path = tmp_path / "template.xlsx"
    write_template(path)
    return path


def change(path: Path, sheet: str, cell: str, value: Any) -> Path:
    """Type one value into one cell."""
    book = load_workbook(path)
    book[sheet][cell] = value
    book.save(path)
    return path


def test_the_template_with_its_example_is_itself_a_catalogue(template: Path) -> None:
    (item,) = read_file(template)
    assert item.record is not None
    (method,) = item.record.methods
    assert (method.method, method.days, method.unit) == ("online", 3, "working_day")
    assert method.fees[0].amount == 7_000
    assert item.record.document_groups[0].documents[0].form == "CT01"
    assert item.record.legal_bases[0].number == "68/2020/QH14"


@pytest.mark.parametrize(
    ("typed", "amount"), [(0, 0), ("miễn phí", 0), ("10.000 đồng", 10_000), ("10.000", 10_000)]
)
def test_money_may_be_typed_in_several_ways(template: Path, typed: Any, amount: int) -> None:
    (item,) = read_file(change(template, "Cách nộp", "E2", typed))
    assert item.record is not None
    assert item.record.methods[0].fees[0].amount == amount


def test_an_empty_fee_is_unknown_and_not_free(template: Path) -> None:
    change(template, "Cách nộp", "E2", None)
    (item,) = read_file(change(template, "Cách nộp", "F2", None))
    assert item.record is not None
    assert item.record.methods[0].fees == ()


@pytest.mark.parametrize(
    ("sheet", "cell", "value", "told"),
    [
        ("Cách nộp", "B2", "chim bồ câu", "dòng 2, cột B “Cách nộp”"),
        ("Cách nộp", "C2", "mười", "dòng 2, cột C “Thời hạn”"),
        ("Cách nộp", "E2", "vài nghìn", "dòng 2, cột E “Mức thu”"),
        ("Giấy tờ", "E2", "một", "dòng 2, cột E “Bản chính”"),
        ("Giấy tờ", "C2", None, "dòng 2, cột C “Tên giấy tờ”: không được để trống"),
        ("Thủ tục", "S2", "tháng bảy", "dòng 2, cột S “Ngày cập nhật”"),
        ("Thủ tục", "N2", "mức 4", "dòng 2, cột N “Mức trực tuyến”"),
    ],
)
def test_a_wrong_cell_is_named_by_sheet_row_and_column(
    template: Path, sheet: str, cell: str, value: Any, told: str
) -> None:
    with pytest.raises(CatalogueError) as refused:
        read_file(change(template, sheet, cell, value))
    assert f"trang “{sheet}”, {told}" in str(refused.value)


def test_a_row_for_a_procedure_that_is_not_listed_is_told(template: Path) -> None:
    items = read_file(change(template, "Giấy tờ", "A3", "9.999999") and
                      change(template, "Giấy tờ", "C3", "Đơn"))  # fmt: skip
    assert [item.reason for item in items if item.record is None] == [
        "trang “Giấy tờ”, dòng 3: mã 9.999999 không có ở trang “Thủ tục”"
    ]


@pytest.mark.parametrize(("sheet", "cell"), [("Thủ tục", "A1"), ("Cách nộp", "B1")])
def test_a_heading_that_was_renamed_is_told(template: Path, sheet: str, cell: str) -> None:
    with pytest.raises(CatalogueError, match=f"trang “{sheet}” thiếu cột"):
        read_file(change(template, sheet, cell, "Cột mới"))


def test_a_sheet_that_is_missing_is_told(template: Path) -> None:
    book = load_workbook(template)
    del book["Giấy tờ"]
    book.save(template)
    with pytest.raises(CatalogueError, match="thiếu trang “Giấy tờ”"):
        read_file(template)


def test_a_workbook_cut_in_half_is_refused(template: Path) -> None:
    content = template.read_bytes()
    template.write_bytes(content[: len(content) // 2])
    with pytest.raises(CatalogueError, match="bị cắt hoặc hỏng"):
        read_file(template)
