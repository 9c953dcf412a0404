"""Who is present at a desk, who has room, and what overflows to the centre."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from bot.database import utcnow
from bot.models.conversations import Conversation
from bot.models.desks import Desk, DeskMember, StaffPresence
from bot.models.handoffs import Handoff
from bot.models.staff import Staff
from bot.services import audit, desks


class Place:
    """A seeded province whose staff can be hired and given conversations."""

    def __init__(self, session: Session) -> None:
        self.session = session
        desks.seed(session)
        self.commune = self.desk("07228")
        self.centre = self.desk("trung-tam")

    def desk(self, code: str) -> int:
        return int(self.session.execute(select(Desk.id).where(Desk.code == code)).scalar_one())

    def hire(self, name: str, *desk_ids: int, present: bool = True, active: bool = True) -> int:
        row = Staff(
            email=f"{name}@example.vn", name=name, role="agent", password_hash="x", active=active
        )
        self.session.add(row)
        self.session.flush()
        for desk_id in desk_ids:
            self.session.add(DeskMember(desk_id=desk_id, staff_id=row.id))
        self.session.flush()
        if present:
            desks.set_presence(self.session, row.id, desks.PRESENT)
        return int(row.id)

    def gives(self, staff_id: int, state: str = "claimed") -> None:
        """One more conversation for somebody."""
        citizen = Conversation(channel="zalo", channel_user_id=f"u{utcnow().timestamp()}")
        self.session.add(citizen)
        self.session.flush()
        values = {"conversation_id": citizen.id, "desk_id": self.commune, "reason": "asked"}
        self.session.execute(
            insert(Handoff).values(**values, state=state, claimed_by=staff_id, packet={})
        )

    def last_heard_of(self, staff_id: int, ago: dt.timedelta) -> None:
        self.session.execute(
            update(StaffPresence)
            .where(StaffPresence.staff_id == staff_id)
            .values(seen_at=utcnow() - ago)
        )

    def names_at(self, desk_id: int) -> list[str]:
        return [who.name for who in desks.who_is_present(self.session, desk_id)]


@pytest.fixture
def place(session: Session) -> Place:
    return Place(session)


def test_only_active_members_who_said_so_are_present(place: Place) -> None:
    place.hire("Bình", place.commune)
    place.hire("An", place.commune, place.centre)
    place.hire("Chi", place.commune, present=False)
    place.hire("Dũng", place.commune, active=False)
    place.hire("Em", place.centre)
    assert place.names_at(place.commune) == ["An", "Bình"]
    assert place.names_at(place.centre) == ["An", "Em"]


@pytest.mark.parametrize("state", ["away", "off"])
def test_who_leaves_is_not_present_any_more(place: Place, state: str) -> None:
    an = place.hire("An", place.commune)
    desks.set_presence(place.session, an, state, "  ăn \n trưa ")
    assert place.names_at(place.commune) == []
    found = desks.presence(place.session, an)
    assert found is not None
    assert (found.state, found.reason) == (state, "ăn trưa" if state == "away" else "")


def test_a_browser_that_died_leaves_its_agent_away_until_it_beats_again(place: Place) -> None:
    an = place.hire("An", place.commune)
    place.last_heard_of(an, dt.timedelta(seconds=110))
    assert place.names_at(place.commune) == ["An"]
    place.last_heard_of(an, dt.timedelta(seconds=121))
    assert place.names_at(place.commune) == []
    found = desks.presence(place.session, an)
    assert found is not None
    assert (found.state, found.silent, found.has_room) == ("away", True, False)
    desks.touch(place.session, an)
    assert place.names_at(place.commune) == ["An"]


def test_who_opens_the_console_the_next_morning_has_begun_no_shift(place: Place) -> None:
    an = place.hire("An", place.commune)
    place.last_heard_of(an, dt.timedelta(hours=15))
    desks.touch(place.session, an)
    assert place.names_at(place.commune) == []
    found = desks.presence(place.session, an)
    assert found is not None
    assert found.state == "off"


def test_a_heartbeat_makes_nobody_present(place: Place) -> None:
    an = place.hire("An", place.commune, present=False)
    desks.touch(place.session, an)
    found = desks.presence(place.session, an)
    assert found is not None
    assert (found.state, found.since, found.capacity) == ("off", None, desks.USUAL_CAPACITY)


def test_conversations_in_hand_fill_the_capacity_and_those_being_closed_free_it(
    place: Place,
) -> None:
    an = place.hire("An", place.commune)
    desks.set_capacity(place.session, an, 2, an)
    place.gives(an)
    place.gives(an, "closing")
    place.gives(an, "closed")
    assert desks.load_of(place.session, an) == 1
    assert [who.has_room for who in desks.who_is_present(place.session, place.commune)] == [True]
    place.gives(an)
    [found] = desks.who_is_present(place.session, place.commune)
    assert (found.load, found.capacity, found.has_room) == (2, 2, False)


@pytest.mark.parametrize("capacity", [0, -1, 51])
def test_a_capacity_out_of_bounds_is_refused(place: Place, capacity: int) -> None:
    an = place.hire("An")
    with pytest.raises(ValueError, match="capacity"):
        desks.set_capacity(place.session, an, capacity, an)


def test_an_unknown_state_is_refused(place: Place) -> None:
    with pytest.raises(ValueError, match="none of"):
        desks.set_presence(place.session, place.hire("An"), "asleep")


def test_what_a_desk_without_free_hands_cannot_take_is_shown_to_the_centre(place: Place) -> None:
    assert desks.overflow_desks(place.session, place.commune) == (place.centre,)
    an = place.hire("An", place.commune)
    assert desks.overflow_desks(place.session, place.commune) == ()
    desks.set_capacity(place.session, an, 1, an)
    place.gives(an)
    assert desks.overflow_desks(place.session, place.commune) == (place.centre,)
    place.hire("Bình", place.commune)
    assert desks.overflow_desks(place.session, place.commune) == ()
    place.session.execute(update(Desk).where(Desk.id == place.commune).values(active=False))
    assert desks.overflow_desks(place.session, place.commune) == (place.centre,)


def test_a_desk_whose_only_browser_died_overflows(place: Place) -> None:
    an = place.hire("An", place.commune)
    assert desks.count_present(place.session)[place.commune] == 1
    place.last_heard_of(an, dt.timedelta(minutes=3))
    assert desks.overflow_desks(place.session, place.commune) == (place.centre,)
    assert desks.count_present(place.session)[place.commune] == 0


def test_the_centre_overflows_to_nobody(place: Place) -> None:
    assert desks.overflow_desks(place.session, place.centre) == ()


def test_the_centre_sees_its_own_queue_and_those_that_overflow(place: Place) -> None:
    in_commune = place.hire("An", place.commune)
    in_centre = place.hire("Bình", place.centre)
    seen = desks.visible_desks(place.session, in_centre)
    assert place.centre in seen
    assert place.commune not in seen
    assert place.desk("so-tu-phap") in seen
    assert desks.visible_desks(place.session, in_commune) == {place.commune}
    desks.set_presence(place.session, in_commune, "off")
    assert place.commune in desks.visible_desks(place.session, in_centre)


def test_who_came_and_went_is_in_the_audit_trail(place: Place) -> None:
    an = place.hire("An", place.commune)
    desks.set_presence(place.session, an, "away", "họp")
    desks.set_capacity(place.session, an, 3, an)
    trail = audit.entries(place.session, 1).rows
    assert [row.action for row in trail] == ["capacity_changed", "presence", "presence"]
    assert "họp" not in str(trail)
