"""Two citizens in the simulator, two agents in two browsers: every process is real."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect
from sqlalchemy import select

from bot.database import session_scope
from bot.models.conversations import Conversation
from bot.models.desks import Desk, DeskMember
from bot.models.handoffs import Handoff
from bot.models.procedures import Procedure
from bot.models.staff import Staff
from bot.processes import base_url
from bot.services import staff
from tests.consoles import PASSWORD
from tests.fakes import eventually
from tests.system import System

pytestmark = [pytest.mark.browser, pytest.mark.rasa]

WAIT_MS = 20_000
CITIZENS = {1: "1111111111111111111", 2: "4444444444444444444"}
AXE = Path(__file__).parent / "vendor" / "axe-core-4.14.1" / "axe.min.js"
RUN_AXE = (
    "axe.run().then(r => JSON.stringify({passes: r.passes.length, faults: r.violations"
    ".filter(v => ['serious', 'critical'].includes(v.impact))"
    ".map(v => [v.id, v.nodes.map(n => n.target.join(' '))])}))"
)


class Phone:
    """One citizen's phone on the simulator's page."""

    def __init__(self, page: Page, number: int) -> None:
        self.root = page.locator(f'[data-citizen="{number}"]')
        self.received = self.root.locator(".message.from-oa")

    def write(self, text: str) -> None:
        """Type and send; nobody says who will answer."""
        self.root.locator(".composer textarea").fill(text)
        self.root.locator(".composer button[type=submit]").click()

    def reads(self, words: str | re.Pattern[str]) -> Locator:
        """The newest message with these words, as soon as it is there."""
        found = self.received.filter(has_text=words).last
        expect(found).to_be_visible(timeout=WAIT_MS)
        return found

    def tap(self, title: str) -> None:
        """Tap the newest button with this title."""
        self.root.get_by_role("button", name=title).last.click()


@dataclass
class Agent:
    """A member of staff at their browser."""

    page: Page
    base: str
    name: str
    id: int

    def open(self, path: str) -> None:
        """Go to a page of the desk."""
        self.page.goto(f"{self.base}{path}")

    def row(self, name: str) -> Locator:
        """The row of a citizen in the list that is open."""
        return self.page.locator("#rows li.card").filter(has_text=name)

    def thread(self, words: str) -> Locator:
        """What stands in the conversation that is open, as soon as it is there."""
        found = self.page.locator("#thread li").filter(has_text=words).last
        expect(found).to_be_visible(timeout=WAIT_MS)
        return found

    def send(self, text: str) -> None:
        """Write by keyboard alone: r, the words, Ctrl+Enter."""
        self.page.keyboard.press("r")
        self.page.keyboard.insert_text(text)
        self.page.keyboard.press("Control+Enter")
        expect(self.page.locator("#text")).to_have_value("", timeout=WAIT_MS)


@pytest.fixture(scope="module")
def phones(browser: Browser, system: System) -> Iterator[dict[int, Phone]]:
    """Both citizens' phones; what other tests said there is forgotten, and what is said here."""
    for user_id in CITIZENS.values():
        system.forget(user_id)
    context = browser.new_context(viewport={"width": 1440, "height": 900}, locale="vi-VN")
    page = context.new_page()
    page.goto(system.zalo_url)
    yield {number: Phone(page, number) for number in CITIZENS}
    context.close()
    for user_id in CITIZENS.values():
        system.forget(user_id)


@pytest.fixture(scope="module")
def agents(browser: Browser, system: System) -> Iterator[list[Agent]]:
    """Two agents of every desk, signed in and present, each in a browser of their own."""
    opened: list[BrowserContext] = []
    found = []
    for place, name in enumerate(("Trần Thị Bình", "Lê Văn Cường")):
        with session_scope(system.sessions) as session:
            email = f"agent{place}@example.vn"
            who = staff.create(session, email=email, name=name, role="agent", password=PASSWORD)
            seats = session.execute(select(Desk.id)).scalars()
            session.add_all(DeskMember(desk_id=seat, staff_id=who.id) for seat in seats)
        context = browser.new_context(viewport={"width": 1280, "height": 900}, locale="vi-VN")
        opened.append(context)
        page = context.new_page()
        agent = Agent(page, base_url(system.settings), name, who.id)
        agent.open("/login")
        page.get_by_label("E-mail").fill(email)
        page.get_by_label("Mật khẩu").fill(PASSWORD)
        page.get_by_role("button", name="Đăng nhập").click()
        page.get_by_label("Tôi đang").select_option("present")
        page.get_by_role("button", name="Ghi nhận").click()
        expect(page.locator(".presence .badge")).to_have_text("Đang trực")
        found.append(agent)
    yield found
    for context in opened:
        context.close()


def handoff_of(system: System, citizen: int) -> Handoff:
    """The newest handoff of a citizen."""
    theirs = select(Conversation.id).where(Conversation.channel_user_id == CITIZENS[citizen])
    wanted = select(Handoff).where(Handoff.conversation_id.in_(theirs))
    with system.sessions() as session:
        rows = session.execute(wanted.order_by(Handoff.id.desc())).scalars()
        found: Handoff = rows.first()
        return found


def name_of(system: System, citizen: int) -> str:
    """What staff read as a citizen's name."""
    from bot.templating import masked

    wanted = select(Conversation).where(Conversation.channel_user_id == CITIZENS[citizen])
    with system.sessions() as session:
        head = session.execute(wanted).scalar_one()
        return masked(head.display_name, head.id)


def ask_for_person(phone: Phone) -> None:
    phone.write("cho tôi gặp cán bộ")
    phone.reads(re.compile("hàng chờ|ngoài giờ làm việc"))


def test_the_whole_story(system: System, phones: dict[int, Phone], agents: list[Agent]) -> None:
    first, second = phones[1], phones[2]
    binh, cuong = agents
    for agent in agents:
        agent.open("/desk/")

    # Both wait, and both agents see them come without touching anything.
    second.write("làm khai sinh cho con cần giấy tờ gì")
    second.reads("Nguồn")
    ask_for_person(first)
    ask_for_person(second)
    names = {number: name_of(system, number) for number in CITIZENS}
    for agent in agents:
        for name in names.values():
            expect(agent.row(name)).to_be_visible(timeout=WAIT_MS)
        expect(agent.page).to_have_title(re.compile(r"^\(2\) "), timeout=WAIT_MS)

    # One claims by keyboard; it leaves the other's queue, who takes the next.
    binh.page.keyboard.press("j")
    binh.page.keyboard.press("c")
    expect(binh.page.get_by_text("Anh/chị đã nhận hội thoại này")).to_be_visible(timeout=WAIT_MS)
    first.reads("Cán bộ Trần Thị Bình đã vào")
    expect(cuong.row(names[1])).to_have_count(0, timeout=WAIT_MS)
    held = handoff_of(system, 1).id
    cuong.open(f"/desk/handoffs/{held}")
    expect(cuong.page.get_by_text("Trần Thị Bình đang hỗ trợ người dân này")).to_be_visible()
    expect(cuong.page.locator("#text")).to_have_count(0)
    cuong.open("/desk/")
    cuong.row(names[2]).get_by_role("button", name="Nhận").click()
    second.reads("Cán bộ Lê Văn Cường đã vào")
    packet = cuong.page.get_by_label("Thông tin bàn giao")
    expect(packet).to_contain_text("khai sinh")
    expect(packet).to_contain_text("Người dân xin gặp cán bộ")

    # Words go both ways, live; a note goes nowhere.
    first.write("tôi ở phường Kinh Bắc")
    binh.thread("tôi ở phường Kinh Bắc")
    binh.send("Chào anh, tôi xem ngay ạ")
    first.reads("Chào anh, tôi xem ngay ạ")
    expect(binh.thread("Chào anh, tôi xem ngay ạ")).to_contain_text(
        re.compile("Đã (gửi|nhận|xem)"), timeout=WAIT_MS
    )
    binh.page.get_by_label("Ghi chú nội bộ", exact=False).get_by_role("textbox").fill("việc riêng")
    binh.page.get_by_role("button", name="Lưu ghi chú").click()
    expect(binh.thread("việc riêng")).to_contain_text("không gửi cho người dân")
    expect(first.received.filter(has_text="việc riêng")).to_have_count(0)

    # The citizen shares name and phone on the form.
    binh.page.get_by_role("button", name="Xin thông tin liên hệ").click()
    first.reads("họ tên và số điện thoại")
    first.tap("Chia sẻ thông tin")
    binh.thread("Gửi thông tin liên hệ")
    names[1] = name_of(system, 1)  # the name that they shared

    # A draft outlives a reload; an answer of the catalogue is put behind it.
    cuong.page.locator("#text").fill("Dạ, ")
    cuong.page.reload()
    expect(cuong.page.locator("#text")).to_have_value("Dạ, ")
    cuong.page.keyboard.press("/")
    cuong.page.keyboard.insert_text("đăng ký khai sinh")
    cuong.page.keyboard.press("Enter")
    cuong.page.locator("#found a", has_text="Lệ phí").first.click()
    expect(cuong.page.locator("#text")).to_have_value(re.compile("^Dạ, \n.*Nguồn", re.DOTALL))
    cuong.page.get_by_role("button", name="Gửi", exact=False).first.click()
    second.reads(re.compile("Dạ,"))

    # To the colleague, who closes; the assistant is back and the citizen judges.
    binh.page.get_by_label("Chuyển cho").select_option(f"staff:{cuong.id}")
    binh.page.get_by_role("button", name="Chuyển", exact=True).click()
    first.reads("chuyển cho cán bộ Lê Văn Cường")
    cuong.open("/desk/mine")
    cuong.row(names[1]).get_by_role("link").click()
    expect(cuong.thread("việc riêng")).to_be_visible()
    cuong.send("Tôi tiếp tục hỗ trợ anh")
    first.reads("Tôi tiếp tục hỗ trợ anh")
    cuong.page.get_by_label("Đóng với kết quả").select_option("answered")
    cuong.page.get_by_role("button", name="Đóng, trả về trợ lý").click()
    first.reads("Cán bộ đã kết thúc")
    first.root.get_by_role("button", name=re.compile("Rất hài lòng|5")).last.click()
    first.reads("Cảm ơn bạn")
    eventually(lambda: handoff_of(system, 1).rating == 5)
    cuong.open("/desk/closed")
    expect(cuong.row(names[1]).first).to_contain_text("chấm 5/5")

    # The assistant answers again, until somebody steps in by themselves.
    first.write("đăng ký kết hôn cần giấy tờ gì")
    first.reads(re.compile("Giấy tờ.*kết hôn", re.DOTALL))
    system.settle(CITIZENS[1])
    binh.open(f"/desk/conversations/{handoff_of(system, 1).conversation_id}")
    binh.page.get_by_role("button", name="Vào hỗ trợ thay trợ lý").click()
    entered = first.received.filter(has_text="Cán bộ Trần Thị Bình đã vào")
    expect(entered).to_have_count(2, timeout=WAIT_MS)  # the first time was long ago
    before = first.received.count()
    first.write("lệ phí bao nhiêu")
    binh.thread("lệ phí bao nhiêu")
    system.settle(CITIZENS[1])
    assert first.received.count() == before  # the assistant is silent
    assert handoff_of(system, 1).reason == "taken"


def faults(page: Page) -> list[Any]:
    """The serious faults that axe finds. Through the debugger: the pages forbid foreign script."""
    session = page.context.new_cdp_session(page)
    session.send("Runtime.evaluate", {"expression": AXE.read_text(encoding="utf-8")})
    done = session.send("Runtime.evaluate", {"expression": RUN_AXE, "awaitPromise": True})
    session.detach()
    result = json.loads(done["result"]["value"])
    assert result["passes"] > 10, "axe looked at nothing"
    return list(result["faults"])


@pytest.fixture(scope="module")
def admin(browser: Browser, system: System) -> Iterator[Agent]:
    """Somebody who may open every page."""
    with session_scope(system.sessions) as session:
        who = staff.create(
            session, email="hoa@example.vn", name="Hoa", role="admin", password=PASSWORD
        )
    context = browser.new_context(viewport={"width": 1280, "height": 900}, locale="vi-VN")
    found = Agent(context.new_page(), base_url(system.settings), "Hoa", who.id)
    found.open("/login")
    found.page.get_by_label("E-mail").fill("hoa@example.vn")
    found.page.get_by_label("Mật khẩu").fill(PASSWORD)
    found.page.get_by_role("button", name="Đăng nhập").click()
    expect(found.page.locator("#numbers")).to_be_visible()
    yield found
    context.close()


def pages_of_staff(system: System) -> list[str]:
    """The path of every page that staff can open, with what the story before has left there."""
    with session_scope(system.sessions, readonly=True) as session:
        handoff_ids = session.execute(select(Handoff.id).order_by(Handoff.id)).scalars().all()
        desk_ids = session.execute(select(Handoff.desk_id).distinct()).scalars().all()
        any_desk = session.execute(select(Desk.id).order_by(Desk.id)).scalars().first()
        code = session.execute(select(Procedure.code).order_by(Procedure.code)).scalars().first()
        who = session.execute(select(Staff.id).order_by(Staff.id)).scalars().first()
    newest = handoff_of(system, 1)
    desk = ["", "mine", "all", "closed", "board", "feedback", "undelivered", "canned", "canned/new"]
    desk += [f"board/{number}" for number in desk_ids if number]
    desk += [f"handoffs/{number}" for number in handoff_ids]
    desk += [f"handoffs/{newest.id}?q=khai+sinh", f"conversations/{newest.conversation_id}"]
    admin = ["", f"procedures/{code}", "coverage", "import", "staff", f"staff/{who}", "desks"]
    admin += [f"desks/{any_desk}", "audit", "password", "zalo"]
    return [f"/desk/{path}" for path in desk] + [f"/admin/{path}" for path in admin]


def wrong_with(page: Page) -> list[Any]:
    """What a page must not have, whoever reads it and on whatever screen."""
    found = faults(page)
    if page.evaluate("document.documentElement.scrollWidth > window.innerWidth"):
        found.append("wider than the screen")
    top = page.evaluate("document.querySelector('main').getBoundingClientRect().top")
    if page.viewport_size["width"] < 500 and page.locator("body > header").count() and top > 120:
        found.append(f"{top} px before the content")
    return found


@pytest.mark.parametrize("width", [360, 390, 1280])
def test_no_page_of_the_staff_has_a_serious_accessibility_fault(
    system: System, browser: Browser, agents: list[Agent], admin: Agent, width: int
) -> None:
    binh, size = agents[0], {"width": width, "height": 900}
    found = {}
    for who in (binh, admin):
        who.page.set_viewport_size(size)
    pages = [(admin, path) for path in pages_of_staff(system)]
    pages += [(binh, f"/desk/handoffs/{handoff_of(system, 1).id}"), (binh, "/desk/mine")]
    for who, path in pages:
        answer = who.page.goto(f"{who.base}{path}")
        assert answer is not None
        assert answer.ok, path
        if wrong := wrong_with(who.page):
            found[who.name, path] = wrong
    stranger = browser.new_page(viewport=size)
    stranger.goto(f"{admin.base}/login")
    if wrong := wrong_with(stranger):
        found["", "/login"] = wrong
    stranger.close()
    assert found == {}


def test_the_board_is_live_and_a_supervisor_takes_over_while_the_agent_is_told(
    system: System, phones: dict[int, Phone], agents: list[Agent], admin: Agent
) -> None:
    binh = agents[0]
    for who in (binh, admin):
        who.page.set_viewport_size({"width": 1280, "height": 900})
    held = handoff_of(system, 1)
    assert (held.state, held.claimed_by) == ("claimed", binh.id)
    admin.open("/desk/board")
    desk = admin.page.locator("li.card").filter(has=admin.page.locator(f"#desk-{held.desk_id}"))
    desk.locator("summary").click()
    expect(desk).to_contain_text("Trần Thị Bình")
    binh.open("/desk/")
    binh.page.get_by_label("Tôi đang").select_option("away")
    binh.page.get_by_label("Lý do tạm vắng").fill("họp giao ban")
    binh.page.get_by_role("button", name="Ghi nhận").click()
    expect(desk).to_contain_text("họp giao ban", timeout=WAIT_MS)
    expect(desk.locator("details")).to_have_attribute("open", "")
    admin.page.locator(f"#desk-{held.desk_id}").click()
    admin.page.get_by_role("button", name="Nhận thay Trần Thị Bình").click()
    phones[1].reads("được chuyển cho cán bộ Hoa")
    told = binh.page.get_by_role("alert").filter(has_text="đã nhận thay")
    expect(told).to_be_visible(timeout=WAIT_MS)
    told.get_by_role("button", name="Đã rõ").click()
    expect(told).to_have_count(0)
