"""Training examples made many: <…> filled from tables, politeness added, typing made messy.

The files in data/nlu stay readable; what is learned from is drawn from them with a fixed seed.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from nlu import lexicon, messy
from nlu import text as reading

CATALOGUE = reading.LOOKUPS.parent / "catalogue"

_QUESTION = re.compile(r"\b(?:gi|khong|dau|sao|nao|bao nhieu|bao lau|may|ai|online|qua mang)\b")
_PLACEHOLDER = re.compile(r"<([^<>]+)>")
_TABLES = {
    "thủ tục": ("everyday_procedures.txt", "procedure_names.txt"),
    "giấy": ("papers.txt",),
    "chuyện khác": ("other_topics.txt",),
    "việc riêng": ("private_matters.txt",),
}
_EVERY_PHRASE = 9  # of what people say for procedures, one in so many tells a story
_FOREIGN = frozenset({"chuyện khác", "việc riêng"})
_SITUATION_INTENTS = frozenset(
    f"ask_{aspect}"
    for aspect in (
        *("documents", "fee", "processing_time", "where", "steps", "online"),
        *("eligibility", "forms", "result", "legal_basis", "procedure"),
    )
)
_STORY_SHARE = 0.3  # of the questions about a procedure that come with a story
_TOLD_AFTER = 0.3  # of those stories that follow the question
_TOLD_LONG = 0.2  # of those stories that take two sentences
# Who talks of something else, or to a person, also tells of papers and offices.
_RARE_STORIES = {
    "out_of_scope": 0.1,
    "request_human": 0.15,
    "give_feedback": 0.1,
    "check_case_status": 0.1,
    "ask_office_hours": 0.1,
}
_PLAIN_INTENTS = frozenset({"greet", "goodbye", "thank", "affirm", "deny", "inform"})


@dataclass(frozen=True)
class Expansion:
    """How much is drawn: `fillings` per example with a placeholder, `variants` of each message."""

    fillings: int = 5
    foreign_fillings: int = 12  # of what no office does: that world is wider than any list
    repeats: int = 2
    seed: int = 21
    registers: bool = True
    surroundings: bool = True


@dataclass(frozen=True)
class Tables:
    """The lists that placeholders are filled from."""

    fillers: dict[str, list[str]]
    situations: list[str]
    openers: list[str] = field(default_factory=list)
    closers: list[str] = field(default_factory=list)


def load_tables(folder: Path = reading.LOOKUPS) -> Tables:
    """The lists of data/lookups that training draws from."""
    around = list(lexicon.rows(folder / "openers.txt"))
    fillers = {name: _lines(folder, files) for name, files in _TABLES.items()}
    fillers["thủ tục"] += catalogue_phrases()
    fillers["chuyện"] = told_phrases(folder)
    return Tables(
        fillers,
        _lines(folder, ("situations.txt",)),
        [row[1] for row in around if row[0] == "trước"],
        [row[1] for row in around if row[0] == "sau"],
    )


def _lines(folder: Path, files: Iterable[str]) -> list[str]:
    return [row[0].strip() for name in files for row in lexicon.rows(folder / name)]


def catalogue_phrases(folder: Path = CATALOGUE) -> list[str]:
    """What the catalogue says people call its procedures, without those that ask something."""
    phrases: list[str] = []
    for path in sorted(folder.glob("*.yml")):
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
        for record in content if isinstance(content, list) else content.get("procedures", []):
            phrases += [record.get("plain_name") or "", *(record.get("sayings") or ())]
    return [p for p in phrases if p and not _QUESTION.search(reading.fold(p))]


def told_phrases(folder: Path = reading.LOOKUPS) -> list[str]:
    """Some of what people say happened to them or is wanted, without those that ask something."""
    rows = (row for path in sorted(folder.glob("phrasings/*.tsv")) for row in lexicon.rows(path))
    phrases = [row[1].strip() for row in rows if len(row) > 1]
    return [p for p in phrases[::_EVERY_PHRASE] if not _QUESTION.search(reading.fold(p))]


def expand(
    examples: Iterable[tuple[str, str]], options: Expansion | None = None
) -> Iterator[tuple[str, str]]:
    """(text, intent) pairs to learn from, made of (example, intent) pairs."""
    options = options or Expansion()
    tables = load_tables()
    chance = random.Random(options.seed)  # noqa: S311 - repeatable training, not secrecy
    for example, intent in examples:
        for filled in _fillings(example, tables, options, chance):
            message = filled
            if options.surroundings:
                message = _surrounded(filled, intent, tables, chance)
            for written in _registers(message, options, chance):
                yield written, intent


def _fillings(
    example: str, tables: Tables, options: Expansion, chance: random.Random
) -> Iterator[str]:
    if not _PLACEHOLDER.search(example):
        yield from [example] * options.repeats
        return
    alone = _PLACEHOLDER.fullmatch(example)
    if alone and alone[1] in tables.fillers:  # nothing but a placeholder: the whole table is meant
        yield from tables.fillers[alone[1]]
        return
    foreign = any(name in _FOREIGN for name in _PLACEHOLDER.findall(example))
    for _ in range(options.foreign_fillings if foreign else options.fillings):
        yield _PLACEHOLDER.sub(lambda match: _filler(match[1], tables, chance), example)


def _filler(name: str, tables: Tables, chance: random.Random) -> str:
    if name == "mã hồ sơ":
        return _case_code(chance)
    if name not in tables.fillers:
        raise ValueError(f"no table fills <{name}>")
    return chance.choice(tables.fillers[name])


def _case_code(chance: random.Random) -> str:
    day = f"{chance.randint(24, 26)}{chance.randint(1, 12):02}{chance.randint(1, 28):02}"
    office = chance.choice(("H02.15", "000.00.21.H05", "H05.132", "G22.99.08", "000.A1.07.H02"))
    return f"{office}-{day}-{chance.randint(1, 9999):04}"


def _surrounded(message: str, intent: str, tables: Tables, chance: random.Random) -> str:
    """The message as a person would begin and end it."""
    if intent in _PLAIN_INTENTS:
        return message
    draw = chance.random()
    stories = _STORY_SHARE if intent in _SITUATION_INTENTS else _RARE_STORIES.get(intent, 0.0)
    if draw < stories:
        message = _with_story(message, _story(tables, chance), chance)
    elif draw < 0.55:
        message = f"{chance.choice(tables.openers)} {message}"
    if chance.random() < 0.3:
        message = f"{message} {chance.choice(tables.closers)}"
    return message


def _story(tables: Tables, chance: random.Random) -> str:
    count = 2 if chance.random() < _TOLD_LONG else 1
    return chance.choice((", ", ". ", " mà ")).join(chance.sample(tables.situations, count))


def _with_story(message: str, story: str, chance: random.Random) -> str:
    if chance.random() < _TOLD_AFTER:
        return f"{message}{chance.choice((', ', '. ', ' vì ', ', tại ', '? '))}{story}"
    joint = chance.choice((", ", ". ", ", giờ ", ", muốn ", " "))
    return f"{story}{joint}{message}"


def _registers(message: str, options: Expansion, chance: random.Random) -> Iterator[str]:
    """The message with accents, without, and as typed in haste."""
    yield message
    if options.registers:
        yield reading.fold(message)
        yield messy.messy(message, chance)
