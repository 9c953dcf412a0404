"""Whole conversations as tables, held with the real assistant."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from tests.rasa_fixtures import Assistant, text_of, titles_of

pytestmark = [pytest.mark.rasa, pytest.mark.timeout(600)]

TABLES = sorted((Path(__file__).parent.parent / "conversations").glob("*.yml"))
KNOWN_CASE = "H02.15-260114-0032"
OTHER_CASE = "H02.08-260203-0117"


def stories() -> list[Any]:
    read = YAML(typ="safe")
    return [
        pytest.param(story["turns"], id=f"{path.stem}: {story['name']}")
        for path in TABLES
        for story in read.load(path.read_text(encoding="utf-8"))
    ]


def filled(say: str, assistant: Assistant) -> str:
    case = next(c for c in assistant.cases if c["code"] == KNOWN_CASE)
    return say.format(
        code=KNOWN_CASE,
        broken_code=KNOWN_CASE.lower().replace("-", " – "),
        other_code=OTHER_CASE,
        fact=case["phone_last4"],
    )


def faults(turn: dict[str, Any], answer: dict[str, Any]) -> list[str]:
    """What went otherwise than the table says."""
    read = text_of(answer).casefold()
    found = [
        f"{key}: {answer[key]!r}"
        for key in ("intent", "outcome")
        if turn.get(key, answer[key]) != answer[key]
    ]
    if "procedures" in turn and answer["procedures"][:1] not in [[c] for c in turn["procedures"]]:
        found.append(f"procedures: {answer['procedures']}")
    if str(turn.get("contains", "")).casefold() not in read:
        found.append(f"{turn['contains']!r} is not in {read!r}")
    if "lacks" in turn and turn["lacks"].casefold() in read:
        found.append(f"{turn['lacks']!r} is in {read!r}")
    if "button" in turn and turn["button"] not in titles_of(answer):
        found.append(f"buttons: {titles_of(answer)}")
    return found


@pytest.mark.parametrize("turns", stories())
def test_the_conversation_goes_as_its_table_says(
    assistant: Assistant, conversation: str, turns: list[dict[str, Any]]
) -> None:
    for turn in turns:
        answer = assistant.say(conversation, filled(turn["say"], assistant))
        assert faults(turn, answer) == [], turn["say"]
