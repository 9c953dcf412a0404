"""The files that Rasa reads agree with each other and with the code."""

from __future__ import annotations

import inspect
import pkgutil
import re
import subprocess
import sys
from collections import Counter
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from rasa.shared.core.domain import Domain
from rasa_sdk.utils import all_subclasses
from ruamel.yaml import YAML

import actions
from actions.base import BotAction
from bot.model_files import RASA_DATA
from bot.settings import ROOT
from dialogue import commands

RESPONSE_FILES = sorted((ROOT / "domain" / "responses").glob("*.yml"))
NAMED = re.compile(r"""["'](utter_[a-z0-9_]+)["']""")
LONGEST_REPLY = 2000


def responses_of(path: Path) -> dict[str, Any]:
    return dict(YAML(typ="safe").load(path.read_text(encoding="utf-8"))["responses"])


@pytest.fixture(scope="module")
def domain() -> Domain:
    return Domain.load([str(ROOT / "domain")])


def written_actions() -> set[str]:
    for module in pkgutil.iter_modules(actions.__path__):
        import_module(f"actions.{module.name}")
    return {
        cls.action_name
        for cls in all_subclasses(BotAction)
        if not inspect.isabstract(cls) and cls.__module__.startswith("actions.")
    }


def test_no_response_is_written_twice() -> None:
    counted = Counter(key for path in RESPONSE_FILES for key in responses_of(path))
    assert [key for key, times in counted.items() if times > 1] == []


def test_every_response_named_in_code_exists(domain: Domain) -> None:
    sources = [*ROOT.glob("actions/*.py"), *ROOT.glob("bot/**/*.py"), *ROOT.glob("dialogue/*.py")]
    named = {name for path in sources for name in NAMED.findall(path.read_text("utf-8"))}
    named.discard("utter_action")  # a key of Rasa's
    assert named, "the pattern finds no response any more"
    assert named - set(domain.responses) == set()


def test_every_written_response_is_used(domain: Domain) -> None:
    used = {n for p in ROOT.glob("actions/*.py") for n in NAMED.findall(p.read_text("utf-8"))}
    used |= set(commands.ACTIONS.values())
    rules = "".join(p.read_text("utf-8") for p in ROOT.glob("data/rules/*.yml"))
    used |= set(re.findall(r"utter_[a-z0-9_]+", rules))
    ours = ("small_talk", "offers", "service", "case_dialogue", "places", "handoff")
    written = {k for p in RESPONSE_FILES if p.stem in ours for k in responses_of(p)}
    started = {"utter_follow_started"}  # named by cases.follow
    assert written - used - started == set()


def test_every_action_of_the_domain_is_written_and_every_written_one_is_in_the_domain() -> None:
    listed = YAML(typ="safe").load((ROOT / "domain" / "actions.yml").read_text("utf-8"))["actions"]
    assert set(listed) == written_actions()


def test_every_intent_is_answered_by_a_rule(domain: Domain) -> None:
    rules = "".join(p.read_text("utf-8") for p in ROOT.glob("data/rules/*.yml"))
    ruled = set(re.findall(r"- intent: (\w+)", rules))
    assert {i for i in domain.intents if i not in ruled} - {
        "restart",
        "back",
        "session_start",
    } == set()


def test_every_reply_fits_a_zalo_message_and_no_button_too_much() -> None:
    for path in RESPONSE_FILES:
        for key, variants in responses_of(path).items():
            for variant in variants:
                assert len(variant["text"]) < LONGEST_REPLY, key
                buttons = variant.get("buttons", [])
                assert len(buttons) <= 5, key
                assert all(len(b["title"]) <= 100 for b in buttons), key


def test_the_button_titles_fit() -> None:
    titles = YAML(typ="safe").load((ROOT / "data/lookups/button_titles.yml").read_text("utf-8"))
    assert set(titles["suggest"]) <= set(titles["aspects"])
    texts = [titles["none_of_these"], titles["follow_case"], *titles["aspects"].values()]
    assert all(0 < len(text) <= 100 for text in texts)


@pytest.mark.rasa
def test_rasa_finds_nothing_wrong_with_the_files() -> None:
    command = [sys.executable, "-m", "rasa", "data", "validate", "--fail-on-warnings"]
    command += ["--domain", "domain", "--data", *RASA_DATA]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert done.returncode == 0, done.stdout.decode(errors="replace")[-3000:]
