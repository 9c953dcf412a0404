"""Asking a citizen for name and phone: a form on Zalo, plain words elsewhere."""

from __future__ import annotations

import pytest

from bot.channels.web.outgoing import data_of
from bot.channels.zalo.client import ZaloChannel, message_of
from bot.conversation.cutting import fit
from bot.conversation.messages import Reply
from bot.conversation.sending import to_row
from bot.database import session_scope, utcnow
from bot.services import inbox
from bot.services.visitors import Line
from bot.settings import Settings
from simulator.zalo.server import SimulatorServer
from tests.chain import USER, Chain

ASKING = Reply("Bạn cho xin họ tên và số điện thoại nhé.", asks_info=True)


@pytest.fixture
def settings(simulated: Settings) -> Settings:
    """The settings of an assistant whose platform is the simulator."""
    return simulated


def test_the_form_reaches_the_phone_below_its_words(
    settings: Settings, chain: Chain, simulator: SimulatorServer
) -> None:
    conversation_id = chain.say("chào")
    with session_scope(chain.sessions) as session:
        inbox.store_replies(session, conversation_id, [to_row(ASKING)])
    zalo = ZaloChannel(settings, chain.tokens, chain.store)
    chain.attendant(zalo=zalo).attend(conversation_id)
    bubbles = simulator.platform.citizens[USER].messages
    forms = [b for b in bubbles if b.attachment and b.attachment["type"] == "request_user_info"]
    assert [form.text for form in forms] == [ASKING.text]
    assert "sent" in chain.states("out")


def test_its_picture_is_fetched_from_our_own_address() -> None:
    def element(public_url: str) -> dict[str, str]:
        payload = message_of(ASKING, public_url)["attachment"]["payload"]
        found: dict[str, str] = payload["elements"][0]
        return found

    address = element("https://tro-ly.example.vn")["image_url"]
    assert address == "https://tro-ly.example.vn/static/desk/contact.png"
    assert "image_url" not in element("")


def test_the_form_stays_below_the_last_part_of_a_long_text() -> None:
    parts = fit([Reply("một câu dài. " * 20, asks_info=True)], 100)
    assert len(parts) > 1
    assert [part.asks_info for part in parts] == [False] * (len(parts) - 1) + [True]


def test_on_the_web_the_words_ask_by_themselves() -> None:
    row = to_row(ASKING)
    line = Line(1, "out", "text", row.text, row.content, "", utcnow())
    assert data_of(line)["text"] == ASKING.text
    assert data_of(line)["buttons"] == []
