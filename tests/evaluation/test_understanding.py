"""No later change may understand citizens worse: the figures may fall by two points at most.

The sets: the development set, and messages that were written after the model was frozen by
somebody who had seen neither the code nor the other sets. Both over all national records.
"""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest

from bot import migrate
from bot.database import make_engine, make_sessions, session_scope
from bot.evaluation.metrics import figures
from bot.evaluation.run import REGISTERS, evaluate
from bot.services import catalogue
from bot.settings import ROOT, Settings

pytestmark = [pytest.mark.rasa, pytest.mark.timeout(900)]

DATA = ROOT.parent / "shared" / "data"
TESTS = ROOT / "tests" / "data"
MEASURED = json.loads((TESTS / "understanding_measured.json").read_text())
ALLOWED = 0.02
# Figures of which more is worse.
ERRORS = ("wrong_confident", "false_refusal")


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings of a catalogue with the starter records and all national ones."""
    national = DATA / "procedures_national_2642.jsonl"
    if not national.exists():
        pytest.skip("the national records (../shared/data) are not on this machine")
    folder = tmp_path_factory.mktemp("understanding")
    url = f"sqlite:///{folder / 'bot.db'}"
    migrate.upgrade(url)
    with session_scope(make_sessions(make_engine(url))) as session:
        starter = sorted((ROOT / "data" / "catalogue").glob("*.yml"))
        catalogue.import_files(session, [*starter, national])
    return dataclasses.replace(Settings.from_env({}), var_dir=folder, database_url=url)


def worse(found: dict[str, Any], measured: dict[str, Any]) -> list[str]:
    """The figures that are more than two points worse than when they were measured."""
    fallen = []
    for column in ("overall", *REGISTERS):
        for name, before in measured[column].items():
            now = found[column][name]
            change = (now - before) if name in ERRORS else (before - now)
            if change > ALLOWED + 1e-9:
                fallen.append(f"{column} {name}: {before:.3f} → {now:.3f}")
    return fallen


def test_the_development_set_and_its_dialogues_are_understood_as_well_as_ever(
    settings: Settings,
) -> None:
    found = evaluate(settings, DATA / "questions_dev.jsonl", DATA / "dialogues_dev.jsonl")
    assert worse(found, MEASURED["questions_dev"]) == []
    assert found["dialogues"]["passed"] / found["dialogues"]["total"] >= 0.95


def test_fresh_messages_are_understood_as_well_as_ever(settings: Settings) -> None:
    found = evaluate(settings, TESTS / "fresh_messages.jsonl", None)
    assert worse(found, MEASURED["fresh_messages"]) == []


def test_a_figure_that_falls_by_three_points_is_named() -> None:
    before = {column: {"direct": 0.9, "wrong_confident": 0.0} for column in ("overall", *REGISTERS)}
    after = {**before, "messy": {"direct": 0.87, "wrong_confident": 0.03}}
    assert worse(after, before) == [
        "messy direct: 0.900 → 0.870",
        "messy wrong_confident: 0.000 → 0.030",
    ]


def test_every_measured_figure_is_one_that_evaluate_gives() -> None:
    known = set(figures([]))
    for columns in MEASURED.values():
        assert {name for column in columns.values() for name in column} <= known
