"""Working days as the invented offices count them: Monday to Friday without public holidays."""

from __future__ import annotations

import datetime as dt
from functools import cache

import holidays

DAY = dt.timedelta(days=1)


@cache
def is_working_day(day: dt.date) -> bool:
    """Whether the offices are open."""
    return day.weekday() < 5 and day not in _vietnam()


@cache
def add_working_days(day: dt.date, count: int) -> dt.date:
    """The day `count` working days after `day`; before it when `count` is negative."""
    step = DAY if count >= 0 else -DAY
    for _ in range(abs(count)):
        day += step
        while not is_working_day(day):
            day += step
    return day


@cache
def _vietnam() -> holidays.HolidayBase:
    return holidays.VN()
