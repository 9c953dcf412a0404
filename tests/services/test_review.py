"""The inbox of what was not understood: grouping, deciding, teaching, and who learns of it when."""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from bot.catalogue.records import ProcedureRecord
from bot.database import session_scope
from bot.errors import LostRace, ReviewError
from bot.models.conversations import Message
from bot.models.learning import ReviewGroup, ReviewItem
from bot.models.staff import Staff
from bot.services import (
    catalogue,
    conversations,
    handoffs,
    learning,
    lessons,
    procedures,
    review_decisions,
    review_grouping,
    review_lists,
    review_understood,
)
from bot.services.inbox import Inbound, TurnResult
from bot.services.lessons import Draft
from bot.services.procedures import SearchResult
from bot.services.search.engine import CHECK_EVERY, EngineCache
from bot.services.search.phrasings import load as load_phrasings
from nlu.text import fold, normalise

CODE, NAME = "1.000656", "Thủ tục đăng ký khai tử"
OTHER = "1.000894"
SAID = "gạch tên cụ khỏi sổ làng"


@pytest.fixture
def staff(session: Session) -> Callable[[str], int]:
    def hire(role: str) -> int:
        row = Staff(email=f"{role}{time.time_ns()}@x.vn", name=role, role=role, password_hash="")
        session.add(row)
        session.flush()
        return int(row.id)

    return hire


@pytest.fixture
def filled(session: Session) -> Session:
    fill(session)
    return session


def fill(session: Session) -> None:
    for code, name in {CODE: NAME, OTHER: "Thủ tục đăng ký kết hôn"}.items():
        record = ProcedureRecord(
            code=code, name=name, sector="Hộ tịch", source="Thử", crawl_date=dt.date(2026, 7, 1)
        )
        catalogue.upsert(session, record)


def ask(session: Session, *texts: str, **more: Any) -> None:
    for text in texts:
        values = {"text": text, "normalised": normalise(text), "outcome": "refused", **more}
        session.add(ReviewItem(**values))
    session.flush()
    review_grouping.group_new(session)


def groups(session: Session) -> list[list[str]]:
    """The texts of each group, the oldest first."""
    session.expire_all()
    found: dict[int, list[str]] = {}
    for item in session.execute(select(ReviewItem).order_by(ReviewItem.id)).scalars():
        found.setdefault(item.group_id, []).append(item.text)
    return list(found.values())


def fresh_search(session: Session) -> Callable[[str], SearchResult]:
    """The search of a process of its own, which looks at the catalogue's version each time."""
    index = EngineCache(Clock())
    return lambda text: procedures.search_in(index.get(session), text)


def only(session: Session) -> ReviewGroup:
    session.expire_all()
    return session.execute(select(ReviewGroup)).scalar_one()


def test_marks_order_courtesy_and_slips_part_no_question(session: Session) -> None:
    alike = [
        "xin giấy phép khai thác cát sỏi lòng sông",
        "xin giay phep khai thac cat soi long song",
        "Em chào ad, cho em hỏi giấy phép khai thác cát sỏi lòng sông với ạ",
        "khai thác cát sỏi lòng sông giấy phép",
    ]
    ask(session, *alike)
    assert groups(session) == [alike]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("mất thẻ tư vấn viên pháp luật", "xin thẻ tư vấn viên pháp luật"),
        ("sang tên xe", "sang tên đất"),
        ("đăng ký kết hôn", "đăng ký khai tử"),
    ],
)
def test_one_word_that_tells_is_another_question(session: Session, one: str, other: str) -> None:
    ask(session, one, other)
    assert groups(session) == [[one], [other]]


def test_what_comes_later_joins_the_group_that_is_there(session: Session) -> None:
    ask(session, SAID)
    ask(session, fold(SAID))
    assert groups(session) == [[SAID, fold(SAID)]]


def test_the_most_frequent_group_is_first_and_tells_why_it_is_here(session: Session) -> None:
    ask(session, "một chuyện lạ", outcome="asked")
    ask(session, SAID, handed_over=True)
    ask(session, fold(SAID), outcome="unsure")
    page = review_lists.open_groups(session, 1)
    assert [line.count for line in page.rows] == [2, 1]
    assert page.rows[0].examples == (SAID, fold(SAID))
    assert page.rows[0].counts == {
        "refused": 1, "asked": 0, "handed_over": 1, "unsure": 1, "staff": 0
    }  # fmt: skip
    assert [line.count for line in review_lists.open_groups(session, 1, reason="asked").rows] == [1]


def test_old_messages_are_left_out_when_only_the_last_week_is_asked_for(session: Session) -> None:
    ask(session, SAID, created_at=dt.datetime(2020, 1, 1, tzinfo=dt.timezone.utc))
    assert review_lists.open_groups(session, 1).total == 1
    assert review_lists.open_groups(session, 1, days=7).total == 0


def test_of_two_who_decide_the_second_is_told_and_changes_nothing(
    session: Session, staff: Callable[[str], int]
) -> None:
    ask(session, SAID)
    group = only(session)
    review_decisions.decide(session, staff("editor"), group.id, 0, "ignored")
    with pytest.raises(LostRace, match="editor đã quyết định"):
        review_decisions.decide(session, staff("admin"), group.id, 0, "out_of_scope")
    assert only(session).decision == "ignored"


def test_what_is_ignored_stays_ignored_when_it_is_asked_again_until_it_is_undone(
    session: Session, staff: Callable[[str], int]
) -> None:
    ask(session, SAID)
    me = staff("editor")
    review_decisions.decide(session, me, only(session).id, 0, "ignored")
    ask(session, fold(SAID))
    assert review_lists.open_groups(session, 1).total == 0
    review_decisions.undo(session, me, only(session).id, version=1, approves=False)
    assert [line.count for line in review_lists.open_groups(session, 1).rows] == [2]


def test_nobody_approves_their_own_proposal(filled: Session, staff: Callable[[str], int]) -> None:
    ask(filled, SAID)
    admin = staff("admin")
    lesson = review_decisions.teach(filled, admin, only(filled).id, 0, Draft("saying", CODE, SAID))
    with pytest.raises(ReviewError, match="chính anh/chị"):
        lessons.approve(filled, admin, lesson)
    lessons.approve(filled, staff("approver"), lesson)
    with pytest.raises(LostRace, match="approver"):
        lessons.approve(filled, staff("admin"), lesson)


def test_a_rejected_proposal_puts_its_group_back(
    filled: Session, staff: Callable[[str], int]
) -> None:
    ask(filled, SAID)
    draft = Draft("example", "ask_procedure", SAID)
    lesson = review_decisions.teach(filled, staff("editor"), only(filled).id, 0, draft)
    assert review_lists.open_groups(filled, 1).total == 0
    review_decisions.reject(filled, staff("approver"), lesson, "Chưa rõ ý")
    assert review_lists.open_groups(filled, 1).total == 1
    assert lessons.of_group(filled, only(filled).id)[0].note == "Chưa rõ ý"


@pytest.mark.parametrize(
    ("draft", "said"),
    [
        (Draft("saying", "9.999999", SAID), "Không có thủ tục"),
        (Draft("saying", CODE, " ?! "), "Chưa có nội dung"),
        (Draft("saying", CODE, "gọi 0912345678 báo tử"), "thông tin cá nhân"),
        (Draft("saying", CODE, "dài " * 100), "tối đa 200"),
        (Draft("example", "", SAID), "Chưa chọn ý định"),
    ],
)
def test_what_cannot_be_taught_is_refused_with_a_reason(
    filled: Session, staff: Callable[[str], int], draft: Draft, said: str
) -> None:
    ask(filled, SAID)
    with pytest.raises(ReviewError, match=said):
        review_decisions.teach(filled, staff("editor"), only(filled).id, 0, draft)
    assert only(filled).decision == ""


def test_an_approved_saying_is_understood_with_and_without_marks_and_unlearned_by_undo(
    filled: Session, staff: Callable[[str], int]
) -> None:
    search = fresh_search(filled)
    ask(filled, SAID)
    group = only(filled).id
    assert search(SAID).kind != "one"
    lesson = review_decisions.teach(filled, staff("editor"), group, 0, Draft("saying", CODE, SAID))
    assert search(SAID).kind != "one", "a proposal is not live"
    lessons.approve(filled, staff("approver"), lesson)
    for text in (SAID, fold(SAID), f"ad ơi cho em hỏi {SAID} với ạ"):
        found = search(text)
        assert (found.kind, found.matches[0].code, found.taught) == ("one", CODE, True)
    with pytest.raises(ReviewError, match="người duyệt"):
        review_decisions.undo(filled, staff("editor"), group, version=1, approves=False)
    review_decisions.undo(filled, staff("admin"), group, version=1, approves=True)
    assert search(SAID).kind != "one"


def test_a_saying_taught_for_two_procedures_leaves_the_choice(
    filled: Session, staff: Callable[[str], int]
) -> None:
    search = fresh_search(filled)
    for code in (CODE, OTHER):
        lesson = lessons.propose(filled, staff("editor"), Draft("saying", code, SAID), None)
        lessons.approve(filled, staff("admin"), lesson)
    found = search(SAID)
    assert (found.kind, {m.code for m in found.matches}) == ("several", {CODE, OTHER})


def test_marks_that_both_typed_tell_words_apart(
    filled: Session, staff: Callable[[str], int]
) -> None:
    search = fresh_search(filled)
    lesson = lessons.propose(filled, staff("editor"), Draft("saying", CODE, "giấy bà cố"), None)
    lessons.approve(filled, staff("admin"), lesson)
    assert search("giấy bà cố").taught
    assert search("giay ba co").taught
    assert not search("giấy bã cỏ").taught


def test_a_group_is_marked_understood_once_each_of_its_messages_is_answered(
    sessions: sessionmaker[Session],
) -> None:
    with session_scope(sessions) as session:
        fill(session)
        ask(session, "đăng ký khai tử")
        ask(session, "mèo nhà hàng xóm kêu")
    assert review_understood.refresh(sessions, 60) == 0
    with session_scope(sessions) as session:
        [known] = review_lists.open_groups(session, 1, understood=True).rows
        assert known.examples == ("đăng ký khai tử",)
        assert review_lists.open_groups(session, 1).total == 1
        # Answered, but a person had to help: that the search answers it is no news.
        ask(session, "đăng ký khai tử", handed_over=True)
    review_understood.refresh(sessions, 60)
    with session_scope(sessions) as session:
        assert review_lists.open_groups(session, 1, understood=True).total == 0


def test_who_withdraws_takes_the_words_out_of_the_groups_too(session: Session) -> None:
    citizen = conversations.get_or_create(session, "zalo", "1")
    ask(session, SAID, conversation_id=citizen)
    ask(session, "một chuyện lạ")
    assert conversations.erase(session, citizen)
    assert groups(session) == [["một chuyện lạ"]]
    assert "gach" not in only(session).key


def test_an_answer_that_the_model_was_not_sure_of_is_kept(session: Session) -> None:
    citizen = conversations.get_or_create(session, "zalo", "1")
    message = Inbound(1, "m1", "text", SAID, {}, 0, None, dt.datetime.now(dt.timezone.utc))
    result = TurnResult("ask_fee", 0.41, "answered", (CODE,))
    learning.record(session, citizen, message, result)
    assert session.execute(select(ReviewItem.outcome)).scalars().all() == ["unsure"]


def test_the_question_before_a_handoff_is_kept_as_handed_over(session: Session) -> None:
    citizen = conversations.get_or_create(session, "zalo", "1")
    now = dt.datetime.now(dt.timezone.utc)
    for text, intent in ((f"gọi 0912345678, {SAID}", "ask_fee"), ("gặp cán bộ", "request_human")):
        row = Message(
            conversation_id=citizen,
            channel="zalo",
            direction="in",
            channel_message_id=intent,
            kind="text",
            text=text,
            intent=intent,
            outcome="answered",
            state="answered",
            occurred_at=now,
        )
        session.add(row)
        session.flush()
    assert handoffs.open_(session, citizen, "asked", message_id="request_human")
    asks = Inbound(row.id, "request_human", "text", row.text, {}, 0, None, now)
    learning.record(session, citizen, asks, TurnResult("request_human", 0.9))
    kept = session.execute(select(ReviewItem.text, ReviewItem.handed_over)).all()
    assert [tuple(item) for item in kept] == [(f"gọi [số điện thoại], {SAID}", True)]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_ten_thousand_messages_are_grouped_and_listed_within_seconds(session: Session) -> None:
    texts = [phrasing.text for phrasing in load_phrasings()[:10_000]]
    session.execute(
        ReviewItem.__table__.insert(),
        [
            {"text": t, "normalised": normalise(t), "outcome": "refused", "procedures": []}
            for t in texts
        ],
    )
    started = time.process_time()
    while review_grouping.group_new(session):
        pass
    assert review_lists.open_groups(session, 1).total > 5_000
    assert time.process_time() - started < 30, "a core needs about six"


def test_a_saying_is_live_in_every_index_within_five_seconds(
    sessions: sessionmaker[Session],
) -> None:
    with session_scope(sessions) as session:
        fill(session)
        people = [
            Staff(email=f"{role}@x.vn", name=role, role=role, password_hash="")
            for role in ("editor", "approver")
        ]
        session.add_all(people)
        session.flush()
        editor, approver = (person.id for person in people)
        lesson = lessons.propose(session, editor, Draft("saying", CODE, SAID), None)
    indexes = [EngineCache(), EngineCache()]  # each is what one process has

    def knows(index: EngineCache) -> bool:
        with session_scope(sessions, readonly=True) as session:
            return procedures.search_in(index.get(session), SAID).taught

    assert not any(knows(index) for index in indexes)
    with session_scope(sessions) as session:
        lessons.approve(session, approver, lesson)
    approved, moment = time.monotonic(), threading.Event()
    while not all(knows(index) for index in indexes):
        assert time.monotonic() - approved < 5
        moment.wait(CHECK_EVERY / 10)


class Clock:
    """Each look is later than the one before by more than an engine is trusted for."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += CHECK_EVERY * 2
        return self.now
