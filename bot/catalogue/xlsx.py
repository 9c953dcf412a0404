"""Our XLSX template for staff: three sheets joined by the procedure's code."""

from __future__ import annotations

import datetime as dt
import re
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from openpyxl import Workbook, load_workbook
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.utils.exceptions import InvalidFileException

from bot.catalogue.money import parse_amount
from bot.catalogue.records import IN_PERSON, ONLINE, POST
from bot.errors import CatalogueError, RecordError

DEFAULT_SOURCE = "Bảng cập nhật của tỉnh"
_METHODS = {"trực tiếp": IN_PERSON, "trực tuyến": ONLINE, "bưu chính": POST}
_UNITS = {"ngày làm việc": "working_day", "ngày": "day", "giờ": "hour"}
_LEVELS = ("một phần", "toàn trình")

Parser = Callable[[Any], Any]


@dataclass(frozen=True)
class Column:
    """One column of a sheet: its heading, the record's field, how a cell is read, an example."""

    heading: str
    field: str
    parse: Parser
    example: str = ""
    required: bool = False


def _text(value: Any) -> str:
    if isinstance(value, (dt.datetime, dt.date)):
        raise ValueError("là ngày tháng; hãy định dạng ô là chữ")
    return re.sub(r"[ \t]+", " ", str(value)).strip()


def _lines(value: Any) -> list[str]:
    return [line.strip(" -•") for line in _text(value).split("\n") if line.strip(" -•")]


def _count(value: Any) -> int:
    number = float(str(value).replace(",", "."))
    if number != int(number) or not 0 <= number < 1000:
        raise ValueError("phải là số nguyên từ 0")
    return int(number)


def _number(value: Any) -> float:
    return float(str(value).strip().replace(",", "."))


def _date(value: Any) -> str:
    if isinstance(value, dt.datetime):
        return value.date().isoformat()
    if isinstance(value, dt.date):
        return value.isoformat()
    match = re.fullmatch(r"(\d{1,2})/(\d{1,2})/(\d{4})", str(value).strip())
    if match is None:
        raise ValueError("phải là ngày dạng 01/07/2026")
    return dt.date(int(match[3]), int(match[2]), int(match[1])).isoformat()


def _money(value: Any) -> int:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return _count_money(value)
    words = _text(value).lower()
    if words in ("miễn phí", "không thu"):
        return 0
    amount = parse_amount(words if re.search(r"đ|vn", words) else f"{words} đồng")
    if amount is None:
        raise ValueError("phải là số tiền (10000 hoặc 10.000 đồng) hay “miễn phí”")
    return amount


def _count_money(value: float) -> int:
    if value != int(value) or value < 0:
        raise ValueError("phải là số tiền nguyên")
    return int(value)


def _choice(choices: dict[str, str]) -> Parser:
    def parse(value: Any) -> str:
        words = _text(value).lower()
        if words not in choices:
            raise ValueError(f"phải là một trong: {', '.join(choices)}")
        return choices[words]

    return parse


_CODE = Column("Mã thủ tục", "code", _text, "1.004194", required=True)
PROCEDURES = (
    _CODE,
    Column("Tên thủ tục", "name", _text, "Đăng ký tạm trú", required=True),
    Column("Tên thường gọi", "plain_name", _text, "làm tạm trú"),
    Column("Cách hỏi khác", "sayings", _lines, "đăng ký ở trọ"),
    Column("Lĩnh vực", "sector", _text, "Cư trú"),
    Column("Cấp thực hiện", "levels", _lines, "Cấp xã"),
    Column("Cơ quan thực hiện", "agencies", _lines, "Công an cấp xã"),
    Column("Nơi tiếp nhận", "receiving_address", _text, "Công an xã, phường nơi ở"),
    Column("Đối tượng", "applicants", _lines, "Công dân Việt Nam"),
    Column("Các bước", "steps", _lines, "Chuẩn bị hồ sơ\nNộp hồ sơ\nNhận kết quả"),
    Column("Điều kiện", "conditions", _text),
    Column("Kết quả", "results", _lines, "Thông báo kết quả đăng ký cư trú"),
    Column("Căn cứ pháp lý", "legal_bases", _lines, "68/2020/QH14 | Luật Cư trú"),
    Column("Mức trực tuyến", "online_level", _choice({v: v for v in _LEVELS}), "toàn trình"),
    Column("Đường dẫn", "link", _text),
    Column("Số quyết định", "decision_number", _text, "9354/QĐ-BCA-C06"),
    Column("Hiệu lực từ", "effective_from", _date),
    Column("Hiệu lực đến", "effective_to", _date),
    Column("Ngày cập nhật", "crawl_date", _date, "01/07/2026"),
    Column("Nguồn", "source", _text, DEFAULT_SOURCE),
)
METHODS = (
    _CODE,
    Column("Cách nộp", "method", _choice(_METHODS), "trực tuyến", required=True),
    Column("Thời hạn", "days", _number, "3"),
    Column("Đơn vị thời hạn", "unit", _choice(_UNITS), "ngày làm việc"),
    Column("Mức thu", "amount", _money, "7000"),
    Column("Diễn giải mức thu", "fee_text", _text, "mỗi người, mỗi lần"),
    Column("Ghi chú", "note", _text),
)
DOCUMENTS = (
    _CODE,
    Column("Trường hợp", "case", _text),
    Column("Tên giấy tờ", "name", _text, "Tờ khai thay đổi thông tin cư trú", required=True),
    Column("Mẫu", "form", _text, "CT01"),
    Column("Bản chính", "originals", _count, "1"),
    Column("Bản sao", "copies", _count, "0"),
    Column("Ghi chú", "note", _text),
)
SHEETS = {"Thủ tục": PROCEDURES, "Cách nộp": METHODS, "Giấy tờ": DOCUMENTS}
_HELP = (
    "Mỗi dòng của trang “Thủ tục” là một thủ tục.",
    "Trang “Cách nộp” và “Giấy tờ” ghi lại mã thủ tục ở cột đầu.",
    "Ô trống nghĩa là CHƯA BIẾT. Miễn phí thì ghi 0 hoặc “miễn phí”; đừng để trống.",
    "Nhiều ý trong một ô (bước, kết quả, căn cứ…): mỗi ý một dòng, xuống dòng bằng Alt+Enter.",
    "Căn cứ pháp lý: số hiệu | tên văn bản. Cách nộp: trực tiếp, trực tuyến hoặc bưu chính.",
    "Hãy xóa dòng ví dụ trước khi nhập.",
)


def write_template(path: Path) -> None:
    """Write an empty template with headings, one example row in each sheet and a help sheet."""
    book = Workbook()
    for sheet in list(book.worksheets):
        book.remove(sheet)
    for title, columns in SHEETS.items():
        sheet = book.create_sheet(title)
        sheet.append([column.heading for column in columns])
        sheet.append([column.example or None for column in columns])
        for index, column in enumerate(columns, start=1):
            cell = sheet.cell(row=1, column=index)
            cell.font = Font(bold=True)
            cell.fill = PatternFill("solid", fgColor="FFE7B3" if column.required else "DDEBF7")
            sheet.cell(row=2, column=index).alignment = Alignment(wrap_text=True, vertical="top")
            sheet.column_dimensions[get_column_letter(index)].width = 24
        sheet.freeze_panes = "B2"
    helper = book.create_sheet("Hướng dẫn")
    for line in _HELP:
        helper.append([line])
    helper.column_dimensions["A"].width = 110
    book.save(path)


def read_workbook(path: Path) -> Iterator[tuple[str, dict[str, Any] | RecordError]]:
    """Each procedure as plain JSON types, or the error that names sheet, row and column.

    Raises CatalogueError when the file is broken or a sheet or a required column is missing.
    """
    try:
        book = load_workbook(path, data_only=True)
    except (InvalidFileException, zipfile.BadZipFile, KeyError, ValueError, OSError) as error:
        raise CatalogueError(f"{path}: không mở được tệp XLSX; tệp bị cắt hoặc hỏng") from error
    tables = {title: _read_sheet(path, book, title, columns) for title, columns in SHEETS.items()}
    return _join(tables)


def _read_sheet(
    path: Path, book: Workbook, title: str, columns: tuple[Column, ...]
) -> list[tuple[int, dict[str, Any], str]]:
    """Rows as (row number, values by field, "" or the first error)."""
    if title not in book.sheetnames:
        raise CatalogueError(f"{path}: thiếu trang “{title}”")
    rows = book[title].iter_rows(values_only=True)
    headings = [str(cell).strip() if cell is not None else "" for cell in next(rows, ())]
    known = {column.heading: column for column in columns}
    for column in columns:
        if column.required and column.heading not in headings:
            raise CatalogueError(f"{path}: trang “{title}” thiếu cột “{column.heading}”")
    strange = [heading for heading in headings if heading and heading not in known]
    if strange:
        raise CatalogueError(f"{path}: trang “{title}” có cột lạ “{strange[0]}”")
    ordered = [known.get(heading) for heading in headings]
    found = []
    for number, cells in enumerate(rows, start=2):
        if any(cell is not None and str(cell).strip() for cell in cells):
            values, error = _read_row(title, number, ordered, cells)
            found.append((number, values, error))
    return found


def _read_row(
    title: str, number: int, columns: list[Column | None], cells: tuple[Any, ...]
) -> tuple[dict[str, Any], str]:
    values: dict[str, Any] = {}
    error = ""
    for index, (column, cell) in enumerate(zip(columns, cells, strict=False), start=1):
        if column is None:
            continue
        where = f"trang “{title}”, dòng {number}, cột {get_column_letter(index)} “{column.heading}”"
        if cell is None or not str(cell).strip():
            if column.required:
                error = error or f"{where}: không được để trống"
            continue
        try:
            values[column.field] = column.parse(cell)
        except ValueError as problem:
            error = error or f"{where}: {str(cell)[:40]!r} {_plain(problem)}"
    return values, error


def _plain(problem: ValueError) -> str:
    words = str(problem)
    return words if "phải" in words or "là " in words else "phải là số"


def _join(
    tables: dict[str, list[tuple[int, dict[str, Any], str]]],
) -> Iterator[tuple[str, dict[str, Any] | RecordError]]:
    procedures = {values.get("code", ""): values for _, values, _ in tables["Thủ tục"]}
    errors: dict[str, str] = {}
    for title in SHEETS:
        for number, values, error in tables[title]:
            code = values.get("code", "")
            if error and code in procedures:
                errors.setdefault(code, error)
            elif error:
                yield f"trang “{title}”, dòng {number}", RecordError(error)
            elif code not in procedures:
                reason = f"trang “{title}”, dòng {number}: mã {code} không có ở trang “Thủ tục”"
                yield f"trang “{title}”, dòng {number}", RecordError(reason)
    for number, values, error in tables["Thủ tục"]:
        code = values.get("code", "")
        where = f"trang “Thủ tục”, dòng {number}"
        if code in errors:
            yield where, RecordError(errors[code])
        elif not error:
            yield where, _record(values, tables)


def _record(
    values: dict[str, Any], tables: dict[str, list[tuple[int, dict[str, Any], str]]]
) -> dict[str, Any]:
    code = values["code"]
    methods = [_method(row) for _, row, _ in tables["Cách nộp"] if row.get("code") == code]
    groups: dict[str, list[dict[str, Any]]] = {}
    for _, row, _ in tables["Giấy tờ"]:
        if row.get("code") == code:
            paper = {k: v for k, v in row.items() if k not in ("code", "case")}
            groups.setdefault(row.get("case", ""), []).append(paper)
    laws = [line.split("|", 1) for line in values.get("legal_bases", [])]
    return {
        "sector": "",
        "source": DEFAULT_SOURCE,
        **values,
        "methods": _merge_fees(methods),
        "document_groups": [{"case": c, "documents": d} for c, d in groups.items()],
        "legal_bases": [{"number": n.strip(), "title": "".join(t).strip()} for n, *t in laws],
    }


def _method(row: dict[str, Any]) -> dict[str, Any]:
    method: dict[str, Any] = {k: row[k] for k in ("method", "days", "unit", "note") if k in row}
    if "amount" in row or "fee_text" in row:
        method["fees"] = [{"amount": row.get("amount"), "text": row.get("fee_text", "")}]
    return method


def _merge_fees(methods: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows that differ in nothing but the fee are one method with several fees."""
    merged: dict[tuple[Any, ...], dict[str, Any]] = {}
    for method in methods:
        key = tuple(method.get(k) for k in ("method", "days", "unit", "note"))
        if key in merged:
            merged[key].setdefault("fees", []).extend(method.get("fees", []))
        else:
            merged[key] = method
    return list(merged.values())
