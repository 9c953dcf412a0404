"""The word tables of data/lookups: syllables, words, foreign words and abbreviations."""

from __future__ import annotations

import functools
import itertools
import math
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

_LONGEST_SYLLABLE = 7
_SPLITTABLE = range(4, 41)
_ONSET_LETTERS = "b c ch d g gh gi h k kh l m n ng ngh nh p ph qu r s t th tr v x"
_ONSETS = _ONSET_LETTERS.split()  # how a Vietnamese syllable can begin
_RHYME_LETTERS = """
    a ac ach ai am an ang anh ao ap at au ay e ec ech em en eng enh eo ep et eu i ia ich iec iem
    ien ieng iep iet ieu im in inh ip it iu o oa oac oach oai oam oan oang oanh oao oap oat oay oc
    oe oen oeo oet oi om on ong op ot u ua uan uang uat uay uc ue uech uenh ui um un ung uoc uoi
    uom uon uong uop uot uou uo up ut uu uy uya uych uyen uyet uynh uyt uyu y yem yen yeng yet
    yeu"""
_RHYMES = set(_RHYME_LETTERS.split())
_VALID = {onset + rhyme for onset in ["", *_ONSETS] for rhyme in _RHYMES} | {"gi", "gin", "quoc"}


@dataclass(frozen=True)
class Abbreviation:
    """What a written form means where the words around it fit (empty: anywhere)."""

    meaning: str
    before: frozenset[str] = frozenset()
    after: frozenset[str] = frozenset()

    def fits(self, before: Sequence[str], after: str) -> bool:
        """`before`: up to two words before, without diacritics; `after`: the next word or ""."""
        return (not self.before or self._before_fits(before)) and (
            not self.after or bool(_names(after) & self.after)
        )

    def _before_fits(self, before: Sequence[str]) -> bool:
        last = before[-1] if before else ""
        return bool((_names(last) | {" ".join(before)}) & self.before)


def _names(word: str) -> frozenset[str]:
    return frozenset({word or "^", "#" if word.isdigit() else word or "^"})


def fold(word: str) -> str:
    """Lower case without diacritics, đ as d."""
    decomposed = unicodedata.normalize("NFD", word.lower().replace("đ", "d"))
    return "".join(c for c in decomposed if not unicodedata.combining(c))


class Lexicon:
    """Answers whether a word is Vietnamese, what it abbreviates, and how a glued one splits."""

    def __init__(
        self,
        syllables: dict[str, int],
        words: Sequence[tuple[str, str]],
        foreign: set[str],
        abbreviations: dict[str, tuple[Abbreviation, ...]],
    ) -> None:
        self.forms = abbreviations
        self._folded_forms = {fold(form): rows for form, rows in reversed(abbreviations.items())}
        self._accented = set(syllables) | {part for word in words for part in word}
        self._foreign = foreign
        self._cost = _costs(syllables, words)
        self._pairs = {(fold(a), fold(b)) for a, b in words}
        self._by_second: dict[str, list[tuple[str, str]]] = {}
        for first, second in words:
            self._by_second.setdefault(fold(second), []).append((first, second))
        self._by_first: dict[str, list[tuple[str, str]]] = {}
        for first, second in words:
            self._by_first.setdefault(fold(first), []).append((first, second))

    def knows(self, word: str) -> bool:
        """A syllable of the language, with or without its diacritics, or a foreign word."""
        return word in self._accented or word in self._foreign or word in self._cost

    def is_syllable(self, word: str) -> bool:
        """A syllable with its diacritics, listed or at least well formed."""
        return word in self._accented or (fold(word) != word and fold(word) in _VALID)

    def abbreviations(self, word: str) -> tuple[Abbreviation, ...]:
        """The meanings of a written form, the most specific first; diacritics may be missing."""
        rows = self.forms.get(word)
        if rows is None and not self.knows(word):
            rows = self._folded_forms.get(fold(word))
        return rows or ()

    def mend(self, word: str, before: str, after: str) -> str:
        """The word that was meant where one letter slipped, shown by its neighbour; "" if none.

        "khai sih" is khai sinh, for no other word after "khai" is one letter away from "sih".
        """
        written = fold(word)
        if len(written) < 3 or not written.isalpha() or written in _VALID:
            return ""  # what can be a syllable is taken as it stands
        if self.abbreviations(word):
            return ""
        beside = [second for _, second in self._by_first.get(fold(before), ())]
        beside += [first for first, _ in self._by_second.get(fold(after), ())]
        found = {fold(b): b for b in beside if _one_slip(written, fold(b))}
        return next(iter(found.values())) if len(found) == 1 else ""

    def split(self, word: str) -> tuple[str, ...]:
        """The parts of a glued or cut word ("dangky", "hchiếu", "bhxh1"), or nothing."""
        return self._off_number(word) or self._unglued(word) or self._opened(word)

    def _off_number(self, word: str) -> tuple[str, ...]:
        match = re.fullmatch(r"([^\W\d_]+)(\d+)", word)
        if match and len(match[1]) > 2 and (match[1] in self.forms or self.knows(match[1])):
            return match[1], match[2]
        match = re.fullmatch(r"(\d+)([^\W\d_]+)", word)
        if match and (match[2] in self.forms or match[2] in self._accented):
            return match[1], match[2]
        return ()

    def _unglued(self, word: str) -> tuple[str, ...]:
        folded = fold(word)
        if len(word) not in _SPLITTABLE or len(folded) != len(word) or not word.isalpha():
            return ()
        best: list[tuple[float, tuple[int, ...]]] = [(0.0, (0,))]
        for end in range(1, len(word) + 1):
            best.append(min(self._ways(word, folded, end, best), default=(math.inf, ())))
        cuts = best[-1][1]
        parts = [word[a:b] for a, b in itertools.pairwise(cuts)]
        if len(parts) < 2 or not self._has_pair(parts):
            return ()
        return tuple(parts)

    def _ways(
        self, word: str, folded: str, end: int, best: list[tuple[float, tuple[int, ...]]]
    ) -> Iterator[tuple[float, tuple[int, ...]]]:
        for start in range(max(0, end - _LONGEST_SYLLABLE), end):
            cost, cuts = best[start]
            part = folded[start:end]
            written = word[start:end]
            if not cuts or part not in self._cost or not self._may_write(written, part):
                continue
            bonus = 0.0
            if len(cuts) > 1 and (folded[cuts[-2] : start], part) in self._pairs:
                bonus = 6.0
            yield cost + self._cost[part] - bonus, (*cuts, end)

    def _may_write(self, written: str, folded: str) -> bool:
        return written == folded or self.is_syllable(written)

    def _has_pair(self, parts: Sequence[str]) -> bool:
        folded = [fold(part) for part in parts]
        return any(pair in self._pairs for pair in itertools.pairwise(folded))

    def _opened(self, word: str) -> tuple[str, ...]:
        """A word whose first syllable was cut to its first letters: "khsinh" → "khai sinh"."""
        folded = fold(word)
        for size in (3, 2, 1):
            onset, rest = folded[:size], folded[size:]
            if onset not in _ONSETS or len(rest) < 2 or len(folded) != len(word):
                continue
            for first, second in self._by_second.get(rest, ()):
                if fold(first).startswith(onset) and word[size:] in (second, rest):
                    return first, second
        return ()


def _one_slip(written: str, meant: str) -> bool:
    """Whether one letter too few, too many, wrong or out of place makes the one of the other."""
    if written == meant or abs(len(written) - len(meant)) > 1:
        return False
    start = next(
        (n for n, (a, b) in enumerate(zip(written, meant, strict=False)) if a != b),
        min(len(written), len(meant)),
    )
    left, right = written[start:], meant[start:]
    if len(left) == len(right):
        swapped = left[:2] == right[1::-1] and left[2:] == right[2:] if len(left) > 1 else False
        return left[1:] == right[1:] or swapped
    return left[1:] == right if len(left) > len(right) else left == right[1:]


def _costs(syllables: dict[str, int], words: Sequence[tuple[str, str]]) -> dict[str, float]:
    counts: dict[str, int] = {}
    for syllable, count in syllables.items():
        counts[fold(syllable)] = counts.get(fold(syllable), 0) + count
    for word in words:
        for part in word:
            counts.setdefault(fold(part), 20)
    total = sum(counts.values())
    return {
        syllable: math.log(total / count) + (4.0 if len(syllable) == 1 else 0.0)
        for syllable, count in counts.items()
    }


def rows(path: Path) -> Iterator[list[str]]:
    """The tab-separated rows of a table, without comments and empty lines."""
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.strip() and not line.startswith("#"):
            yield unicodedata.normalize("NFC", line).split("\t")


def _abbreviation(row: list[str]) -> Abbreviation:
    before, after = ([*row[2:], "", ""])[:2]
    return Abbreviation(row[1].strip(), _alternatives(before), _alternatives(after))


def _alternatives(cell: str) -> frozenset[str]:
    return frozenset(part.strip() for part in cell.split(",") if part.strip())


@functools.cache
def load(folder: Path) -> Lexicon:
    """The tables of a folder, read once in each process."""
    abbreviations: dict[str, tuple[Abbreviation, ...]] = {}
    for row in rows(folder / "abbreviations.tsv"):
        form = row[0].strip().lower()
        abbreviations[form] = (*abbreviations.get(form, ()), _abbreviation(row))
    words = [(a, b) for a, b in (row[0].split() for row in rows(folder / "words.txt"))]
    return Lexicon(
        {row[0]: int(row[1]) for row in rows(folder / "syllables.tsv")},
        words,
        {row[0] for row in rows(folder / "foreign_words.txt")},
        abbreviations,
    )
