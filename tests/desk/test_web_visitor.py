"""Staff and a visitor of the web chat: the same desk, no window, and the channel is told."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import select

from bot.database import session_scope, utcnow
from bot.models.conversations import Message
from bot.services import conversations
from tests.consoles import Office

LONG_AGO = utcnow() - dt.timedelta(days=30)


def visitor(office: Office) -> int:
    return office.citizen(
        channel="web", channel_user_id="a" * 64, display_name="", last_interaction_at=LONG_AGO
    )


def test_a_visitor_of_a_month_ago_can_still_be_answered(office: Office) -> None:
    who, agent = visitor(office), office.browser("agent")
    office.says(who, "xin chào", channel="web")
    page = agent.get(f"/desk/conversations/{who}").text
    assert ">Web<" in page
    assert "Gửi cho người dân" in page
    assert "Zalo có thể tính phí" not in page
    answer = agent.post(f"/desk/conversations/{who}/reply", {"text": "Chào bạn"})
    assert answer.status_code == 303
    with session_scope(office.sessions, readonly=True) as session:
        wanted = select(Message).where(Message.direction == "out")
        [reply] = session.execute(wanted).scalars()
    assert (reply.channel, reply.text, reply.state) == ("web", "Chào bạn", "queued")


def test_a_button_is_shown_as_what_stood_on_it(office: Office) -> None:
    who = visitor(office)
    office.says(who, "#dvc:menu", channel="web", content={"title": "Xem thực đơn"})
    page = office.browser("agent").get(f"/desk/conversations/{who}").text
    assert "Xem thực đơn" in page
    assert "#dvc:" not in page


def test_who_erased_the_conversation_cannot_be_written_to(office: Office) -> None:
    who, agent = visitor(office), office.browser("agent")
    with session_scope(office.sessions) as session:
        conversations.erase(session, who, forget_user=True)
    assert "đã xóa cuộc trò chuyện" in agent.get(f"/desk/conversations/{who}").text
    answer = agent.post(f"/desk/conversations/{who}/reply", {"text": "Chào bạn"})
    assert answer.status_code == 409
