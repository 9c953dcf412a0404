"""The supervisors' board: what is open at each desk, who is there, and the service level."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from sqlalchemy.orm import Session

from bot.database import utcnow
from bot.models import handoffs as model
from bot.models.desks import Desk, DeskMember, StaffPresence
from bot.services import desk_board, desks
from bot.services.desk_board import Board, Level, Load
from tests.services.test_handoffs import conversation, hire

MINUTES = dt.timedelta(minutes=1)
NOW = dt.datetime(2026, 11, 24, 3, 0, tzinfo=dt.timezone.utc)  # a Tuesday, 10:00 in Vietnam
EARLIER = NOW - dt.timedelta(days=1)


def desk(session: Session, name: str = "Sở Tư pháp", **values: Any) -> Desk:
    row = Desk(**{"code": name[:40], "name": name, "kind": "department", **values})
    session.add(row)
    session.flush()
    return row


def handoff(session: Session, desk_id: int | None, **values: Any) -> None:
    usual = {"reason": "asked", "state": "closed", "created_at": NOW - 60 * MINUTES}
    row = {"conversation_id": conversation(session), "desk_id": desk_id, **usual, **values}
    session.add(model.Handoff(**row))
    session.flush()


def test_each_desk_tells_what_waits_and_is_held(session: Session) -> None:
    justice, health = desk(session), desk(session, "Sở Y tế")
    desk(session, "Sở Nội vụ")
    lan = hire(session)
    for minutes, late in ((5, 1), (30, -1)):
        handoff(
            session,
            justice.id,
            state="waiting",
            created_at=NOW - minutes * MINUTES,
            target_at=NOW + late * MINUTES,
        )
    handoff(session, health.id, state="claimed", claimed_by=lan, unanswered_since=NOW)
    handoff(session, None, state="waiting")
    board = desk_board.read(session, NOW)
    assert [(d.name, d.load) for d in board.desks] == [
        ("Sở Tư pháp", Load(2, 1, NOW - 30 * MINUTES, 0, 0)),
        ("Sở Y tế", Load(0, 0, None, 1, 1)),
        ("", Load(1, 0, NOW - 60 * MINUTES, 0, 0)),
    ]
    assert (board.waiting, board.late, board.held, board.idle) == (3, 1, 1, 1)


@pytest.mark.parametrize(
    ("values", "level"),
    [
        ({"picked_up_at": NOW - 50 * MINUTES}, Level(1, 1)),
        ({"picked_up_at": NOW - 30 * MINUTES}, Level(0, 1)),
        ({"state": "waiting"}, Level(0, 1)),  # nobody came, and it is too late
        ({"state": "waiting", "target_at": NOW + MINUTES}, Level(0, 0)),  # it may still be met
        ({"closed_at": NOW - 50 * MINUTES, "outcome": "left"}, Level(0, 0)),
        ({"closed_at": NOW - 20 * MINUTES, "outcome": "left"}, Level(0, 1)),
        ({"reason": "taken", "target_at": None, "picked_up_at": NOW}, Level(0, 0)),
    ],
)
def test_the_service_level_counts_what_was_decided(
    session: Session, values: dict[str, Any], level: Level
) -> None:
    at = desk(session)
    handoff(session, at.id, **{"target_at": NOW - 45 * MINUTES, **values})
    found = desk_board.read(session, NOW)
    assert found.today == found.week == level


def test_today_begins_at_midnight_in_vietnam_and_the_week_six_days_before(session: Session) -> None:
    at = desk(session)
    midnight = dt.datetime(2026, 11, 23, 17, 0, tzinfo=dt.timezone.utc)
    for created in (midnight, midnight - MINUTES, midnight - 6 * 24 * 60 * MINUTES):
        handoff(session, at.id, created_at=created, target_at=created, picked_up_at=created)
    handoff(
        session,
        at.id,
        created_at=midnight - 6 * 24 * 60 * MINUTES - MINUTES,
        target_at=NOW - MINUTES,
    )
    found = desk_board.read(session, NOW)
    assert (found.today, found.week) == (Level(1, 1), Level(3, 3))


def test_nearly_all_is_not_all() -> None:
    assert Level(999, 1000).percent == 99
    assert Level().percent is None


def test_the_target_counts_only_working_time_of_the_desk(session: Session) -> None:
    at = desk(session, target_minutes=45)
    noon = dt.datetime(2026, 11, 24, 4, 15, tzinfo=dt.timezone.utc)  # 11:15, lunch from 11:30
    assert desks.target_at(session, at.id, noon) == noon.replace(hour=7, minute=0)  # 14:00
    assert desks.target_at(session, None, noon) is None


def test_the_board_names_who_is_there_and_counts_each_person_once(session: Session) -> None:
    one, two = desk(session), desk(session, "Sở Y tế")
    lan, minh = hire(session, "Lan"), hire(session, "Minh")
    session.add_all(
        DeskMember(desk_id=d, staff_id=s) for d, s in ((one.id, lan), (two.id, lan), (two.id, minh))
    )
    session.add(StaffPresence(staff_id=lan, state="present", capacity=3, seen_at=utcnow()))
    session.add(StaffPresence(staff_id=minh, state="away", reason="họp", seen_at=utcnow()))
    session.flush()
    board: Board = desk_board.read(session)
    assert board.present == 1
    shown = {
        d.name: [(m.name, m.state, m.reason, m.capacity) for m in d.members] for d in board.desks
    }
    assert shown["Sở Y tế"] == [("Lan", "present", "", 3), ("Minh", "away", "họp", 4)]
    assert [d.in_state("present") for d in board.desks] == [1, 1]


def test_the_stamp_changes_with_what_is_shown_and_with_the_minute(session: Session) -> None:
    at = desk(session)
    lan = hire(session)
    session.add(DeskMember(desk_id=at.id, staff_id=lan))
    session.flush()
    stamps = [desk_board.stamp(session, NOW)]
    assert desk_board.stamp(session, NOW) == stamps[0]
    desks.set_presence(session, lan, "present")
    stamps.append(desk_board.stamp(session, NOW))
    handoff(session, at.id, state="waiting")
    stamps.append(desk_board.stamp(session, NOW))
    stamps.append(desk_board.stamp(session, NOW + MINUTES))
    assert len(set(stamps)) == 4
