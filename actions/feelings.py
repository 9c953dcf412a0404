"""Whether a message asks for a person, or says that the citizen has had enough."""

from __future__ import annotations

import functools
import re

from actions.resources import LOOKUPS, read_yaml
from nlu.text import fold, normalise

FILE = LOOKUPS / "handoff_words.yml"
_FILLERS = (
    r"(?:he|co|thay|bi|phai|la|gi|can|muon|duoc|con|hề|có|thấy|bị|phải|là|gì|cần|muốn|được|còn)"
)
_ABOUT_PLACE = re.compile(r"\b(?:o dau|cho nao|phong nao|gio nao|luc nao|khi nao)\b")


def asks_for_person(text: str) -> bool:
    """Whether a person is asked for in so many words, and not where or when one meets them."""
    return _holds("asks", text) and not _ABOUT_PLACE.search(_plain(text))


def is_angry(text: str) -> bool:
    """Whether the words are those of somebody who is angry."""
    return _holds("angry", text)


def complains(text: str) -> bool:
    """Whether feedback is a complaint."""
    return _holds("complaint", text)


def _holds(kind: str, text: str) -> bool:
    words = re.findall(r"\w+", normalise(text))
    plain = " ".join(map(fold, words))
    for found in _phrases(kind).finditer(plain):
        # With its marks, where it has any: "đúng" is no "đừng".
        before = " ".join(words[: plain.count(" ", 0, found.start())])
        if not _negation(marked=fold(before) != before).search(before):
            return True
    return False


@functools.cache
def _phrases(kind: str) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{'|'.join(map(_plain, read_yaml(FILE)[kind]))})\b")


@functools.cache
def _negation(*, marked: bool) -> re.Pattern[str]:
    words = {w if marked else _plain(w) for w in read_yaml(FILE)["not_meant"]}
    longest_first = "|".join(sorted(words, key=len, reverse=True))
    # Up to two small words may stand between: "không có gì bực mình".
    return re.compile(rf"\b(?:{longest_first})(?: {_FILLERS}){{0,2}}$")


def _plain(text: str) -> str:
    return " ".join(re.findall(r"\w+", fold(normalise(text))))
