"""The platform's clock, which tests may move to make windows and tokens run out."""

from __future__ import annotations

import time

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS


class Clock:
    """The machine's time plus an offset."""

    def __init__(self) -> None:
        self._offset_ms = 0

    def now_ms(self) -> int:
        """Epoch milliseconds."""
        return time.time_ns() // 1_000_000 + self._offset_ms

    def advance(self, seconds: float) -> None:
        """Move the clock; negative moves it back."""
        self._offset_ms += int(seconds * 1000)

    def reset(self) -> None:
        """Return to the machine's time."""
        self._offset_ms = 0
