"""Case codes in free text: found in whatever shape people type them, and repaired.

Three families: "national" (Circular 01/2018 and its successor, with the exceptions that real
systems make), "social_insurance" (03706/2026/07906) and "bacgiang_2016" (BG.TPH02A.150730.I4).
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass

NATIONAL, SOCIAL_INSURANCE, BACGIANG_2016 = "national", "social_insurance", "bacgiang_2016"


@dataclass(frozen=True)
class CaseCode:
    """A code as the one-stop software writes it, and where it stood in the text."""

    family: str
    code: str
    start: int
    end: int


def find(text: str) -> CaseCode | None:
    """The first case code in `text`, or None."""
    found = find_all(text)
    return found[0] if found else None


def find_all(text: str) -> list[CaseCode]:
    """Every case code in `text`, in the order they stand there."""
    if not _HAS_DIGITS.search(text):
        return []
    plain, origin = _straighten(text)
    found: list[CaseCode] = []
    for pattern, repair in _SHAPES:
        for match in pattern.finditer(plain):
            start, end = match.span()
            code = repair(match)
            # Shapes are tried in order: a later, looser one never overrides.
            if code and not any(start < f.end and f.start < end for f in found):
                cut = start + len(match.group(0)) - len(match.group(0).lstrip())
                found.append(CaseCode(code[0], code[1], cut, end))
    found.sort(key=lambda f: f.start)
    if origin is None:
        return found
    return [CaseCode(f.family, f.code, origin[f.start], origin[f.end - 1] + 1) for f in found]


# One character to one character, so that positions hold.
_STRAIGHT = {code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)}
_STRAIGHT |= {ord(c): "-" for c in "‐‑‒–—―−﹘﹣⁃⸺⸻ー─━"}
_STRAIGHT |= {ord(c): " " for c in "\t\r\n\v\f\u00a0\u1680\u202f\u205f\u3000"}
_STRAIGHT |= dict.fromkeys(range(0x2000, 0x200B), " ")
_STRAIGHT |= {ord("。"): ".", ord("·"): ".", ord("∕"): "/", ord("⁄"): "/"}
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]")
_HAS_DIGITS = re.compile(r"\d")


def _straighten(text: str) -> tuple[str, list[int] | None]:
    """Plain dashes, spaces and widths; with a position map only where characters were dropped."""
    plain = text.translate(_STRAIGHT)
    if not _INVISIBLE.search(plain):
        return plain, None
    origin = [i for i, c in enumerate(plain) if not _INVISIBLE.match(c)]
    return "".join(plain[i] for i in origin), origin


_GROUP = r"(?=[A-Z]{0,2}[0-9])[A-Z0-9]{1,3}"
_AGENCY = r"[A-Z][O0-9][0-9]"
_DASH = r"\s{0,3}-{1,2}\s{0,3}"
_FREE = r"\s{0,2}[-._,/ ]\s{0,2}"
_TAIL = rf"(?P<date>[0-9]{{6}}){_DASH}(?P<serial>[0-9]{{4,6}})(?![0-9])"
_LOOSE_DATE = r"(?P<date>[0-9]{2}\s?[0-9]{2}\s?[0-9]{2})"
_LOOSE_TAIL = rf"{_LOOSE_DATE}{_FREE}(?P<serial>[0-9]{{4,6}})(?![0-9])"
_LEFT = r"(?<![A-Z0-9])(?<![0-9]\.)"
_FLAGS = re.IGNORECASE | re.ASCII

# As it should be written, with room around the dashes.
_AS_WRITTEN = re.compile(rf"{_LEFT}(?P<prefix>{_GROUP}(?:\.{_GROUP}){{0,3}}){_DASH}{_TAIL}", _FLAGS)
# The older shape, 000.00.15.H02, with anything between its parts.
_OLD_LOOSE = re.compile(
    rf"(?<![0-9])(?P<prefix>[0-9]{{3}}{_FREE}[A-Z0-9]{{2}}{_FREE}[A-Z0-9]{{2}}{_FREE}{_AGENCY})"
    rf"{_FREE}{_LOOSE_TAIL}",
    _FLAGS,
)
# The newer shape, H02.15, with anything between its parts, perhaps glued to the word before.
_NEW_LOOSE = re.compile(
    rf"(?<![0-9.])(?P<prefix>{_AGENCY}(?:{_FREE}[0-9]{{1,3}}){{0,2}}){_FREE}{_LOOSE_TAIL}", _FLAGS
)
_INSURANCE = re.compile(r"(?<![0-9/])([0-9]{5})\s?/\s?(20[0-9]{2})\s?/\s?([0-9]{5})(?![0-9/])")
_BACGIANG = re.compile(
    r"(?<![A-Z0-9])([A-Z]{2,6})\s?\.\s?([A-Z]{2,4}[0-9]{2}[A-Z]?)\s?\.\s?([0-9]{6})\s?\.\s?"
    r"I([0-9]{1,5})(?![0-9])",
    _FLAGS,
)


def _national(match: re.Match[str]) -> tuple[str, str] | None:
    groups = [g.upper() for g in re.split(r"[^A-Za-z0-9]+", match["prefix"])]
    if len(groups) > 1 and re.fullmatch(r"[0-9]{1,2}", groups[0]):
        groups = groups[1:]  # "2.H02.15-…": a list number, not a part of the code
    groups = [re.sub(r"^([A-Z])O(?=[0-9]$)", r"\g<1>0", g) for g in groups]
    if not any(re.fullmatch(r"[A-Z][0-9]{2}", g) for g in groups):
        return None
    date = re.sub(r"\s", "", match["date"])
    if not _real_date(date):
        return None
    return NATIONAL, f"{'.'.join(groups)}-{date}-{match['serial']}"


def _social_insurance(match: re.Match[str]) -> tuple[str, str] | None:
    return SOCIAL_INSURANCE, "/".join(match.groups())


def _bacgiang_2016(match: re.Match[str]) -> tuple[str, str] | None:
    unit, procedure, date, serial = match.groups()
    if not _real_date(date):
        return None
    return BACGIANG_2016, f"{unit}.{procedure}.{date}.I{serial}".upper()


_SHAPES = (
    (_OLD_LOOSE, _national),
    (_AS_WRITTEN, _national),
    (_BACGIANG, _bacgiang_2016),
    (_INSURANCE, _social_insurance),
    (_NEW_LOOSE, _national),
)


def _real_date(yymmdd: str) -> bool:
    try:
        dt.date(2000 + int(yymmdd[:2]), int(yymmdd[2:4]), int(yymmdd[4:]))
    except ValueError:
        return False
    return True
