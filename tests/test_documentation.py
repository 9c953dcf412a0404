"""What the documents promise: every setting is told, every command and link exists."""

from __future__ import annotations

import re

import pytest

from bot.settings import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def settings_read() -> list[str]:
    source = (ROOT / "bot" / "settings.py").read_text(encoding="utf-8")
    return sorted(set(re.findall(r'read\.[a-z_]+\(\s*"([A-Z_]+)"', source)))


@pytest.mark.parametrize("name", settings_read())
def test_every_setting_is_told_in_the_readme(name: str) -> None:
    assert f"`{name}`" in README


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_of_a_document_leads_somewhere(document) -> None:
    for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", document.read_text(encoding="utf-8")):
        assert (document.parent / target).exists(), target


def test_every_make_target_of_the_readme_exists() -> None:
    targets = set(re.findall(r"(?:`|^)make ([a-z]+)", README, re.MULTILINE))
    assert {"run", "test", "bench"} <= targets
    makefile = (ROOT / "Makefile").read_text()
    assert targets <= set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
