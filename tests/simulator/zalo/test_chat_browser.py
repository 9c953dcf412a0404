"""The chat page in Chromium: what people type, tap and read."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.simulator.zalo.conftest import USER, Caller
from tests.simulator.zalo.receiver import Receiver

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    opened = browser.new_page(viewport={"width": 1440, "height": 900}, locale="vi-VN")
    yield opened
    opened.close()


@pytest.fixture
def phone(page: Page, zalo: Caller) -> Locator:
    page.set_viewport_size({"width": 1440, "height": 900})
    page.goto(zalo.url)
    phone = page.locator('[data-citizen="1"]')
    expect(phone.locator(".welcome")).to_be_visible()
    return phone


def say(phone: Locator, text: str) -> None:
    phone.locator(".composer textarea").fill(text)
    phone.locator(".composer button[type=submit]").click()
    expect(phone.locator(".message.from-citizen").last).to_contain_text(text)


def test_what_is_typed_reaches_the_webhook_and_the_answer_is_read(
    phone: Locator, zalo: Caller, receiver: Receiver
) -> None:
    say(phone, "lệ phí bao nhiêu?")
    assert receiver.wait(1)[0].event["message"]["text"] == "lệ phí bao nhiêu?"
    expect(phone.locator(".typing")).to_be_visible()
    zalo.send("Miễn phí.\nNguồn: Quyết định 1")
    expect(phone.locator(".message.from-oa .text")).to_have_text("Miễn phí.\nNguồn: Quyết định 1")
    expect(phone.locator(".typing")).to_be_hidden()
    expect(phone.locator(".message.from-citizen .status")).to_have_text("✓✓ OA đã trả lời")
    seen = receiver.wait(1, lambda p: p.name == "user_seen_message")
    assert seen[0].event["recipient"] == {"id": USER}


def test_text_never_becomes_markup_and_only_web_addresses_become_links(
    phone: Locator, zalo: Caller
) -> None:
    say(phone, "chào")
    zalo.send("<img src=x onerror=alert(1)> javascript:alert(1) https://a.vn/x?y=1.")
    text = phone.locator(".message.from-oa .text")
    expect(text).to_contain_text("<img src=x onerror=alert(1)>")
    assert text.locator("img").count() == 0
    links = text.locator("a")
    assert [link.get_attribute("href") for link in links.all()] == ["https://a.vn/x?y=1"]


def test_a_tap_sends_the_payload_and_only_show_prints_it(
    phone: Locator, zalo: Caller, receiver: Receiver
) -> None:
    say(phone, "chào")
    choices = [
        {"title": "Giấu", "type": "oa.query.hide", "payload": "#dvc:menu"},
        {"title": "Hiện", "type": "oa.query.show", "payload": "#dvc:khac"},
    ]
    zalo.send("Chọn:", attachment={"type": "template", "payload": {"buttons": choices}})
    buttons = phone.locator(".message .buttons button")
    buttons.nth(0).click()
    buttons.nth(1).click()
    said = receiver.wait(3, lambda p: p.name == "user_send_text")
    assert [p.event["message"]["text"] for p in said] == ["chào", "#dvc:menu", "#dvc:khac"]
    expect(phone.locator(".message.from-citizen .text")).to_have_text(["chào", "#dvc:khac"])


def test_pickers_and_follow_send_their_events(phone: Locator, receiver: Receiver) -> None:
    for kind in ("sticker", "image", "location"):
        phone.locator(f"[data-picker={kind}]").click()
        phone.locator(".picker button").first.click()
        receiver.wait(1, lambda p, kind=kind: p.name == f"user_send_{kind}")
    phone.locator(".follow").click()
    receiver.wait(1, lambda p: p.name == "follow")
    expect(phone.locator(".follow")).to_have_text("Đã quan tâm")


def test_a_suggestion_is_sent_as_if_typed(phone: Locator, receiver: Receiver) -> None:
    chip = phone.locator(".chips button").first
    words = chip.inner_text()
    chip.click()
    assert receiver.wait(1)[0].event["message"]["text"] == words
    expect(phone.locator(".chips")).to_be_hidden()


def test_the_inspector_shows_the_signature_and_gives_the_focus_back(
    phone: Locator, page: Page, receiver: Receiver
) -> None:
    say(phone, "chào")
    receiver.wait(1)
    phone.locator(".inspect").click()
    expect(page.locator(".inspected")).to_contain_text("X-ZEvent-Signature: mac=")
    expect(page.locator(".inspected")).to_contain_text("HTTP 200")
    page.keyboard.press("Escape")
    expect(page.locator(".inspector")).to_be_hidden()
    expect(phone.locator(".inspect")).to_be_focused()


@pytest.mark.parametrize("width", [360, 1440])
def test_nothing_runs_over_the_edge(phone: Locator, page: Page, zalo: Caller, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    say(phone, "chào")
    zalo.send("dài" * 300 + " https://a.vn/" + "x" * 300)
    expect(phone.locator(".message.from-oa")).to_be_visible()
    overflow = (
        "root => [root, ...root.querySelectorAll('.messages, .bubble')]"
        ".filter(n => n.scrollWidth > n.clientWidth).length"
    )
    assert phone.evaluate(overflow) == 0
    assert page.evaluate("document.documentElement.scrollWidth") == width


def test_a_narrow_screen_shows_one_phone_and_counts_the_others_news(
    phone: Locator, page: Page, zalo: Caller
) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    other = page.locator('[data-citizen="2"]')
    expect(other).to_be_hidden()
    zalo.says("chào", "4444444444444444444")
    zalo.send("Xin chào", "4444444444444444444")
    expect(page.locator("#tab-2")).to_contain_text("1 tin mới")
    page.locator("#tab-2").click()
    expect(other.locator(".message.from-oa")).to_be_visible()
    expect(phone).to_be_hidden()
    expect(page.locator("#tab-2")).not_to_contain_text("tin mới")
