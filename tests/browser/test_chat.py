"""A citizen types into the chat page and reads the answers: every process is real."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.system import System

pytestmark = [pytest.mark.browser, pytest.mark.rasa]

ANSWER_MS = 20_000
CASE, SECOND_FACT = "H02.15-260114-0032", "4127"


CITIZENS = {1: "1111111111111111111", 2: "4444444444444444444", 3: "5555555555555555555"}


class Phone:
    """One citizen's phone on the page."""

    def __init__(self, page: Page, system: System, number: int) -> None:
        self.root = page.locator(f'[data-citizen="{number}"]')
        self.answers = self.root.locator(".message.from-oa")
        self._settle = lambda: system.settle(CITIZENS[number])

    def type(self, text: str) -> Locator:
        """Type and send; returns the first message of the answer."""
        before = self.answers.count()
        self.root.locator(".composer textarea").fill(text)
        self.root.locator(".composer button[type=submit]").click()
        return self._answer(before)

    def tap(self, title: str) -> Locator:
        """Tap the newest button with this title; returns the first message of the answer."""
        before = self.answers.count()
        self.root.get_by_role("button", name=title).last.click()
        return self._answer(before)

    def _answer(self, before: int) -> Locator:
        expect(self.answers.nth(before)).to_be_visible(timeout=ANSWER_MS)
        self._settle()  # an answer may have several messages: the next one must not be mixed in
        expect(self.root.locator(".typing")).to_be_hidden()
        return self.answers.nth(before)


@pytest.fixture
def page(browser: Browser, system: System) -> Iterator[Page]:
    """The chat page at desktop width, with a clean memory."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, locale="vi-VN")
    opened = context.new_page()
    opened.goto(system.zalo_url)
    yield opened
    context.close()


def test_a_mother_asks_about_a_birth_and_keeps_to_the_subject(page: Page, system: System) -> None:
    phone = Phone(page, system, 1)
    documents = phone.type("làm khai sinh cho con cần giấy tờ gì?")
    expect(documents).to_contain_text(re.compile("chứng sinh", re.IGNORECASE))
    expect(documents).to_contain_text("Nguồn: QĐ")
    expect(phone.type("thế lệ phí bao nhiêu")).to_contain_text("Miễn phí")
    where = phone.type("còn nộp ở đâu")
    expect(where).to_contain_text("khai sinh")
    expect(where).to_contain_text(re.compile("xã|Phục vụ hành chính công"))


def test_a_man_without_diacritics_chooses_what_he_meant(page: Page, system: System) -> None:
    phone = Phone(page, system, 2)
    expect(phone.type("dang ky tam tru can giay to gi")).to_contain_text("CT01")
    choice = phone.type("lam lai bang lai xe")
    expect(choice.locator("button").first).to_be_visible()
    titles = choice.locator("button").all_inner_texts()
    assert len(titles) >= 3, titles
    chosen = phone.tap(titles[0])
    expect(chosen).to_contain_text("Nguồn: QĐ")


def test_a_case_is_shown_only_after_the_second_fact(page: Page, system: System) -> None:
    phone = Phone(page, system, 3)
    question = phone.type(f"hồ sơ {CASE.lower()} tới đâu rồi")
    expect(question).to_contain_text("4 số cuối")
    expect(phone.type("khai sinh mất bao lâu")).to_contain_text("khai sinh")
    refused = phone.type("0000")
    expect(refused).not_to_contain_text("bổ sung")
    status = phone.type(SECOND_FACT)
    expect(status).to_contain_text(CASE)
    expect(status).to_contain_text(re.compile("bổ sung", re.IGNORECASE))


def test_the_inspector_shows_the_signed_event(page: Page, system: System) -> None:
    phone = Phone(page, system, 1)
    phone.type("chào bạn")
    phone.root.get_by_role("button", name="Xem gói tin").last.click()
    expect(page.get_by_text("X-ZEvent-Signature").first).to_be_visible()
