"""The list of what failed for good: who may act on it, once, and what it says."""

from __future__ import annotations

import json
import re
import threading
from typing import Any

import pytest
import redis
from sqlalchemy import insert, select

from bot.database import session_scope, utcnow
from bot.models.conversations import Message
from bot.services import conversations, dead_letters, handoffs
from bot.services.dead_letters import Key
from bot.services.failure_reasons import REASONS
from bot.templating import FAILURES
from tests.consoles import Office, hidden

only_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
SCRIPT = "<script>alert('x')</script>"
LIST = "/desk/undelivered"
REPLAY, DISMISS = f"{LIST}/replay", f"{LIST}/dismiss"


def fail(office: Office, conversation: int, text: str = "Trả lời", **more: Any) -> str:
    """A reply that failed for good; its key as a form carries it."""
    at = utcnow()
    usual = {"direction": "out", "state": "refused", "error": "zalo -244", "finished_at": at}
    message = office.says(conversation, text, **{**usual, **more})
    return str(Key.of(message, at))


def states(office: Office) -> list[str]:
    with office.sessions() as session:
        return list(session.execute(select(Message.state).order_by(Message.id)).scalars())


def jobs(store: redis.Redis[Any]) -> list[tuple[str, list[int]]]:
    """What waits in the queue."""
    waiting = map(json.loads, store.hvals("dramatiq:conversations.msgs"))
    return sorted((job["actor_name"], job["args"]) for job in waiting)


def test_every_reason_has_words_for_staff() -> None:
    assert set(FAILURES) == set(REASONS)


@only_sqlite
def test_the_list_says_why_and_what_can_be_done(office: Office) -> None:
    citizen = office.citizen()
    fail(office, citizen)
    fail(office, citizen, "Quá dài", error="zalo -210")
    office.says(citizen, "Hỏi khó", error="given up: DialogueError", outcome="refused")
    office.says(citizen, "", kind="image", error="given up: DialogueError", outcome="refused")
    page = office.browser("agent").get(LIST).text
    for said in ("Người dân chặn OA", "Nội dung không hợp lệ", "Trợ lý không trả lời được"):
        assert said in page
    assert "Hỏi khó" in page
    assert "[Hình ảnh]" in page
    assert "Để trợ lý trả lời lại" in page
    only = office.browser("agent", name="B").get(f"{LIST}?reason=content").text
    assert "Quá dài" in only
    assert "Hỏi khó" not in only
    assert "Hỏi khó" in office.browser("agent", name="C").get(f"{LIST}?reason=x'--").text


@only_sqlite
def test_an_auditor_reads_and_has_no_buttons(office: Office) -> None:
    fail(office, office.citizen())
    page = office.browser("auditor").get(LIST).text
    assert "Trả lời" in page
    assert "Gửi lại</button>" not in page
    assert "checkbox" not in page


def test_a_reply_is_sent_again_once_however_often_the_button_is_pressed(
    office: Office, store: redis.Redis[Any]
) -> None:
    citizen = office.citizen()
    key = fail(office, citizen)
    browser = office.browser("agent")
    first = browser.post(REPLAY, {"key": key}, follow_redirects=True).text
    assert "Đã đưa 1 tin" in first
    second = browser.post(REPLAY, {"key": key}, follow_redirects=True).text
    assert "người khác vừa xử lý" in second
    assert states(office) == ["queued"]
    assert jobs(store) == [("deliver", [citizen])]
    assert office.trail() == [("message_replayed", str(citizen))]


def test_a_question_that_was_given_up_is_answered_anew(
    office: Office, store: redis.Redis[Any]
) -> None:
    citizen, at = office.citizen(), utcnow()
    message = office.says(
        citizen, "Hỏi khó", error="given up: DialogueError", outcome="refused", finished_at=at
    )
    key = str(Key.of(message, at))
    office.browser("admin").post(REPLAY, {"key": key})
    assert states(office) == ["pending"]
    assert jobs(store) == [("answer", [citizen])]


def test_a_doubtful_one_is_sent_again_only_after_a_second_yes(office: Office) -> None:
    citizen = office.citizen()
    doubtful = fail(office, citizen, "Có thể đã tới", state="unknown")
    plain = fail(office, citizen)
    browser = office.browser("agent")
    question = browser.post(REPLAY, {"key": [doubtful, plain]})
    assert "có thể đã nhận được" in question.text
    assert "1 trong 2 tin" in question.text
    assert states(office) == ["unknown", "refused"]
    keys = re.findall(r'name="key" value="([^"]+)"', question.text)
    assert keys == [doubtful, plain]
    browser.post(REPLAY, {"key": keys, "confirmed": "yes"})
    assert states(office) == ["queued", "queued"]


@only_sqlite
def test_what_cannot_arrive_says_so_and_has_no_button(office: Office) -> None:
    citizen = office.citizen(last_interaction_at=None)
    key = fail(office, citizen)
    browser = office.browser("agent")
    page = browser.get(LIST).text
    assert "Chưa gửi lại được" in page
    told = browser.post(REPLAY, {"key": key}, follow_redirects=True).text
    assert "1 tin đã quá 7 ngày" in told
    assert states(office) == ["refused"]


def test_settled_ones_leave_the_list(office: Office) -> None:
    citizen = office.citizen()
    keys = [fail(office, citizen) for _ in range(3)]
    browser = office.browser("agent")
    told = browser.post(DISMISS, {"key": keys, "note": "đã gọi"}, follow_redirects=True).text
    assert "Đã bỏ 3 tin" in told
    assert "Mọi tin đều đã gửi được" in told
    assert [action for action, _ in office.trail()] == ["message_dismissed"] * 3


@only_sqlite
def test_all_of_a_reason_go_two_hundred_at_a_time(office: Office, store: redis.Redis[Any]) -> None:
    citizen = office.citizen()
    with session_scope(office.sessions) as session:
        values = {
            "channel": "zalo",
            "kind": "text",
            "content": {},
            "text": "Trả lời",
            "occurred_at": utcnow(),
            "direction": "out",
            "state": "refused",
            "conversation_id": citizen,
        }
        system = {**values, "error": "zalo -200", "finished_at": utcnow()}
        session.execute(insert(Message), [system] * 500)
    fail(office, citizen)
    browser = office.browser("agent")
    page = browser.get(f"{LIST}?reason=system").text
    assert page.count('name="key" value="') == 2 * 50  # a box and a button for each row
    assert "Gửi lại 200 tin" in page
    assert "Trang 1/10" in page
    ticked = browser.get(f"{LIST}?reason=system&tick=all").text
    assert ticked.count("checked>") == 50
    told = browser.post(REPLAY, {"all_of": "system", "reason": "system"}, follow_redirects=True)
    assert "Đã đưa 200 tin" in told.text
    browser.post(DISMISS, {"all_of": "system"})
    assert states(office).count("queued") == 200
    assert jobs(store) == [("deliver", [citizen])]
    with office.sessions() as session:
        assert dead_letters.count_by_reason(session) == {"blocked": 1, "system": 100}


@only_sqlite
@pytest.mark.parametrize("key", ["", "x", "1", "0.0", "99999999999999999999.1", "1.1'"])
def test_an_invented_key_does_nothing(office: Office, key: str) -> None:
    fail(office, office.citizen())
    browser = office.browser("agent")
    for path in (REPLAY, DISMISS):
        assert browser.post(path, {"key": key}).status_code == 303
    assert states(office) == ["refused"]


@only_sqlite
def test_script_is_text_on_the_list_and_in_the_question(office: Office) -> None:
    citizen = office.citizen(display_name=SCRIPT)
    key = fail(office, citizen, SCRIPT, error=SCRIPT, state="unknown")
    browser = office.browser("agent")
    for page in (browser.get(LIST).text, browser.post(REPLAY, {"key": key}).text):
        assert SCRIPT not in page
        assert "&lt;script&gt;" in page


def test_of_two_agents_at_once_one_sends_it_again(office: Office, store: redis.Redis[Any]) -> None:
    citizen = office.citizen()
    agents = [office.browser("agent", email=f"a{n}@example.vn") for n in range(2)]
    tokens = [agent.csrf() for agent in agents]
    for turn in range(1, 26):
        key = fail(office, citizen)
        start = threading.Barrier(2)

        def press(n: int, start: threading.Barrier = start, key: str = key) -> None:
            start.wait()
            agents[n].client.post(REPLAY, data={"csrf_token": tokens[n], "key": key})

        threads = [threading.Thread(target=press, args=(n,)) for n in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(jobs(store)) == turn
    assert len(office.trail()) == 25


def test_what_was_dismissed_is_shown_with_who_and_why_and_can_be_put_back(office: Office) -> None:
    citizen = office.citizen()
    key = fail(office, citizen, SCRIPT)
    browser = office.browser("agent", name="Trần Thị Bình")
    shelf = f"{LIST}/dismissed"
    assert "Chưa có tin nào được gác lại" in browser.get(shelf).text
    browser.post(DISMISS, {"key": key, "note": "đã gọi điện"})
    assert shelf in browser.get(LIST).text
    page = browser.get(shelf)
    for said in ("Trần Thị Bình gác lại lúc", "đã gọi điện", "Người dân chặn OA"):
        assert said in page.text
    assert SCRIPT not in page.text
    shown = hidden(page, "key")
    told = browser.post(f"{LIST}/restore", {"key": shown}, follow_redirects=True)
    assert "Đã mở lại tin" in told.text
    assert states(office) == ["refused"]
    assert key in browser.get(LIST).text
    again = browser.post(f"{LIST}/restore", {"key": shown}, follow_redirects=True)
    assert "không còn ở đây" in again.text
    assert [a for a, _ in office.trail()] == ["message_dismissed", "message_restored"]


@only_sqlite
def test_the_shelf_holds_nothing_erased_or_withdrawn(office: Office) -> None:
    citizen, agent = office.citizen(), office.browser("agent")
    agent.post(DISMISS, {"key": fail(office, citizen, "Có tên ở đây")})
    settled = {"settled_at": utcnow(), "settled_by": agent.staff_id}
    fail(office, office.citizen(), "Trợ lý đang soạn", error=handoffs.TAKEN_OVER, **settled)
    assert "Trợ lý đang soạn" not in agent.get(f"{LIST}/dismissed").text
    with session_scope(office.sessions) as session:
        conversations.erase(session, citizen)
    assert "Chưa có tin nào được gác lại" in agent.get(f"{LIST}/dismissed").text
