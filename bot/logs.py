"""What may be said in a log: where something failed and which row, never whose words."""

from __future__ import annotations

import hashlib
import traceback


def where(error: BaseException) -> str:
    """The error's type and the last frames it passed; its message may quote a citizen."""
    frames = traceback.extract_tb(error.__traceback__)[-3:]
    path = " < ".join(f"{f.filename.rsplit('/', 1)[-1]}:{f.lineno}" for f in reversed(frames))
    return f"{type(error).__name__} at {path}"


def mask(identifier: str) -> str:
    """A short stand-in for a person's id: equal ids read the same, the id can't be read."""
    return hashlib.sha256(identifier.encode()).hexdigest()[:8]
