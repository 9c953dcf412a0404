"""How search generalises: messages made from the official names of procedures that no saying knows.

Run: python -m benchmarks.search_titles [--show 20]. Needs the national crawl, ../shared/data. Each
sampled name is asked for in several ways: cut short, words dropped or moved, without marks, with
typing slips, inside a question. The table of sayings forgets the sampled procedures first.
"""

from __future__ import annotations

import argparse
import hashlib
import random
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from benchmarks import report
from benchmarks.search import read_entries
from bot.services.procedures import NOTHING, ONE, search_in
from bot.services.search.engine import Engine
from bot.services.search.entries import Entry
from bot.services.search.index import Index
from bot.services.search.sayings import Sayings, load
from bot.services.search.words import bare_words
from nlu.text import fold

SAMPLED = 600
KEPT = 0.75  # share of a name's words that a message keeps at least
LONGEST = 14  # words of a name that anybody types

# What people leave out when they say an official name.
_BUREAUCRATIC = re.compile(
    r"\([^)]*\)|\b(?:thủ tục|đề nghị|thực hiện|cấp (?:tỉnh|xã|bộ|trung ương)|trong (?:các )?trường"
    r" hợp|đối với(?: (?:các )?trường hợp)?|theo (?:yêu cầu|quy định|đề nghị) (?:của|tại)"
    r"|thuộc thẩm quyền.*|theo quy định.*)",
    re.IGNORECASE,
)
_QUESTIONS = (
    "{} cần giấy tờ gì",
    "cho em hỏi {} hết bao nhiêu tiền ạ",
    "{} nộp ở đâu vậy",
    "muốn {} thì làm thế nào",
    "{} mấy ngày có kết quả",
    "{} có làm qua mạng được không",
)
_HASTE = (
    ("không", "k"),
    ("giấy phép", "gp"),
    ("đăng ký", "dk"),
    ("được", "dc"),
    ("công ty", "cty"),
)


@dataclass(frozen=True)
class Asked:
    """One message, how it was made, and the procedures whose names hold all of its words."""

    text: str
    made: str
    gold: frozenset[int]
    is_open: bool  # whether the names of different procedures hold them


@dataclass(frozen=True)
class Shares:
    """Figures of one way of asking. `direct`: of the messages that fit one procedure only."""

    messages: int
    top1: float
    top3: float
    direct: float
    wrong: float


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print one row for each way of asking."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--show", type=int, default=0, help="print so many failures")
    options = parser.parse_args(arguments)
    entries = read_entries()
    chosen = sample(entries)
    engine = Engine.build(entries, without(load(), {e.code for e in chosen}), ())
    asked = list(messages(chosen, engine.index))
    found = [(a, judge(engine, a)) for a in asked]
    ways = list(dict.fromkeys(a.made for a in asked))
    rows = [[way, *_row([f for a, f in found if a.made == way])] for way in ways]
    rows.append(["all", *_row([f for _, f in found])])
    print(report.table(["asked", "messages", "top1", "top3", "direct", "wrong"], rows))
    for a, f in [(a, f) for a, f in found if f.wrong or not f.top3][: options.show]:
        print(f"{f.kind} {a.made}: {a.text}")
        for place in f.places[:3]:
            print("     ", engine.index.entries[place].name[:110])


def sample(entries: Sequence[Entry], count: int = SAMPLED) -> list[Entry]:
    """Procedures in an order that depends on nothing but their codes."""
    return sorted(entries, key=lambda e: hashlib.sha256(e.code.encode()).hexdigest())[:count]


def without(sayings: Sayings, codes: set[str]) -> Sayings:
    """The table without these procedures; a request that only they serve is forgotten whole."""
    kept = []
    for pattern in sayings.patterns:
        left = tuple(c for c in pattern.request.codes if c not in codes)
        if left or not pattern.request.codes:
            kept.append(replace(pattern, request=replace(pattern.request, codes=left)))
    return Sayings(kept, sayings.synonyms, sayings.fixed)


def messages(entries: Iterable[Entry], index: Index) -> Iterable[Asked]:
    """Seven ways of asking for each procedure, drawn with a fixed seed."""
    rng = random.Random(20)
    for entry in entries:
        whole = _said_name(entry.title)
        short = _dropped(whole, rng)
        question = rng.choice(_QUESTIONS)
        texts = {
            "whole": whole,
            "three quarters": short,
            "other order": _moved(whole, rng),
            "in a question": question.format(short),
            "no marks, question": fold(question.format(short)),
            "typing slips": _slipped(rng.choice(_QUESTIONS).format(whole), rng),
            "in haste": _hasty(question.format(short)),
        }
        kept = {"whole": whole, "other order": whole, "typing slips": whole}
        for made, text in texts.items():
            gold = _holding(index, kept.get(made, short))
            families = {index.features[place].family for place in gold}
            yield Asked(text, made, gold, len(families) > 1)


def _said_name(title: str) -> str:
    words = _BUREAUCRATIC.sub(" ", title).replace("/", " ").split()
    return " ".join(words[:LONGEST]).strip(" ,;.").lower()


def _dropped(text: str, rng: random.Random) -> str:
    words = text.split()
    gone = set(rng.sample(range(len(words)), int(len(words) * (1 - KEPT))))
    return " ".join(w for place, w in enumerate(words) if place not in gone)


def _moved(text: str, rng: random.Random) -> str:
    words = text.split()
    cut = rng.randrange(1, len(words)) if len(words) > 1 else 0
    return " ".join(words[cut:] + words[:cut])


def _slipped(text: str, rng: random.Random) -> str:
    letters = list(text)
    for _ in range(max(1, len(letters) // 30)):
        place = rng.randrange(len(letters) - 1)
        if letters[place].isalpha() and letters[place + 1].isalpha():
            letters[place], letters[place + 1] = letters[place + 1], letters[place]
    return "".join(letters)


def _hasty(text: str) -> str:
    for long, short in _HASTE:
        text = text.replace(long, short)
    return text


def _holding(index: Index, text: str) -> frozenset[int]:
    words = set(bare_words(text))
    return frozenset(n for n, f in enumerate(index.features) if words <= f.title)


@dataclass(frozen=True)
class Judged:
    """What search made of one message."""

    kind: str
    places: tuple[int, ...]
    top1: bool
    top3: bool
    single: bool
    direct: bool
    wrong: bool


def judge(engine: Engine, asked: Asked) -> Judged:
    """Search one message and compare."""
    result = search_in(engine, asked.text)
    places = tuple(engine.index.place[m.code] for m in result.matches)
    if result.kind == NOTHING:
        places = ()
    first = bool(places) and places[0] in asked.gold
    return Judged(
        kind=result.kind,
        places=places,
        top1=first,
        top3=not asked.gold.isdisjoint(places[:3]),
        single=not asked.is_open,
        direct=result.kind == ONE and first,
        wrong=result.kind == ONE and not first,
    )


def shares(found: Sequence[Judged]) -> Shares:
    """The figures of these messages."""
    single = [f for f in found if f.single]
    return Shares(
        messages=len(found),
        top1=_share(f.top1 for f in found),
        top3=_share(f.top3 for f in found),
        direct=_share(f.direct for f in single),
        wrong=_share(f.wrong for f in found),
    )


def _row(found: Sequence[Judged]) -> list[str]:
    s = shares(found)
    return [str(s.messages), *(f"{x:.3f}" for x in (s.top1, s.top3, s.direct, s.wrong))]


def _share(outcomes: Iterable[bool]) -> float:
    counted = list(outcomes)
    return sum(counted) / len(counted) if counted else 1.0


if __name__ == "__main__":
    main()
