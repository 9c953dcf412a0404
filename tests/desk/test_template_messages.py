"""What an agent can still do when the platform's window is closed: an approved template message."""

from __future__ import annotations

import dataclasses
import datetime as dt
import html
import re
from typing import Any

import pytest
from sqlalchemy import select, update
from werkzeug.test import TestResponse

from bot.database import session_scope, utcnow
from bot.models.audit import AuditEntry
from bot.models.conversations import Conversation, Message
from bot.models.handoffs import Handoff
from bot.services import message_templates
from bot.services.message_templates import Param
from tests.consoles import Browser, Office, hidden

only_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
SCRIPT = "<script>alert('x')</script>"
LONG_AGO = dt.timedelta(days=8)
BODY = "Hồ sơ {ma_ho_so} của ông/bà {ho_ten} đã có kết quả. Mời đến {noi_nhan} để nhận."
FILLED = {"p-ma_ho_so": "H1", "p-ho_ten": "Nguyễn Văn An", "p-noi_nhan": "UBND xã"}
READ = "Hồ sơ H1 của ông/bà Nguyễn Văn An đã có kết quả. Mời đến UBND xã để nhận."


def registered(office: Office, **values: Any) -> int:
    """A template that an admin has registered; our id."""
    params = (
        Param("ma_ho_so", 30, "case.code"),
        Param("ho_ten", 60, "citizen.name"),
        Param("noi_nhan", 90),
    )
    usual = {
        "template_id": "310002",
        "name": "Mời nhận kết quả",
        "body": BODY,
        "params": params,
        "daytime_only": False,
        "active": True,
    }
    by = office.hire("admin")
    with session_scope(office.sessions) as session:
        made = message_templates.save(session, by, **{**usual, **values})
    assert made is not None
    return made


def closed(office: Office, **values: Any) -> int:
    """A citizen who wrote eight days ago; the conversation's id."""
    return office.citizen(**{"last_interaction_at": utcnow() - LONG_AGO, **values})


def held(office: Office, agent: Browser, conversation: int, **values: Any) -> int:
    """A handoff that this agent has claimed; its id."""
    claimed = {"state": "claimed", "claimed_by": agent.staff_id, "claimed_at": utcnow()}
    return office.hands_over(conversation, **claimed, **values)


def address(conversation: int, template: int) -> str:
    return f"/desk/conversations/{conversation}/templates/{template}"


def send(agent: Browser, where: str, **more: str) -> TestResponse:
    """Look at it, then send what was shown."""
    shown = agent.post(where, FILLED)
    fields = {name: hidden(shown, name) for name in ("form_id", "seen")}
    return agent.post(where, {**FILLED, "act": "send", **fields, **more})


def outgoing(office: Office) -> list[Message]:
    with office.sessions() as session:
        wanted = select(Message).where(Message.direction == "out").order_by(Message.id)
        return list(session.execute(wanted).scalars())


@only_sqlite
def test_the_closed_box_offers_what_is_switched_on(office: Office) -> None:
    agent = office.browser("agent")
    conversation = closed(office)
    handoff = held(office, agent, conversation)
    assert "Chưa có tin mẫu nào" in agent.get(f"/desk/handoffs/{handoff}").text
    on = registered(office)
    off = registered(office, template_id="2", name="Đã tắt rồi", active=False)
    for page in (f"/desk/handoffs/{handoff}", f"/desk/conversations/{conversation}"):
        text = agent.get(page).text
        assert address(conversation, on) in text
        assert "Đã tắt rồi" not in text
    assert agent.get(address(conversation, off)).status_code == 404
    assert agent.post(address(conversation, off), FILLED).status_code == 404


@only_sqlite
@pytest.mark.parametrize(
    "values",
    [
        {"channel": "web", "channel_user_id": "erased:1"},
        {"channel_user_id": "erased:2"},
        {"last_interaction_at": utcnow()},
    ],
)
def test_nothing_is_offered_where_no_window_has_closed(
    office: Office, values: dict[str, Any]
) -> None:
    agent = office.browser("agent")
    template, conversation = registered(office), closed(office, **values)
    assert "tin mẫu" not in agent.get(f"/desk/conversations/{conversation}").text
    assert agent.get(address(conversation, template)).status_code == 409
    agent.post(address(conversation, template), {**FILLED, "act": "send", "seen": READ})
    assert not outgoing(office)


@only_sqlite
def test_the_form_begins_with_what_is_known(office: Office) -> None:
    agent = office.browser("agent")
    conversation = closed(office, display_name=SCRIPT)
    packet = {"case": {"code": "H02.15-260114-0032", "verified": False}}
    held(office, agent, conversation, packet=packet)
    page = agent.get(address(conversation, registered(office)))
    assert re.search(r'name="p-noi_nhan"[^>]* value=""', page.text)
    assert 'value="H02.15-260114-0032"' in page.text
    assert f'value="{html.escape(SCRIPT, quote=True).replace("&#x27;", "&#39;")}"' in page.text
    assert SCRIPT not in page.text


@only_sqlite
def test_an_agent_sees_what_the_citizen_will_read_and_sends_it_once(office: Office) -> None:
    agent = office.browser("agent")
    conversation = closed(office)
    handoff = held(office, agent, conversation)
    where = address(conversation, registered(office))
    shown = agent.post(where, FILLED)
    assert READ in shown.text
    assert not outgoing(office)
    fields = {name: hidden(shown, name) for name in ("form_id", "seen")}
    form = {**FILLED, "act": "send", **fields}
    answer = agent.post(where, form)
    assert answer.headers["Location"] == f"/desk/handoffs/{handoff}"
    assert "không gửi lần thứ hai" in agent.post(where, form, follow_redirects=True).text
    [message] = outgoing(office)
    assert (message.kind, message.text, message.state) == ("template", READ, "queued")
    assert message.content["template"]["id"] == "310002"
    assert dict(message.content["template"]["values"]) == {
        name.removeprefix("p-"): value for name, value in FILLED.items()
    }
    page = agent.get(f"/desk/handoffs/{handoff}").text
    assert "[Tin mẫu Zalo]" in page
    with office.sessions() as session:
        wanted = select(AuditEntry).where(AuditEntry.action == "reply")
        [entry] = session.execute(wanted).scalars()
    assert entry.detail["templates"] == ["310002"]
    assert "An" not in str(entry.detail)


@only_sqlite
@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"p-noi_nhan": "  "}, "Chưa điền “noi_nhan”"),
        ({"p-ho_ten": "x" * 61}, "“tên người dân” dài 61 ký tự, tối đa 60"),
    ],
)
def test_what_does_not_fit_is_said_and_kept(
    office: Office, changed: dict[str, str], said: str
) -> None:
    where = address(closed(office), registered(office))
    answer = office.browser("agent").post(where, {**FILLED, **changed, "act": "send"})
    assert answer.status_code == 422
    assert said in answer.text
    assert 'value="H1"' in answer.text
    assert not outgoing(office)


@only_sqlite
def test_what_was_not_shown_is_not_sent(office: Office) -> None:
    where = address(closed(office), registered(office))
    answer = send(office.browser("agent"), where, **{"p-noi_nhan": "Sở Tư pháp"})
    assert "Mời đến Sở Tư pháp để nhận." in answer.text
    assert not outgoing(office)


@only_sqlite
def test_a_citizen_who_wrote_meanwhile_costs_nothing(office: Office) -> None:
    agent = office.browser("agent")
    conversation = closed(office)
    where = address(conversation, registered(office))
    shown = agent.post(where, FILLED)
    with session_scope(office.sessions) as session:
        session.execute(update(Conversation).values(last_interaction_at=utcnow()))
    fields = {name: hidden(shown, name) for name in ("form_id", "seen")}
    answer = agent.post(where, {**FILLED, "act": "send", **fields}, follow_redirects=True)
    assert "Người dân vừa nhắn lại" in answer.text
    assert not outgoing(office)


@only_sqlite
def test_another_agents_conversation_is_left_to_them(office: Office) -> None:
    conversation = closed(office)
    held(office, office.browser("agent", name="Trần Bình"), conversation)
    answer = send(office.browser("agent"), address(conversation, registered(office)))
    assert answer.status_code == 409
    assert "Trần Bình đang trả lời" in answer.text
    assert not outgoing(office)


@only_sqlite
def test_at_night_the_agent_is_told_and_keeps_what_they_wrote(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    night = dt.datetime(2026, 12, 1, 23, tzinfo=message_templates.VIETNAM)
    monkeypatch.setattr("bot.desk.template_messages.utcnow", lambda: night)
    conversation = closed(office)
    care = registered(office, template_id="310003", daytime_only=True)
    answer = send(office.browser("agent"), address(conversation, care))
    assert answer.status_code == 409
    assert "từ 6:00 đến 22:00" in answer.text
    assert 'value="UBND xã"' in answer.text
    assert not outgoing(office)
    send(office.browser("agent"), address(conversation, registered(office)))
    assert len(outgoing(office)) == 1


@only_sqlite
def test_nothing_is_offered_or_sent_where_nothing_may_cost(office: Office) -> None:
    unpaid = dataclasses.replace(office.app.extensions["settings"], zalo_paid_messages=False)
    office.app.extensions["settings"] = unpaid
    agent, template, conversation = office.browser("agent"), registered(office), closed(office)
    assert (
        address(conversation, template) not in agent.get(f"/desk/conversations/{conversation}").text
    )
    answer = agent.post(address(conversation, template), {**FILLED, "act": "send", "seen": READ})
    assert answer.status_code == 409
    assert not outgoing(office)


@only_sqlite
@pytest.mark.parametrize("live", [True, False])
def test_a_window_that_closes_while_the_agent_writes_keeps_the_words_and_offers_a_template(
    office: Office, live: bool
) -> None:
    agent = office.browser("agent")
    conversation = office.citizen()
    handoff = held(office, agent, conversation)
    template = registered(office)
    form_id = hidden(agent.get(f"/desk/handoffs/{handoff}"), "form_id")
    with session_scope(office.sessions) as session:
        session.execute(update(Conversation).values(last_interaction_at=utcnow() - LONG_AGO))
    answer = agent.post(
        f"/desk/handoffs/{handoff}/reply",
        {"text": "Hồ sơ của bạn xong rồi.", "form_id": form_id},
        headers={"HX-Request": "true"} if live else {},
    )
    assert answer.status_code == 409
    assert address(conversation, template) in answer.text
    # With script the words stay in the box, where they are; without it the page gives them back.
    assert live or "Hồ sơ của bạn xong rồi.</textarea>" in answer.text
    assert not outgoing(office)


@only_sqlite
def test_a_failed_one_can_be_sent_again_though_the_window_is_closed(office: Office) -> None:
    agent = office.browser("agent")
    conversation = closed(office)
    send(agent, address(conversation, registered(office)))
    failed = {"state": "refused", "error": "zalo -146", "finished_at": utcnow()}
    with session_scope(office.sessions) as session:
        session.execute(update(Message).where(Message.direction == "out").values(failed))
    page = agent.get("/desk/undelivered")
    assert "Mẫu tin có trục trặc" in page.text
    agent.post("/desk/undelivered/replay", {"key": hidden(page, "key")})
    assert [m.state for m in outgoing(office)] == ["queued"]


@only_sqlite
def test_sending_one_claims_whoever_waits(office: Office) -> None:
    agent = office.browser("agent")
    conversation = closed(office)
    handoff = office.hands_over(conversation)
    send(agent, address(conversation, registered(office)))
    with office.sessions() as session:
        found = session.execute(select(Handoff).where(Handoff.id == handoff)).scalar_one()
    assert (found.state, found.claimed_by) == ("claimed", agent.staff_id)
