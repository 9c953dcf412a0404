"""Switches that make the platform misbehave on purpose."""

from __future__ import annotations

import dataclasses
import random
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from simulator.zalo.errors import BadRequest

RATE_LIMIT = 4000  # calls a minute for one app
SIGNING = ("oa_secret", "app_secret", "wrong_secret", "altered_byte", "none")


@dataclass(frozen=True)
class Faults:
    """What is wrong at present. Counts say how many of the next calls or events are hit.

    Rates are shares between 0 and 1, for faults that come at random; a call is hit by at most one
    of them.
    """

    latency_ms: int = 0  # added to each send call
    http_500_count: int = 0
    http_500_rate: float = 0.0  # share of send calls, 0..1
    hang_seconds: float = 0.0  # how long each of the hanging calls is kept waiting
    hang_count: int = 0  # accepted at once, answered after the hang
    hang_rate: float = 0.0
    hang_before_accept_count: int = 0  # answered with 504 after the hang, never accepted
    hang_before_accept_rate: float = 0.0
    accept_after_hang: bool = False  # those are accepted after the hang, whoever still listens
    cut_before_accept_count: int = 0  # the connection is cut without an answer, nothing accepted
    cut_before_accept_rate: float = 0.0
    drop_after_accept_count: int = 0  # accepted, then the connection is cut without an answer
    drop_after_accept_rate: float = 0.0
    rate_limit: int = RATE_LIMIT  # calls a minute; 0 refuses all, negative lifts the limit
    package_missing: bool = False  # -224
    require_proof: bool = False  # appsecret_proof is enforced: -242
    refuse_refresh: bool = False  # the token endpoint refuses refresh tokens
    allow_list: bool = False  # the list template is accepted
    quota_figures: bool = False  # the quota object carries remain and total
    duplicate: int = 0  # extra copies of each event
    duplicate_rate: float = 1.0  # share of the events that have them
    event_delay_ms: int = 0  # events come so much later, each by half to one and a half of it
    event_delay_rate: float = 1.0  # share of the posts that are late; the others overtake them
    reorder: bool = False  # each citizen's message changes places with the next one
    sign_with: str = "oa_secret"
    timestamp_as_int: bool = False
    hold_events: bool = False  # events wait until this is switched off


class FaultBox:
    """The switches, safe for threads."""

    def __init__(self, faults: Faults | None = None) -> None:
        self._lock = threading.Lock()
        self._first = faults or Faults()
        self._faults = self._first

    @property
    def now(self) -> Faults:
        """The present state."""
        return self._faults

    def change(self, wanted: Mapping[str, Any]) -> Faults:
        """Change the named switches; `{"reset": true}` starts from none. Raises BadRequest."""
        with self._lock:
            base = self._first if wanted.get("reset") else self._faults
            changes = {k: _read(k, v) for k, v in wanted.items() if k != "reset"}
            if changes.get("hang_seconds") and not any(k in _HANGS for k in changes):
                changes["hang_count"] = 1
            self._faults = dataclasses.replace(base, **changes)
            return self._faults

    def take(self, counter: str) -> bool:
        """Use up one of a counted fault; False when none is left."""
        if not getattr(self._faults, counter):
            return False
        with self._lock:
            left = getattr(self._faults, counter)
            if not left:
                return False
            self._faults = dataclasses.replace(self._faults, **{counter: left - 1})
            return True

    def strikes(self, name: str) -> bool:
        """Whether the fault with `<name>_count` and `<name>_rate` hits this call."""
        return self.take(f"{name}_count") or _by_chance(getattr(self._faults, f"{name}_rate"))

    def copies(self) -> int:
        """How often this event is delivered."""
        more = self._faults.duplicate
        return 1 + more if more and _by_chance(self._faults.duplicate_rate) else 1

    def delay_seconds(self) -> float:
        """How late this post of an event is."""
        now = self._faults
        if not now.event_delay_ms or not _by_chance(now.event_delay_rate):
            return 0.0
        return now.event_delay_ms / 1000 * random.uniform(0.5, 1.5)


def _by_chance(rate: float) -> bool:
    return rate > 0 and random.random() < rate


_HANGS = ("hang_count", "hang_rate", "hang_before_accept_count", "hang_before_accept_rate")
_KINDS = {f.name: type(f.default) for f in dataclasses.fields(Faults)}


def _read(name: str, value: Any) -> Any:
    kind: Any = _KINDS.get(name)
    if kind is None:
        raise BadRequest(f"no such fault: {name}; known: {', '.join(_KINDS)}")
    if kind is float and type(value) is int:
        value = float(value)
    if type(value) is not kind:
        raise BadRequest(f"{name} must be of type {kind.__name__}")
    if name == "sign_with" and value not in SIGNING:
        raise BadRequest(f"sign_with must be one of {', '.join(SIGNING)}")
    if name != "rate_limit" and kind in (int, float) and value < 0:
        raise BadRequest(f"{name} must not be negative")
    if name.endswith("_rate") and value > 1:
        raise BadRequest(f"{name} must be between 0 and 1")
    return value
