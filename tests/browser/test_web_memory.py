"""The chat's memory in a browser whose storage is full or forbidden."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

SCRIPT = Path(__file__).parents[2] / "bot/channels/web/static/memory.js"
FILL = """() => {
  let size = 5 * 1024 * 1024;
  for (let n = 0; size >= 1; n += 1) {
    try { localStorage.setItem(`other${n}`, "x".repeat(size)); }
    catch { size = Math.floor(size / 2); }
  }
}"""


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page of a site with `memory` in it, as the widget has."""
    context = browser.new_context()
    opened = context.new_page()
    opened.route("**/*", lambda route: route.fulfill(body="<p>", content_type="text/html"))
    opened.goto("http://portal.test/")
    opened.add_script_tag(
        content=f"{SCRIPT.read_text()}; memory = new Memory('/chat', () => {{}});"
    )
    yield opened
    context.close()


def test_a_full_storage_does_not_bring_back_what_was_there_before(page: Page) -> None:
    page.evaluate("() => memory.change({ token: 'old' })")
    page.evaluate(FILL)
    page.evaluate("() => memory.change({ token: 'new', seen: 7 })")
    page.evaluate("() => memory.addUnsent({ id: 'a', text: 'Xin chào' })")
    assert page.evaluate("() => memory.read()") == {
        "token": "new",
        "unsent": [{"id": "a", "text": "Xin chào"}],
        "seen": 7,
    }
    page.evaluate("() => memory.removeUnsent('a')")
    assert page.evaluate("() => memory.read().unsent") == []


def test_what_was_held_is_written_when_there_is_room_again(page: Page) -> None:
    page.evaluate("() => memory.change({ token: 'old' })")
    page.evaluate(FILL)
    page.evaluate("() => memory.change({ token: 'new', unsent: [{ id: 'a', text: 'x' }] })")
    page.evaluate("() => { for (let n = 0; n < 99; n += 1) localStorage.removeItem(`other${n}`); }")
    page.evaluate("() => memory.change({ seen: 9 })")
    stored = page.evaluate("() => new Memory('/chat', () => {}).read()")
    assert (stored["token"], stored["seen"]) == ("new", 9)
    page.evaluate("() => memory.forget()")
    assert page.evaluate("() => memory.read().token") == ""


def test_where_storage_is_forbidden_the_page_remembers(page: Page) -> None:
    page.evaluate(
        "() => Object.defineProperty(window, 'localStorage', { get() { throw new Error('no'); } })"
    )
    page.evaluate("() => memory.change({ token: 'mine' })")
    assert page.evaluate("() => memory.read().token") == "mine"
    page.evaluate("() => memory.forget()")
    assert page.evaluate("() => memory.read().token") == ""
