"""Vietnamese as people type it: one reading of a message for search and for Rasa.

Pure Python. The tables are in data/lookups and staff can edit them; they are read once.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from nlu import lexicon, typing_slips

LOOKUPS = Path(__file__).resolve().parent.parent / "data" / "lookups"

_INVISIBLE = "\u00ad\u200c-\u200f\u2060\ufeff"
_WORD = rf"[^\W_](?:[^\W_]|[\u0300-\u036f{_INVISIBLE}])*"
_CHUNK = re.compile(rf"{_WORD}(?:[.\-/:,\u2010-\u2015]{_WORD})*")
_PART = re.compile(_WORD)
_INVISIBLE_CHARACTER = re.compile(f"[{_INVISIBLE}]")
_CODE_PART = re.compile(r"[a-z]{0,3}\d+[a-z]?\d*|[a-z]{1,2}")
_REPEAT = re.compile(r"([^\W\d_])\1{2,}")
_DOUBLE_END = re.compile(r"([aăâeêioôơuưyàáảãạèéẻẽẹìíỉĩịòóỏõọờớởỡợừứửữựùúủũụỳýỷỹỵ])\1+$")
_OLD_TONE_PLACE = re.compile(r"(?<!q)(o[àáảãạèéẻẽẹ]|u[ỳýỷỹỵ])$")
_TONE_MARKS = "\u0300\u0301\u0303\u0309\u0323"


@dataclass(frozen=True)
class Span:
    """One normalised word with the place in the message that it was read from."""

    text: str
    start: int
    end: int


def nfc(text: str) -> str:
    """The text composed, full-width letters made ordinary, invisible characters removed."""
    return _INVISIBLE_CHARACTER.sub("", unicodedata.normalize("NFKC", text))


@functools.lru_cache(maxsize=50_000)
def _fold_word(word: str) -> str:
    decomposed = unicodedata.normalize("NFD", word.lower().replace("đ", "d").replace("Đ", "d"))
    return "".join(c for c in decomposed if not unicodedata.combining(c))


def fold(text: str) -> str:
    """Lower case without diacritics, đ as d."""
    return _fold_word(text)


def normalise(text: str) -> str:
    """The message as plain words: lower case, abbreviations opened, slips repaired."""
    return " ".join(span.text for span in spans(text))


def tokens(text: str) -> list[str]:
    """The words of the normalised message."""
    return normalise(text).split()


def spans(text: str) -> list[Span]:
    """The normalised words with their places in `text` as it was given."""
    pieces = [piece for match in _CHUNK.finditer(text) for piece in _pieces(match)]
    vni = any(typing_slips.surely_vni(piece.text) for piece in pieces)
    repaired = [_repaired(piece, vni) for piece in pieces]
    words = [word for group in repaired for word in group]
    return _open_abbreviations(_mended(words))


def _pieces(match: re.Match[str]) -> Iterable[Span]:
    """A number, date or code stays whole; other joined words are taken apart."""
    chunk = nfc(match.group()).lower()
    parts = re.split(r"[.\-/:,\u2010-\u2015]", chunk)
    if len(parts) == 1 or (
        any(c.isdigit() for c in chunk) and all(_CODE_PART.fullmatch(p) for p in parts)
    ):
        yield Span(chunk, match.start(), match.end())
        return
    for part in _PART.finditer(match.group()):
        start = match.start() + part.start()
        yield Span(nfc(part.group()).lower(), start, start + len(part.group()))


def _repaired(piece: Span, vni: bool) -> list[Span]:
    return [Span(word, piece.start, piece.end) for word in _repair_word(piece.text, vni)]


@functools.lru_cache(maxsize=50_000)
def _repair_word(word: str, vni: bool) -> tuple[str, ...]:
    """One written word as the word or words that were meant, abbreviations left alone."""
    word = place_tone(word)
    words = lexicon.load(LOOKUPS)
    if word in words.forms or words.knows(word):
        return (word,)
    squeezed = place_tone(_squeeze(word))
    if squeezed in words.forms or words.knows(squeezed):
        return (squeezed,)
    slip = typing_slips.repair(word, words.is_syllable, vni=vni)
    if slip:
        return (place_tone(slip),)
    split = words.split(squeezed)
    return tuple(place_tone(part) for part in split) if split else (squeezed,)


def _squeeze(word: str) -> str:
    """Letters drawn out for feeling are one letter: "ơiii", "quáaa"."""
    word = _DOUBLE_END.sub(r"\1", _REPEAT.sub(r"\1", word))
    drawn_out = len(word) > 2 and word[-1] != word[-2] and _fold_word(word[-2]) == word[-1]
    return word[:-1] if drawn_out else word


@functools.lru_cache(maxsize=50_000)
def place_tone(word: str) -> str:
    """One spelling for both tone-mark habits: hoà → hòa, thuý → thúy."""
    match = _OLD_TONE_PLACE.search(word)
    if not match:
        return word
    first, second = unicodedata.normalize("NFD", match.group()[1]), match.group()[0]
    tone = next(c for c in first if c in _TONE_MARKS)
    return word[: match.start()] + unicodedata.normalize("NFC", second + tone) + first[0]


def _mended(words: list[Span]) -> list[Span]:
    """Words that are none, mended where a neighbour shows what was meant."""
    table = lexicon.load(LOOKUPS)
    result: list[Span] = []
    for index, word in enumerate(words):
        meant = ""
        if not table.knows(word.text) and not table.is_syllable(word.text):
            before = result[-1].text if result else ""
            after = words[index + 1].text if index + 1 < len(words) else ""
            meant = table.mend(word.text, before, after)
        result.append(Span(place_tone(meant), word.start, word.end) if meant else word)
    return result


def _open_abbreviations(words: list[Span]) -> list[Span]:
    """Replace each shortened form by its meaning in its context."""
    table = lexicon.load(LOOKUPS)
    result: list[Span] = []
    for index, word in enumerate(words):
        rows = table.abbreviations(word.text)
        if not rows:
            result.append(word)
            continue
        before = [fold(w.text) for w in result[-2:]]
        after = fold(words[index + 1].text) if index + 1 < len(words) else ""
        meaning = next((row.meaning for row in rows if row.fits(before, after)), word.text)
        result.extend(Span(part, word.start, word.end) for part in meaning.split())
    return result
