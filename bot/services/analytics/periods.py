"""The days that figures are counted over: whole days of Viet Nam, the last one included."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from bot.errors import PeriodError
from bot.services.working_days import VIETNAM

WEEK, MONTH, CUSTOM = "week", "30days", "custom"
LONGEST = 366  # days
_DAY = dt.timedelta(days=1)


@dataclass(frozen=True)
class Period:
    """The days from `first` to `last`, both included."""

    first: dt.date
    last: dt.date
    preset: str = CUSTOM

    @property
    def days(self) -> int:
        """How many days it has."""
        return (self.last - self.first).days + 1

    @property
    def start(self) -> dt.datetime:
        """Its first moment."""
        return _midnight(self.first)

    @property
    def end(self) -> dt.datetime:
        """The first moment that is no longer in it."""
        return _midnight(self.last + _DAY)

    @property
    def before(self) -> Period:
        """What it is compared with: as many days just before it.

        A week that has just begun is compared with the same days of the week before: a Monday with
        a Sunday would say nothing.
        """
        shift = dt.timedelta(days=7 if self.preset == WEEK else self.days)
        return Period(self.first - shift, self.last - shift)

    @property
    def weeks(self) -> Sequence[Period]:
        """Its weeks from Monday to Sunday, cut at both ends."""
        found, day = [], self.first
        while day <= self.last:
            sunday = min(day + dt.timedelta(days=6 - day.weekday()), self.last)
            found.append(Period(day, sunday))
            day = sunday + _DAY
        return found

    @property
    def monday(self) -> dt.datetime:
        """The first moment of the week in which it begins: weeks are counted from there."""
        return _midnight(self.first - dt.timedelta(days=self.first.weekday()))


def of(preset: str, today: dt.date, first: str = "", last: str = "") -> Period:
    """The period that was asked for; raises PeriodError, which says what to do.

    `first` and `last` are dates as a date field sends them (2026-11-30), read with CUSTOM only.
    """
    if preset == WEEK:
        return Period(today - dt.timedelta(days=today.weekday()), today, WEEK)
    if preset != CUSTOM:
        return Period(today - dt.timedelta(days=29), today, MONTH)
    begin, end = _date(first, "Từ ngày"), _date(last, "Đến ngày")
    if begin > end:
        raise PeriodError("Ngày bắt đầu đang sau ngày kết thúc. Mời anh/chị đổi lại hai ngày.")
    if end > today:
        raise PeriodError("Ngày kết thúc chưa tới. Mời anh/chị chọn từ hôm nay trở về trước.")
    found = Period(begin, end)
    if found.days > LONGEST:
        raise PeriodError(f"Mỗi lần xem được nhiều nhất {LONGEST} ngày. Mời anh/chị chọn ngắn hơn.")
    return found


def _date(given: str, field: str) -> dt.date:
    try:
        found = dt.datetime.strptime(given.strip(), "%Y-%m-%d").replace(tzinfo=VIETNAM).date()
    except ValueError:
        raise PeriodError(
            f"“{field}” chưa đúng. Mời anh/chị chọn một ngày, ví dụ 30/11/2026."
        ) from None
    if found.year < 2000:
        raise PeriodError(f"“{field}” quá xa. Mời anh/chị chọn một ngày từ năm 2000 trở đi.")
    return found


def _midnight(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), VIETNAM)
