"""Personal data in a citizen's words, replaced by what kind of thing it was."""

from __future__ import annotations

import re
from collections.abc import Callable

from nlu import case_codes
from nlu.text import fold, nfc

CODE, NAME, NUMBER = "[mã hồ sơ]", "[họ tên]", "[số]"

_EMAIL = re.compile(r"[\w.+\-]+@[\w\-]+(?:\.[\w\-]+)+")
_LINK = re.compile(r"(?:https?://|www\.)\S+", re.IGNORECASE)
_PLATE = re.compile(r"\b\d{2}\s?-?[A-ZĐ]{1,2}\d?\s?[-. ]\s?\d{3}\.?\d{1,2}\b", re.IGNORECASE)
_PHONE = re.compile(r"(?<![\w.])(?:\+?84|0)(?:[\s.\-]?\d){9}(?!\d)")
_IDENTITY = re.compile(r"(?<![\w.])(?:\d(?:[\s.\-]?\d){11}|\d(?:[\s.]?\d){8}|[A-Z]\d{7,8})(?![\w])")
_DATE = re.compile(r"\b\d{1,2}\s?[/.\-]\s?\d{1,2}\s?[/.\-]\s?(?:19|20)?\d{2}\b")
_LONG_NUMBER = re.compile(r"\d{6,}")
_LAST_DIGITS = re.compile(r"(?<!\d)\d{4}(?!\d)")
_ASKS_DIGITS = re.compile(r"(?:so|chu so) cuoi|\bma xac nhan\b|\botp\b")
_HOUSE = re.compile(r"\b(?:số nhà|so nha|ngõ|ngách|hẻm|kiệt)\s+\d[\w/]*", re.IGNORECASE)

_SURNAMES = (
    "nguyễn|trần|lê|phạm|hoàng|huỳnh|phan|vũ|võ|đặng|bùi|đỗ|hồ|ngô|dương|lý|đinh|đoàn|trịnh|mai|đào"
    "|lương|tạ|chu|cao|hà|thân|giáp|vi|nông|lưu|triệu|quách|tô|thái|phùng|kiều|la|tống|khổng|ninh"
)
_MIDDLE = "văn|thị|đức|hữu|xuân|minh|ngọc|thanh|quang|đình|công|bá|duy|quốc|hồng|thu|kim|như|gia"
_INTRODUCED = re.compile(
    r"(?:\b(?:họ (?:và )?)?tên"
    r"(?: (?:của |cháu |bé |con )*(?:tôi|em|mình|cháu|con|bé|vợ|chồng|bố|mẹ)(?: tôi| em)?)?"
    r"(?: đầy đủ)?(?: là|\s?:)"
    r"|\b(?:tôi|em|mình|cháu|con|bé|vợ|chồng|bố|mẹ|ông|bà|anh|chị) tên(?: là)?"
    r"|\bho (?:va )?ten(?: la|\s?:)|\bten (?:(?:toi|em|minh|chau|con|be) )?la"
    r"|\b(?:toi|em|minh|chau|con|be|vo|chong) ten(?: la)?)\s+",
    re.IGNORECASE,
)
_WORD = re.compile(r"[^\W\d_]+")
# A name has ended where one of these begins.
_AFTER_NAME = frozenset(
    re.findall(
        r"\w+",
        "muon can hoi xin lam dang o tai sinh so thi va voi nho cho da bi co cu tru que nam nu la"
        " khong duoc nop doi cap mat hien quen tuoi em anh chi ban a oi nha gi nao the ngu thuoc",
    )
)


def _cased(words: str) -> str:
    """The words as a pattern, each with a capital."""
    return "|".join(f"{w[:1].upper()}{w[1:]}" for w in words.split("|"))


_CAPITAL = r"[A-ZÀ-ỸĐ][a-zà-ỹđ]*"
_PLACES = (
    "Hà (?:Nội|Nam|Giang|Tĩnh|Đông)|Cao Bằng|Thái (?:Bình|Nguyên|Lan)|Ninh (?:Bình|Thuận)"
    "|Hồ Chí Minh|Lương Tài|Mai Châu"
)
_NAMED = re.compile(rf"\b(?!{_PLACES})(?:{_cased(_SURNAMES)})(?: {_CAPITAL}){{1,4}}\b")
_SMALL_NAME = re.compile(
    rf"\b(?:{_SURNAMES}|{fold(_SURNAMES)}) (?:{_MIDDLE}|{fold(_MIDDLE)}) [^\W\d_]+"
    rf"(?: [^\W\d_]{{1,6}}(?=\s*(?:[,.;]|$)))?",
    re.IGNORECASE,
)


def mask(text: str) -> str:
    """The text without case codes, numbers of people and papers, addresses and names."""
    masked = _without_codes(nfc(text))
    for pattern, kind in _STEPS:
        masked = pattern.sub(kind, masked)
    masked = _without_introduced(masked)
    only_digits = not re.search(r"[^\W\d_]", re.sub(r"\[[^\]]*\]", "", masked))
    if only_digits or _ASKS_DIGITS.search(fold(masked)):
        masked = _LAST_DIGITS.sub(NUMBER, masked)
    return masked


_STEPS: tuple[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]], ...] = (
    (_EMAIL, "[email]"),
    (_LINK, "[liên kết]"),
    (_PLATE, "[biển số]"),
    (_PHONE, "[số điện thoại]"),
    (_IDENTITY, "[số giấy tờ]"),
    (_DATE, "[ngày]"),
    (_LONG_NUMBER, NUMBER),
    (_HOUSE, "[địa chỉ]"),
    (_NAMED, NAME),
    (_SMALL_NAME, NAME),
)


def _without_codes(text: str) -> str:
    found = case_codes.find(text)
    while found is not None:
        text = f"{text[: found.start]}{CODE}{text[found.end :]}"
        found = case_codes.find(text)
    return text


def _without_introduced(text: str) -> str:
    """What follows "tôi tên là", up to five words or to where the sentence goes on."""
    result, place = [], 0
    for match in _INTRODUCED.finditer(text):
        if match.start() < place:
            continue
        end = _end_of_name(text, match.end())
        if end > match.end():
            result += [text[place : match.end()], NAME]
            place = end
    return "".join([*result, text[place:]])


def _end_of_name(text: str, start: int) -> int:
    end = start
    for _ in range(5):
        word = _WORD.match(text, end + (end > start and text[end : end + 1] == " "))
        if word is None or (word[0].islower() and fold(word[0]) in _AFTER_NAME):
            break
        end = word.end()
    return end
