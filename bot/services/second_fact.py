"""The second fact: the last four digits of the phone or identity number on a case.

Only a message that is nothing but those digits is one. An ordinary question that happens to hold a
number must never count as a wrong try.
"""

from __future__ import annotations

import re

from nlu.text import fold, nfc

# A number as people group it: 0912 345 678, 0912.345.678, 12 34.
_NUMBER = r"\+?[0-9](?:[ .-]?[0-9])*"
_POLITE = (
    r"da|vang|a|nhe|nha|nhe ban|ban|ad|em|minh|toi|anh|chi|co|chu|bac|chau|do|day|ne|oi|ok|roi"
)
_WHOSE = r"cua (?:toi|minh|em|chi|anh|chau|bac|nguoi nop)"
_FACT = (
    r"(?:(?:4|bon) )?(?:chu )?so (?:duoi|cuoi)(?: cung)?|duoi|(?:4|bon) so"
    r"|so(?: dt| sdt| dien thoai| cccd| cmnd| cmt| can cuoc(?: cong dan)?| dinh danh(?: ca nhan)?"
    r"| chung minh(?: nhan dan| thu)?)?"
    r"|sdt|dt|dien thoai|cccd|cmnd|cmt|can cuoc(?: cong dan)?|dinh danh(?: ca nhan)?"
    r"|chung minh(?: nhan dan| thu)?"
)
_LEAD = rf"(?:(?:{_POLITE}|{_FACT}|{_WHOSE}|la) )*"
_TAIL = rf"(?: (?:{_POLITE}|{_WHOSE}))*"
_MESSAGE = re.compile(rf"{_LEAD}(?P<number>{_NUMBER}){_TAIL}")
_LONGEST = 80


def parse(text: str) -> str | None:
    """The four digits a citizen gave, or None when the message says something else.

    A whole phone (10 or 11 digits, or +84…) or identity number (9 or 12) counts by its last four.
    """
    if len(text) > _LONGEST:
        return None
    plain = " ".join(re.sub(r"[:;,!?()\"'“”=]|\.(?![0-9])", " ", fold(nfc(text))).split())
    match = _MESSAGE.fullmatch(plain)
    if match is None:
        return None
    digits = re.sub(r"[^0-9]", "", match["number"])
    if len(digits) == 4 or _whole_number(digits):
        return digits[-4:]
    return None


def _whole_number(digits: str) -> bool:
    phone = re.fullmatch(r"0[0-9]{9,10}|84[0-9]{9}", digits)
    return phone is not None or len(digits) in (9, 12)
