"""The console as agents use it: who sees what, what each act does, and what is shown as text."""

from __future__ import annotations

import datetime as dt
import io
import re
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import redis
from sqlalchemy import select
from werkzeug.test import TestResponse

from bot import streams
from bot.database import session_scope, utcnow
from bot.models.conversations import Conversation, Message
from bot.models.desks import StaffPresence
from bot.models.handoffs import Handoff, HandoffNote
from bot.models.procedures import Procedure
from bot.run import STARTER
from bot.services import canned, catalogue, desks, staff
from bot.services.handoffs import QUEUE_BELL
from bot.services.staff import Member
from tests.consoles import Browser, Office, hidden
from tests.services.test_outgoing_files import PDF, picture

only_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
SCRIPT = "<script>alert('x')</script>"


def hours(number: float) -> dt.timedelta:
    return dt.timedelta(hours=number)


def waits(office: Office, **values: Any) -> int:
    """A citizen who waits; the handoff's id."""
    return office.hands_over(office.citizen(), **values)


def held(office: Office, agent: Browser, conversation: int | None = None, **values: Any) -> int:
    """A handoff that this agent has claimed; its id."""
    return office.hands_over(
        conversation or office.citizen(),
        **{"state": "claimed", "claimed_by": agent.staff_id, "claimed_at": utcnow(), **values},
    )


def row(office: Office, handoff: int) -> Handoff:
    with office.sessions() as session:
        return session.execute(select(Handoff).where(Handoff.id == handoff)).scalar_one()


def outgoing(office: Office) -> list[Message]:
    """What staff wrote."""
    with office.sessions() as session:
        wanted = select(Message).where(Message.direction == "out").order_by(Message.id)
        return [m for m in session.execute(wanted).scalars() if m.content.get("staff_id")]


def followed(answer: TestResponse, browser: Browser) -> str:
    """The page to which a form leads."""
    assert answer.status_code == 303
    return browser.get(answer.location).text


# --- who sees what


def test_an_agent_sees_the_queue_of_their_desks_and_nobody_elses(office: Office) -> None:
    agent = office.browser("agent")
    mine = waits(office, desk_id=office.desk("Sở Tư pháp", agent.staff_id))
    other = waits(office, desk_id=office.desk("Sở Xây dựng"))
    page = agent.get("/desk/").text
    assert f'id="row-{mine}"' in page
    assert f'id="row-{other}"' not in page
    assert f'id="row-{other}"' in office.browser("admin").get("/desk/all").text


def test_another_desks_conversation_is_not_found_by_its_address(office: Office) -> None:
    agent = office.browser("agent")
    office.desk("Sở Tư pháp", agent.staff_id)
    conversation = office.citizen()
    other = office.hands_over(conversation, desk_id=office.desk("Sở Xây dựng"))
    path = f"/desk/handoffs/{other}"
    for page in ("", "/thread", "/search?q=a", "/text?answer=1:fee", "/files/1"):
        assert agent.get(path + page).status_code == 404
    acts = ("claim", "release", "transfer", "close", "note", "reply", "ask-info")
    form = {"text": "Chào", "outcome": "answered", "to": f"staff:{agent.staff_id}"}
    for act in acts:
        assert agent.post(f"{path}/{act}", form).status_code == 404
    assert agent.get(f"/desk/events?handoff={other}").status_code == 404
    assert agent.get(f"/desk/conversations/{conversation}").status_code == 404
    assert agent.post(f"/desk/conversations/{conversation}/reply", form).status_code == 404
    assert agent.post(f"/desk/conversations/{conversation}/take").status_code == 404
    assert row(office, other).state == "waiting"
    assert outgoing(office) == []


@only_sqlite
def test_an_auditor_reads_everything_and_can_do_nothing(office: Office) -> None:
    handoff = waits(office, desk_id=office.desk("Sở Xây dựng"))
    auditor = office.browser("auditor")
    page = auditor.get(f"/desk/handoffs/{handoff}").text
    assert "Bàn giao" in page
    assert "/claim" not in page
    assert "<textarea" not in page
    assert auditor.post(f"/desk/handoffs/{handoff}/claim").status_code == 403


def test_looking_at_a_handoff_is_on_record_and_its_refreshing_is_not(office: Office) -> None:
    conversation = office.citizen()
    handoff = office.hands_over(conversation)
    agent = office.browser("agent")
    agent.get(f"/desk/handoffs/{handoff}")
    agent.get(f"/desk/handoffs/{handoff}/thread")
    assert office.trail() == [("view_conversation", str(conversation))]


@only_sqlite
def test_a_name_in_a_list_is_masked(office: Office) -> None:
    waits(office)
    page = office.browser("agent").get("/desk/").text
    assert "N. V. An" in page
    assert "Nguyễn" not in page


@only_sqlite
def test_an_agent_of_no_desk_is_told_so(office: Office) -> None:
    assert "chưa thuộc bàn trực nào" in office.browser("agent").get("/desk/").text


# --- claiming, handing on, closing


def test_of_two_agents_one_claims_and_the_other_reads_who(office: Office) -> None:
    handoff = waits(office)
    first = office.browser("agent", name="Trần Thị Bình")
    second = office.browser("agent", name="Lê Văn Cường")
    claim = f"/desk/handoffs/{handoff}/claim"
    assert "Anh/chị đã nhận" in followed(first.post(claim), first)
    told = followed(second.post(claim), second)
    assert "Trần Thị Bình đã nhận hội thoại này trước" in told
    page = second.get(f"/desk/handoffs/{handoff}").text
    assert "Trần Thị Bình đang hỗ trợ người dân này" in page
    assert '<textarea id="text"' not in page


def test_two_agents_press_claim_at_the_same_instant(office: Office) -> None:
    handoff = waits(office)
    agents = [office.browser("agent", name=f"Cán bộ {i}") for i in range(4)]
    start = threading.Barrier(len(agents))
    told: dict[int, str] = {}

    def press(number: int) -> None:
        agent = agents[number]
        data = {"csrf_token": agent.csrf()}
        start.wait()
        answer = agent.client.post(f"/desk/handoffs/{handoff}/claim", data=data)
        told[number] = agent.get(answer.location).text

    threads = [threading.Thread(target=press, args=(n,)) for n in range(len(agents))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    winner = next(n for n, a in enumerate(agents) if a.staff_id == row(office, handoff).claimed_by)
    assert "Anh/chị đã nhận" in told.pop(winner)
    assert all(f"Cán bộ {winner} đã nhận hội thoại này trước" in page for page in told.values())


def test_a_handoff_goes_to_a_desk_to_a_colleague_and_back_to_the_queue(office: Office) -> None:
    agent, colleague = office.browser("agent"), office.hire("agent", name="Lê Văn Cường")
    desk = office.desk("Sở Xây dựng", agent.staff_id, colleague)
    handoff = held(office, agent, desk_id=office.desk("Sở Tư pháp", agent.staff_id))
    path = f"/desk/handoffs/{handoff}"
    agent.post(f"{path}/transfer", {"to": f"desk:{desk}"})
    assert (row(office, handoff).desk_id, row(office, handoff).state) == (desk, "waiting")
    agent.post(f"{path}/claim")
    with session_scope(office.sessions) as session:
        desks.set_presence(session, colleague, "present")
    agent.post(f"{path}/transfer", {"to": f"staff:{colleague}"})
    assert row(office, handoff).claimed_by == colleague
    assert "Lê Văn Cường" in followed(agent.post(f"{path}/release"), agent)
    assert row(office, handoff).claimed_by == colleague  # it was theirs, not ours to release


@only_sqlite
@pytest.mark.parametrize("to", ["", "desk:", "desk:999", "staff:999", "x:1", "desk:-1", "desk:²"])
def test_a_transfer_to_nobody_leaves_it_where_it_is(office: Office, to: str) -> None:
    agent = office.browser("agent")
    handoff = held(office, agent)
    assert agent.post(f"/desk/handoffs/{handoff}/transfer", {"to": to}).status_code == 303
    assert row(office, handoff).claimed_by == agent.staff_id


def test_closing_takes_an_outcome(office: Office) -> None:
    agent = office.browser("agent")
    handoff = held(office, agent)
    path = f"/desk/handoffs/{handoff}/close"
    assert "chưa chọn kết quả" in followed(agent.post(path, {"outcome": "left"}), agent)
    assert row(office, handoff).state == "claimed"
    agent.post(path, {"outcome": "referred"})
    assert (row(office, handoff).state, row(office, handoff).outcome) == ("closing", "referred")
    assert ("handoff_closed", str(handoff)) in office.trail()


def test_a_supervisor_takes_over_from_who_is_at_it(office: Office) -> None:
    agent, admin = office.browser("agent", name="Trần Thị Bình"), office.browser("admin")
    handoff = held(office, agent)
    assert "Nhận thay Trần Thị Bình" in admin.get(f"/desk/handoffs/{handoff}").text
    admin.post(f"/desk/handoffs/{handoff}/take-over")
    assert row(office, handoff).claimed_by == admin.staff_id
    answer = agent.post(f"/desk/handoffs/{handoff}/reply", {"text": "Vẫn là tôi"})
    assert answer.status_code == 409
    assert "Vẫn là tôi" in answer.text or "đang hỗ trợ" in answer.text
    assert outgoing(office) == []


def test_an_agent_steps_into_a_conversation_that_nobody_handed_over(office: Office) -> None:
    conversation, agent = office.citizen(), office.browser("agent")
    assert "Vào hỗ trợ" in agent.get(f"/desk/conversations/{conversation}").text
    page = followed(agent.post(f"/desk/conversations/{conversation}/take"), agent)
    assert "Trả lời người dân" in page
    with office.sessions() as session:
        [made] = session.execute(select(Handoff)).scalars()
    assert (made.reason, made.claimed_by) == ("taken", agent.staff_id)


def test_a_disabled_agent_is_out_and_their_page_is_sent_to_the_sign_in(office: Office) -> None:
    agent = office.browser("agent")
    handoff = held(office, agent)
    with session_scope(office.sessions) as session:
        staff.set_active(session, agent.staff_id, False)
    path = f"/desk/handoffs/{handoff}"
    assert agent.get(path).status_code == 302
    live = agent.get(f"{path}/thread", headers={"HX-Request": "true"})
    assert (live.status_code, live.headers["HX-Redirect"]) == (401, "/login")
    assert agent.post(f"{path}/reply", {"text": "Chào"}).status_code == 302
    assert outgoing(office) == []


# --- writing


def test_a_reply_goes_out_once_however_often_its_form_is_sent(office: Office) -> None:
    agent = office.browser("agent")
    handoff = held(office, agent)
    path = f"/desk/handoffs/{handoff}"
    form = {"form_id": hidden(agent.get(path), "form_id"), "text": "Chào anh\r\nMời anh đến"}
    for _ in range(2):
        assert agent.post(f"{path}/reply", form).status_code == 303
    [sent] = outgoing(office)
    assert (sent.text, sent.state) == ("Chào anh\nMời anh đến", "queued")
    assert "Chào anh" in agent.get(path).text
    assert row(office, handoff).last_staff_at is not None


def test_a_long_text_goes_out_in_parts(office: Office) -> None:
    agent = office.browser("agent")
    handoff = held(office, agent)
    agent.post(f"/desk/handoffs/{handoff}/reply", {"text": "Một câu khá dài. " * 200})
    parts = [m.text for m in outgoing(office)]
    assert len(parts) == 2
    assert all(len(part) <= 2000 for part in parts)


@only_sqlite
def test_a_picture_and_a_button_go_with_a_text(office: Office) -> None:
    agent = office.browser("agent")
    handoff = held(office, agent)
    form = {
        "text": "Mời xem",
        "button_title": "Mở cổng",
        "button_target": "https://dichvucong.gov.vn",
        "file": (io.BytesIO(picture("JPEG")), "mau.jpg"),
    }
    assert agent.post(f"/desk/handoffs/{handoff}/reply", form).status_code == 303
    file, said = outgoing(office)
    assert file.content["file"][1] == "mau.jpg"
    assert said.content["buttons"] == [["Mở cổng", "url", "https://dichvucong.gov.vn"]]
    page = agent.get(f"/desk/handoffs/{handoff}").text
    assert "mau.jpg" in page
    assert "Mở cổng" in page


@only_sqlite
def test_a_file_of_five_megabytes_passes_and_one_that_is_none_is_explained(office: Office) -> None:
    agent = office.browser("agent")
    handoff = held(office, agent)
    path = f"/desk/handoffs/{handoff}/reply"
    large = PDF[:-6] + b"\n" * (4_900_000 - len(PDF)) + PDF[-6:]
    assert agent.post(path, {"file": (io.BytesIO(large), "lon.pdf")}).status_code == 303
    wrong = agent.post(path, {"text": "kèm tệp", "file": (io.BytesIO(b"MZ"), "a.exe")})
    assert wrong.status_code == 422
    assert "Chỉ gửi được ảnh" in wrong.text
    assert "kèm tệp" in wrong.text  # what was written is not lost
    assert len(outgoing(office)) == 1


@only_sqlite
@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"text": "  \n"}, "chưa viết nội dung"),
        ({"text": "x" * 6001}, "6001 ký tự"),
        ({"text": "Lệ phí: [còn thiếu: lệ phí]"}, "Còn thiếu: lệ phí"),
        ({"text": "Lệ phí: {{procedure.fee}}"}, "Còn thiếu: lệ phí"),
        ({"text": "a", "button_title": "Mở"}, "Nút cần cả chữ"),
        ({"text": "a", "button_title": "Mở", "button_target": "javascript:x()"}, "Nút phải dẫn"),
    ],
)
def test_what_cannot_be_sent_stays_in_the_box_with_the_reason(
    office: Office, form: dict[str, str], said: str
) -> None:
    agent = office.browser("agent")
    handoff = held(office, agent)
    answer = agent.post(f"/desk/handoffs/{handoff}/reply", form)
    assert answer.status_code == 422
    assert said in answer.text
    assert form["text"].strip() in answer.text
    live = agent.post(f"/desk/handoffs/{handoff}/reply", form, headers={"HX-Request": "true"})
    assert live.status_code == 422
    assert said in live.text
    assert "<html" not in live.text
    assert outgoing(office) == []


def test_the_window_closes_while_an_agent_types(office: Office) -> None:
    agent = office.browser("agent")
    citizen = office.citizen(last_interaction_at=utcnow() - hours(7 * 24 + 1))
    handoff = held(office, agent, citizen)
    answer = agent.post(f"/desk/handoffs/{handoff}/reply", {"text": "Bản nháp dài"})
    assert answer.status_code == 409
    assert "7 ngày" in answer.text
    assert "Bản nháp dài" in answer.text
    page = agent.get(f"/desk/handoffs/{handoff}").text
    assert 'id="compose"' not in page
    assert "Cửa sổ nhắn tin đã đóng" in page
    assert outgoing(office) == []


@only_sqlite
def test_the_time_left_in_the_window_is_shown(office: Office) -> None:
    agent = office.browser("agent")
    citizen = office.citizen(last_interaction_at=utcnow() - hours(7 * 24 - 3.5))
    page = agent.get(f"/desk/handoffs/{held(office, agent, citizen)}").text
    assert "Còn 3 giờ" in page


def test_contact_information_is_asked_for_by_a_form(office: Office) -> None:
    agent = office.browser("agent")
    handoff = held(office, agent)
    assert agent.post(f"/desk/handoffs/{handoff}/ask-info").status_code == 303
    [asked] = outgoing(office)
    assert asked.content["asks_info"] is True
    assert "số điện thoại" in asked.text


def test_a_note_is_shown_to_staff_and_never_sent(office: Office) -> None:
    agent = office.browser("agent", name="Trần Thị Bình")
    handoff = held(office, agent)
    agent.post(f"/desk/handoffs/{handoff}/note", {"text": "Gọi lại chiều nay"})
    page = office.browser("agent").get(f"/desk/handoffs/{handoff}").text
    assert re.search(r"note-inside.*?Ghi chú nội bộ.*?Gọi lại chiều nay", page, re.DOTALL)
    assert outgoing(office) == []


# --- what is put into the box


@pytest.fixture
def fee_answer(office: Office) -> str:
    """The code of a procedure whose fee the catalogue knows."""
    with session_scope(office.sessions) as session:
        catalogue.import_files(session, sorted(STARTER.glob("*.yml")))
        return str(
            session.execute(select(Procedure.code).order_by(Procedure.code)).scalars().first()
        )


@only_sqlite
def test_an_answer_of_the_catalogue_is_inserted_with_its_source(
    office: Office, fee_answer: str
) -> None:
    agent = office.browser("agent")
    handoff = held(office, agent, packet={"procedure_code": fee_answer, "answers": []})
    path = f"/desk/handoffs/{handoff}"
    text = agent.get(f"{path}/text?answer={fee_answer}:documents")
    assert text.mimetype == "text/plain"
    assert "Nguồn" in text.text
    drafted = agent.get(f"{path}?answer={fee_answer}:documents").text
    assert text.text.splitlines()[0] in drafted.partition('id="text"')[2]
    for gone in ("x:fee", f"{fee_answer}:none", ":", ""):
        assert agent.get(f"{path}/text?answer={gone}").status_code == 404
    found = agent.get(f"{path}/search?q=khai sinh").text
    assert "khai sinh" in found.lower()
    assert "<html" not in found


@only_sqlite
def test_a_canned_reply_is_filled_from_this_conversation(office: Office, fee_answer: str) -> None:
    agent = office.browser("agent", name="Trần Thị Bình")
    with session_scope(office.sessions) as session:
        who = Member(agent.staff_id, "a@example.vn", "Trần Thị Bình", "agent")
        made = canned.save(
            session, who, title="Chào", body="{{agent.name}}: {{case.status}}", shared=False
        )
    handoff = held(office, agent, packet={"procedure_code": fee_answer})
    text = agent.get(f"/desk/handoffs/{handoff}/text?canned={made}").text
    assert text == "Trần Thị Bình: [còn thiếu: tình trạng hồ sơ]"
    assert "Chào" in agent.get(f"/desk/handoffs/{handoff}").text
    other = office.browser("agent")
    theirs = held(office, other)
    assert other.get(f"/desk/handoffs/{theirs}/text?canned={made}").status_code == 404


# --- shown as text, in bulk, and live


def test_script_of_a_citizen_is_text_on_every_page(office: Office) -> None:
    agent = office.browser("admin", name=SCRIPT)
    citizen = office.citizen(display_name=SCRIPT)
    said = office.says(citizen, SCRIPT, intent="ask_fee", confidence=900)
    office.says(citizen, SCRIPT, direction="out", state="refused", error=SCRIPT)
    packet = {"turns": [said], "left_message_id": said, "procedure_code": SCRIPT}
    handoff = held(office, agent, citizen, packet=packet, comment=SCRIPT)
    with session_scope(office.sessions) as session:
        session.add(HandoffNote(handoff_id=handoff, staff_id=agent.staff_id, text=SCRIPT))
    for path in ("", "mine", "all", "closed", f"handoffs/{handoff}", f"handoffs/{handoff}/thread"):
        page = agent.get(f"/desk/{path}").text
        assert "<script>" not in page
        assert page.count("<script") in (0, 3)
    page = agent.get(f"/desk/handoffs/{handoff}").text
    assert page.count("&lt;script&gt;") >= 5


@only_sqlite
def test_five_hundred_wait_and_are_read_fifty_to_a_page(office: Office) -> None:
    with session_scope(office.sessions) as session:
        people = [
            Conversation(channel="zalo", channel_user_id=f"w{i}", display_name=f"A B{i}")
            for i in range(500)
        ]
        session.add_all(people)
        session.flush()
        session.add_all(Handoff(conversation_id=p.id, reason="asked") for p in people)
    agent = office.browser("agent")
    page = agent.get("/desk/").text
    assert page.count("data-row") == 50
    assert "Trang 1/10" in page
    assert 'data-waiting="500"' in page
    rows = agent.get("/desk/?page=10", headers={"HX-Request": "true"}).text
    assert rows.count("data-row") == 50
    assert "<html" not in rows


def test_who_waits_longest_comes_first(office: Office) -> None:
    first = waits(office, created_at=utcnow() - hours(26.5))
    second = waits(office)
    page = office.browser("agent").get("/desk/").text
    assert page.index(f'id="row-{first}"') < page.index(f'id="row-{second}"')
    assert "Chờ 1 ngày 2 giờ" in page


@only_sqlite
def test_presence_is_chosen_on_every_page(office: Office) -> None:
    agent = office.browser("agent")
    form = {"state": "away", "reason": "họp", "next": "/desk/mine"}
    assert agent.post("/desk/presence", form).location == "/desk/mine"
    assert "Tạm vắng" in agent.get("/desk/").text
    with office.sessions() as session:
        assert session.get(StaffPresence, agent.staff_id).reason == "họp"
    assert agent.post("/desk/presence", {"state": "asleep"}).status_code == 400
    far = {"state": "present", "next": "https://evil.example/"}
    assert agent.post("/desk/presence", far).location == "/desk/"


def events(answer: TestResponse) -> Iterator[str]:
    """The names of the events of an open stream, as they come."""
    for chunk in answer.iter_encoded():
        yield from re.findall(r"^event: (\w+)$", chunk.decode(), re.MULTILINE)


@only_sqlite
def test_a_page_is_told_of_what_changed_since_it_was_made(
    office: Office, store: redis.Redis[Any]
) -> None:
    agent = office.browser("agent")
    handoff = held(office, agent)
    page = agent.get(f"/desk/handoffs/{handoff}").text
    match = re.search(r'sse-connect="([^"]+)"', page)
    assert match
    stream = agent.client.get(match[1].replace("&amp;", "&"), buffered=False)
    assert stream.mimetype == "text/event-stream"
    heard = events(stream)
    agent.post(f"/desk/handoffs/{handoff}/note", {"text": "mới"})
    assert next(heard) == "thread"
    waits(office)
    store.publish(QUEUE_BELL, b"1")
    assert next(heard) == "queue"
    with session_scope(office.sessions) as session:
        staff.set_active(session, agent.staff_id, False)
    store.publish(QUEUE_BELL, b"1")
    assert next(heard) == "gone"
    stream.close()


@only_sqlite
def test_a_third_stream_of_one_agent_is_asked_to_wait(office: Office) -> None:
    agent = office.browser("agent")
    opened = [agent.client.get("/desk/events", buffered=False) for _ in range(3)]
    assert [answer.status_code for answer in opened] == [200, 200, 503]
    assert opened[2].headers["Retry-After"] == str(streams.RETRY_SECONDS)
    for answer in opened:
        answer.close()
    places = office.app.extensions["stream_places"]
    assert places.open() == 0
