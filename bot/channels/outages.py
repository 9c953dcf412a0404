"""A database that is gone for a moment: steps that may be repeated are, until it is back."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from sqlalchemy.exc import InterfaceError, OperationalError

Result = TypeVar("Result")

LOST = (OperationalError, InterfaceError)  # no connection, or one that broke in the middle
_PAUSE = 0.2


def through_outage(step: Callable[[], Result], *, seconds: float) -> Result:
    """What `step` returns, called again while the database is away; no call begins after `seconds`.

    Raises the last error then. A step whose commit was not answered may have been done.
    """
    deadline = time.monotonic() + seconds
    while True:
        try:
            return step()
        except LOST:
            if time.monotonic() + _PAUSE > deadline:
                raise
            time.sleep(_PAUSE)
