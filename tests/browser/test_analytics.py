"""The figures in a browser: plots are drawn under the page's policy, on phone and desktop."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, expect

from bot.database import session_scope
from bot.services.analytics import words
from tests.browser.test_desk import faults
from tests.consoles import PASSWORD, Office
from tests.services.analytics.world import fill

pytestmark = [
    pytest.mark.browser,
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
]
EMAIL = "giam.sat@example.vn"
FORTNIGHT = "period=custom&from=2026-11-02&to=2026-11-15"
PLOTS = 9
DRAWN = "c => c.getContext('2d').getImageData(0, 0, c.width, c.height).data.some(v => v > 0)"


def sign_in(page: Page, base: str) -> None:
    page.goto(f"{base}/login")
    page.get_by_label("E-mail").fill(EMAIL)
    page.get_by_label("Mật khẩu").fill(PASSWORD)
    page.get_by_role("button", name="Đăng nhập").click()


def test_the_page_draws_its_plots_fits_and_has_no_serious_fault(
    browser: Browser, web: tuple[str, Office]
) -> None:
    base, office = web
    office.hire("auditor", email=EMAIL)
    context = browser.new_context(viewport={"width": 390, "height": 800}, locale="vi-VN")
    page = context.new_page()
    said: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("request", lambda request: asked.append(request.url))
    sign_in(page, base)
    page.goto(f"{base}/admin/analytics")
    expect(page.get_by_text("Chưa có hội thoại nào")).to_be_visible()
    assert faults(page) == []
    with session_scope(office.sessions) as session:
        fill(session)
    for width in (390, 1280):
        page.set_viewport_size({"width": width, "height": 900})
        page.goto(f"{base}/admin/analytics?{FORTNIGHT}")
        plots = page.locator(".plot canvas")
        expect(plots).to_have_count(PLOTS)
        assert all(plots.nth(place).evaluate(DRAWN) for place in range(PLOTS))
        assert page.locator("section table").count() >= len(words.TABLES)
        assert faults(page) == []
        assert not page.evaluate("document.documentElement.scrollWidth > window.innerWidth")
    page.get_by_label("Khoảng thời gian").select_option("30days")
    expect(page.get_by_label("Từ ngày")).to_be_hidden()
    assert said == []  # the policy has refused nothing
    assert all(url.startswith((base, "data:")) for url in asked)
    context.close()
