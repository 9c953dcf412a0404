"""Every figure of a small world that was worked out by hand: see world.py."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

import pytest
from sqlalchemy.orm import Session

from bot.services.analytics import conversations, handoffs, periods, report, response_times, words
from bot.services.analytics.periods import Period
from bot.services.analytics.report import Report
from bot.services.analytics.scope import Scope
from bot.services.places import tables as places
from tests.services.analytics.world import DA_MAI, SCRIPT, A, B, World, at, fill

FORTNIGHT = Scope(Period(dt.date(2026, 11, 2), dt.date(2026, 11, 15)))
OWNERS = {A: "so-tu-phap", B: "trung-tam"}
JUSTICE = {"department": "so-tu-phap", "codes": (A,)}


@pytest.fixture
def world(session: Session) -> Session:
    """A database with the world of the table."""
    fill(session)
    return session


def made(session: Session, **narrowed: Any) -> Report:
    return report.make(session, dataclasses.replace(FORTNIGHT, **narrowed), OWNERS)


def values(found: Report) -> dict[str, tuple[Any, Any]]:
    return {
        tile.key: (round(tile.value, 2) if tile.value is not None else None, tile.of)
        for tile in found.tiles
    }


def rows(found: Report, key: str) -> tuple[tuple[Any, ...], ...]:
    return next(table.rows for table in found.tables if table.key == key)


def test_each_figure_is_what_was_worked_out_by_hand(world: Session) -> None:
    assert values(made(world)) == {
        # An, Bình, Chi, Em. Dũng only followed.
        "conversations": (4, None),
        # 3 of An, 3 of Bình, 2 of Chi, 2 of Em.
        "messages": (10, None),
        # An and Em were answered and nobody came; Bình and Chi were handed over.
        "bot_alone": (50.0, 4),
        # Turns: 10 without the one left to staff and the one that our fault ended; asked + offered.
        "asked_back": (25.0, 8),
        "not_understood": (25.0, 8),
        "handed_over": (50.0, 4),
        # 1, 1, 1, 1.5, 2, 3, 4, 20 s: the fault's apology was accepted, too; Em's answer was not.
        "response_p50": (1.5, 8),
        "response_p95": (20.0, 8),
        # Only Bình waited for somebody who came: 4 minutes.
        "wait": (4.0, 1),
        "satisfaction": (4.5, 2),
        "lookups": (60.0, 5),
    }


def test_the_period_before_is_counted_alike(world: Session) -> None:
    before = {tile.key: tile.before for tile in made(world).tiles}
    # 19 October to 1 November: An on the 20th and one second before the period.
    assert (before["conversations"], before["messages"], before["bot_alone"]) == (1, 2, 0)
    assert before["response_p50"] == 7.0
    assert before["handed_over"] == 100  # the handoff of 31 October


def test_weeks_go_from_monday_to_sunday_in_viet_nam(world: Session) -> None:
    weeks = rows(made(world), "weeks")
    assert [row[1:8] for row in weeks] == [
        # conversations, alone, handed over, messages, answered, asked back, not understood
        (3, 2, 1, 6, 2, 1, 2),  # An, Bình, Chi; Chi was handed over only in the second week
        (3, 2, 1, 4, 2, 1, 0),
    ]
    assert [row[0] for row in weeks] == ["02/11–08/11/2026", "09/11–15/11/2026"]
    assert weeks[0][8] == f"{A} (2)"


def test_hours_are_those_of_viet_nam(world: Session) -> None:
    load = {
        (row[0], hour): number
        for row in rows(made(world), "hours")
        for hour, number in enumerate(row[1:])
        if number
    }
    assert load == {
        ("Thứ Hai", 0): 1,
        ("Thứ Hai", 9): 1,
        ("Thứ Ba", 9): 3,
        ("Thứ Tư", 9): 1,
        ("Thứ Tư", 10): 1,
        ("Thứ Tư", 23): 1,
        ("Chủ nhật", 23): 2,
    }


def test_procedures_departments_and_communes(world: Session) -> None:
    found = made(world)
    assert [(row[0], row[3]) for row in rows(found, "procedures")] == [(A, 3), (B, 1)]
    assert [row[1:] for row in rows(found, "departments")] == [
        (3, 1, f"{A} (3)"),
        (1, 1, f"{B} (1)"),
    ]
    assert rows(found, "communes") == (
        # messages, answered, asked back, not understood, handoffs to its desk
        (places().units[DA_MAI].name, 5, 3, 2, 0, 2, f"{A} (2)"),
        (words.UNKNOWN_PLACE, 5, 1, 0, 2, 0, f"{A} (1)"),
    )


def test_people_at_desks_and_what_citizens_thought_of_them(world: Session) -> None:
    found = made(world)
    assert rows(found, "desks") == (
        ("Phường Đa Mai", 2, 1, 4.0, 1, 4.0),
        ("Sở Tư pháp", 1, 1, None, 1, 5.0),
    )
    assert dict(rows(found, "reasons")) == {
        words.REASONS["asked"]: 1,
        words.REASONS["taken"]: 1,
        words.REASONS["two_failures"]: 1,
    }
    # Three ended with somebody there; the one who left the queue had met nobody.
    assert [row[1] for row in rows(found, "satisfaction")] == [1, 1, 0, 0, 0, 1]
    assert [row[1] for row in rows(found, "lookups")] == [3, 1, 1]
    # up to 1, 2, 5, 10, 30, 60 seconds and longer
    assert [row[1] for row in rows(found, "response")] == [3, 2, 2, 0, 1, 0, 0]


def test_what_one_person_alone_said_is_counted_and_not_shown(world: Session) -> None:
    table = next(t for t in made(world).tables if t.key == "unanswered")
    assert table.rows == (("không có gì hợp", 3), (SCRIPT, 2))
    assert "1 câu" in table.note


@pytest.mark.parametrize(
    ("narrowed", "known"),
    [
        (
            {"channel": "web"},
            {"conversations": 2, "messages": 4, "satisfaction": 5.0, "lookups": None},
        ),
        # An and Chi; at the commune's desk only Bình's handoff was rated.
        (
            {"commune": DA_MAI},
            {"conversations": 2, "messages": 5, "bot_alone": 50.0, "satisfaction": 4.0},
        ),
        # An once, Chi twice (offered A first), Em once.
        (
            JUSTICE,
            {"conversations": 3, "messages": 4, "not_understood": None, "satisfaction": 5.0},
        ),
        ({"department": "so-xay-dung"}, {"conversations": 0, "bot_alone": None}),
    ],
    ids=["channel", "commune", "department", "department of nothing"],
)
def test_a_filter_narrows_what_it_can(
    world: Session, narrowed: dict[str, Any], known: dict[str, Any]
) -> None:
    found = {key: value for key, (value, _) in values(made(world, **narrowed)).items()}
    assert {key: found[key] for key in known} == known


def test_unanswered_of_a_commune_and_of_a_department(world: Session) -> None:
    assert rows(made(world, commune=DA_MAI), "unanswered") == ()
    centre = made(world, department="trung-tam", codes=(B,))
    assert rows(centre, "unanswered") == (("không có gì hợp", 2),)


def test_without_anything_there_are_no_figures_and_no_division_by_nothing(
    session: Session,
) -> None:
    found = made(session)
    assert found.empty
    assert {tile.value for tile in found.tiles} == {0, None}
    assert all(not table.rows for table in found.tables if table.key not in ("weeks",))


@pytest.mark.parametrize(
    ("share", "seconds"), [(0.5, 0.2), (0.75, 0.3), (0.95, 9.0), (1.0, 9.0), (0.01, 0.1)]
)
def test_a_percentile_is_a_length_that_occurred(share: float, seconds: float) -> None:
    assert response_times.percentile({1: 1, 2: 1, 3: 1, 90: 1}, share) == seconds


def test_a_mean_of_nothing_is_none() -> None:
    assert handoffs.mean({5: 0}) is None
    assert response_times.percentile({}, 0.5) is None


TODAY = dt.date(2026, 11, 11)  # a Wednesday


def test_a_week_is_compared_with_the_same_days_of_the_week_before() -> None:
    week = periods.of(periods.WEEK, TODAY)
    assert (week.first, week.days) == (dt.date(2026, 11, 9), 3)
    assert week.before == Period(dt.date(2026, 11, 2), dt.date(2026, 11, 4))
    month = periods.of(periods.MONTH, TODAY)
    assert (month.days, month.before.last) == (30, month.first - dt.timedelta(days=1))


@pytest.mark.parametrize(
    ("first", "last", "said"),
    [
        ("", "2026-11-01", "Từ ngày"),
        ("2026-11-01", "hôm nay", "Đến ngày"),
        ("2026-11-05", "2026-11-04", "đổi lại"),
        ("2026-11-05", "2026-11-12", "chưa tới"),
        ("2025-11-10", "2026-11-11", "366 ngày"),
        ("0001-01-01", "2026-11-11", "năm 2000"),
    ],
)
def test_days_that_nothing_can_be_counted_over_are_told(first: str, last: str, said: str) -> None:
    with pytest.raises(periods.PeriodError, match=said):
        periods.of(periods.CUSTOM, TODAY, first, last)


def test_the_assistant_served_alone_only_whom_it_answered_and_nobody_else_did(
    session: Session,
) -> None:
    world = World(session)
    answered, unclear, at_desk = (world.citizen() for _ in range(3))
    world.says(answered, at(3, "09:00"), "answered", A)
    world.says(unclear, at(3, "09:00"), "refused")
    # The handoff began before the period: only the message that was left to people tells of it.
    world.says(at_desk, at(3, "09:00"), "staff")
    world.says(at_desk, at(4, "09:00"), "answered", A)
    counted = conversations.counted(session, FORTNIGHT)
    assert counted == conversations.Conversations(total=3, bot_alone=1, handed_over=0)
