"""Text from outside made safe to keep, whatever channel it came through."""

from __future__ import annotations

import unicodedata

TEXT_LIMIT = 10_000  # characters kept of one message; the composers of our channels take 2,000
_BAD = frozenset({"Cc", "Cs"})


def clean(text: str) -> str:
    """NFC text without what a database or a reader chokes on: NUL, controls, half surrogates."""
    text = text[: TEXT_LIMIT * 2]  # decomposed text is up to twice as long and more
    if not text.isprintable():
        text = "".join(c for c in text if c in "\n\t" or unicodedata.category(c) not in _BAD)
    return unicodedata.normalize("NFC", text)[:TEXT_LIMIT]
