"""When somebody is there: hours, lunch, weekends, holidays, swapped days, a desk's own hours."""

from __future__ import annotations

import datetime as dt

import pytest

from bot.errors import SettingError
from bot.services import opening_hours
from bot.services.working_days import VIETNAM


def at(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=VIETNAM)


@pytest.mark.parametrize(
    ("moment", "open_", "opens"),
    [
        ("2026-11-24T09:00", True, "2026-11-24T09:00"),
        ("2026-11-24T07:29", False, "2026-11-24T07:30"),
        ("2026-11-24T11:30", False, "2026-11-24T13:30"),  # lunch
        ("2026-11-24T17:00", False, "2026-11-25T07:30"),
        ("2026-11-27T18:00", False, "2026-11-30T07:30"),  # over the weekend
        ("2026-08-22T09:00", True, "2026-08-22T09:00"),  # a Saturday worked for a day off
        ("2026-08-28T17:30", False, "2026-09-03T07:30"),  # swapped Monday, National Day
        ("2026-01-01T09:00", False, "2026-01-05T07:30"),
    ],
)
def test_a_desk_is_attended_in_its_hours_on_working_days(
    moment: str, open_: bool, opens: str
) -> None:
    assert opening_hours.is_open(at(moment)) is open_
    assert opening_hours.next_opening(at(moment)) == at(opens)


def test_the_clock_is_that_of_vietnam() -> None:
    assert opening_hours.is_open(dt.datetime(2026, 11, 24, 1, 0, tzinfo=dt.timezone.utc))
    assert not opening_hours.is_open(dt.datetime(2026, 11, 24, 11, 0, tzinfo=dt.timezone.utc))


def test_only_attended_time_counts_as_waiting() -> None:
    over_lunch = opening_hours.worked(at("2026-11-24T11:20"), at("2026-11-24T13:35"))
    assert over_lunch == dt.timedelta(minutes=15)
    weekend = opening_hours.worked(at("2026-11-27T16:55"), at("2026-11-30T07:40"))
    assert weekend == dt.timedelta(minutes=15)


@pytest.mark.parametrize(
    ("moment", "said"),
    [
        ("2026-11-24T13:30", "13 giờ 30 hôm nay"),
        ("2026-11-25T07:00", "7 giờ ngày mai"),
        ("2026-11-30T07:30", "7 giờ 30 thứ Hai ngày 30/11"),
    ],
)
def test_a_moment_is_said_as_people_say_it(moment: str, said: str) -> None:
    assert opening_hours.say(at(moment), at("2026-11-24T12:00")) == said


def test_a_desk_may_have_hours_of_its_own(tmp_path) -> None:
    file = tmp_path / "office_hours.yml"
    file.write_text('open: [["07:30", "11:30"]]\ndesks: {so-y-te: [["08:00", "20:00"]]}\n')
    common, own = opening_hours._read(file)
    assert own["so-y-te"] == ((dt.time(8), dt.time(20)),)
    assert common == ((dt.time(7, 30), dt.time(11, 30)),)


@pytest.mark.parametrize("text", ["open: []", 'open: [["17:00", "13:30"]]', "hours: []"])
def test_hours_that_make_no_sense_are_refused(tmp_path, text: str) -> None:
    file = tmp_path / "office_hours.yml"
    file.write_text(text)
    with pytest.raises(SettingError, match="office_hours"):
        opening_hours._read(file)


@pytest.mark.parametrize(
    ("start", "minutes", "then"),
    [
        ("2026-11-23 09:00", 15, "2026-11-23 09:15"),
        ("2026-11-23 11:20", 15, "2026-11-23 13:35"),  # over lunch
        ("2026-11-23 11:20", 10, "2026-11-23 11:30"),
        ("2026-11-23 16:50", 15, "2026-11-24 07:35"),  # over night
        ("2026-11-27 20:00", 15, "2026-11-30 07:45"),  # over a weekend
        ("2026-09-01 20:00", 15, "2026-09-03 07:45"),  # the national day
        ("2026-11-23 07:30", 8 * 60, "2026-11-24 08:00"),
    ],
)
def test_working_time_is_added_as_it_is_counted(start: str, minutes: int, then: str) -> None:
    found = opening_hours.after(at(start), dt.timedelta(minutes=minutes))
    assert found == at(then)
    assert opening_hours.worked(at(start), found) == dt.timedelta(minutes=minutes)
