"""The examples of data/nlu read without Rasa: for tests, benchmarks and the leak check."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import yaml

NLU_FILES = Path(__file__).resolve().parent.parent / "data" / "nlu"
NOT_TYPED = frozenset({"choose_procedure", "reject_offer"})  # intents that only buttons express


def read(folder: Path = NLU_FILES) -> Iterator[tuple[str, str]]:
    """(example, intent) pairs in the order of the files, without the buttons' intents."""
    for path in sorted(folder.glob("*.yml")):
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
        for block in content.get("nlu") or ():
            intent = block.get("intent")
            if intent is None or intent in NOT_TYPED:
                continue
            for line in block["examples"].splitlines():
                if line.startswith("- "):
                    yield line[2:].strip(), intent
