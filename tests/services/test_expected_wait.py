"""What a citizen is told of their wait: from real pick-ups, for their place and who is there."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.models import handoffs as model
from bot.models.desks import Desk, DeskMember
from bot.services import desks, handoff_words, handoffs
from bot.services.handoff_waiting import waiting
from tests.services.test_handoffs import conversation, hire

MINUTES = dt.timedelta(minutes=1)
OPENED = dt.datetime(2026, 11, 23, 2, 0, tzinfo=dt.timezone.utc)  # a Monday, 9:00 in Vietnam
NOW = OPENED + 60 * MINUTES


@pytest.fixture
def desk(session: Session) -> int:
    """A desk with one agent who is present."""
    row = Desk(code="so-tu-phap", name="Sở Tư pháp", kind="department")
    session.add(row)
    session.flush()
    agent_of(session, row.id)
    return int(row.id)


def agent_of(session: Session, desk_id: int) -> int:
    who = hire(session)
    session.add(DeskMember(desk_id=desk_id, staff_id=who))
    session.flush()
    desks.set_presence(session, who, "present")
    return who


def picked_up(session: Session, desk_id: int, after: int, day: int = 0, **more: Any) -> None:
    """Somebody who asked at nine and was picked up `after` so many minutes, days ago."""
    asked = more.pop("asked", OPENED - dt.timedelta(days=7 * day))
    values = {"created_at": asked, "picked_up_at": asked + after * MINUTES, **more}
    values |= {"state": "closed", "reason": "asked", "desk_id": desk_id}
    session.add(model.Handoff(conversation_id=conversation(session), **values))
    session.flush()


def waits(session: Session, desk_id: int) -> int:
    row = model.Handoff(
        conversation_id=conversation(session), desk_id=desk_id, state="waiting", reason="asked"
    )
    session.add(row)
    session.flush()
    return int(row.id)


def told(session: Session, handoff_id: int) -> dt.timedelta | None:
    return waiting(session, handoff_id, NOW).expected


def test_too_few_pick_ups_tell_nothing(session: Session, desk: int) -> None:
    first = waits(session, desk)
    for n in range(4):
        picked_up(session, desk, 4, asked=OPENED - n * 10 * MINUTES)
    picked_up(session, desk, 600, callback=True)
    picked_up(session, desk, 4, asked=OPENED - dt.timedelta(hours=8))  # at one in the night
    picked_up(session, desk, 4, asked=OPENED - dt.timedelta(days=70))
    assert told(session, first) is None
    picked_up(session, desk, 4, asked=OPENED - 50 * MINUTES)
    assert told(session, first) == 4 * MINUTES


def test_the_wait_grows_with_the_place_and_shrinks_with_the_agents(
    session: Session, desk: int
) -> None:
    for n in range(5):
        picked_up(session, desk, 4, asked=OPENED - n * 10 * MINUTES)
    queue = [waits(session, desk) for _ in range(4)]
    assert [told(session, one) for one in queue] == [
        4 * MINUTES,
        8 * MINUTES,
        12 * MINUTES,
        16 * MINUTES,
    ]
    agent_of(session, desk)
    assert [told(session, one) for one in queue] == [
        4 * MINUTES,
        4 * MINUTES,
        8 * MINUTES,
        8 * MINUTES,
    ]


def test_a_long_queue_of_the_past_does_not_make_a_short_one_look_slow(
    session: Session, desk: int
) -> None:
    # One agent picked up six who asked nearly at once, one every five minutes.
    for n in range(6):
        picked_up(session, desk, 5 * (n + 1), asked=OPENED + dt.timedelta(seconds=n))
    assert told(session, waits(session, desk)) == 5 * MINUTES


def test_nobody_present_means_no_promise(session: Session, desk: int) -> None:
    for n in range(5):
        picked_up(session, desk, 4, asked=OPENED - n * 10 * MINUTES)
    one = waits(session, desk)
    assert told(session, one) is not None
    for who in session.execute(select(DeskMember.staff_id)).scalars().all():
        desks.set_presence(session, who, "away", "họp")
    assert told(session, one) is None
    assert "chưa rõ" in handoff_words.waiting(1, told(session, one))
    centre = Desk(code="trung-tam", name="Trung tâm", kind="centre")
    session.add(centre)
    session.flush()
    agent_of(session, centre.id)
    assert told(session, one) == 4 * MINUTES, "what overflows is picked up there"


def test_a_handoff_at_no_desk_is_promised_nothing(session: Session) -> None:
    at = conversation(session)
    opened = handoffs.open_(session, at, "asked", message_id="m")
    assert opened is not None
    assert opened.wait is None


@pytest.mark.parametrize(
    ("seconds", "minutes"), [(0, 5), (299, 5), (300, 5), (301, 10), (3000, 50)]
)
def test_minutes_are_told_in_fives_rounded_up(seconds: int, minutes: int) -> None:
    assert f"khoảng {minutes} phút" in handoff_words.wait(dt.timedelta(seconds=seconds))
