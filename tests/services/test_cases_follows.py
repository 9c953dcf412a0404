"""A citizen who follows a case hears of each change once, and of nothing else."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlalchemy.orm import Session

from bot.errors import CaseNotShown
from bot.onestop import OneStop
from bot.services import cases
from bot.services.case_follows import MOST
from tests.onestop.invented import CODE, NOW, Memory, a_case, serving

LATER = NOW + dt.timedelta(hours=3)


@pytest.fixture
def source() -> Memory:
    return Memory(a_case())


@pytest.fixture
def onestop(source: Memory) -> OneStop:
    return serving(source)


def prove(session: Session, onestop: OneStop, who: int = 17, code: str = CODE) -> None:
    cases.look_up(
        session,
        onestop,
        conversation_id=who,
        code=code,
        second_fact="4127",
        message_id=f"proof{code}",
        now=NOW,
    )


def following(session: Session, onestop: OneStop, who: int = 17) -> None:
    prove(session, onestop, who)
    assert cases.follow(session, who, CODE, "follow", NOW) == "started"


def changed(
    session: Session, onestop: OneStop, now: dt.datetime, limit: int
) -> list[cases.CaseChange]:
    """One round: look at those who waited longest, note what was seen."""
    looks = cases.look(onestop, cases.longest_unseen(session, limit))
    return cases.note(session, looks, now)


def test_following_needs_a_proof_in_force(session: Session, onestop: OneStop) -> None:
    with pytest.raises(CaseNotShown):
        cases.follow(session, 17, CODE, "m", NOW)
    prove(session, onestop)
    with pytest.raises(CaseNotShown):
        cases.follow(session, 17, CODE, "m", LATER)
    with pytest.raises(CaseNotShown):
        cases.follow(session, 18, CODE, "m", NOW)


def test_a_replayed_follow_gets_the_same_answer(session: Session, onestop: OneStop) -> None:
    following(session, onestop)
    assert cases.follow(session, 17, CODE, "follow", NOW) == "started"
    assert cases.follow(session, 17, CODE, "another", NOW) == "already"
    assert cases.following(session, 17) == [CODE]


def test_an_ended_case_is_not_followed(session: Session, source: Memory, onestop: OneStop) -> None:
    source.put(a_case(status=10))
    prove(session, onestop)
    assert cases.follow(session, 17, CODE, "m", NOW) == "finished"
    assert cases.following(session, 17) == []


def test_nobody_follows_without_end(session: Session, source: Memory, onestop: OneStop) -> None:
    codes = [f"H02.15-260114-{n:04}" for n in range(MOST + 1)]
    for code in codes:
        source.put(a_case(code=code))
        prove(session, onestop, code=code)
    said = [cases.follow(session, 17, code, "m", NOW) for code in codes]
    assert said == ["started"] * MOST + ["full"]


def test_unfollowing_stops_one_case_or_all(
    session: Session, source: Memory, onestop: OneStop
) -> None:
    other = "H02.15-260114-0099"
    source.put(a_case(code=other))
    following(session, onestop)
    prove(session, onestop, code=other)
    cases.follow(session, 17, other, "m", NOW)
    assert cases.unfollow(session, 17, other) == [other]
    assert cases.unfollow(session, 17) == [CODE]
    assert cases.unfollow(session, 17) == []


def test_a_change_is_told_once_and_names_nobody(
    session: Session, source: Memory, onestop: OneStop
) -> None:
    following(session, onestop)
    assert changed(session, onestop, LATER, 10) == []
    source.put(a_case(status=5, missing_papers=("Tờ khai lệ phí trước bạ",)))
    (change,) = changed(session, onestop, LATER, 10)
    assert (change.conversation_id, change.code, change.response) == (
        17,
        CODE,
        "utter_case_changed",
    )
    assert "Tờ khai lệ phí trước bạ" in change.text
    assert CODE in change.text
    for personal in ("Nguyễn", "A***", "4127", "0934", "{"):
        assert personal not in change.text
    assert changed(session, onestop, LATER, 10) == []


def test_each_follower_of_a_case_is_told(
    session: Session, source: Memory, onestop: OneStop
) -> None:
    following(session, onestop, 17)
    following(session, onestop, 18)
    source.put(a_case(status=9, finished=dt.date(2026, 11, 24)))
    told = changed(session, onestop, LATER, 10)
    assert [c.conversation_id for c in told] == [17, 18]


def test_a_change_between_look_up_and_follow_is_not_missed(
    session: Session, source: Memory, onestop: OneStop
) -> None:
    prove(session, onestop)
    source.put(a_case(status=9))
    cases.follow(session, 17, CODE, "m", NOW)
    assert len(changed(session, onestop, LATER, 10)) == 1


def test_the_end_of_a_case_is_told_and_ends_the_follow(
    session: Session, source: Memory, onestop: OneStop
) -> None:
    following(session, onestop)
    source.put(a_case(status=10, finished=dt.date(2026, 11, 24)))
    assert len(changed(session, onestop, LATER, 10)) == 1
    assert cases.following(session, 17) == []


def test_a_source_that_is_down_is_asked_once_and_left_for_later(
    session: Session, source: Memory, onestop: OneStop
) -> None:
    for who in range(1, 6):
        following(session, onestop, who)
    source.put(a_case(status=9))
    source.down, source.asked = True, 0
    assert changed(session, onestop, LATER, 10) == []
    assert source.asked == 1
    source.down = False
    assert len(changed(session, onestop, LATER, 10)) == 5


def test_a_case_that_vanished_is_no_news(
    session: Session, source: Memory, onestop: OneStop
) -> None:
    following(session, onestop)
    source.cases.clear()
    assert changed(session, onestop, LATER, 10) == []
    assert cases.following(session, 17) == [CODE]


def test_those_who_waited_longest_are_looked_at_first(
    session: Session, source: Memory, onestop: OneStop
) -> None:
    for who in (1, 2, 3):
        following(session, onestop, who)
    source.put(a_case(status=9))
    told = [
        change.conversation_id
        for minute in range(3)
        for change in changed(session, onestop, LATER + dt.timedelta(minutes=minute), 1)
    ]
    assert told == [1, 2, 3]


def test_a_worker_that_looked_before_another_told_the_change_stays_silent(
    session: Session, source: Memory, onestop: OneStop
) -> None:
    following(session, onestop)
    source.put(a_case(status=9))
    mine = cases.look(onestop, cases.longest_unseen(session, 10))
    assert len(changed(session, onestop, LATER, 10)) == 1
    assert cases.note(session, mine, LATER) == []


def test_an_end_seen_by_a_worker_that_comes_too_late_is_told_the_next_time(
    session: Session, source: Memory, onestop: OneStop
) -> None:
    following(session, onestop)
    source.put(a_case(status=9))
    first = cases.look(onestop, cases.longest_unseen(session, 10))
    source.put(a_case(status=10, finished=dt.date(2026, 11, 24)))
    late = cases.look(onestop, cases.longest_unseen(session, 10))
    assert len(cases.note(session, first, LATER)) == 1
    assert cases.note(session, late, LATER) == []
    assert len(changed(session, onestop, LATER, 10)) == 1
    assert cases.following(session, 17) == []


def test_whoever_stopped_following_meanwhile_hears_nothing(
    session: Session, source: Memory, onestop: OneStop
) -> None:
    following(session, onestop)
    source.put(a_case(status=9))
    looks = cases.look(onestop, cases.longest_unseen(session, 10))
    cases.unfollow(session, 17)
    assert cases.note(session, looks, LATER) == []
