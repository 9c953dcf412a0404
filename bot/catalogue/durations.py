"""Processing times as sources write them: "7 Ngày làm việc", "8 Giờ", "1.5 Ngày làm việc"."""

from __future__ import annotations

import re
from dataclasses import dataclass

UNIT_WORDS = {
    "ngày làm việc": "working_day",
    "ngày": "day",
    "giờ": "hour",
}
_WORDS = {unit: word for word, unit in UNIT_WORDS.items()}
_NUMBER = r"\d{1,4}(?:[.,]\d{1,2})?"
_UNIT = r"ngày\s+làm\s+việc|ngày|giờ\s+làm\s+việc|giờ|tháng|tuần|phút|năm"
_WHOLE = re.compile(rf"\s*({_NUMBER})\s*({_UNIT})?\s*\.?\s*", re.IGNORECASE)
_IN_TEXT = re.compile(
    rf"(?<![\d/.,\-])({_NUMBER})\s*(?:\([^()\d]{{2,30}}\)\s*)?({_UNIT})(?!\s*\d)", re.IGNORECASE
)
# A date or an age is no processing time: "ngày 15/01", "18 tuổi", "2 năm gần nhất".
_STATED = re.compile(
    r"thời (?:hạn|gian)|kể từ|trong ngày|ngay sau|ngay khi|không quá|tối đa|chậm nhất|trả kết quả",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Duration:
    """A number and its unit: "working_day", "day", "hour"; "" when the source lost it."""

    number: float
    unit: str
    text: str = ""  # the words, for units that have no name here (months, weeks, minutes)


def parse_duration(text: str) -> Duration | None:
    """The duration when `text` is nothing but one, else None."""
    match = _WHOLE.fullmatch(text)
    return _duration(match[1], match[2] or "") if match else None


def find_durations(text: str) -> tuple[Duration, ...]:
    """Every different duration in running text, in order."""
    return tuple(dict.fromkeys(_duration(m[1], m[2]) for m in _IN_TEXT.finditer(text)))


def sentences_with_time(text: str, limit: int = 2) -> str:
    """The first sentences that state a processing time, or ""."""
    found = []
    for sentence in re.split(r"(?<=[.;])\s+|\n+", text):
        if _STATED.search(sentence) and (_IN_TEXT.search(sentence) or _immediate(sentence)):
            found.append(sentence.strip(" -+*•"))
            if len(found) == limit:
                break
    return " ".join(found)


def _immediate(sentence: str) -> bool:
    return bool(re.search(r"ngay trong ngày|trong ngày làm việc|ngay sau khi", sentence, re.I))


def format_duration(number: float, unit: str) -> str:
    """(3, "working_day") → "3 ngày làm việc"; 1.5 is written "1,5"."""
    shown = f"{number:g}".replace(".", ",")
    return f"{shown} {_WORDS[unit]}"


def _duration(number: str, unit: str) -> Duration:
    value = float(number.replace(",", "."))
    word = re.sub(r"\s+", " ", unit.lower())
    if word == "giờ làm việc":
        word = "giờ"
    named = UNIT_WORDS.get(word, "")
    text = f"{value:g} {word}".replace(".", ",") if word and not named else ""
    return Duration(value, named, text)
