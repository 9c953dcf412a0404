"""Clean text made as people type it in haste: shortened, glued, slipped. For training only."""

from __future__ import annotations

import functools
import random
from collections.abc import Callable

from nlu import lexicon
from nlu import text as reading


@functools.cache
def _short_forms() -> dict[str, tuple[str, ...]]:
    forms: dict[str, tuple[str, ...]] = {}
    for form, rows in lexicon.load(reading.LOOKUPS).forms.items():
        for row in rows:
            forms[row.meaning] = (*forms.get(row.meaning, ()), form)
    return forms


def messy(message: str, chance: random.Random) -> str:
    """The message with its words shortened, its accents partly dropped and a slip or two."""
    result = _shorten(message.lower().split(), chance)
    habits: list[tuple[float, Callable[[str, random.Random], str]]] = [
        (0.35, lambda word, _: reading.fold(word)),
        (0.04, _drop_letter),
        (0.03, _swap_letters),
        (0.03, _repeat_last),
    ]
    if chance.random() < 0.3:
        habits = [(1.0, lambda word, _: reading.fold(word)), *habits[1:]]
    for probability, habit in habits:
        result = [habit(w, chance) if chance.random() < probability else w for w in result]
    return _glue(result, chance)


def _shorten(words: list[str], chance: random.Random) -> list[str]:
    forms = _short_forms()
    result: list[str] = []
    index = 0
    while index < len(words):
        for size in (5, 4, 3, 2, 1):
            meaning = " ".join(words[index : index + size])
            if meaning in forms and index + size <= len(words) and chance.random() < 0.6:
                result.append(chance.choice(forms[meaning]))
                index += size
                break
        else:
            result.append(words[index])
            index += 1
    return result


def _drop_letter(word: str, chance: random.Random) -> str:
    if len(word) < 4:
        return word
    place = chance.randrange(1, len(word))
    return word[:place] + word[place + 1 :]


def _swap_letters(word: str, chance: random.Random) -> str:
    if len(word) < 4:
        return word
    place = chance.randrange(len(word) - 1)
    return word[:place] + word[place + 1] + word[place] + word[place + 2 :]


def _repeat_last(word: str, chance: random.Random) -> str:
    return word + word[-1] * chance.randint(1, 3)


def _glue(words: list[str], chance: random.Random) -> str:
    result = words[0] if words else ""
    for word in words[1:]:
        result += word if chance.random() < 0.04 else f" {word}"
    return result
