"""Working days of the offices: Monday to Friday, without public holidays, with the yearly swaps.

Sources: the fixed and lunar holidays from the `holidays` library; data/lookups/working_days.yml for
the days that are moved by decision.
"""

from __future__ import annotations

import datetime as dt
from functools import lru_cache
from pathlib import Path

import holidays
import yaml

from bot.errors import SettingError
from bot.settings import ROOT

# Vietnam has one time zone and no daylight saving time.
VIETNAM = dt.timezone(dt.timedelta(hours=7), "Asia/Ho_Chi_Minh")
SWAPS = ROOT / "data" / "lookups" / "working_days.yml"
_DAY = dt.timedelta(days=1)


def today(now: dt.datetime) -> dt.date:
    """The date in Vietnam at this moment."""
    return now.astimezone(VIETNAM).date()


def is_working_day(day: dt.date) -> bool:
    """Whether the offices work on this day."""
    closed, opened = _swaps(SWAPS)
    if day in opened:
        return True
    return day.weekday() < 5 and day not in closed and day not in _holidays()


def add(day: dt.date, count: int) -> dt.date:
    """The working day that is `count` (0 or more) working days after `day`."""
    while count > 0:
        day += _DAY
        count -= is_working_day(day)
    return day


def between(start: dt.date, end: dt.date) -> int:
    """How many working days lie after `start`, up to and including `end`; negative backwards."""
    if end < start:
        return -between(end, start)
    days = (start + _DAY * n for n in range(1, (end - start).days + 1))
    return sum(map(is_working_day, days))


@lru_cache(maxsize=1)
def _holidays() -> holidays.HolidayBase:
    return holidays.VN()


@lru_cache(maxsize=4)
def _swaps(path: Path) -> tuple[frozenset[dt.date], frozenset[dt.date]]:
    data = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    if set(data) - {"closed", "open"}:
        raise SettingError(f"{path.name}: only the lists `closed` and `open` are read")
    closed, opened = (data.get(key) or [] for key in ("closed", "open"))
    if not all(type(day) is dt.date for day in (*closed, *opened)):
        raise SettingError(f"{path.name}: every day must be written like 2026-08-31")
    return frozenset(closed), frozenset(opened)
