"""Places of the province in a message: communes, former districts and the province, old names too.

Pure Python. Many names are ordinary words ("Tân An", "Đồng Tiến"), so a name counts with its
level ("xã …"), after a word of place ("ở", "quê"), or where it can hardly mean anything else.
Slips are forgiven after a level only. What a name stands for today, bot.services.places tells.
"""

from __future__ import annotations

from collections.abc import Sequence

from nlu.place_finding import WORD, PlaceMention, Reader, read_word
from nlu.place_names import load
from nlu.place_words import ASKING, FILLERS, SPEAKERS, STRONG_CUES

__all__ = ["PlaceMention", "find", "only", "without"]


def find(text: str, *, expecting: bool = False) -> tuple[PlaceMention, ...]:
    """The places that a message names, in its order.

    `expecting`: the citizen was just asked for the place, so a bare name is enough.
    """
    reader = Reader(text, load(), expecting)
    return tuple(reader.mentions())


def only(text: str, mentions: Sequence[PlaceMention]) -> bool:
    """Whether a message says nothing but places: "dạ em ở phường Đa Mai ạ"."""
    return bool(mentions) and all(
        read_word(m[0])[1] in FILLERS | ASKING
        or any(p.start <= m.start() < p.end for p in mentions)
        for m in WORD.finditer(text)
    )


def without(text: str) -> str:
    """The message without its places; the message itself where nothing would be left."""
    rest = text
    for mention in reversed(find(text)):
        rest = f"{rest[: _lead(text, mention.start)]} {rest[mention.end :]}"
    return rest if WORD.search(rest) else text


def _lead(text: str, start: int) -> int:
    """Where the words begin that lead to a place: "nhà tôi ở …" is about nobody's house."""
    before = [(read_word(m[0])[1], m.start()) for m in WORD.finditer(text, 0, start)]
    if before and before[-1][0] in STRONG_CUES:
        start = before.pop()[1]
        if before and before[-1][0] in SPEAKERS:
            start = before.pop()[1]
            if before and before[-1][0] in ("nha", "que"):
                start = before.pop()[1]
    return start
