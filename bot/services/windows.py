"""How long a platform lets us write to a citizen after their last act, by channel."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from bot.database import utcnow


@dataclass(frozen=True)
class Window:
    """How long after a citizen's last act a platform lets us write to them."""

    free: dt.timedelta  # up to then it costs nothing
    closed: dt.timedelta  # from then on it refuses


# A channel that is not named here lets us write at any time.
BY_CHANNEL = {"zalo": Window(free=dt.timedelta(hours=48), closed=dt.timedelta(days=7))}


def state(channel: str, last_interaction_at: dt.datetime | None) -> str:
    """ "free", "paid" (the platform charges for each message) or "closed"."""
    window = BY_CHANNEL.get(channel)
    if window is None:
        return "free"
    if last_interaction_at is None:
        return "closed"
    age = utcnow() - last_interaction_at
    if age >= window.closed:
        return "closed"
    return "free" if age < window.free else "paid"


def ends(channel: str, last_interaction_at: dt.datetime) -> tuple[dt.datetime, dt.datetime] | None:
    """When writing stops being free, and when it stops; None where it never does."""
    window = BY_CHANNEL.get(channel)
    if window is None:
        return None
    return last_interaction_at + window.free, last_interaction_at + window.closed
