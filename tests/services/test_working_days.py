"""Working days: weekends, public holidays and the days that are moved by decision."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.services import working_days

days = st.dates(dt.date(2025, 1, 1), dt.date(2027, 12, 31))


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


@pytest.mark.parametrize(
    ("when", "open_"),
    [
        ("2026-11-24", True),
        ("2026-11-28", False),  # a Saturday
        ("2026-11-29", False),  # a Sunday
        ("2026-01-01", False),  # New Year
        ("2026-02-17", False),  # Tết
        ("2026-02-23", True),  # the first Monday after it
        ("2026-04-27", False),  # Hùng Kings' Day fell on a Sunday
        ("2026-04-30", False),
        ("2026-05-01", False),
        ("2026-09-02", False),  # National Day
        ("2026-08-31", False),  # moved …
        ("2026-08-22", True),  # … to a Saturday
    ],
)
def test_offices_are_open_on_working_days(when: str, open_: bool) -> None:
    assert working_days.is_working_day(day(when)) is open_


@pytest.mark.parametrize(
    ("start", "end", "count"),
    [
        ("2026-11-24", "2026-11-24", 0),
        ("2026-11-24", "2026-11-27", 3),
        ("2026-11-27", "2026-11-30", 1),  # over a weekend
        ("2026-11-27", "2026-11-29", 0),
        ("2026-02-13", "2026-02-23", 1),  # over Tết
        ("2026-11-24", "2026-11-20", -2),
    ],
)
def test_days_between_count_working_days_only(start: str, end: str, count: int) -> None:
    assert working_days.between(day(start), day(end)) == count


@given(days, st.integers(1, 60))
def test_a_date_so_many_working_days_on_is_so_many_away(start: dt.date, count: int) -> None:
    end = working_days.add(start, count)
    assert working_days.is_working_day(end)
    assert working_days.between(start, end) == count


@given(days, days)
def test_backwards_is_the_same_with_a_minus(a: dt.date, b: dt.date) -> None:
    assert working_days.between(a, b) == -working_days.between(b, a)


def test_the_day_begins_at_midnight_in_vietnam() -> None:
    before = dt.datetime(2026, 11, 23, 16, 59, tzinfo=dt.timezone.utc)
    assert working_days.today(before) == day("2026-11-23")
    assert working_days.today(before + dt.timedelta(minutes=1)) == day("2026-11-24")
