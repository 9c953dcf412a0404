"""A citizen photographs the receipt slip, replies to an answer and taps a heart: all is real."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests
from playwright.sync_api import Browser, Locator, Page, expect
from sqlalchemy import select

from bot.models.conversations import Conversation, Message
from tests.fakes import eventually
from tests.system import System

pytestmark = [pytest.mark.browser, pytest.mark.rasa]

ANSWER_MS = 20_000
CASE, SECOND_FACT = "H02.15-260114-0032", "4127"
CITIZEN = "4444444444444444444"


@pytest.fixture
def phone(browser: Browser, system: System) -> Iterator[Locator]:
    """The phone of a citizen of whom nothing is known: no proof of a case, no agent beside them."""
    system.forget(CITIZEN)
    page: Page = browser.new_page(viewport={"width": 1440, "height": 900}, locale="vi-VN")
    page.goto(system.zalo_url)
    theirs = page.locator('[data-citizen="2"]')
    # What was said in other tests loads after the page; a count before that would be too small.
    said = [send for send in system.sends(CITIZEN) if not send["error"]]
    expect(theirs.locator(".message.from-oa")).to_have_count(len(said))
    yield theirs
    page.close()


def test_a_photo_of_the_slip_opens_its_case_after_the_second_fact(
    phone: Locator, system: System
) -> None:
    answers = phone.locator(".message.from-oa")
    before = answers.count()
    phone.locator("[data-picker=image]").click()
    phone.get_by_role("img", name="Ảnh giấy hẹn có mã QR").click()
    asked = answers.nth(before)
    expect(asked).to_contain_text(f"hồ sơ {CASE}", timeout=ANSWER_MS)
    expect(asked).to_contain_text("4 số cuối")
    system.settle(CITIZEN)
    phone.locator(".composer textarea").fill(SECOND_FACT)
    phone.locator(".composer button[type=submit]").click()
    expect(answers.nth(before + 1)).to_contain_text(f"Hồ sơ {CASE}", timeout=ANSWER_MS)


def test_a_picture_of_something_else_is_told_how_to_do_better(
    phone: Locator, system: System
) -> None:
    answers = phone.locator(".message.from-oa")
    before = answers.count()
    phone.locator("[data-picker=image]").click()
    phone.get_by_role("img", name="Ảnh giấy tờ mẫu").click()
    expect(answers.nth(before)).to_contain_text("không đọc được mã hồ sơ", timeout=ANSWER_MS)


def _act(system: System, **act: Any) -> str:
    url = f"{system.zalo_url}/_control/send-as"
    done = requests.post(url, json={"user_id": "81234567890", **act}, timeout=10)
    done.raise_for_status()
    return str(done.json()["msg_id"])


def _ours(system: System) -> list[Message]:
    theirs = select(Conversation.id).where(Conversation.channel_user_id == "81234567890")
    wanted = select(Message).where(Message.conversation_id.in_(theirs), Message.direction == "out")
    with system.sessions() as session:
        return list(session.execute(wanted.order_by(Message.id)).scalars())


def test_a_reply_to_an_earlier_answer_is_about_its_procedure_and_a_heart_is_kept(
    system: System,
) -> None:
    user = "81234567890"
    system.say(user, "đăng ký tạm trú cần giấy tờ gì")
    about_residence = _ours(system)[-1].channel_message_id
    system.say(user, "đăng ký kết hôn cần giấy tờ gì")
    before = len(_ours(system))
    quoting = _act(system, text="cái này bao nhiêu tiền", quote=about_residence)
    system.settle(user, quoting)
    assert "tạm trú" in "\n".join(m.text for m in _ours(system)[before:]).lower()
    _act(system, reaction={"message_id": about_residence, "icon": "/-heart"})

    def hearts() -> list[str]:
        return [m.channel_message_id for m in _ours(system) if m.reaction == "/-heart"]

    eventually(lambda: hearts() == [about_residence])
