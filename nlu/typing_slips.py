"""Telex and VNI keystrokes that a keyboard left as letters: "dduwowcj" and "d9uoc75" are "được"."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

_TELEX_TONES = {"f": "\u0300", "s": "\u0301", "r": "\u0309", "x": "\u0303", "j": "\u0323"}
_VNI_TONES = {"1": "\u0301", "2": "\u0300", "3": "\u0309", "4": "\u0303", "5": "\u0323"}
_CIRCUMFLEX, _HORN, _BREVE = "\u0302", "\u031b", "\u0306"
_VOWELS = "aăâeêioôơuưy"
_FINAL_K = re.compile(r"nk$")  # "mìnk" for mình: a fashion of writing
_LOST_N = re.compile(r"(?<=[^\W\d_bcdđghklmnpqrstvx])g$")  # "khôg": g alone ends no word
_VNI_SHAPE = re.compile(r"[a-z]+\d[a-z\d]*")


def repair(word: str, is_syllable: Callable[[str], bool], *, vni: bool = False) -> str:
    """The syllable that these keys spell, or "" when they spell none.

    `vni`: the message holds another word that can only be VNI, so one digit is enough.
    """
    if any(c.isdigit() for c in word):
        if not (vni or surely_vni(word)):
            return ""
        candidate = _from_vni(word)
    else:
        candidate = _from_telex(word)
    for meant in (candidate, _FINAL_K.sub("nh", word), _LOST_N.sub("ng", word)):
        if meant and meant != word and is_syllable(meant):
            return meant
    return ""


def surely_vni(word: str) -> bool:
    """Digits where only the VNI keyboard puts them: after d, inside, or a shape digit."""
    if not _VNI_SHAPE.fullmatch(word) or not any(c in "aeiouy" for c in word):
        return False
    digits = [c for c in word if c.isdigit()]
    inside = re.search(r"[aeiouy]\d[a-z]", word) is not None
    return set(digits) <= set("123456789") and (
        word.startswith("d9") or inside or (len(digits) > 1 and bool(set(digits) & set("678")))
    )


def _from_telex(word: str) -> str:
    folded = re.sub("dd", "đ", word)
    if folded.startswith("d") and folded.count("d") == 2 and folded.endswith("d"):
        folded = "đ" + folded[1:-1]
    tone = ""
    match = re.fullmatch(r"(.*[aeiouyăâêôơư].*?)([fsrxj])(.*)", folded)
    if match and match[3].strip("aeiouwncghmpt") == "":
        folded, tone = match[1] + match[3], _TELEX_TONES[match[2]]
    for pair, letter in (("aaw", "ă"), ("aa", "â"), ("ee", "ê"), ("oo", "ô"), ("aw", "ă")):
        folded = folded.replace(pair, letter)
    folded = re.sub(r"uwow|uow|uwo|uơw|ưow", "ươ", folded)
    folded = folded.replace("ow", "ơ").replace("uw", "ư")
    folded = re.sub(r"^(.*?)([aeo])([a-z]+)\2$", _late_circumflex, folded)
    folded = _late_w(folded)
    changed = folded != word
    return _with_tone(folded, tone) if changed else ""


def _late_circumflex(match: re.Match[str]) -> str:
    return match[1] + {"a": "â", "e": "ê", "o": "ô"}[match[2]] + match[3]


def _late_w(word: str) -> str:
    """A w typed at the end belongs to the vowel before: "duongw" → "dương"."""
    if word.count("w") != 1:
        return word
    if word.startswith("w"):
        return "ư" + word[1:]
    head = word.replace("w", "")
    if "uo" in head:
        return head.replace("uo", "ươ", 1)
    for plain, hooked in (("u", "ư"), ("o", "ơ"), ("a", "ă")):
        if plain in head:
            return head.replace(plain, hooked, 1)
    return head if not any(v in head for v in _VOWELS) else word


def _from_vni(word: str) -> str:
    letters, tone = "", ""
    for c in word:
        if c in _VNI_TONES:
            tone = _VNI_TONES[c]
        elif c == "9":
            letters = letters[::-1].replace("d", "đ", 1)[::-1]
        elif c == "6":
            letters = _shape_last(letters, "aeo", _CIRCUMFLEX)
        elif c == "7":
            letters = _horn(letters)
        elif c == "8":
            letters = _shape_last(letters, "a", _BREVE)
        elif c == "0":
            return ""
        else:
            letters += c
    return _with_tone(letters, tone)


def _shape_last(letters: str, vowels: str, mark: str) -> str:
    for index in range(len(letters) - 1, -1, -1):
        if letters[index] in vowels:
            shaped = unicodedata.normalize("NFC", letters[index] + mark)
            return letters[:index] + shaped + letters[index + 1 :]
    return letters


def _horn(letters: str) -> str:
    if "uo" in letters:
        return letters.replace("uo", "ươ", 1)
    return _shape_last(letters, "ou", _HORN)


def _with_tone(word: str, tone: str) -> str:
    """The word with its tone mark on the vowel that carries it."""
    if not tone:
        return word
    start = 2 if word.startswith("qu") or (word.startswith("gi") and len(word) > 3) else 0
    places = [i for i, c in enumerate(word) if c in _VOWELS and i >= start]
    if not places:
        return ""
    place = _carrier(word, places)
    return word[:place] + unicodedata.normalize("NFC", word[place] + tone) + word[place + 1 :]


def _carrier(word: str, places: list[int]) -> int:
    shaped = [i for i in places if word[i] in "ăâêôơư"]
    if shaped:
        return shaped[-1]
    closed = word[-1] not in _VOWELS
    if len(places) == 1:
        return places[0]
    return places[-1] if closed else places[-2] if len(places) == 2 else places[1]
