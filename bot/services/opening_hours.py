"""When a desk is attended: the hours of data/lookups/office_hours.yml on working days."""

from __future__ import annotations

import datetime as dt
import functools
from pathlib import Path

from ruamel.yaml import YAML

from bot.errors import SettingError
from bot.services.working_days import VIETNAM, is_working_day
from nlu.text import LOOKUPS

FILE = LOOKUPS / "office_hours.yml"
WEEKDAYS = ("thứ Hai", "thứ Ba", "thứ Tư", "thứ Năm", "thứ Sáu", "thứ Bảy", "Chủ nhật")
SEARCHED_DAYS = 60  # no holiday is longer

Spans = tuple[tuple[dt.time, dt.time], ...]


def is_open(now: dt.datetime, desk: str = "") -> bool:
    """Whether somebody should be at this desk now; `desk` is its code."""
    here = now.astimezone(VIETNAM)
    if not is_working_day(here.date()):
        return False
    return any(start <= here.time() < end for start, end in spans(desk))


def next_opening(now: dt.datetime, desk: str = "") -> dt.datetime:
    """When the desk is attended next, in the time of Vietnam; `now` itself while it is."""
    here = now.astimezone(VIETNAM)
    if is_open(here, desk):
        return here
    for days in range(SEARCHED_DAYS):
        day = here.date() + dt.timedelta(days=days)
        for start, _ in spans(desk) if is_working_day(day) else ():
            opening = dt.datetime.combine(day, start, VIETNAM)
            if opening > here:
                return opening
    raise SettingError(f"{FILE.name}: no working hours within {SEARCHED_DAYS} days")


def worked(start: dt.datetime, end: dt.datetime, desk: str = "") -> dt.timedelta:
    """How much of the time between two moments the desk was attended; at most 60 days count."""
    total = dt.timedelta()
    first, last = start.astimezone(VIETNAM), end.astimezone(VIETNAM)
    for days in range(min((last.date() - first.date()).days, SEARCHED_DAYS) + 1):
        day = first.date() + dt.timedelta(days=days)
        for opens, closes in spans(desk) if is_working_day(day) else ():
            since = max(dt.datetime.combine(day, opens, VIETNAM), first)
            until = min(dt.datetime.combine(day, closes, VIETNAM), last)
            total += max(until - since, dt.timedelta())
    return total


def after(start: dt.datetime, span: dt.timedelta, desk: str = "") -> dt.datetime:
    """The moment at which the desk has been attended for `span` since `start`, Vietnam's time.

    Raises SettingError when that is not within 60 days.
    """
    first = start.astimezone(VIETNAM)
    for days in range(SEARCHED_DAYS + 1):
        day = first.date() + dt.timedelta(days=days)
        for opens, closes in spans(desk) if is_working_day(day) else ():
            since = max(dt.datetime.combine(day, opens, VIETNAM), first)
            lasts = max(dt.datetime.combine(day, closes, VIETNAM) - since, dt.timedelta())
            if span <= lasts and lasts:
                return since + span
            span -= lasts
    raise SettingError(f"{FILE.name}: less than {span} of working hours in {SEARCHED_DAYS} days")


def say(moment: dt.datetime, now: dt.datetime) -> str:
    """A coming moment as people say it: "7 giờ 30 sáng mai" or with its weekday and date."""
    then, here = moment.astimezone(VIETNAM), now.astimezone(VIETNAM)
    clock = f"{then.hour} giờ {then.minute:02d}" if then.minute else f"{then.hour} giờ"
    days = (then.date() - here.date()).days
    if days == 0:
        return f"{clock} hôm nay"
    if days == 1:
        return f"{clock} ngày mai"
    return f"{clock} {WEEKDAYS[then.weekday()]} ngày {then.day:02d}/{then.month:02d}"


def spans(desk: str = "") -> Spans:
    """The hours of one desk in a working day, or of all those that have none of their own."""
    common, own = _read(FILE)
    return own.get(desk, common)


@functools.lru_cache(maxsize=4)
def _read(path: Path) -> tuple[Spans, dict[str, Spans]]:
    data = YAML(typ="safe").load(path.read_text(encoding="utf-8"))
    try:
        common = _spans(data["open"])
        own = {str(code): _spans(rows) for code, rows in (data.get("desks") or {}).items()}
    except (KeyError, TypeError, ValueError) as error:
        raise SettingError(f"{path.name}: `open` and `desks` hold times: {error}") from None
    return common, own


def _spans(rows: list[list[str]]) -> Spans:
    read = tuple((dt.time.fromisoformat(start), dt.time.fromisoformat(end)) for start, end in rows)
    if not read or any(start >= end for start, end in read):
        raise ValueError("each span must begin before it ends")
    return read
