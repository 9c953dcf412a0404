"""Small readings of a message that only make sense inside the conversation."""

from __future__ import annotations

import re
from collections.abc import Sequence

from nlu.text import fold, normalise

_ORDINALS = {
    "1": 0, "mot": 0, "nhat": 0, "dau": 0, "dau tien": 0,
    "2": 1, "hai": 1,
    "3": 2, "ba": 2,
    "4": 3, "bon": 3, "tu": 3,
    "cuoi": -1, "cuoi cung": -1, "sau cung": -1,
}  # fmt: skip
_CHOICE = re.compile(
    r"(?:(?:toi|minh|em|chau) )?(?:(?:chon|lay|la|hoi|can|muon) )*"
    r"(?:(?:cai|thu tuc|so|muc|y|phuong an|loai|truong hop) )*(?:thu )?"
    r"(?P<which>1|2|3|4|mot|nhat|hai|ba|bon|tu|dau tien|dau|cuoi cung|sau cung|cuoi)"
    r"(?: (?:a|ay|do|nhe|di|ban|em|oi|thoi|ad))*"
)
_NOTHING_SPECIAL = re.compile(
    r"(?:(?:da|vang|a|thua|toi|minh|em|chau) )*"
    r"(?:(?:khong(?: (?:co|thuoc|phai|roi vao|o))*(?: (?:gi|truong hop|cai|dieu))*"
    r"(?: (?:nao|dac biet|gi|het|ca|do|nay|tren))*)"
    r"|(?:truong hop )?(?:binh thuong|thong thuong))(?: (?:a|ah|ban|nhe|dau|thoi|ad))*"
)
_NO_LOOK_UP = re.compile(
    r"(?:(?:da|a|oi|toi|minh|em) )*(?:khong|thoi|khoi|dung)(?: (?:can|muon|phai|khong|khoi))*"
    r" tra(?: cuu)?(?: (?:ho so|nua|dau|a|nhe|ban))*"
)
_SAME_QUESTION = re.compile(
    r"(?:(?:the|vay|a|ua) )*(?:con|the|vay) .+ (?:thi|la) (?:sao|the nao|nhu the nao|ntn)"
    r"(?: (?:a|ha|nhi|ban|ad|em|vay|nhe|v))*"
)


def chosen(text: str, offered: Sequence[str]) -> str | None:
    """The offered code that "số 2" or "cái đầu tiên" points at; None when it points at none."""
    match = _CHOICE.fullmatch(_plain(text))
    if match is None:
        return None
    index = _ORDINALS[match["which"]]
    return offered[index] if -len(offered) <= index < len(offered) else None


def is_nothing_special(text: str) -> bool:
    """Whether this answers "none" to the question which special case applies."""
    return _NOTHING_SPECIAL.fullmatch(_plain(text)) is not None


def cancels_look_up(text: str) -> bool:
    """Whether this calls a look-up off in so many words: "không tra nữa"."""
    return _NO_LOOK_UP.fullmatch(_plain(text)) is not None


def asks_the_same(text: str) -> bool:
    """Whether this is "còn … thì sao?": the last question again, about something else."""
    return _SAME_QUESTION.fullmatch(_plain(text)) is not None


def _plain(text: str) -> str:
    return " ".join(re.findall(r"\w+", fold(normalise(text))))
