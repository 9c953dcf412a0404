"""The report as files for a spreadsheet: text stays text, whatever it begins with."""

from __future__ import annotations

import csv
import io
import re
from typing import Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Font

from bot.services.analytics.report import Report
from bot.services.analytics.tables import Cell

FORMULA = re.compile(r"\s*[=+\-@]|[\t\r\n]")  # how a cell begins that a spreadsheet may run
LONGEST = 32_000  # characters that a cell takes
FIGURES = ("Số liệu", "Giá trị", "Đơn vị", "Tính trên", "Kỳ trước", "Cách tính")


def as_csv(report: Report) -> bytes:
    """Every table below the other, in UTF-8 with the mark by which Excel knows it."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    for title, head, rows in _sheets(report):
        for row in ((title,), head, *rows, ()):
            writer.writerow([_harmless(cell) for cell in row])
    return out.getvalue().encode("utf-8-sig")


def as_xlsx(report: Report) -> bytes:
    """A sheet for each table."""
    book = Workbook(write_only=True)
    for title, head, rows in _sheets(report):
        sheet = book.create_sheet(re.sub(r"[\[\]:*?/\\]", " ", title)[:31])
        sheet.freeze_panes = "A2"
        sheet.append([_cell(sheet, name, bold=True) for name in head])
        for row in rows:
            sheet.append([_cell(sheet, value) for value in row])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def file_name(report: Report, ending: str) -> str:
    """so-lieu_2026-11-01_2026-11-30.csv"""
    period = report.scope.period
    return f"so-lieu_{period.first:%Y-%m-%d}_{period.last:%Y-%m-%d}.{ending}"


def _sheets(report: Report) -> list[tuple[str, tuple[Cell, ...], list[tuple[Cell, ...]]]]:
    period = report.scope.period
    title = f"Số liệu {period.first:%d-%m-%Y} đến {period.last:%d-%m-%Y}"
    figures: list[tuple[Cell, ...]] = [
        (tile.name, _short(tile.value), tile.unit, tile.of, _short(tile.before), tile.means)
        for tile in report.tiles
    ]
    return [
        (title, FIGURES, figures),
        *((table.title, table.columns, list(table.rows)) for table in report.tables),
    ]


def _short(value: float | int | None) -> float | int | None:
    return round(value, 2) if isinstance(value, float) else value


def _harmless(cell: Cell) -> Cell:
    if isinstance(cell, str) and FORMULA.match(cell):
        return f"'{cell}"
    return "" if cell is None else cell


def _cell(sheet: Any, value: Cell, *, bold: bool = False) -> Any:
    text = ILLEGAL_CHARACTERS_RE.sub("", value)[:LONGEST] if isinstance(value, str) else value
    made = WriteOnlyCell(sheet, value=text)
    if isinstance(text, str):
        made.data_type = "s"  # else "=…" would be a formula
    if bold:
        made.font = Font(bold=True)
    return made
