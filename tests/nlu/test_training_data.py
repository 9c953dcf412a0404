"""The training data is sound: nothing leaks from the development set, one intent a text."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path

import pytest
import yaml
from rapidfuzz import fuzz, process

from nlu import examples, expansion
from nlu import text as reading

HERE = Path(__file__).parent
ROOT = HERE.resolve().parents[1]
DEVELOPMENT = ROOT.parent / "shared" / "data"
NEAR = 92  # rapidfuzz ratio from which two messages are the same one
GRAM = 4  # letters in a row
ALIKE = 0.7  # share of letter groups in common from which two messages are the same one
LONG = 25  # what everybody writes alike is shorter
BY_CHANCE = 0.01  # "<thủ tục> bao nhiêu tiền" becomes anybody's question sooner or later
SHORT = 12  # shorter ones are greetings that everybody writes alike


def _development_messages() -> list[str]:
    if not DEVELOPMENT.exists():
        pytest.skip("the development set does not lie beside this checkout")
    lines = (DEVELOPMENT / "questions_dev.jsonl").read_text(encoding="utf-8").splitlines()
    messages = [json.loads(line)["text"] for line in lines]
    lines = (DEVELOPMENT / "dialogues_dev.jsonl").read_text(encoding="utf-8").splitlines()
    messages += [turn["user"] for line in lines for turn in json.loads(line)["turns"]]
    return [reading.fold(message) for message in messages if len(message) > SHORT]


def _near(messages: list[str], trained: set[str]) -> list[tuple[str, str]]:
    """(message, its near copy) of the messages that have one."""
    choices = sorted(trained)
    return [
        (message, found[0])
        for message in messages
        if (found := process.extractOne(message, choices, scorer=fuzz.ratio, score_cutoff=NEAR))
    ]


def test_no_development_message_stands_in_the_examples_or_tables() -> None:
    tables = expansion.load_tables()
    written = {reading.fold(text) for text, _ in examples.read()}
    written |= {reading.fold(phrase) for table in tables.fillers.values() for phrase in table}
    written |= {reading.fold(phrase) for phrase in tables.situations}
    assert _near(_development_messages(), written) == []


def test_drawn_examples_meet_a_development_message_only_by_rare_chance() -> None:
    development = _development_messages()
    plain = expansion.Expansion(registers=False)
    drawn = {reading.fold(text) for text, _ in expansion.expand(examples.read(), plain)}
    assert len(_near(development, drawn)) <= BY_CHANCE * len(development)


def _grams(text: str) -> frozenset[str]:
    plain = reading.fold(text)
    return frozenset(plain[start : start + GRAM] for start in range(len(plain) - GRAM + 1))


def test_no_message_of_our_own_sets_is_trained_on() -> None:
    trained = [(text, _grams(text)) for text, _ in examples.read()]
    leaks = []
    for name in ("held_out", "fresh", "frozen", "second_frozen"):
        for line in (HERE / f"{name}_messages.tsv").read_text(encoding="utf-8").splitlines():
            message = line.split("\t")[-1]
            if line.startswith("#") or len(message) <= LONG:
                continue
            grams = _grams(message)
            leaks += [
                (message, text)
                for text, other in trained
                if len(grams & other) > ALIKE * len(grams | other)
            ]
    assert leaks == []


def test_each_example_stands_for_one_intent() -> None:
    intents: dict[str, set[str]] = defaultdict(set)
    for text, intent in examples.read():
        intents[text].add(intent)
    assert {text: found for text, found in intents.items() if len(found) > 1} == {}


def test_the_main_intents_have_enough_different_examples() -> None:
    counts: dict[str, int] = defaultdict(int)
    for _, intent in examples.read():
        counts[intent] += 1
    small = {"inform": 20, "show_menu": 10, "greet": 40}
    assert {i: n for i, n in counts.items() if n < small.get(i, 40)} == {}


def test_every_intent_of_the_domain_has_examples_and_the_other_way_round() -> None:
    domain = yaml.safe_load((ROOT / "domain" / "intents.yml").read_text(encoding="utf-8"))
    known = {
        next(iter(intent)) if isinstance(intent, dict) else intent for intent in domain["intents"]
    }
    assert {intent for _, intent in examples.read()} == known - examples.NOT_TYPED


def test_expansion_fills_every_placeholder_and_repeats_itself() -> None:
    few = [
        ("<thủ tục> cần gì", "ask_documents"),
        ("hồ sơ <mã hồ sơ> xong chưa", "check_case_status"),
    ]
    first, second = list(expansion.expand(few)), list(expansion.expand(few))
    assert first == second
    assert not any("<" in text for text, _ in first)


def test_a_placeholder_without_a_table_is_an_error() -> None:
    with pytest.raises(ValueError, match="no table fills"):
        list(expansion.expand([("<lạ lắm> cần gì", "ask_documents")]))
