"""A case is shown to whoever knows its second fact, and to nobody else."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable

import pytest
from sqlalchemy import event, select
from sqlalchemy.orm import Session, sessionmaker

from bot.database import session_scope
from bot.errors import BotError, CaseNotShown, LookupLocked, OneStopUnavailable
from bot.models.cases import CaseFollow, CaseGuard, CaseLookup, CaseVerification
from bot.onestop import OneStop
from bot.services import cases
from tests.onestop.invented import CODE, NOW, Memory, a_case, serving

OTHER = "H02.15-260114-0099"
ABSENT = "H02.15-260114-7777"
MINUTE, HOUR = dt.timedelta(minutes=1), dt.timedelta(hours=1)
Try = Callable[..., cases.CaseView]


@pytest.fixture
def onestop() -> OneStop:
    return serving(Memory(a_case(), a_case(code=OTHER)))


@pytest.fixture
def attempt(sessions: sessionmaker[Session], onestop: OneStop) -> Try:
    """One look-up in a transaction of its own, as an action makes it; each is a new message."""
    messages = iter(range(1000))

    def attempt(
        fact: str | None,
        *,
        who: int = 17,
        code: str = CODE,
        now: dt.datetime = NOW,
        message: str | None = None,
    ) -> cases.CaseView:
        with session_scope(sessions) as session:
            return cases.look_up(
                session,
                onestop,
                conversation_id=who,
                code=code,
                second_fact=fact,
                message_id=message or f"m{next(messages)}",
                now=now,
            )

    return attempt


def refusal(attempt: Try, *args: object, **kwargs: object) -> BotError:
    with pytest.raises((CaseNotShown, LookupLocked)) as caught:
        attempt(*args, **kwargs)
    return caught.value


def outcomes(sessions: sessionmaker[Session]) -> list[str]:
    with sessions() as session:
        return list(session.execute(select(CaseLookup.outcome).order_by(CaseLookup.id)).scalars())


@pytest.mark.parametrize("fact", ["4127", "0934"])
def test_the_phone_or_the_identity_number_opens_the_case(attempt: Try, fact: str) -> None:
    shown = attempt(fact)
    assert (shown.code, shown.status) == (CODE, 4)


@pytest.mark.parametrize("fact", ["4126", "5127", "7214", "0935", "1934", "0000"])
def test_a_near_miss_opens_nothing(attempt: Try, fact: str) -> None:
    assert type(refusal(attempt, fact)) is CaseNotShown


def test_what_is_shown_holds_no_number_and_no_full_name(attempt: Try) -> None:
    shown = repr(attempt("4127"))
    assert "Nguyễn V*** A***" in shown
    for secret in ("4127", "0934", "Văn", "An'"):
        assert secret not in shown


def test_wrong_and_absent_read_the_same(attempt: Try, sessions: sessionmaker[Session]) -> None:
    wrong = refusal(attempt, "1111", who=1)
    absent = refusal(attempt, "1111", who=2, code=ABSENT)
    assert (type(wrong), wrong.args) == (type(absent), absent.args)
    assert outcomes(sessions) == ["wrong", "wrong"]


def test_wrong_and_absent_take_the_same_steps(
    attempt: Try, sessions: sessionmaker[Session]
) -> None:
    def statements(**kwargs: object) -> list[str]:
        said: list[str] = []

        def note(_c: object, _cursor: object, statement: str, *_: object) -> None:
            said.append(statement)

        engine = sessions.kw["bind"]
        event.listen(engine, "before_cursor_execute", note)
        refusal(attempt, "1111", **kwargs)
        event.remove(engine, "before_cursor_execute", note)
        return said

    assert statements(who=1) == statements(who=2, code=ABSENT)


def test_a_case_of_another_province_is_just_not_shown(attempt: Try) -> None:
    assert type(refusal(attempt, "1111", code="H57.132-260804-0583")) is CaseNotShown


def test_five_wrong_tries_lock_the_citizen_out_of_every_case(attempt: Try) -> None:
    kinds = [type(refusal(attempt, "1111", code=f"H02.15-260114-000{n}")) for n in range(5)]
    assert kinds == [CaseNotShown] * 4 + [LookupLocked]
    assert type(refusal(attempt, "4127", code=OTHER)) is LookupLocked


def test_five_wrong_tries_by_different_citizens_lock_the_case(attempt: Try) -> None:
    for who in range(1, 6):
        refusal(attempt, "1111", who=who)
    assert type(refusal(attempt, "4127", who=99)) is LookupLocked
    assert attempt("4127", who=99, code=OTHER).code == OTHER


def test_an_absent_case_locks_like_any_other(attempt: Try) -> None:
    kinds = [type(refusal(attempt, "1111", who=n, code=ABSENT)) for n in range(1, 7)]
    assert kinds == [CaseNotShown] * 4 + [LookupLocked] * 2


def test_the_lock_tells_its_end_and_ends_after_an_hour(attempt: Try) -> None:
    for _ in range(4):
        refusal(attempt, "1111")
    locked = refusal(attempt, "1111", now=NOW + MINUTE)
    assert isinstance(locked, LookupLocked)
    assert locked.until == NOW + MINUTE + HOUR
    assert type(refusal(attempt, "4127", now=locked.until - MINUTE)) is LookupLocked
    assert attempt("4127", now=locked.until).code == CODE


def test_tries_against_a_lock_do_not_prolong_it(attempt: Try) -> None:
    for _ in range(5):
        refusal(attempt, "1111")
    refusal(attempt, "1111", now=NOW + 59 * MINUTE)
    assert attempt("4127", now=NOW + HOUR).code == CODE


def test_after_a_lock_there_are_five_tries_again(attempt: Try) -> None:
    for _ in range(5):
        refusal(attempt, "1111")
    kinds = [type(refusal(attempt, "1111", now=NOW + HOUR)) for _ in range(5)]
    assert kinds == [CaseNotShown] * 4 + [LookupLocked]


def test_slow_guessing_is_locked_too(attempt: Try) -> None:
    kinds = [type(refusal(attempt, "1111", now=NOW + n * 50 * MINUTE)) for n in range(5)]
    assert kinds[-1] is LookupLocked


def test_an_hour_of_quiet_forgives(attempt: Try) -> None:
    for _ in range(4):
        refusal(attempt, "1111")
    assert type(refusal(attempt, "1111", now=NOW + HOUR)) is CaseNotShown


def test_a_right_answer_between_wrong_ones_does_not_start_the_count_again(attempt: Try) -> None:
    for _ in range(4):
        refusal(attempt, "1111")
    attempt("4127", code=OTHER)
    assert type(refusal(attempt, "1111")) is LookupLocked


def test_a_replayed_wrong_message_is_counted_once(
    attempt: Try, sessions: sessionmaker[Session]
) -> None:
    for _ in range(10):
        assert type(refusal(attempt, "1111", message="same")) is CaseNotShown
    assert outcomes(sessions) == ["wrong"]
    assert attempt("4127").code == CODE


def test_a_replayed_wrong_message_never_turns_right(attempt: Try) -> None:
    refusal(attempt, "1111", message="same")
    assert type(refusal(attempt, "4127", message="same")) is CaseNotShown


def test_a_replayed_right_message_shows_the_case_again(
    attempt: Try, sessions: sessionmaker[Session]
) -> None:
    assert attempt("4127", message="same") == attempt("4127", message="same")
    assert outcomes(sessions) == ["shown"]


def test_one_message_may_name_two_cases(attempt: Try, sessions: sessionmaker[Session]) -> None:
    attempt("4127", message="same")
    attempt("4127", message="same", code=OTHER)
    assert outcomes(sessions) == ["shown", "shown"]


def test_many_wrong_answers_at_once_are_all_counted(
    attempt: Try, sessions: sessionmaker[Session]
) -> None:
    together, kinds = threading.Barrier(8), []

    def guess(number: int) -> None:
        together.wait()
        kinds.append(type(refusal(attempt, "1111", message=f"race{number}")))

    threads = [threading.Thread(target=guess, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(k.__name__ for k in kinds) == ["CaseNotShown"] * 4 + ["LookupLocked"] * 4
    assert sorted(outcomes(sessions)) == ["locked"] * 3 + ["wrong"] * 5


def test_tries_counted_elsewhere_are_seen_by_a_session_that_read_before(
    attempt: Try, sessions: sessionmaker[Session], onestop: OneStop
) -> None:
    refusal(attempt, "1111")
    with sessions() as session:
        read = session.execute(select(CaseGuard)).scalars().all()
        session.commit()
        for _ in range(3):
            refusal(attempt, "1111")
        with pytest.raises(LookupLocked):
            cases.look_up(
                session,
                onestop,
                conversation_id=17,
                code=CODE,
                second_fact="1111",
                message_id="fifth",
                now=NOW,
            )
        assert [guard.wrong for guard in read] == [5, 5]


def test_the_same_message_twice_at_once_is_one_try(
    attempt: Try, sessions: sessionmaker[Session]
) -> None:
    together = threading.Barrier(2)

    def guess() -> None:
        together.wait()
        refusal(attempt, "1111", message="same")

    threads = [threading.Thread(target=guess) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with sessions() as session:
        assert session.execute(select(CaseGuard.wrong)).scalars().all() == [1, 1]


def test_a_proof_lasts_a_quarter_of_an_hour_for_that_case_and_conversation(
    attempt: Try, sessions: sessionmaker[Session]
) -> None:
    attempt("4127")
    assert attempt(None, now=NOW + 14 * MINUTE).code == CODE
    with sessions() as session:
        assert cases.is_verified(session, 17, CODE, NOW + 14 * MINUTE)
        assert not cases.is_verified(session, 17, CODE, NOW + 15 * MINUTE)
        assert not cases.is_verified(session, 18, CODE, NOW)
        assert not cases.is_verified(session, 17, OTHER, NOW)
    assert type(refusal(attempt, None, now=NOW + 15 * MINUTE)) is CaseNotShown


def test_asking_without_a_proof_is_no_try(attempt: Try, sessions: sessionmaker[Session]) -> None:
    for _ in range(9):
        refusal(attempt, None)
    assert outcomes(sessions) == []
    assert attempt("4127").code == CODE


def test_a_lock_holds_even_for_a_proof_in_force(attempt: Try) -> None:
    attempt("4127")
    for who in range(1, 6):
        refusal(attempt, "1111", who=who)
    assert type(refusal(attempt, None, now=NOW + MINUTE)) is LookupLocked


def test_a_missing_one_stop_database_costs_no_try(
    sessions: sessionmaker[Session],
) -> None:
    source = Memory(a_case())
    source.down = True
    with pytest.raises(OneStopUnavailable), session_scope(sessions) as session:
        cases.look_up(
            session,
            serving(source),
            conversation_id=17,
            code=CODE,
            second_fact="1111",
            message_id="m",
            now=NOW,
        )
    assert outcomes(sessions) == []


def test_a_case_without_any_number_is_never_shown(sessions: sessionmaker[Session]) -> None:
    onestop = serving(Memory(a_case(phone_last4="", id_last4="")))
    with pytest.raises(CaseNotShown), session_scope(sessions) as session:
        cases.look_up(
            session,
            onestop,
            conversation_id=1,
            code=CODE,
            second_fact="0000",
            message_id="m",
            now=NOW,
        )


@pytest.mark.parametrize("fact", ["", "12", "12345", "abcd", "１２３４"])
def test_only_four_digits_are_ever_compared(attempt: Try, fact: str) -> None:
    with pytest.raises(ValueError, match="four digits"):
        attempt(fact)


def test_erasing_forgets_the_citizen_and_keeps_the_case_s_trail(
    attempt: Try, sessions: sessionmaker[Session]
) -> None:
    attempt("4127", message="a")
    attempt("4127", code=OTHER, message="b")
    attempt("4127", who=18, message="c")
    with session_scope(sessions) as session:
        cases.follow(session, 17, CODE, "d", NOW)
        cases.erase(session, 17)
    with sessions() as session:
        assert session.execute(select(CaseFollow)).first() is None
        assert session.execute(select(CaseVerification.conversation_id)).scalars().all() == [18]
        trail = session.execute(
            select(CaseLookup.conversation_id, CaseLookup.code).order_by(CaseLookup.id)
        ).all()
        assert trail == [(0, CODE), (0, OTHER), (18, CODE)]


def test_erasing_does_not_open_a_lock(attempt: Try, sessions: sessionmaker[Session]) -> None:
    for n in range(5):
        refusal(attempt, "1111", code=f"H02.15-260114-000{n}")
    with session_scope(sessions) as session:
        cases.erase(session, 17)
        cases.purge(session, NOW + MINUTE)
    assert type(refusal(attempt, "4127", now=NOW + MINUTE)) is LookupLocked


def test_purging_drops_what_has_no_more_use(attempt: Try, sessions: sessionmaker[Session]) -> None:
    attempt("4127")
    refusal(attempt, "1111")
    with session_scope(sessions) as session:
        cases.purge(session, NOW + dt.timedelta(days=366))
        for table in (CaseVerification, CaseGuard, CaseLookup):
            assert session.execute(select(table)).first() is None
