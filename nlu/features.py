"""What the intent classifier sees of a message: word and letter features, with or without accents.

Pure Python. The question usually stands at the end of a message and the procedure before it, so
the last words are features of their own. Where a story follows or goes before, it is the last
words of the clause that asks.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from nlu import aspects, case_codes, lexicon
from nlu import text as reading

CASE_CODE_WORD = "<code>"
_POLITE = "a vay ad nhe nha voi oi ha nhi admin da ban cau chau hen the"
_POLITE_ENDS = frozenset(_POLITE.split())
_FOUR_DIGITS = re.compile(r"\d{4}")
_HAS_DIGIT = re.compile(r"\d")
_BREAK = re.compile(r"[,.;:?!…\n]")
_PLAY_COPIES = 10  # one sign alone is lost among the hundreds of features of the office words
_ASKS = re.compile(r"\b(?:sao|gi|the nao|nhu nao|kieu|khong|chua|dau|muon|xin|can)\b")


@dataclass(frozen=True)
class FeatureOptions:
    """Which features are used; the benchmark compares them."""

    accents: bool = False
    letters: bool = True
    ends: bool = True
    cues: bool = True
    field: bool = True
    marks: bool = True
    clauses: bool = True
    play: bool = True


ALL = FeatureOptions()


@dataclass(frozen=True)
class _Word:
    """A normalised word, and the clause of the message that it stands in."""

    text: str
    clause: int


def words(text: str) -> list[str]:
    """The normalised words; a case code becomes one word, numbers become their shape."""
    return [word.text for word in _read(text)]


def _read(text: str) -> list[_Word]:
    """The words with their clauses: commas and stops between words begin a new one."""
    spans: list[reading.Span] = []
    position = 0
    for code in case_codes.find_all(text):
        spans += _spans(text, position, code.start)
        spans.append(reading.Span(CASE_CODE_WORD, code.start, code.end))
        position = code.end
    spans += _spans(text, position, len(text))
    found: list[_Word] = []
    clause = end = 0
    for span in spans:
        if found and _BREAK.search(text, end, span.start):
            clause += 1
        end = span.end
        found.append(_Word(_shape(span.text), clause))
    return found


def _spans(text: str, start: int, end: int) -> Iterator[reading.Span]:
    for span in reading.spans(text[start:end]):
        yield reading.Span(span.text, span.start + start, span.end + start)


def _shape(word: str) -> str:
    if not _HAS_DIGIT.search(word):
        return word
    return "0000" if _FOUR_DIGITS.fullmatch(word) else "00" if word.isdigit() else "a0"


def features(text: str, options: FeatureOptions = ALL) -> list[str]:
    """The names of the features of a message, repeated ones repeated."""
    read = _read(text)
    if not read:
        return []
    accented = [word.text for word in read]
    plain = [reading.fold(word) for word in accented]
    asked = [aspects.plain(word) for word in accented] if options.marks else plain
    found = [*_grams("w", asked, 3)]
    if options.accents:
        found += _grams("a", accented, 2) if accented != plain else ()
    if options.letters:
        found += _letters(plain)
    if options.ends:
        found += _ends(_asking(asked, read) if options.clauses else asked)
    if options.cues:
        cues = aspects.of_folded(" ".join(asked))
        found += [f"q:{cue}" for cue in cues] or ["q:"]
        found += [f"l:{cues[-1]}"] if cues else ()
    if options.field:
        found += _field(plain)
    if options.play:
        found += _play(accented)
    found.append(f"n:{_length(len(plain))}")
    return found


def _asking(plain: Sequence[str], read: Sequence[_Word]) -> list[str]:
    """The words of the last clause that asks something, or all of them."""
    clauses: list[list[str]] = [[] for _ in range(read[-1].clause + 1)]
    for shown, word in zip(plain, read, strict=True):
        clauses[word.clause].append(shown)
    if len(clauses) == 1:
        return clauses[0]
    for clause in reversed(clauses):
        if aspects.of_folded(" ".join(clause)):
            return clause
    for clause in reversed(clauses):
        if _ASKS.search(" ".join(clause)):
            return clause
    return list(plain)


def _length(count: int) -> str:
    return str(count) if count < 4 else "few" if count < 8 else "many"


def _grams(name: str, sequence: Sequence[str], longest: int) -> Iterator[str]:
    for size in range(1, longest + 1):
        for start in range(len(sequence) - size + 1):
            yield f"{name}:{' '.join(sequence[start : start + size])}"


def _letters(plain: Sequence[str]) -> Iterator[str]:
    for word in plain:
        edged = f" {word} "
        for size in (3, 4):
            for start in range(len(edged) - size + 1):
                yield f"c:{edged[start : start + size]}"


@functools.cache
def _field_words() -> frozenset[str]:
    rows = lexicon.rows(reading.LOOKUPS / "field_words.txt")
    return frozenset(reading.fold(row[0]) for row in rows)


@functools.cache
def _small_words() -> frozenset[str]:
    return frozenset(row[0] for row in lexicon.rows(reading.LOOKUPS / "small_words.txt"))


@functools.cache
def _playful_words() -> frozenset[str]:
    rows = lexicon.rows(reading.LOOKUPS / "playful_words.txt")
    phrases = [reading.normalise(row[0]) for row in rows]
    return frozenset([*phrases, *map(reading.fold, phrases)])


def _play(accented: Sequence[str]) -> Iterator[str]:
    """Signs of a joke: words of love and fancy, which no request needs."""
    phrases = (" ".join(gram) for size in (1, 2, 3) for gram in _windows(accented, size))
    if any(phrase in _playful_words() for phrase in phrases):
        yield from (f"p:{copy}" for copy in range(_PLAY_COPIES))


def _windows(sequence: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    return (sequence[start : start + size] for start in range(len(sequence) - size + 1))


def _field(plain: Sequence[str]) -> Iterator[str]:
    """How much of the message is public business, and how much is something else."""
    covered: set[int] = set()
    for size in (2, 1):
        for start in range(len(plain) - size + 1):
            if " ".join(plain[start : start + size]) in _field_words():
                covered.update(range(start, start + size))
    known = min(3, len(covered) // 2 + len(covered) % 2)
    others = sum(
        1 for i, word in enumerate(plain) if i not in covered and word not in _small_words()
    )
    rest = _length(others)
    yield from (f"d:{known}", f"o:{rest}", f"do:{known} {rest}")
    if CASE_CODE_WORD in plain:
        yield "code"


def _ends(plain: Sequence[str]) -> Iterator[str]:
    core = list(plain)
    while len(core) > 2 and core[-1] in _POLITE_ENDS:
        core.pop()
    for size in (1, 2, 3, 4):
        if len(core) >= size:
            yield f"e:{' '.join(core[-size:])}"
    for word in core[-6:]:
        yield f"f:{word}"
    for size in (1, 2):
        yield f"h:{' '.join(core[:size])}"
