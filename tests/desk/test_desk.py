"""What the help desk sees and does."""

from __future__ import annotations

import datetime as dt
import json
import re
from typing import Any

import pytest
import redis
from sqlalchemy import select

from bot.database import session_scope, utcnow
from bot.models.conversations import Feedback, Message
from bot.services import requests
from tests.consoles import Office, hidden

only_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
SCRIPT = "<script>alert('x')</script>"
OUR_SCRIPTS = ["htmx.min.js", "sse.min.js", "desk.js"]


def scripts(page: str) -> list[str]:
    """The file of each script that a page runs; "" for one that is written into the page."""
    tags = re.findall(r"<script[^>]*>", page)
    return [(re.search(r'/([^/"]+)"', tag) or ["", ""])[1] for tag in tags]


def hours(number: float) -> dt.timedelta:
    return dt.timedelta(hours=number)


def outgoing(office: Office) -> list[Message]:
    with office.sessions() as session:
        return list(session.execute(select(Message).where(Message.direction == "out")).scalars())


@only_sqlite
def test_empty_lists_say_so_kindly(office: Office) -> None:
    browser = office.browser("agent")
    assert "không có ai đang chờ" in browser.get("/desk/").text
    assert "Chưa có góp ý" in browser.get("/desk/feedback").text
    assert "Mọi tin đều đã gửi được" in browser.get("/desk/undelivered").text


@only_sqlite
def test_five_hundred_remarks_come_fifty_to_a_page_with_masked_names(office: Office) -> None:
    citizen = office.citizen()
    with session_scope(office.sessions) as session:
        session.add_all(
            Feedback(conversation_id=citizen, message_id=f"m{i}", text=f"góp ý {i}.")
            for i in range(500)
        )
    browser = office.browser("agent")
    first = browser.get("/desk/feedback").text
    assert first.count('class="said"') == 50
    assert "Trang 1/10" in first
    assert "N. V. An" in first
    assert "Nguyễn" not in first
    assert "góp ý 0." in browser.get("/desk/feedback?page=10").text
    for odd in ("0", "-1", "x", "99999999999999999999", "²", "11"):
        assert browser.get("/desk/feedback", query_string={"page": odd}).status_code == 200


def test_what_could_not_be_sent_is_listed_with_its_reason(office: Office) -> None:
    citizen = office.citizen()
    out = {"direction": "out", "error": "-244 blocked"}
    office.says(citizen, "Trả lời bị từ chối", state="refused", **out)
    office.says(citizen, "Không rõ đã tới", state="unknown", **out)
    late = {"direction": "out", "error": "window closed: no interaction for 7 days"}
    office.says(citizen, "Quá muộn", state="refused", **late)
    office.says(citizen, "Đang tìm hiểu", state="unknown", not_before=utcnow(), **out)
    office.says(citizen, "Đã tới", state="sent", direction="out")
    page = office.browser("agent").get("/desk/undelivered").text
    assert "Trả lời bị từ chối" in page
    assert "Không rõ đã tới" in page
    assert "-244 blocked" in page
    assert "Người dân chặn OA" not in page  # "-244 blocked" is no text of ours
    assert "Quá 7 ngày" in page
    assert "Đang tìm hiểu" not in page
    assert "Đã tới</p>" not in page


def test_script_of_a_citizen_is_text_on_every_page(office: Office) -> None:
    citizen = office.citizen(display_name=SCRIPT)
    office.says(
        citizen,
        SCRIPT,
        content={
            "attachments": [{"type": "link", "url": "javascript:alert(1)", "name": SCRIPT}],
            "buttons": [[SCRIPT, "reply", "x"]],
        },
    )
    office.says(citizen, SCRIPT, direction="out", state="refused", error=SCRIPT)
    with session_scope(office.sessions) as session:
        session.add(Feedback(conversation_id=citizen, message_id="f", text=SCRIPT))
    browser = office.browser("agent")
    for path in ("", "feedback", "undelivered", f"conversations/{citizen}"):
        page = browser.get(f"/desk/{path}").text
        assert scripts(page) == OUR_SCRIPTS
        assert "&lt;script&gt;" in page or path == ""  # nobody waits in the queue
        assert 'href="javascript' not in page


def test_a_conversation_is_shown_whole_and_looking_is_on_record(office: Office) -> None:
    citizen = office.citizen()
    office.says(citizen, "Dòng một\nDòng hai")
    office.says(
        citizen,
        "Mời chọn",
        direction="out",
        state="sent",
        delivered_at=utcnow(),
        content={"buttons": [["Lệ phí", "reply", "#dvc:x"]]},
    )
    browser = office.browser("auditor")
    page = browser.get(f"/desk/conversations/{citizen}").text
    assert "Dòng một\nDòng hai" in page
    assert "Lệ phí" in page
    assert "Đã nhận" in page
    assert "<textarea" not in page  # an auditor reads only
    assert office.trail() == [("view_conversation", str(citizen))]
    assert browser.get("/desk/conversations/999999").status_code == 404
    assert browser.get("/desk/conversations/99999999999999999999").status_code == 404


def test_a_long_conversation_is_read_backwards_page_by_page(office: Office) -> None:
    citizen = office.citizen()
    ids = [office.says(citizen, f"tin {i}.") for i in range(requests.THREAD_PAGE + 1)]
    browser = office.browser("agent")
    newest = browser.get(f"/desk/conversations/{citizen}").text
    assert "tin 0." not in newest
    assert f"before={ids[1]}" in newest
    older = browser.get(f"/desk/conversations/{citizen}?before={ids[1]}").text
    assert "tin 0." in older
    assert "tin 1." not in older


def test_a_reply_goes_out_once_however_often_its_form_is_sent(
    office: Office, store: redis.Redis[Any]
) -> None:
    citizen = office.citizen()
    browser = office.browser("agent", name="Trần Thị Bình")
    address = f"/desk/conversations/{citizen}"
    form = {"form_id": hidden(browser.get(address), "form_id"), "text": "Chào anh\r\nMời anh đến"}
    assert [browser.post(f"{address}/reply", form).status_code for _ in range(2)] == [303, 303]
    [reply] = outgoing(office)
    assert (reply.text, reply.state) == ("Chào anh\nMời anh đến", "queued")
    waiting = map(json.loads, store.hvals("dramatiq:conversations.msgs"))
    assert [(job["actor_name"], job["args"]) for job in waiting] == [("deliver", [citizen])]
    assert ("reply", str(citizen)) in office.trail()
    assert "Trần Thị Bình" in browser.get(address).text


@pytest.mark.parametrize(
    "state",
    [{"last_interaction_at": None}, {"channel_user_id": "erased:7"}, {"ago": hours(7 * 24 + 1)}],
    ids=["never", "withdrawn", "seven days"],
)
def test_nothing_is_sent_when_the_window_is_closed(office: Office, state: dict[str, Any]) -> None:
    if "ago" in state:
        state = {"last_interaction_at": utcnow() - state["ago"]}
    citizen = office.citizen(**state)
    browser = office.browser("agent")
    answer = browser.post(f"/desk/conversations/{citizen}/reply", {"text": "Bản nháp dài"})
    assert answer.status_code == 409
    assert "7 ngày" in answer.text
    assert "Bản nháp dài" in answer.text  # what was written is not lost
    assert outgoing(office) == []
    assert ("reply", str(citizen)) not in office.trail()


@only_sqlite
@pytest.mark.parametrize(
    "text", ["", "  \n ", "x" * (requests.REPLY_LIMIT + 1)], ids=["empty", "blank", "long"]
)
def test_a_reply_that_zalo_would_not_take_stays_in_the_form(office: Office, text: str) -> None:
    citizen = office.citizen()
    answer = office.browser("agent").post(f"/desk/conversations/{citizen}/reply", {"text": text})
    assert answer.status_code == 422
    assert text.strip() in answer.text
    assert outgoing(office) == []


@only_sqlite
@pytest.mark.parametrize("text", ["Lệ phí: [còn thiếu: lệ phí]", "Lệ phí: {{procedure.fee}}"])
def test_a_reply_with_an_empty_field_stays_in_the_form(office: Office, text: str) -> None:
    citizen = office.citizen()
    answer = office.browser("agent").post(f"/desk/conversations/{citizen}/reply", {"text": text})
    assert answer.status_code == 422
    assert "Còn thiếu: lệ phí" in answer.text
    assert text in answer.text
    assert outgoing(office) == []


@only_sqlite
def test_writing_to_nobody_is_not_found(office: Office) -> None:
    browser = office.browser("agent")
    assert browser.post("/desk/conversations/999/reply", {"text": "Chào"}).status_code == 404
