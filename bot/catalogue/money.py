"""Amounts of đồng as Vietnamese sources write them: 10,000 Việt Nam Đồng, 20.000 đồng, 400.000đ."""

from __future__ import annotations

import re

_NUMBER = r"\d{1,3}(?:[.,]\d{3})+|\d+"
_CURRENCY = r"(?:Việt Nam Đồng|VNĐ|VND|đồng|đ)(?![^\W\d_])"
# "15000000/lần Đồng": some notes put the unit of counting before the currency.
_IN_TEXT = re.compile(
    rf"(?<![\d.,/])({_NUMBER})\s*(?:/\s?[^\s\d/]{{1,12}}\s)?\s*{_CURRENCY}", re.IGNORECASE
)
_WHOLE = re.compile(rf"\s*({_NUMBER})\s*{_CURRENCY}\.?\s*", re.IGNORECASE)

# No fee of the Vietnamese state is smaller; a cell that says "20 VNĐ" lost its thousands.
SMALLEST_FEE = 1_000


def parse_amount(text: str) -> int | None:
    """The amount in đồng when `text` is nothing but an amount, else None."""
    match = _WHOLE.fullmatch(text)
    return _to_int(match[1]) if match else None


def find_amounts(text: str) -> tuple[int, ...]:
    """Every different amount of đồng in running text, in order."""
    return tuple(dict.fromkeys(_to_int(m[1]) for m in _IN_TEXT.finditer(text)))


def format_money(amount: int) -> str:
    """10000 → "10.000 đồng", as it is written in Vietnam."""
    return f"{amount:,}".replace(",", ".") + " đồng"


def _to_int(number: str) -> int:
    return int(re.sub(r"[.,]", "", number))
