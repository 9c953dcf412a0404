"""endpoints.yml with the addresses filled in, for who starts Rasa."""

from __future__ import annotations

import json
from pathlib import Path

TEMPLATE = Path(__file__).resolve().parent.parent / "endpoints.yml"


def render(*, actions_url: str, redis_url: str) -> str:
    """The text of an endpoints file; it holds the store's password, so keep it readable to few.

    The committed file reads the same two values from the environment.
    """
    text = TEMPLATE.read_text(encoding="utf-8")
    values = {"ACTIONS_URL": actions_url, "REDIS_URL": redis_url}
    for name, value in values.items():
        # A JSON string is a YAML string too, whatever characters a password has.
        text = text.replace(f"${{{name}}}", json.dumps(value))
    return text
