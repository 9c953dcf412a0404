"""A change that holds from a day on: from midnight in Vietnam, whoever is down that night."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from bot.catalogue.records import Fee, Method, ProcedureRecord
from bot.database import Base, make_engine, make_sessions, session_scope
from bot.errors import EditRefused
from bot.models.procedures import Procedure, ProcedureRevision, ScheduledChange
from bot.models.staff import Staff
from bot.services import answers, catalogue, procedure_edits, schedules, working_days
from bot.services.procedure_edits import Edit
from bot.services.procedures import ONE, search_in
from bot.services.search.engine import CHECK_EVERY, EngineCache
from tests.catalogue.shapes import DAY

NEW_YEAR = dt.date(2027, 1, 1)
EVE = dt.date(2026, 12, 31)
KITE = ProcedureRecord(
    code="9.000001",
    name="Đăng ký thả diều ban đêm",
    sector="Trò chơi",
    source="Nguồn thử nghiệm",
    crawl_date=DAY,
    methods=(Method("in_person", 3, "working_day", fees=(Fee(20_000, "", "lệ phí"),)),),
)
DEARER = replace(KITE, methods=(replace(KITE.methods[0], fees=(Fee(30_000, "", "lệ phí"),)),))
SLOWER = replace(KITE, methods=(replace(KITE.methods[0], days=9),))


@pytest.fixture
def office(sessions: sessionmaker[Session]) -> Iterator[Session]:
    """A database with one procedure and one editor."""
    with session_scope(sessions) as session:
        session.add(Staff(id=1, email="a@example.vn", name="A", role="editor", password_hash="x"))
        catalogue.upsert(session, KITE)
    with sessions() as session:
        yield session


def plan(session: Session, record: ProcedureRecord, day: dt.date) -> None:
    handed_in = Edit(record, _version(session), day=day)
    assert procedure_edits.save(session, 1, KITE.code, handed_in).outcome == "planned"


def _version(session: Session) -> int:
    opened = procedure_edits.opened(session, KITE.code)
    assert opened
    return opened.version


def fee(session: Session, day: dt.date) -> int | None:
    record = catalogue.get(session, KITE.code, day)
    assert record
    return record.methods[0].fees[0].amount


@pytest.mark.parametrize(
    ("moment", "amount"),
    [("2026-12-31T16:59:59+00:00", 20_000), ("2026-12-31T17:00:00+00:00", 30_000)],
    ids=["a second before midnight", "midnight in Vietnam"],
)
def test_a_planned_fee_holds_from_midnight_in_vietnam(
    office: Session, moment: str, amount: int
) -> None:
    plan(office, DEARER, NEW_YEAR)
    day = working_days.today(dt.datetime.fromisoformat(moment))
    assert fee(office, day) == amount
    assert [r.methods[0].fees[0].amount for r in catalogue.all_active(office, day)] == [amount]


def test_what_a_sweep_writes_down_late_reads_the_same_and_is_a_revision(office: Session) -> None:
    plan(office, DEARER, NEW_YEAR)
    late = NEW_YEAR + dt.timedelta(days=3)
    assert schedules.settle(office, EVE) == 0
    assert schedules.settle(office, late) == 1
    assert schedules.settle(office, late) == 0
    assert fee(office, late) == 30_000
    record = catalogue.get(office, KITE.code, late)
    assert record
    assert record.edited_on == NEW_YEAR
    kinds = office.execute(select(ProcedureRevision.kind)).scalars().all()
    assert kinds == ["import", "schedule"]


def test_an_edit_after_the_day_stands_though_the_plan_was_never_written_down(
    office: Session,
) -> None:
    plan(office, DEARER, NEW_YEAR)
    office.execute(ScheduledChange.__table__.update().values(effective_on=DAY))  # long past
    cheaper = replace(KITE, methods=(replace(KITE.methods[0], fees=(Fee(25_000, "", "lệ phí"),)),))
    procedure_edits.save(office, 1, KITE.code, Edit(cheaper, _version(office)))
    assert fee(office, NEW_YEAR) == 25_000


def test_an_edit_of_something_else_leaves_the_plan_as_it_is(office: Session) -> None:
    plan(office, DEARER, NEW_YEAR)
    procedure_edits.save(office, 1, KITE.code, Edit(SLOWER, _version(office)))
    assert fee(office, EVE) == 20_000
    record = catalogue.get(office, KITE.code, NEW_YEAR)
    assert record
    assert (record.methods[0].days, record.methods[0].fees[0].amount) == (9, 30_000)


def test_two_plans_meet_only_on_one_fact_of_one_day(office: Session) -> None:
    plan(office, DEARER, NEW_YEAR)
    plan(office, SLOWER, NEW_YEAR)
    plan(office, replace(DEARER, conditions="x"), NEW_YEAR + dt.timedelta(days=1))
    with pytest.raises(EditRefused, match="đã có một thay đổi hẹn trước"):
        plan(office, DEARER, NEW_YEAR)


def test_a_change_of_the_next_30_days_is_told_where_it_was_asked_about(office: Session) -> None:
    plan(office, DEARER, NEW_YEAR)

    def told(aspect: str, today: dt.date) -> str:
        record = catalogue.get(office, KITE.code, today)
        assert record
        answer = answers.compose(record, aspect, today=today)
        soon = schedules.upcoming(office, KITE.code, today)
        return answers.with_upcoming(answer, record, [aspect], soon).values["body"]

    assert told("fee", EVE).endswith("📅 Từ ngày 01/01/2027: Lệ phí 30.000 đồng")
    assert "20.000 đồng" in told("fee", EVE)
    assert "01/01/2027" in told("overview", dt.date(2026, 12, 2))
    for aspect, day in (
        ("processing_time", EVE),
        ("fee", NEW_YEAR),
        ("fee", dt.date(2026, 12, 1)),
    ):
        assert "Từ ngày" not in told(aspect, day)


def test_a_cancelled_plan_never_holds_and_one_that_holds_cannot_be_cancelled(
    office: Session,
) -> None:
    plan(office, DEARER, NEW_YEAR)
    [waiting] = schedules.planned(office, KITE.code)
    assert not schedules.cancel(office, 1, KITE.code, waiting.id, NEW_YEAR)
    assert not schedules.cancel(office, 1, "9.000002", waiting.id, EVE)
    assert schedules.cancel(office, 1, KITE.code, waiting.id, EVE)
    assert fee(office, NEW_YEAR) == 20_000


def test_a_planned_retirement_takes_the_procedure_out_on_its_day(office: Session) -> None:
    other = replace(KITE, code="9.000002", name="Đăng ký thả diều")
    catalogue.upsert(office, other)
    procedure_edits.retire(office, 1, KITE.code, other.code, NEW_YEAR, "")
    assert catalogue.get(office, KITE.code, EVE) is not None
    assert catalogue.get(office, KITE.code, NEW_YEAR) is None
    gone = catalogue.retired(office, KITE.code, NEW_YEAR)
    assert gone
    assert gone.instead
    assert gone.instead.code == other.code


def test_the_search_learns_a_planned_name_on_its_day_without_any_write(office: Session) -> None:
    plan(office, replace(KITE, plain_name="xin phép bay đèn trời"), NEW_YEAR)
    office.commit()
    now, today = [0.0], [EVE]
    cache = EngineCache(clock=lambda: now[0], today=lambda: today[0])

    def found() -> str:
        now[0] += CHECK_EVERY + 0.1
        return search_in(cache.get(office), "xin phép bay đèn trời").kind

    assert found() != ONE
    today[0] = NEW_YEAR
    assert found() == ONE


CHILD = """
import sys
from bot.database import make_engine, make_sessions
from bot.services.procedures import search
sessions = make_sessions(make_engine(sys.argv[1]))
for line in sys.stdin:
    with sessions() as session:
        found = search(session, line.strip())
    print(found.kind, *(m.code for m in found.matches[:1]), flush=True)
"""


def test_an_edit_is_searched_in_another_process_within_five_seconds(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'shared.db'}"
    engine = make_engine(url)
    Base.metadata.create_all(engine)
    sessions = make_sessions(engine)
    with session_scope(sessions) as session:
        catalogue.upsert(session, KITE)
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, url],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).resolve().parents[2],
    )
    assert child.stdin
    assert child.stdout

    def asked() -> str:
        assert child.stdin
        assert child.stdout
        print("xin phép bay đèn trời", file=child.stdin, flush=True)
        return child.stdout.readline().strip()

    try:
        assert not asked().startswith(ONE)
        with session_scope(sessions) as session:
            catalogue.upsert(session, replace(KITE, plain_name="xin phép bay đèn trời"))
        deadline, waited = threading.Event(), 0
        while asked() != f"{ONE} {KITE.code}":
            assert waited < 50, "the other process did not notice within five seconds"
            waited += 1
            deadline.wait(0.1)
    finally:
        child.stdin.close()
        child.wait(timeout=30)
        child.stdout.close()
        engine.dispose()


def test_no_row_is_left_behind_by_an_edit_that_is_refused(office: Session) -> None:
    with pytest.raises(EditRefused):
        procedure_edits.retire(office, 1, KITE.code, "9.999999", None, "")
    row = office.execute(select(Procedure)).scalar_one()
    assert (row.active, row.version) == (True, 1)
