"""The supervisors' board as they use it: who sees it, and how they step in."""

from __future__ import annotations

import pytest

from bot.database import session_scope
from bot.services import desks
from tests.consoles import Browser, Office
from tests.desk.test_handoffs_pages import held, outgoing, row, waits

only_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def present(office: Office, *staff: int) -> None:
    with session_scope(office.sessions) as session:
        for staff_id in staff:
            desks.set_presence(session, staff_id, "present")


@only_sqlite
@pytest.mark.parametrize(
    ("role", "code"), [("agent", 403), ("editor", 403), ("auditor", 200), ("admin", 200)]
)
def test_only_who_supervises_sees_the_board(office: Office, role: str, code: int) -> None:
    who = office.browser(role)
    desk = office.desk("Sở Tư pháp", who.staff_id)
    for path in ("/desk/board", f"/desk/board/{desk}"):
        assert who.get(path).status_code == code
    assert ("Giám sát" in office.browser(role).get("/desk/closed").text) == (code == 200)


@only_sqlite
def test_the_board_shows_a_desk_and_its_people(office: Office) -> None:
    lan = office.browser("agent", name="Lê Thị Lan")
    desk = office.desk("Sở Tư pháp", lan.staff_id)
    present(office, lan.staff_id)
    waits(office, desk_id=desk)
    page = office.browser("admin").get("/desk/board").text
    for words in ("Sở Tư pháp", "Lê Thị Lan", "0/4", "1 đang trực", "trong 15 phút"):
        assert words in page
    part = office.browser("admin").get("/desk/board", headers={"HX-Request": "true"}).text
    assert "<header" not in part
    assert "Lê Thị Lan" in part


@only_sqlite
def test_a_desk_of_the_board_lists_only_what_is_open_there(office: Office) -> None:
    lan, admin = office.browser("agent", name="Lan"), office.browser("admin")
    one, two = office.desk("Sở Tư pháp", lan.staff_id), office.desk("Sở Y tế", lan.staff_id)
    here, with_lan = waits(office, desk_id=one), held(office, lan, desk_id=one)
    there, nowhere = waits(office, desk_id=two), waits(office)
    page = admin.get(f"/desk/board/{one}").text
    assert [f"row-{n}" in page for n in (here, with_lan, there, nowhere)] == [
        True,
        True,
        False,
        False,
    ]
    assert "Nhận thay Lan" in page
    assert "Nhận thay" not in office.browser("auditor").get(f"/desk/board/{one}").text
    assert f"row-{nowhere}" in admin.get("/desk/board/0").text
    assert admin.get("/desk/board/99").status_code == 404


@only_sqlite
def test_a_supervisor_takes_over_and_the_agent_is_told_until_they_say_so(office: Office) -> None:
    lan, minh = office.browser("agent", name="Lan"), office.browser("agent", name="Minh")
    admin = office.browser("admin", name="Trưởng phòng Hoa")
    desk = office.desk("Sở Tư pháp", lan.staff_id, minh.staff_id)
    handoff = held(office, lan, desk_id=desk)
    path = f"/desk/handoffs/{handoff}"
    admin.post(f"{path}/take-over", {"held_by": lan.staff_id})
    assert row(office, handoff).claimed_by == admin.staff_id
    assert ("handoff_transferred", str(handoff)) in office.trail()
    assert "<b>Trưởng phòng Hoa</b> đã nhận thay" in lan.get("/desk/mine").text
    assert "đã nhận thay" in lan.get("/desk/tabs").text
    assert "đã nhận thay" not in minh.get("/desk/mine").text
    minh.post(f"{path}/taken")
    assert "đã nhận thay" in lan.get("/desk/mine").text, "only they can acknowledge it"
    lan.post(f"{path}/taken")
    assert "đã nhận thay" not in lan.get("/desk/mine").text


@only_sqlite
def test_a_supervisor_takes_over_only_from_whom_they_saw(office: Office) -> None:
    lan, minh, admin = (office.browser(r) for r in ("agent", "agent", "admin"))
    handoff = held(office, minh)
    admin.post(f"/desk/handoffs/{handoff}/take-over", {"held_by": lan.staff_id})
    assert row(office, handoff).claimed_by == minh.staff_id
    assert "đã nhận hội thoại này trước" in admin.get("/desk/").text


@only_sqlite
def test_a_supervisor_moves_a_conversation_to_anybody_present_or_to_a_desk(office: Office) -> None:
    lan, minh = office.browser("agent", name="Lan"), office.browser("agent", name="Minh")
    admin = office.browser("admin", name="Hoa")
    desk, other = office.desk("Sở Tư pháp", lan.staff_id), office.desk("Sở Y tế", minh.staff_id)
    handoff = held(office, lan, desk_id=desk)
    path = f"/desk/handoffs/{handoff}"
    admin.post(f"{path}/transfer", {"to": f"staff:{minh.staff_id}"})
    assert row(office, handoff).claimed_by == lan.staff_id, "who is not there gets nothing"
    assert "hiện không trực" in admin.get(path).text
    present(office, minh.staff_id)
    assert f"staff:{minh.staff_id}" in admin.get(path).text
    assert f"staff:{minh.staff_id}" not in lan.get(path).text, "an agent keeps to the desk"
    lan.post(f"{path}/transfer", {"to": f"staff:{minh.staff_id}"})
    assert row(office, handoff).claimed_by == lan.staff_id
    admin.post(f"{path}/transfer", {"to": f"staff:{minh.staff_id}"})
    assert row(office, handoff).claimed_by == minh.staff_id
    assert "Hoa</b> đã chuyển" in lan.get("/desk/mine").text
    admin.post(f"{path}/transfer", {"to": f"desk:{other}"})
    assert (row(office, handoff).state, row(office, handoff).desk_id) == ("waiting", other)
    assert "về hàng đợi của Sở Y tế" in minh.get("/desk/mine").text
    assert outgoing(office) == []


@only_sqlite
def test_colleagues_who_are_away_are_shown_with_the_reason_and_desks_with_who_is_there(
    office: Office,
) -> None:
    lan = office.browser("agent", name="Lan")
    minh, nga = office.hire("agent", name="Minh"), office.hire("agent", name="Nga")
    desk, _ = office.desk("Sở Tư pháp", lan.staff_id, minh, nga), office.desk("Sở Y tế", nga)
    office.desk("Sở Nội vụ")
    present(office, nga)
    with session_scope(office.sessions) as session:
        desks.set_presence(session, minh, "away", "họp giao ban")
    page = lan.get(f"/desk/handoffs/{held(office, lan, desk_id=desk)}").text
    assert f'value="staff:{nga}">Nga – đang giữ 0/4' in page
    assert f'value="staff:{minh}" disabled>Minh – tạm vắng: họp giao ban' in page
    assert "Sở Y tế (1 người đang trực)" in page
    assert "Sở Nội vụ (chưa có ai trực)" in page


@only_sqlite
def test_an_admin_sets_the_target_of_a_desk(office: Office) -> None:
    admin: Browser = office.browser("admin")
    path = f"/admin/desks/{office.desk()}"
    for wrong in ("0", "481", "x", "", "-5", "9999999"):
        admin.post(f"{path}/target", {"minutes": wrong})
        assert "từ 1 đến 480" in admin.get(path).text
    admin.post(f"{path}/target", {"minutes": "20"})
    assert "Trong 20 phút làm việc" in admin.get(path).text
    assert [action for action, _ in office.trail()] == ["desk_target_changed"]
    assert office.browser("auditor").post(f"{path}/target", {"minutes": "5"}).status_code == 403
