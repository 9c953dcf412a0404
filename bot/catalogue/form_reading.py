"""A form read back into a record: what was not touched stays as it was, each error at its box."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from bot.catalogue.form_writing import DATES, LINES, ONE_LINE, Fields, fields_of, places
from bot.catalogue.money import SMALLEST_FEE
from bot.catalogue.plain import CODE, UNITS, record_from_dict
from bot.catalogue.records import METHODS, ProcedureRecord
from bot.errors import RecordError

SHORT, LONG = 500, 10_000  # characters that a box takes
LARGEST_FEE = 100_000_000_000  # đồng
MOST_DAYS = 9_999
ONLINE_LEVELS = ("", "một phần", "toàn trình")
FEE_KINDS = ("", "phí", "lệ phí")
_AMOUNT = re.compile(r"(-?)\s*(\d{1,3}(?:[.,\s]\d{3})+|\d+)\s*(?:đồng|đ|vnđ|vnd)?", re.IGNORECASE)
_FREE = re.compile(r"miễn(?:\s+(?:phí|lệ phí))?|không thu", re.IGNORECASE)
_DAYS = re.compile(r"-?\d+(?:[.,]\d+)?")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\u2028\u2029\ud800-\udfff]")


@dataclass(frozen=True)
class Reading:
    """What a form says: `record` when nothing is wrong, else `errors` by the name of the box."""

    record: ProcedureRecord | None
    errors: Mapping[str, str] = field(hash=False)


def clean(fields: Mapping[str, str]) -> Fields:
    """The fields with one kind of line end, and without the control characters."""
    return {
        name: _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).strip()
        for name, text in fields.items()
    }


def read_form(fields: Mapping[str, str], base: ProcedureRecord) -> Reading:
    """The record that the form describes, `base` being what it was filled from."""
    return _Reader(clean(fields), base).read()


class _Reader:
    def __init__(self, fields: Fields, base: ProcedureRecord) -> None:
        self.fields = fields
        self.before = clean(fields_of(base))
        self.plain = base.to_dict()
        self.base = base
        self.errors: dict[str, str] = {}

    def read(self) -> Reading:
        for name in (*ONE_LINE, "decision_number"):
            self._one(name, self._text)
        self._one("conditions", lambda name: self._text(name, LONG))
        for name in LINES:
            self._one(name, self._items)
        self._one("steps", self._steps)
        for name in DATES:
            self._one(name, self._day)
        self._one("online_level", lambda name: self._choice(name, ONLINE_LEVELS))
        self._one("owner", self._text)
        self._rows("level:", "levels", self._levels)
        self._rows("methods-", "methods", self._methods)
        self._rows("groups-", "document_groups", self._groups)
        self._rows("laws-", "legal_bases", self._laws)
        self._check()
        if self.errors:
            return Reading(None, self.errors)
        try:
            return Reading(record_from_dict(self.plain), {})
        except RecordError as error:
            return Reading(None, {"name": f"Chưa lưu được: {error}"})

    def _one(self, name: str, parse: Callable[[str], Any]) -> None:
        if name in self.fields and self.fields[name] != self.before.get(name, ""):
            self.plain[name] = parse(name)

    def _rows(self, prefix: str, name: str, parse: Callable[[], Any]) -> None:
        """Read repeated rows anew only where one was touched; else they stay to the letter."""
        said = {k: v for k, v in self.fields.items() if k.startswith(prefix) and v}
        if said != {k: v for k, v in self.before.items() if k.startswith(prefix) and v}:
            self.plain[name] = parse()

    def _check(self) -> None:
        for name, words in (("name", "tên thủ tục"), ("source", "nguồn"), ("sector", "lĩnh vực")):
            if not str(self.plain[name]).strip():
                self.errors[name] = f"Chưa có {words}. Mời anh/chị ghi vào đây."
        if not self.plain["crawl_date"]:
            self.errors.setdefault("crawl_date", "Chưa có ngày của dữ liệu.")
        link = self.plain["link"]
        if link and link != self.base.link and not _is_address(link):
            self.errors["link"] = "Đường dẫn phải bắt đầu bằng https:// hoặc http://."
        first, last = self.plain["effective_from"], self.plain["effective_to"]
        if first and last and last < first and "effective_to" not in self.errors:
            self.errors["effective_to"] = "Ngày hết hiệu lực đang trước ngày có hiệu lực."

    def _get(self, name: str) -> str:
        return self.fields.get(name, "")

    def _text(self, name: str, limit: int = SHORT) -> str:
        text = self._get(name)
        if len(text) > limit and text != self.before.get(name):
            self.errors[name] = (
                f"Ô này nhận tối đa {limit} ký tự, anh/chị đã ghi {len(text)}. Mời rút gọn lại."
            )
        return text if limit > SHORT else " ".join(text.split())

    def _items(self, name: str) -> list[str]:
        self._text(name, LONG)
        return [" ".join(line.split()) for line in self._get(name).splitlines() if line.strip()]

    def _steps(self, name: str) -> list[str]:
        self._text(name, LONG)
        return [step.strip() for step in re.split(r"\n\s*\n", self._get(name)) if step.strip()]

    def _day(self, name: str) -> str | None:
        text = self._get(name)
        if not text:
            return None
        day = read_day(text)
        if day is None:
            self.errors[name] = (
                "Ngày chưa đúng. Mời ghi theo dạng ngày/tháng/năm, ví dụ 01/01/2027."
            )
        return day.isoformat() if day else None

    def _choice(self, name: str, allowed: tuple[str, ...]) -> str:
        text = self._get(name)
        if text not in allowed and text != self.before.get(name):
            self.errors[name] = "Mời anh/chị chọn một mục trong danh sách."
        return text

    def _levels(self) -> list[str]:
        names = [
            k.partition(":")[2] for k, v in self.fields.items() if k.startswith("level:") and v
        ]
        return [name[:80] for name in names]

    def _methods(self) -> list[dict[str, Any]]:
        found = []
        for i in places(self.fields, "methods"):
            where = f"methods-{i}"
            if not self._get(f"{where}-method"):
                if self._said(where):
                    self.errors[f"{where}-method"] = (
                        "Mời anh/chị chọn cách nộp; muốn bỏ thì xoá trắng các ô của cách nộp này."
                    )
                continue
            found.append(self._method(where))
        return found

    def _method(self, where: str) -> dict[str, Any]:
        days, unit = self._days(f"{where}-days"), self._choice(f"{where}-unit", UNITS)
        if days is not None and not unit and self._touched(f"{where}-days", f"{where}-unit"):
            self.errors.setdefault(f"{where}-unit", "Mời anh/chị chọn đơn vị của thời hạn.")
        if unit and days is None and f"{where}-days" not in self.errors:
            self.errors[f"{where}-days"] = "Chưa có số ngày hoặc số giờ."
        return {
            "method": self._choice(f"{where}-method", METHODS),
            "days": days,
            "unit": unit,
            "time_text": self._text(f"{where}-time_text", LONG),
            "note": self._text(f"{where}-note", LONG),
            "fees_conflict": bool(self._get(f"{where}-conflict")),
            "fees": [
                self._fee(f"{where}-fees-{i}")
                for i in places(self.fields, f"{where}-fees")
                if self._said(f"{where}-fees-{i}")
            ],
        }

    def _fee(self, where: str) -> dict[str, Any]:
        amount = self._amount(f"{where}-amount")
        text = self._text(f"{where}-text", LONG)
        if amount is None and not text and f"{where}-amount" not in self.errors:
            self.errors[f"{where}-amount"] = "Mời ghi số tiền, hoặc ghi rõ cách thu ở ô bên cạnh."
        kind = self._choice(f"{where}-kind", FEE_KINDS)
        return {"amount": amount, "kind": kind, "text": text}

    def _amount(self, name: str) -> int | None:
        text = self._get(name)
        if not text:
            return None
        if _FREE.fullmatch(text):
            return 0
        match = _AMOUNT.fullmatch(text)
        amount = int(re.sub(r"\D", "", match[2])[:20]) if match else None
        if amount is None:
            said = "Số tiền chưa đúng. Mời ghi số đồng, ví dụ 20.000; miễn phí thì ghi 0."
        elif match and match[1]:
            said = "Số tiền không thể âm. Mời ghi lại, ví dụ 20.000."
        elif amount > LARGEST_FEE:
            said = "Số tiền này lớn quá. Mời anh/chị kiểm tra lại các số 0."
        elif 0 < amount < SMALLEST_FEE and self._touched(name):
            said = "Số tiền nhỏ hơn 1.000 đồng. Mời anh/chị kiểm tra: có thiếu ba số 0 không?"
        else:
            return amount
        self.errors[name] = said
        return None

    def _days(self, name: str) -> float | None:
        text = self._get(name)
        if not text:
            return None
        if not _DAYS.fullmatch(text):
            self.errors[name] = "Thời hạn phải là một số, ví dụ 3 hoặc 1,5."
            return None
        number = float(text.replace(",", "."))
        if not 0 <= number <= MOST_DAYS:
            self.errors[name] = (
                "Thời hạn không thể âm."
                if number < 0
                else "Thời hạn này dài quá. Mời kiểm tra lại."
            )
            return None
        return number

    def _groups(self) -> list[dict[str, Any]]:
        found = []
        for i in places(self.fields, "groups"):
            where = f"groups-{i}"
            papers = [
                self._paper(f"{where}-papers-{n}")
                for n in places(self.fields, f"{where}-papers")
                if self._said(f"{where}-papers-{n}")
            ]
            case = self._text(f"{where}-case", LONG)
            if case and not papers:
                self.errors[f"{where}-case"] = (
                    "Trường hợp này chưa có giấy tờ nào. Mời ghi giấy tờ, hoặc xoá trắng ô này."
                )
            if papers:
                found.append({"case": case, "documents": papers})
        return found

    def _paper(self, where: str) -> dict[str, Any]:
        name = self._text(f"{where}-name", LONG)
        if not name:
            self.errors[f"{where}-name"] = "Chưa có tên giấy tờ; muốn bỏ thì xoá trắng cả dòng."
        return {
            "name": name,
            "form": self._text(f"{where}-form"),
            "originals": self._count(f"{where}-originals"),
            "copies": self._count(f"{where}-copies"),
            "note": self._text(f"{where}-note", LONG),
        }

    def _count(self, name: str) -> int | None:
        text = self._get(name)
        if text and not (text.isascii() and text.isdigit() and len(text) <= 3):
            self.errors[name] = "Số bản phải là số từ 0 đến 999."
            return None
        return int(text) if text else None

    def _laws(self) -> list[dict[str, str]]:
        found = []
        for i in places(self.fields, "laws"):
            if self._said(f"laws-{i}"):
                number = self._text(f"laws-{i}-number")
                found.append({"number": number, "title": self._text(f"laws-{i}-title", LONG)})
        return found

    def _said(self, where: str) -> bool:
        return any(v for k, v in self.fields.items() if k.startswith(f"{where}-"))

    def _touched(self, *names: str) -> bool:
        return any(self._get(name) != self.before.get(name, "") for name in names)


def new_record(fields: Mapping[str, str], today: dt.date) -> tuple[ProcedureRecord, dict[str, str]]:
    """An empty record to read a new procedure's form against, and what is wrong with its code."""
    code = clean(fields).get("code", "").upper()
    good = bool(CODE.fullmatch(code))
    said = "" if good else "Mã gồm chữ, số, dấu chấm hoặc gạch, ví dụ 1.004194."
    record = ProcedureRecord(code if good else "MOI", "", "", "", today)
    return record, {"code": said} if said else {}


def read_day(text: str) -> dt.date | None:
    """A day as a date box sends it (2027-01-01) or as it is typed (1/1/2027); None: it is none."""
    typed = re.fullmatch(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})", text.strip())
    try:
        if typed:
            return dt.date(int(typed[3]), int(typed[2]), int(typed[1]))
        return dt.date.fromisoformat(text.strip())
    except ValueError:
        return None


def _is_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.netloc)
