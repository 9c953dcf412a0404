"""Catalogue files to records: the format is told by the content, never by the file's name."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from bot.catalogue import national, structured, xlsx
from bot.catalogue.plain import record_from_dict
from bot.catalogue.records import ProcedureRecord
from bot.errors import CatalogueError, RecordError

_DATE_IN_NAME = re.compile(r"(20\d{2})[-_.]?(0[1-9]|1[0-2])[-_.]?(0[1-9]|[12]\d|3[01])(?!\d)")
_PAGE_ID = re.compile(r"/thu-tuc-hanh-chinh/(01[0-9a-f]{6})-([0-9a-f]{4})-7[0-9a-f]{3}-")


@dataclass(frozen=True)
class Item:
    """One record of a file, or the reason why it cannot be one. `where`: file and place."""

    where: str
    record: ProcedureRecord | None = None
    reason: str = ""
    code: str = ""


def read_file(path: Path, crawl_date: dt.date | None = None) -> list[Item]:
    """Every record of one file; raises CatalogueError when the file as a whole is unusable.

    `crawl_date` is for formats that do not carry one; without it `date_of` tells.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise CatalogueError(f"{path}: không đọc được ({error.strerror})") from error
    if not content.strip():
        raise CatalogueError(f"{path}: tệp rỗng")
    if content.startswith(b"PK"):
        return _items(path, xlsx.read_workbook(path), crawl_date or date_of(path))
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise CatalogueError(f"{path}: không phải văn bản UTF-8 (byte {error.start})") from error
    return _items(path, _rows_of_text(path, text), crawl_date or date_of(path, text))


def date_of(path: Path, text: str = "") -> dt.date:
    """A date in the file's name, else of the newest page it links to, else of its last change.

    The portal's page ids are UUIDs of version 7, which begin with their time; the day of the last
    change comes last, because a copy or a checkout gives every file the day it was made.
    """
    match = _DATE_IN_NAME.search(path.stem)
    if match:
        try:
            return dt.date(int(match[1]), int(match[2]), int(match[3]))
        except ValueError:
            pass
    pages = (int(high + low, 16) / 1000 for high, low in _PAGE_ID.findall(text))
    seconds = max(pages, default=0) or path.stat().st_mtime
    return dt.datetime.fromtimestamp(seconds, tz=dt.timezone.utc).date()


def _rows_of_text(path: Path, text: str) -> Iterator[tuple[str, Any]]:
    start = text.lstrip()[:1]
    if start == "{":
        return iter(_json_lines(path, text))
    if start == "[":
        return iter(_json_list(path, text))
    return iter(_yaml_list(path, text))


def _json_lines(path: Path, text: str) -> list[tuple[str, Any]]:
    try:
        whole = json.loads(text)
    except ValueError:
        pass
    else:
        return [("bản ghi 1", whole)]
    rows = []
    # Not splitlines(): records hold U+2028 and other characters that it takes for line ends.
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            rows.append((f"dòng {number}", json.loads(line)))
        except ValueError as error:
            raise CatalogueError(
                f"{path}: dòng {number} không phải JSON trọn vẹn ({error}); tệp bị cắt hoặc hỏng"
            ) from error
    return rows


def _json_list(path: Path, text: str) -> list[tuple[str, Any]]:
    try:
        rows = json.loads(text)
    except ValueError as error:
        raise CatalogueError(
            f"{path}: không phải JSON trọn vẹn ({error}); tệp bị cắt hoặc hỏng"
        ) from error
    return [(f"bản ghi {i}", row) for i, row in enumerate(rows, start=1)]


def _yaml_list(path: Path, text: str) -> list[tuple[str, Any]]:
    # YAML has no closing mark: half a file can still parse, but it rarely ends at a line's end.
    if not text.endswith("\n"):
        raise CatalogueError(f"{path}: không kết thúc bằng dấu xuống dòng; tệp có thể bị cắt")
    try:
        rows = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise CatalogueError(f"{path}: không phải YAML đúng ({error})") from error
    if not isinstance(rows, list):
        raise CatalogueError(f"{path}: không nhận ra định dạng; cần một danh sách thủ tục")
    return [(f"bản ghi {i}", row) for i, row in enumerate(rows, start=1)]


def _items(path: Path, rows: Iterator[tuple[str, Any]], date: dt.date) -> list[Item]:
    items = []
    for place, row in rows:
        where = f"{path.name}, {place}"
        if isinstance(row, RecordError):
            items.append(Item(where, reason=str(row)))
            continue
        code = _code_of(row)
        try:
            items.append(Item(where, _record(row, date), code=code))
        except RecordError as error:
            items.append(Item(where, reason=str(error), code=code))
    if not items:
        raise CatalogueError(f"{path}: không có thủ tục nào")
    if all(item.record is None for item in items):
        raise CatalogueError(f"{path}: không bản ghi nào dùng được; đầu tiên: {items[0].reason}")
    return items


def _record(row: Any, date: dt.date) -> ProcedureRecord:
    if not isinstance(row, Mapping):
        raise RecordError("không phải một bản ghi")
    if national.is_national(row):
        record = national.read_national(row, date)
    elif structured.is_defence(row):
        record = structured.read_defence(row, date)
    elif structured.is_2021(row):
        record = structured.read_2021(row, date)
    elif "code" in row:
        record = record_from_dict({"crawl_date": date, **row})
    else:
        raise RecordError("không nhận ra định dạng: thiếu mã thủ tục")
    return record_from_dict(record.to_dict())


def _code_of(row: Any) -> str:
    if not isinstance(row, Mapping):
        return ""
    return str(row.get("code") or row.get("ma_thu_tuc") or row.get("thu_tuc_id") or "")
