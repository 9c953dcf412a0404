"""The widget's script: its parts put together into the one file that a portal embeds."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from bot.channels.web.incoming import TEXT_LIMIT
from bot.settings import Settings

FOLDER = Path(__file__).parent / "static"
# In the order in which they build on each other. They share one function's scope, so that the
# portal's page gets no name of ours.
PARTS = ("memory.js", "wire.js", "bubbles.js", "panel.js", "widget.js")


@dataclass(frozen=True)
class Script:
    """The text, and the tag by which a browser tells whether it has it already."""

    text: str
    etag: str


def build(settings: Settings) -> Script:
    """The script for this province."""
    told = {"province": settings.province, "hotline": settings.hotline, "limit": TEXT_LIMIT}
    css = (FOLDER / "widget.css").read_text(encoding="utf-8")
    parts = [(FOLDER / name).read_text(encoding="utf-8") for name in PARTS]
    text = "\n".join(
        (
            "(() => {",
            '"use strict";',
            f"const ABOUT = {json.dumps(told, ensure_ascii=False)};",
            f"const CSS = {json.dumps(css, ensure_ascii=False)};",
            *parts,
            "})();",
            "",
        )
    )
    return Script(text, hashlib.sha256(text.encode()).hexdigest()[:16])
