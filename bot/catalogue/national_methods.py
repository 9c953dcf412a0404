"""The run-on table "Hình thức nộp · Thời gian · Phí, lệ phí · Mô tả" of the national crawl."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from bot.catalogue.durations import find_durations, parse_duration, sentences_with_time
from bot.catalogue.fees import FeeReading, read_fee
from bot.catalogue.records import IN_PERSON, ONLINE, POST, Fee, Method

METHOD_NAMES = {"Trực tiếp": IN_PERSON, "Trực tuyến": ONLINE, "Dịch vụ bưu chính": POST}
UNIT_FROM_STEPS = "đơn vị thời gian theo phần các bước"
NO_INFORMATION = "Không có thông tin"
_HEADER = "Hình thức nộpThời gianPhí, lệ phíMô tả"
_NAMES = "|".join(METHOD_NAMES)
_TIME = (
    r"\d{1,3}(?:\.\d{1,2})? (?:Ngày làm việc|Ngày|Giờ|Tháng|Tuần|Phút|Năm)"
    rf"|\d{{1,3}}|{NO_INFORMATION}"
)
# The second form: a thousands group starts with 1–9, which tells "1" + "20,000" apart.
_MONEY = r"(?:[1-9]\d{0,2}(?:,\d{3})+|0|[1-9]\d*)(?:\.\d+)? (?:Việt Nam Đồng|VNĐ|USD|EUR)"
_FEE = rf"Miễn phí|{NO_INFORMATION}|{_MONEY}"
_ROW = re.compile(rf"({_NAMES})({_TIME})({_FEE})")
_TEXT_ROW = re.compile(rf"({_NAMES})([^\d(][^\d()]{{0,160}}?)(Miễn phí|{NO_INFORMATION})")
_ENUMERATOR = re.compile(r"\((?:\d{1,2}|[a-zđ]|[ivx]{1,4})\)")  # begins a case, no fee note
_MORE_FEE = re.compile(rf"\s*({_MONEY})(?=\()")


@dataclass(frozen=True)
class MethodsReading:
    """The rows, and by part ("methods", "times", "fees") the words that were not understood."""

    methods: tuple[Method, ...] = ()
    raw: dict[str, str] = field(default_factory=dict)


def read_methods(text: str, steps: str = "") -> MethodsReading:
    """Rows of the run-on table; what has no row at all comes back whole as raw["methods"].

    `steps`: the procedure's steps, which may name the unit that a number of the table lost.
    """
    body = text.strip().removeprefix(_HEADER).strip()
    if not body or body == NO_INFORMATION:
        return MethodsReading()
    rows = list(_ROW.finditer(body))
    if not rows or rows[0].start() != 0:
        rows = list(_TEXT_ROW.finditer(body))
    if not rows:
        return MethodsReading(raw={"methods": body})
    ends = [row.start() for row in rows[1:]] + [len(body)]
    raw: dict[str, str] = {} if rows[0].start() == 0 else {"methods": body[: rows[0].start()]}
    found: dict[Method, None] = {}
    for row, end in zip(rows, ends, strict=True):
        found[_read_row(row, body[row.end() : end], steps, raw)] = None
    return MethodsReading(tuple(found), raw)


def _read_row(row: re.Match[str], tail: str, steps: str, raw: dict[str, str]) -> Method:
    name, time, cell = row[1], row[2].strip(), row[3]
    time, cell = _split_run_on(time, cell, tail)
    fee_note, prose = _take_brackets(tail)
    fee = read_fee(cell, fee_note, prose)
    while more := _MORE_FEE.match(prose):
        extra_note, prose = _take_brackets(prose[more.end() :])
        fee = _merge(fee, read_fee(more[1], extra_note))
    if fee.raw:
        _keep(raw, "fees", f"{name}: {fee.raw}")
    days, unit, time_text = _read_time(time, prose, steps)
    if days is None and not time_text and time.isdigit():
        _keep(raw, "times", f"{name}: {time}")
    return Method(
        method=METHOD_NAMES[name],
        days=days,
        unit=unit,
        time_text=time_text,
        fees=fee.fees,
        fees_conflict=fee.conflict,
        note=prose.strip(),
    )


def _split_run_on(time: str, cell: str, tail: str) -> tuple[str, str]:
    """Find where a time without its unit ends and a fee begins: "1" + "20 VNĐ", not "12" + "0"."""
    if not time.isdigit() or not cell[0].isdigit():
        return time, cell
    run = time + cell
    splits = [
        (run[:i], run[i:])
        for i in range(1, min(4, len(run)))
        if run[:i].isdigit() and re.fullmatch(_MONEY, run[i:]) and not run[i:].startswith("0 ")
    ]
    # The number in the note decides; otherwise the short time, which the portal fills in as "1".
    for split in splits:
        digits = re.sub(r"\D", "", split[1].split(" ")[0])
        if re.search(rf"(?<![\d.]){digits}(?:[.,]?000)?(?![\d])", tail[:400].replace(".", "")):
            return split
    return splits[0] if splits else (time, cell)


def _take_brackets(text: str) -> tuple[str, str]:
    """The balanced bracket that `text` begins with (without it: "") and the rest."""
    if not text.startswith("(") or _ENUMERATOR.match(text):
        return "", text
    depth = 0
    for i, char in enumerate(text):
        depth += (char == "(") - (char == ")")
        if depth == 0:
            return text[1:i], text[i + 1 :]
    return text[1:], ""


def _read_time(time: str, prose: str, steps: str) -> tuple[float | None, str, str]:
    duration = parse_duration(time)
    if duration is not None and duration.unit:
        return duration.number, duration.unit, ""
    if duration is not None and duration.text:
        return None, "", duration.text
    if duration is not None:
        return _with_lost_unit(duration.number, prose, steps)
    if time.lower() not in ("", "không", NO_INFORMATION.lower()):
        return None, "", time
    return None, "", sentences_with_time(prose)


def _with_lost_unit(number: float, prose: str, steps: str) -> tuple[float | None, str, str]:
    stated = find_durations(prose)
    if len(stated) == 1 and stated[0].number == number and stated[0].unit:
        return number, stated[0].unit, ""
    # The portal fills in "1" where nobody typed a time: only a larger number means something.
    units = {d.unit for d in find_durations(steps) if d.number == number}
    if number > 1 and len(units) == 1 and "" not in units and not stated:
        return number, units.pop(), UNIT_FROM_STEPS
    return None, "", sentences_with_time(prose)


def _merge(first: FeeReading, second: FeeReading) -> FeeReading:
    fees: tuple[Fee, ...] = tuple(dict.fromkeys(first.fees + second.fees))
    return FeeReading(fees, first.conflict or second.conflict, first.raw or second.raw)


def _keep(raw: dict[str, str], part: str, words: str) -> None:
    raw[part] = f"{raw[part]}; {words}" if part in raw else words
