"""The whole report of a scope: the figures beside those of the period before, and the tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy.orm import Session

from bot.services.analytics import (
    conversations,
    handoffs,
    lookups,
    messages,
    response_times,
    tables,
    words,
)
from bot.services.analytics.scope import Scope
from bot.services.analytics.tables import Table

Value = float | int | None


@dataclass(frozen=True)
class Tile:
    """One figure. `of`: what a share or a mean is taken from, None where it is a plain number."""

    key: str
    value: Value
    of: int | None
    before: Value

    @property
    def name(self) -> str:
        """What it is called."""
        return words.TILES[self.key][0]

    @property
    def unit(self) -> str:
        """ "", %, giây, phút or /5."""
        return words.TILES[self.key][1]

    @property
    def means(self) -> str:
        """What exactly it counts."""
        return words.TILES[self.key][3]

    @property
    def verdict(self) -> str:
        """good, bad or "": what the change since the period before says."""
        better = words.TILES[self.key][2]
        if better is None or self.value is None or self.before is None or self.value == self.before:
            return ""
        return "good" if (self.value > self.before) == better else "bad"


@dataclass(frozen=True)
class Report:
    """What the page shows and the files hold."""

    scope: Scope
    tiles: tuple[Tile, ...]
    tables: tuple[Table, ...]

    @property
    def empty(self) -> bool:
        """Whether nothing happened in the period."""
        return not any(tile.value for tile in self.tiles)


def make(session: Session, scope: Scope, owners: Mapping[str, str]) -> Report:
    """Count everything; `owners`: the department of each procedure, by its code."""
    hours = messages.by_hour(session, scope)
    lengths = response_times.counted(session, scope)
    now = figures(session, scope, hours, lengths)
    earlier = scope.before
    past = figures(
        session,
        earlier,
        messages.by_hour(session, earlier),
        response_times.counted(session, earlier),
    )
    tiles = tuple(Tile(key, *now[key], past[key][0]) for key in words.TILES)
    return Report(scope, tiles, tables.every(session, scope, owners, hours, lengths))


def figures(
    session: Session,
    scope: Scope,
    hours: Mapping[int, messages.Turns],
    lengths: Mapping[int, int],
) -> dict[str, tuple[Value, int | None]]:
    """Every figure by key, and what it was taken from."""
    said = messages.total(hours.values())
    people = conversations.counted(session, scope)
    rated = handoffs.ratings(session, scope)
    waits = _together(handoffs.waits(session, scope))
    looked = lookups.by_result(session, scope)
    answered = sum(lengths.values())
    wait = response_times.percentile(waits, 0.5)
    unclear = None if scope.department else share(said.not_understood, said.turns)
    return {
        "conversations": (people.total, None),
        "messages": (said.messages, None),
        "bot_alone": (share(people.bot_alone, people.total), people.total),
        "asked_back": (share(said.asked_back, said.turns), said.turns),
        "not_understood": (unclear, said.turns),
        "handed_over": (share(people.handed_over, people.total), people.total),
        "response_p50": (response_times.percentile(lengths, 0.5), answered),
        "response_p95": (response_times.percentile(lengths, 0.95), answered),
        "wait": (None if wait is None else wait / 60, sum(waits.values())),
        "satisfaction": (rated.mean, rated.number),
        "lookups": (share(looked["shown"], sum(looked.values())), sum(looked.values())),
    }


def share(part: int, whole: int) -> float | None:
    """A part of a whole in percent; None of nothing."""
    return 100 * part / whole if whole else None


def _together(by_desk: Mapping[int | None, Mapping[int, int]]) -> dict[int, int]:
    found: dict[int, int] = {}
    for lengths in by_desk.values():
        for length, number in lengths.items():
            found[length] = found.get(length, 0) + number
    return found
