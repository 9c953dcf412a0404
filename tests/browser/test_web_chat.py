"""A visitor without Zalo talks to the assistant on a portal's page: every process is real."""

from __future__ import annotations

import contextlib
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from bot.processes import base_url
from tests.system import System

pytestmark = [pytest.mark.browser, pytest.mark.rasa]

ANSWER_MS = 20_000
PHONE = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}
DESKTOP = {"viewport": {"width": 1280, "height": 800}}
HOSTILE_CSS = (
    "button { display: none !important } div { font-size: 4px; text-transform: uppercase }"
    " * { position: static !important; color: lime !important }"
)


class Chat:
    """The widget on one page."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.messages = page.locator("#tro-ly-chat .message")
        self.answers = page.locator("#tro-ly-chat .message.bot")
        self.field = page.get_by_label("Câu hỏi của bạn")

    def type(self, text: str) -> Locator:
        """Type and press Enter; the first message of the answer."""
        before = self.answers.count()
        self.field.fill(text)
        self.field.press("Enter")
        return self._answer(before)

    def tap(self, button: Locator) -> Locator:
        """Tap a button under a message; the first message of the answer."""
        before = self.answers.count()
        button.click()
        return self._answer(before)

    def _answer(self, before: int) -> Locator:
        expect(self.answers.nth(before)).to_be_visible(timeout=ANSWER_MS)
        return self.answers.nth(before)


@pytest.fixture(params=[PHONE, DESKTOP], ids=["phone", "desktop"])
def context(browser: Browser, request: pytest.FixtureRequest) -> Iterator[BrowserContext]:
    """A clean browser of each size."""
    made = browser.new_context(locale="vi-VN", **request.param)
    yield made
    made.close()


@pytest.fixture
def chat(context: BrowserContext, system: System) -> Chat:
    """The chat's own page, open."""
    page = context.new_page()
    page.goto(f"{base_url(system.settings)}/chat/")
    return Chat(page)


def test_a_visitor_asks_taps_and_finds_everything_again_after_a_reload(chat: Chat) -> None:
    sourced = chat.answers.filter(has_text="Nguồn: QĐ")
    answer = chat.tap(chat.page.get_by_role("button", name="Làm khai sinh cho con"))
    expect(answer).to_contain_text(re.compile("chứng sinh", re.IGNORECASE))
    expect(sourced).to_have_count(1, timeout=ANSWER_MS)
    choice = chat.type("làm khai sinh cần giấy tờ gì")
    button = choice.get_by_role("button").first
    title = button.inner_text()
    chat.tap(button)
    expect(chat.page.locator(".message.you").last).to_contain_text(title)  # not its payload
    expect(sourced).to_have_count(2, timeout=ANSWER_MS)
    before = chat.messages.all_inner_texts()
    chat.page.reload()
    expect(chat.messages).to_have_count(len(before), timeout=ANSWER_MS)
    assert chat.messages.all_inner_texts() == before


def test_a_visitor_erases_the_conversation(chat: Chat) -> None:
    chat.type("xin chào")
    chat.page.get_by_role("button", name="Xóa cuộc trò chuyện").click()
    expect(chat.page.get_by_role("button", name="Giữ lại")).to_be_focused()
    chat.page.get_by_role("button", name="Xóa hết").click()
    expect(chat.messages).to_have_count(0)
    expect(chat.page.get_by_text("Đã xóa cuộc trò chuyện.")).to_be_visible()
    chat.page.reload()
    expect(chat.page.get_by_text("Chào bạn!")).to_be_visible()
    expect(chat.messages).to_have_count(0)


def test_what_could_not_be_sent_is_sent_once_when_the_line_is_back(chat: Chat) -> None:
    chat.type("xin chào")
    chat.page.context.set_offline(True)
    chat.field.fill("lệ phí khai sinh bao nhiêu")
    chat.field.press("Enter")
    mine = chat.page.locator(".message.you", has_text="lệ phí khai sinh")
    expect(mine).to_contain_text("Chưa gửi được", timeout=ANSWER_MS)
    expect(chat.page.get_by_text("Mất kết nối")).to_be_visible(timeout=ANSWER_MS)
    chat.page.context.set_offline(False)
    expect(mine).not_to_contain_text("Chưa gửi được", timeout=ANSWER_MS)
    expect(chat.answers.filter(has_text="khai sinh").first).to_be_visible(timeout=ANSWER_MS)
    expect(mine).to_have_count(1)
    expect(chat.page.get_by_text("Mất kết nối")).to_be_hidden()


def test_the_keyboard_is_enough(browser: Browser, system: System) -> None:
    context = browser.new_context(locale="vi-VN", **DESKTOP)
    page = context.new_page()
    page.goto(f"{base_url(system.settings)}/chat/")
    page.get_by_role("button", name="Đóng trò chuyện").focus()
    page.keyboard.press("Escape")
    launch = page.get_by_role("button", name="Mở trò chuyện")
    expect(launch).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog", name="Trợ lý thủ tục")).to_be_visible()
    expect(page.get_by_label("Câu hỏi của bạn")).to_be_focused()
    page.keyboard.type("xin chào")
    page.keyboard.press("Enter")
    expect(page.locator(".message.bot").first).to_be_visible(timeout=ANSWER_MS)
    expect(page.get_by_role("log")).to_have_attribute("aria-live", "polite")
    page.keyboard.press("Escape")
    expect(launch).to_be_focused()
    context.close()


def test_a_place_is_shared_only_after_a_tap(browser: Browser, system: System) -> None:
    context = browser.new_context(
        locale="vi-VN",
        geolocation={"latitude": 21.18612345, "longitude": 106.0763},
        permissions=["geolocation"],
        **PHONE,
    )
    page = context.new_page()
    page.goto(f"{base_url(system.settings)}/chat/")
    with page.expect_request("**/chat/messages") as sent:
        page.get_by_role("button", name="Gửi vị trí của tôi").click()
    posted: Any = sent.value.post_data_json
    assert posted["location"] == {"latitude": 21.186, "longitude": 106.076}
    expect(page.locator(".message.you")).to_contain_text("Vị trí của bạn")
    expect(page.locator(".message.bot").first).to_be_visible(timeout=ANSWER_MS)
    context.close()


def test_a_strict_and_hostile_portal_shows_it_as_it_is(browser: Browser, system: System) -> None:
    """Its policy allows nothing but the assistant, its style sheet hides every button."""
    context = browser.new_context(locale="vi-VN", **DESKTOP)
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    with portal(base_url(system.settings)) as url:
        page.goto(url)
        page.get_by_role("button", name="Mở trò chuyện").click()
        chat = Chat(page)
        expect(chat.type("xin chào")).to_be_visible()
        panel = page.get_by_role("dialog", name="Trợ lý thủ tục")
        box = panel.bounding_box()
        assert box is not None
        assert (box["width"], box["height"]) == (380, 600)
        title = page.get_by_role("heading", name="Trợ lý thủ tục")
        styles = title.evaluate(
            "e => [getComputedStyle(e).textTransform, getComputedStyle(e).fontSize]"
        )
        assert styles == ["none", "18px"]
        assert complaints == []
    context.close()


@contextlib.contextmanager
def portal(assistant: str) -> Iterator[str]:
    """A portal's page on a server of its own; its address."""
    page = (
        '<!doctype html><html lang="vi"><head><meta charset="utf-8"><title>Cổng</title>'
        '<link rel="stylesheet" href="/portal.css"><link rel="icon" href="data:,">'
        f'<script src="{assistant}/chat/widget.js" defer></script></head><body>Cổng</body></html>'
    )

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            kind, text = ("css", HOSTILE_CSS) if self.path.endswith(".css") else ("html", page)
            self.send_response(200)
            self.send_header("Content-Type", f"text/{kind}; charset=utf-8")
            policy = f"default-src 'self'; script-src {assistant}; connect-src {assistant}"
            self.send_header("Content-Security-Policy", f"{policy}; img-src data:")
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield f"http://localhost:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()
