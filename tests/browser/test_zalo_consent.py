"""The grant is lost, an admin grants anew in a browser, and what waited is due."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
import redis
from playwright.sync_api import Browser, Page, expect

from simulator.zalo.server import SimulatorServer
from tests.chain import USER, Chain
from tests.consoles import PASSWORD, Office

pytestmark = [
    pytest.mark.browser,
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
]
EMAIL = "quan.tri@example.vn"


@pytest.fixture
def simulator() -> Iterator[SimulatorServer]:
    with SimulatorServer() as server:
        server.platform.meet(USER).last_interaction_ms = server.platform.clock.now_ms()
        yield server


@pytest.fixture
def environ(environ: dict[str, str], simulator: SimulatorServer) -> dict[str, str]:
    """The usual one, with the simulator in the place of Zalo."""
    return {**environ, "ZALO_API_URL": simulator.url, "ZALO_OAUTH_URL": simulator.url}


@pytest.fixture(params=[(360, 740), (1280, 900)], ids=["phone", "desktop"])
def page(request: pytest.FixtureRequest, browser: Browser) -> Iterator[Page]:
    width, height = request.param
    context = browser.new_context(viewport={"width": width, "height": height}, locale="vi-VN")
    yield context.new_page()
    context.close()


def test_an_admin_reconnects_the_account(
    page: Page,
    web: tuple[str, Office],
    chain: Chain,
    simulator: SimulatorServer,
    store: redis.Redis[Any],
) -> None:
    base, office = web
    office.hire("admin", email=EMAIL)
    worker = chain.attendant()
    worker.attend(chain.say("một"))
    assert chain.states("out") == ["sent"]

    simulator.platform.faults.change({"refuse_refresh": True})
    simulator.platform.grant.expire_access()
    conversation = chain.say("hai")
    worker.attend(conversation)
    assert chain.states("out") == ["sent", "queued"]

    page.goto(f"{base}/login")
    page.get_by_label("E-mail").fill(EMAIL)
    page.get_by_label("Mật khẩu").fill(PASSWORD)
    page.get_by_role("button", name="Đăng nhập").click()
    alarm = page.get_by_role("alert")
    expect(alarm).to_contain_text("Zalo đang từ chối trợ lý")
    alarm.get_by_role("link").click()
    expect(page.locator(".badge")).to_contain_text(re.compile("Mất quyền từ .*2"))
    expect(page.locator("dl").first).to_contain_text("Tin chờ vì kết nối")
    page.get_by_role("link", name="Cấp quyền lại", exact=True).click()
    page.get_by_role("button", name="Sang trang của Zalo").click()
    expect(page).to_have_url(re.compile(f"^{simulator.url}/v4/oa/permission"))
    page.get_by_role("button", name="Đồng ý cấp quyền").click()
    expect(page).to_have_url(f"{base}/admin/zalo")
    expect(page.locator(".badge")).to_have_text("Đang hoạt động")
    expect(page.get_by_role("alert")).to_have_count(0)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")

    assert chain.due() == [conversation]
    worker.attend(conversation)  # the same worker, which knew the lost pair
    assert chain.states("out") == ["sent", "sent"]
