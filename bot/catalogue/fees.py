"""What a fee cell and the note beside it say together. Unknown is never read as free."""

from __future__ import annotations

import re
from dataclasses import dataclass

from bot.catalogue.money import SMALLEST_FEE, find_amounts, parse_amount
from bot.catalogue.records import Fee

UNKNOWN_WORDS = ("không có thông tin", "")
CELL_SAYS_FREE = "cột mức thu ghi “Miễn phí”"
CELL_SAYS = "cột mức thu"
# Notes that add nothing to "free": nothing is charged, or no fee is laid down.
_NO_FEE = re.compile(
    r"[\s(\-+*.]*(?:miễn phí|miễn lệ phí|không|không có|không có quy định|không quy định"
    r"|chưa quy định|chưa có quy định|không thu|không thu phí|không thu lệ phí"
    r"|không thu phí, lệ phí|không mất phí|không phải nộp|0\s*(?:đồng|đ|vnđ)?"
    r"|lệ phí\s*:\s*không|phí\s*:\s*không|phí, lệ phí\s*:\s*không|không phí)[\s.;:)]*",
    re.IGNORECASE,
)
_SAYS_FREE = re.compile(
    r"miễn|không thu|không mất|không phải nộp|\b0\s*(?:đồng|đ)\b", re.IGNORECASE
)
_STARTS_FREE = re.compile(
    r"[\s(\-+*]*(?:không thu|miễn phí|miễn lệ phí|miễn thu|không (?:được )?quy định)\b",
    re.IGNORECASE,
)
_CONDITION = re.compile(
    r"trường hợp|đối với|đối tượng|cho người|thuộc|từ ngày|đến hết|kể từ|%", re.IGNORECASE
)
_PAYING = re.compile(r"phí|\bthu\b|(?:đồng|đ)\s*/", re.IGNORECASE)
_EXEMPT = re.compile(r"(?:miễn|giảm|không phải nộp|không thu)[^.;]{0,60}\bphí\b", re.IGNORECASE)
_FEE_IN_PROSE = re.compile(
    r"(?:phí|mức thu|giá dịch vụ)[^.;\n]{0,80}?\d[\d.,]*\s*(?:đồng|đ|vnđ|usd)\b"
    r"|phí[^.;\n]{0,80}hội đồng nhân dân|hội đồng nhân dân[^.;\n]{0,60}\bphí\b"
    r"|^\W{0,3}(?:phí|lệ phí)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class FeeReading:
    """The fees of one row; `raw` keeps the source's words when the amount was not understood."""

    fees: tuple[Fee, ...] = ()
    conflict: bool = False
    raw: str = ""


def read_fee(cell: str, note: str = "", prose: str = "") -> FeeReading:
    """Put together the fee cell, its note in brackets and the row's free description.

    A cell of "Miễn phí" beside a note that names an amount or a regulation is a conflict: the
    portal writes "Miễn phí" wherever nobody typed a number.
    """
    cell, note = cell.strip(), _clean(note)
    if _FEE_IN_PROSE.search(prose) and (cell.lower() in UNKNOWN_WORDS or _is_free(cell)):
        note = "; ".join(part for part in (note, _clean(prose)) if part)
    if cell.lower() in UNKNOWN_WORDS:
        return _unknown_cell(note)
    if _is_free(cell):
        return _free_cell(note)
    amount = parse_amount(cell)
    if amount is None:
        return FeeReading((Fee(None, _join(cell, note)),), raw="" if "USD" in cell else cell)
    if amount < SMALLEST_FEE:
        return _shrunk_cell(cell, amount, note)
    note = "; ".join(part for part in (note, _fee_sentences(prose)) if part)
    return _amount_cell(amount, note)


def _is_free(cell: str) -> bool:
    return cell.lower().startswith("miễn") or parse_amount(cell) == 0


def _unknown_cell(note: str) -> FeeReading:
    if not note or (_NO_FEE.fullmatch(note) and not _SAYS_FREE.search(note)):
        return FeeReading()
    if _NO_FEE.fullmatch(note):
        return FeeReading((Fee(0),))
    return FeeReading((_fee_of_note(note),))


def _free_cell(note: str) -> FeeReading:
    if not note:
        return FeeReading((Fee(0),))
    if _NO_FEE.fullmatch(note):
        return FeeReading((Fee(0, note),) if "quy định" in note.lower() else (Fee(0),))
    if _STARTS_FREE.match(note) and not find_amounts(note) and not _CONDITION.search(note):
        return FeeReading((Fee(0, note),))
    return FeeReading((Fee(0, CELL_SAYS_FREE), _fee_of_note(note)), conflict=True)


def _amount_cell(amount: int, note: str) -> FeeReading:
    stated = find_amounts(note)
    if not stated or amount in stated:
        return FeeReading((Fee(amount, note),))
    return FeeReading((Fee(amount, CELL_SAYS), _fee_of_note(note)), conflict=True)


def _shrunk_cell(cell: str, amount: int, note: str) -> FeeReading:
    stated = find_amounts(note)
    if amount * 1000 in stated:
        return FeeReading((Fee(amount * 1000, note),))
    if stated or re.search(r"\d[\d.,]*\s*USD", note):
        return FeeReading((_fee_of_note(note),), raw=cell)
    if note and not _SAYS_FREE.search(note) and not _PAYING.search(note):
        note = f"mức thu nguồn ghi không rõ ({note})"
    return FeeReading((Fee(None, note),) if note else (), raw=cell)


def _fee_of_note(note: str) -> Fee:
    stated = [amount for amount in find_amounts(note) if amount >= SMALLEST_FEE]
    return Fee(stated[0] if len(stated) == 1 else None, note)


def _fee_sentences(prose: str) -> str:
    """The sentences of a description that name an amount to pay or who need not pay it."""
    return " ".join(
        _clean(sentence)
        for sentence in re.split(r"(?<=[.;])\s+|\n+", prose)
        if (find_amounts(sentence) and _PAYING.search(sentence)) or _EXEMPT.search(sentence)
    )


def _clean(text: str) -> str:
    text = re.sub(r"\s+", " ", text).strip()
    text = re.sub(r"^(?:lệ phí|phí)\s*:\s*đồng\b\s*", "", text, flags=re.IGNORECASE)
    while text.startswith("(") and text.endswith(")") and _wraps(text):
        text = text[1:-1].strip()
    return text


def _wraps(text: str) -> bool:
    depth = 0
    for i, char in enumerate(text):
        depth += (char == "(") - (char == ")")
        if depth == 0:
            return i == len(text) - 1
    return False


def _join(cell: str, note: str) -> str:
    if note.startswith("/"):
        return cell + note
    return f"{cell} ({note})" if note and note != cell else cell
