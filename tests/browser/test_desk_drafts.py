"""Drafts on an open page: they come by themselves, by keyboard, and spoil nothing in the box."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
import redis
from playwright.sync_api import Browser, Page, expect
from sqlalchemy.orm import Session, sessionmaker
from werkzeug.serving import make_server

from bot import bell
from bot.services import handoffs
from bot.settings import Settings
from tests.consoles import Office
from tests.desk.test_drafts_pages import TITLE, Scene
from tests.desk.test_handoffs_pages import outgoing
from webhook import create_app

pytestmark = [
    pytest.mark.browser,
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
]


@pytest.fixture
def web(settings: Settings, sessions: sessionmaker[Session]) -> Iterator[tuple[str, Office]]:
    """The web application behind a real port; its address and its people."""
    app = create_app(settings)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", Office(app, sessions)
    server.shutdown()
    thread.join(5)
    app.extensions["metrics"].close()


@pytest.fixture
def desk(browser: Browser, web: tuple[str, Office]) -> Iterator[tuple[Page, Scene]]:
    """An agent's page of a conversation for which there is a draft."""
    base, office = web
    scene = Scene(office)
    cookie = scene.agent.client.get_cookie("staff")
    assert cookie is not None
    context = browser.new_context(viewport={"width": 1280, "height": 900}, locale="vi-VN")
    context.add_cookies([{"name": "staff", "value": cookie.value, "url": base}])
    page = context.new_page()
    page.goto(f"{base}{scene.path}")
    yield page, scene
    context.close()


def test_drafts_are_approved_and_edited_on_a_page_that_stays_open(
    desk: tuple[Page, Scene], store: redis.Redis[Any]
) -> None:
    page, scene = desk

    def ring() -> None:
        for name in handoffs.bells(scene.handoff):
            bell.ring(store, name)

    approve = page.get_by_role("button", name="Duyệt và gửi")
    box = page.locator("#text")
    box.fill("đang viết dở")
    box.press("Escape")
    page.keyboard.press("g")
    expect(approve).to_be_focused()
    assert outgoing(scene.office) == [], "a key alone sends nothing"
    page.keyboard.press("Enter")
    expect(page.locator("#sent")).to_contain_text("Đã duyệt")
    expect(page.locator("#thread .staff")).to_have_count(2)
    expect(page.locator("#drafts")).not_to_contain_text(TITLE)
    expect(box).to_have_value("đang viết dở")

    box.fill("")
    message = scene.office.says(scene.conversation, "thế nộp ở đâu", outcome="staff")
    scene.draft = scene.drafted(message)
    ring()
    expect(page.locator("#drafts")).to_contain_text(TITLE)  # by itself
    page.get_by_role("link", name="Sửa").press("Enter")
    expect(box).to_have_value(
        "💰 Lệ phí: 20.000 đồng <b>một lần</b>.\n\nNguồn: Quyết định 1/QĐ-UBND\n\nNộp ở UBND xã."
    )
    scene.office.says(scene.conversation, "à thôi, tôi hỏi thời hạn", outcome="staff")
    ring()
    expect(page.locator("#drafts .old")).to_contain_text("Gợi ý đã cũ")
    expect(approve).to_have_count(0)
    page.reload()  # the text is kept, and that it was made of this draft
    box.press("End")
    page.keyboard.insert_text(" (đã sửa)")
    box.press("Control+Enter")
    expect(box).to_have_value("")
    expect(page.locator("#thread .staff")).to_have_count(3)
    assert "(đã sửa)" in outgoing(scene.office)[-1].text
    assert scene.trail() == ["draft_approved", "draft_edited"]
    assert page.locator("#draft-id").input_value() == ""
