"""The pages of the inbox: who may do what, what is shown, what a lost race leaves on the page."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from bot.admin.inbox import EXAMPLE_INTENTS
from bot.catalogue.records import ProcedureRecord
from bot.database import session_scope, utcnow
from bot.models.learning import Lesson, ReviewGroup, ReviewItem
from bot.services import catalogue, procedures
from bot.services.search.engine import EngineCache
from bot.settings import ROOT
from nlu.text import normalise
from tests.consoles import Browser, Office

only_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
SCRIPT = "<script>alert('x')</script>"
INBOX, CODE, SAID = "/admin/inbox", "1.000656", "gạch tên cụ khỏi sổ làng"
LESSONS = f"{INBOX}/lessons"


def asked(office: Office, *texts: str, **more: Any) -> None:
    with session_scope(office.sessions) as session:
        session.add_all(
            ReviewItem(**{"text": t, "normalised": normalise(t), "outcome": "refused", **more})
            for t in texts
        )


def has_procedure(office: Office) -> None:
    with session_scope(office.sessions) as session:
        record = ProcedureRecord(
            code=CODE,
            name="Thủ tục đăng ký khai tử",
            sector="Hộ tịch",
            source="Thử",
            crawl_date=dt.date(2026, 7, 1),
        )
        catalogue.upsert(session, record)


def group(office: Office) -> int:
    """The only group, once the list has been looked at; its id."""
    with office.sessions() as session:
        return int(session.execute(select(ReviewGroup.id)).scalar_one())


def lessons(office: Office) -> list[tuple[str, str, str]]:
    with office.sessions() as session:
        rows = session.execute(select(Lesson.kind, Lesson.subject, Lesson.state))
        return [tuple(row) for row in rows]


def decide(browser: Browser, office: Office, version: int = 0, **form: str) -> Any:
    path = f"{INBOX}/groups/{group(office)}/decide"
    return browser.post(path, {"version": version, **form})


@only_sqlite
def test_an_empty_inbox_says_so(office: Office) -> None:
    page = office.browser("editor").get(INBOX)
    assert "Không còn câu nào chờ quyết định" in page.text


def test_groups_are_shown_with_their_number_reason_and_words_as_text(office: Office) -> None:
    asked(office, f"{SCRIPT} gạch tên", f"{SCRIPT} gạch tên", handed_over=True)
    page = office.browser("auditor").get(INBOX)
    assert "2 lần" in page.text
    assert "chuyển cán bộ 2 lần" in page.text
    assert SCRIPT not in page.text
    assert "Với các nhóm đã đánh dấu" not in page.text, "an auditor only reads"


@only_sqlite
def test_an_auditor_can_do_nothing_and_an_agent_sees_nothing(office: Office) -> None:
    asked(office, SAID)
    office.browser("editor").get(INBOX)
    assert decide(office.browser("auditor"), office, act="ignored").status_code == 403
    assert decide(office.browser("agent"), office, act="ignored").status_code == 403
    assert office.browser("agent").get(INBOX).status_code == 403
    assert office.browser("editor").post(f"{LESSONS}/1/approve").status_code == 403


def test_a_saying_goes_from_an_editor_over_an_approver_into_the_search(office: Office) -> None:
    has_procedure(office)
    asked(office, SAID)
    editor, approver = office.browser("editor"), office.browser("approver")
    editor.get(INBOX)
    assert decide(editor, office, act="saying", text=SAID, code=CODE).status_code == 303
    assert lessons(office) == [("saying", CODE, "proposed")]
    assert SAID not in editor.get(INBOX).text
    assert SAID in approver.get(LESSONS).text
    approver.post(f"{LESSONS}/1/approve")
    assert lessons(office) == [("saying", CODE, "approved")]
    with office.sessions() as session:
        assert procedures.search_in(EngineCache().get(session), SAID).taught
    acts = [act for act, _ in office.trail()]
    assert acts == ["review_decided", "lesson_proposed", "lesson_approved"]


@only_sqlite
def test_an_approver_does_not_approve_their_own(office: Office) -> None:
    has_procedure(office)
    asked(office, SAID)
    admin = office.browser("admin")
    admin.get(INBOX)
    decide(admin, office, act="saying", text=SAID, code=CODE)
    page = admin.post(f"{LESSONS}/1/approve", follow_redirects=True)
    assert "cần một người khác duyệt" in page.text
    assert lessons(office) == [("saying", CODE, "proposed")]


@only_sqlite
def test_an_example_is_kept_whole_and_waits_for_training(office: Office) -> None:
    asked(office, SAID)
    editor, admin = office.browser("editor"), office.browser("admin")
    editor.get(INBOX)
    decide(editor, office, act="example", text=SAID, intent="ask_procedure")
    admin.post(f"{LESSONS}/1/approve")
    page = editor.get(f"{LESSONS}?shown=training")
    assert "Đã duyệt, chờ huấn luyện" in page.text
    assert "ask_procedure" in page.text


@only_sqlite
def test_a_correction_stands_on_the_procedures_page_until_it_is_done(office: Office) -> None:
    has_procedure(office)
    asked(office, SAID)
    editor = office.browser("editor")
    editor.get(INBOX)
    decide(editor, office, act="correction", text="Thiếu nơi nộp", other_code=CODE)
    assert "Thiếu nơi nộp" in editor.get(f"/admin/procedures/{CODE}").text
    editor.post(f"{LESSONS}/1/done", {"done": "yes"})
    assert "Thiếu nơi nộp" not in editor.get(f"/admin/procedures/{CODE}").text
    editor.post(f"{LESSONS}/1/done", {"done": "no"})
    assert "Thiếu nơi nộp" in editor.get(f"/admin/procedures/{CODE}").text


@only_sqlite
def test_who_comes_second_reads_who_was_first_and_keeps_what_was_typed(office: Office) -> None:
    has_procedure(office)
    asked(office, SAID)
    first = office.browser("editor", name="Chị Lan")
    first.get(INBOX)
    decide(first, office, act="ignored")
    late = decide(office.browser("admin"), office, act="saying", text="câu tôi đã gõ", code=CODE)
    assert late.status_code == 409
    assert "Chị Lan đã quyết định nhóm này trước" in late.text
    assert "câu tôi đã gõ" in late.text
    assert lessons(office) == []


@only_sqlite
@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"act": ""}, "Chưa chọn việc cần làm"),
        ({"act": "saying", "text": "câu đã gõ", "code": "9.9"}, "Không có thủ tục nào"),
        ({"act": "example", "text": "câu đã gõ", "intent": "hack"}, "Chưa chọn ý định"),
    ],
)
def test_a_decision_that_cannot_be_taken_says_why(
    office: Office, form: dict[str, str], said: str
) -> None:
    asked(office, SAID)
    editor = office.browser("editor")
    editor.get(INBOX)
    answer = decide(editor, office, **form)
    assert answer.status_code == 422
    assert said in answer.text
    assert form.get("text", "") in answer.text


def test_ticked_groups_are_decided_together_and_the_lost_ones_are_named(office: Office) -> None:
    asked(office, "gạch tên cụ", "nuôi ong mật", "trồng nấm rơm")
    editor = office.browser("editor", name="Chị Lan")
    page = editor.get(INBOX)
    ticked = re.findall(r'name="group" value="([\d:]+)"', page.text)
    assert len(ticked) == 3
    editor.post(
        f"{INBOX}/groups/{ticked[0].split(':')[0]}/decide", {"version": 0, "act": "ignored"}
    )
    told = office.browser("admin").post(
        f"{INBOX}/decide", {"group": ticked, "act": "out_of_scope"}, follow_redirects=True
    )
    assert "(2 nhóm)" in told.text
    assert "Chị Lan đã quyết định" in told.text
    with office.sessions() as session:
        found = session.execute(select(ReviewGroup.decision)).scalars().all()
    assert sorted(found) == ["ignored", "out_of_scope", "out_of_scope"]


@only_sqlite
def test_a_decision_is_undone_from_the_list_of_what_was_put_aside(office: Office) -> None:
    asked(office, SAID)
    editor = office.browser("editor")
    editor.get(INBOX)
    decide(editor, office, act="ignored")
    assert SAID in editor.get(f"{INBOX}/put-aside").text
    editor.post(f"{INBOX}/groups/{group(office)}/undo", {"version": 1})
    assert SAID in editor.get(INBOX).text


@only_sqlite
def test_five_hundred_groups_are_read_fifty_to_a_page(office: Office) -> None:
    with session_scope(office.sessions) as session:
        for number in range(500):
            session.add(ReviewGroup(id=number + 1, key=f"k{number}", digest=f"d{number}"))
            session.flush()
            text = f"chuyện lạ thứ {number}"
            session.add(
                ReviewItem(
                    text=text,
                    normalised=text,
                    outcome="asked",
                    group_id=number + 1,
                    created_at=utcnow() - dt.timedelta(minutes=number),
                )
            )
    editor = office.browser("editor")
    page = editor.get(INBOX).text
    assert "500 nhóm" in page
    assert page.count('name="group"') == 50
    assert "chuyện lạ thứ 499" in editor.get(f"{INBOX}?page=10").text


def test_what_an_agent_offers_at_closing_is_in_the_inbox_masked(office: Office) -> None:
    agent = office.browser("agent", name="Anh Bình")
    conversation = office.citizen()
    message = office.says(conversation, "gọi tôi 0912345678, gạch tên cụ ở đâu", outcome="answered")
    handoff = office.hands_over(
        conversation, state="claimed", claimed_by=agent.staff_id, claimed_at=utcnow()
    )
    page = agent.get(f"/desk/handoffs/{handoff}")
    assert "Đề xuất làm ví dụ" in page.text
    form = {"message": message, "answer": "Ra xã, hỏi anh Nam 0987654321", "suggestion": "example"}
    agent.post(f"/desk/handoffs/{handoff}/suggest", form)
    editor = office.browser("editor")
    assert "cán bộ đề xuất 1 lần" in editor.get(f"{INBOX}?reason=staff").text
    shown = editor.get(f"{INBOX}/groups/{group(office)}").text
    assert "Anh Bình" in shown
    assert "Ra xã" in shown
    assert "0912345678" not in shown
    assert "0987654321" not in shown


@only_sqlite
def test_a_message_of_another_conversation_cannot_be_offered(office: Office) -> None:
    agent = office.browser("agent")
    theirs = office.says(office.citizen(), "chuyện của người khác")
    handoff = office.hands_over(
        office.citizen(), state="claimed", claimed_by=agent.staff_id, claimed_at=utcnow()
    )
    form = {"message": theirs, "answer": "x", "suggestion": "example"}
    told = agent.post(f"/desk/handoffs/{handoff}/suggest", form, follow_redirects=True)
    assert "chưa đề xuất được" in told.text
    with office.sessions() as session:
        assert session.execute(select(ReviewItem)).scalars().all() == []


def test_each_intent_to_choose_from_has_training_examples() -> None:
    files = "\n".join(p.read_text("utf-8") for p in Path(ROOT / "data" / "nlu").glob("*.yml"))
    trained = set(re.findall(r"- intent: (\w+)", files))
    assert set(EXAMPLE_INTENTS) <= trained
