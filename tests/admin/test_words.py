"""Every act that is put on record has a name that staff can read."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from bot.admin.words import ACTIONS
from bot.settings import ROOT


def recorded() -> Iterator[str]:
    """The acts that the code records by a literal name."""
    for file in (ROOT / "bot").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or ast.unparse(node.func) != "audit.record":
                continue
            for part in ast.walk(node.args[2]):
                if isinstance(part, ast.Constant) and isinstance(part.value, str):
                    yield part.value


def test_every_act_on_record_has_a_name() -> None:
    found = set(recorded())
    assert len(found) > 30
    # The beginnings of names whose end is decided when the code runs.
    assert {name for name in found if not name.endswith("_")} - set(ACTIONS) == set()
