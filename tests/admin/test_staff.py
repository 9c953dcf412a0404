"""Accounts and desks as an admin changes them."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from sqlalchemy import insert, select

from bot.database import session_scope
from bot.errors import StaffError
from bot.models.desks import Desk, DeskMember, StaffPresence
from bot.models.staff import Staff
from bot.services import desks, roster, staff
from tests.consoles import PASSWORD, Office, password_hash

only_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
SCRIPT = "<script>alert('x')</script>"
NEW = "một mật khẩu khác dài"


def desk_id(office: Office, code: str = "07228") -> int:
    with session_scope(office.sessions) as session:
        desks.seed(session)
        return int(session.execute(select(Desk.id).where(Desk.code == code)).scalar_one())


def seats(office: Office) -> list[tuple[int, int]]:
    with office.sessions() as session:
        return [
            tuple(row) for row in session.execute(select(DeskMember.desk_id, DeskMember.staff_id))
        ]


def account(office: Office, staff_id: int) -> Any:
    with office.sessions() as session:
        return session.get(Staff, staff_id)


def test_an_admin_makes_an_account_that_can_sign_in(office: Office) -> None:
    admin = office.browser("admin")
    form = {"name": "Trần Bình", "email": "Binh@example.vn", "role": "agent", "password": PASSWORD}
    answer = admin.post("/admin/staff", form, follow_redirects=True)
    assert "Trần Bình" in answer.text
    with office.sessions() as session:
        found = staff.sign_in(session, "binh@example.vn", PASSWORD)
    assert found is not None
    assert found[0].role == "agent"
    assert office.trail()[-1][0] == "staff_created"


@only_sqlite
@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"email": "không phải"}, "E-mail chưa đúng"),
        ({"email": "an@example.vn"}, "đã có tài khoản"),
        ({"name": " "}, "Cần có họ tên"),
        ({"role": "chief"}, "Chưa chọn vai trò"),
        ({"password": "ngắn"}, "ít nhất 10 ký tự"),
    ],
)
def test_what_is_wrong_with_a_new_account_is_told_and_the_form_keeps_the_rest(
    office: Office, values: dict[str, str], said: str
) -> None:
    office.hire("agent", email="an@example.vn")
    form = {"name": "Lê Chi", "email": "chi@example.vn", "role": "editor", "password": PASSWORD}
    answer = office.browser("admin").post("/admin/staff", {**form, **values})
    assert answer.status_code == 422
    assert said in answer.text
    assert values.get("name", "Lê Chi") in answer.text
    assert PASSWORD not in answer.text


@only_sqlite
def test_five_hundred_accounts_are_paged_and_found_without_diacritics(office: Office) -> None:
    rows = [
        {
            "email": f"s{n}@example.vn",
            "name": "Đỗ Đức Ứng" if n == 250 else f"Người {n:03}",
            "role": "agent",
            "password_hash": "x",
            "active": True,
        }
        for n in range(500)
    ]
    with session_scope(office.sessions) as session:
        session.execute(insert(Staff), rows)
    admin = office.browser("admin")
    assert admin.get("/admin/staff?page=11").status_code == 200
    page = admin.get("/admin/staff?q=do+duc").text
    assert "Đỗ Đức Ứng" in page
    assert "Người 0" not in page


def test_a_disabled_agent_is_out_and_takes_nothing_more(office: Office) -> None:
    admin, agent = office.browser("admin"), office.browser("agent", email="an@example.vn")
    with session_scope(office.sessions) as session:
        desks.set_presence(session, agent.staff_id, "present")
    admin.post(f"/admin/staff/{agent.staff_id}/active", {"active": "no"})
    assert agent.get("/desk/feedback").status_code == 302
    with office.sessions() as session:
        assert desks.presence(session, agent.staff_id) is None
        assert session.execute(select(StaffPresence.state)).scalar_one() == "off"
    admin.post(f"/admin/staff/{agent.staff_id}/active", {"active": "yes"})
    assert account(office, agent.staff_id).active
    assert [act for act, _ in office.trail()][-2:] == ["staff_disabled", "staff_enabled"]


@only_sqlite
@pytest.mark.parametrize(
    ("path", "form"), [("active", {"active": "no"}), ("role", {"role": "agent"})]
)
def test_the_last_admin_stays(office: Office, path: str, form: dict[str, str]) -> None:
    admin = office.browser("admin")
    admin.post(f"/admin/staff/{admin.staff_id}/{path}", form)
    kept = account(office, admin.staff_id)
    assert (kept.active, kept.role) == (True, "admin")
    other = office.hire("admin")
    admin.post(f"/admin/staff/{other}/{path}", form)
    changed = account(office, other)
    assert (changed.active, changed.role) != (True, "admin")


def step_down_at_once(office: Office, both: list[int]) -> list[int]:
    """Two admins give their role up at the same instant; who of them was refused."""
    start = threading.Barrier(2)
    refused: list[int] = []

    def step_down(staff_id: int) -> None:
        start.wait()
        try:
            with session_scope(office.sessions) as session:
                roster.change_role(session, staff_id, staff_id, "agent")
        except StaffError:
            refused.append(staff_id)

    threads = [threading.Thread(target=step_down, args=(one,)) for one in both]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return refused


def test_two_admins_who_step_down_at_once_leave_one(office: Office) -> None:
    for _ in range(10):
        both = [office.hire("admin"), office.hire("admin")]
        [kept] = step_down_at_once(office, both)
        assert account(office, kept).role == "admin"
        with session_scope(office.sessions) as session:
            session.query(Staff).update({"role": "agent"})


def test_who_answers_nobody_any_more_leaves_their_desks(office: Office) -> None:
    desk, agent, admin = desk_id(office), office.hire("agent"), office.browser("admin")
    admin.post(f"/admin/staff/{agent}/desks", {"desk_id": str(desk)})
    assert seats(office) == [(desk, agent)]
    admin.post(f"/admin/staff/{agent}/role", {"role": "editor"})
    assert seats(office) == []
    assert account(office, agent).role == "editor"


def test_a_new_password_ends_the_sessions_of_the_old_one(office: Office) -> None:
    admin, agent = office.browser("admin"), office.browser("agent", email="an@example.vn")
    admin.post(f"/admin/staff/{agent.staff_id}/password", {"password": NEW})
    assert agent.get("/admin/password").status_code == 302
    with office.sessions() as session:
        assert staff.sign_in(session, "an@example.vn", PASSWORD) is None
        assert staff.sign_in(session, "an@example.vn", NEW) is not None


@only_sqlite
def test_one_changes_ones_own_password_and_stays_signed_in_here_only(office: Office) -> None:
    agent = office.browser("agent", email="an@example.vn")
    with session_scope(office.sessions) as session:
        found = staff.sign_in(session, "an@example.vn", PASSWORD)
    assert found is not None
    form = {"current": PASSWORD, "password": NEW, "again": NEW}
    assert agent.post("/admin/password", form).status_code == 303
    assert agent.get("/admin/password").status_code == 200
    with office.sessions() as session:
        assert staff.recognise(session, found[1]) is None
        assert staff.knows_password(session, agent.staff_id, NEW)
    assert office.trail()[-1][0] == "password_changed"


@only_sqlite
@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"current": "sai"}, "hiện tại chưa đúng"),
        ({"again": "khác"}, "không giống nhau"),
        ({"password": "ngắn", "again": "ngắn"}, "ít nhất 10 ký tự"),
    ],
)
def test_a_wrong_change_of_ones_password_changes_nothing(
    office: Office, values: dict[str, str], said: str
) -> None:
    agent = office.browser("agent")
    form = {"current": PASSWORD, "password": NEW, "again": NEW, **values}
    answer = agent.post("/admin/password", form)
    assert answer.status_code == 422
    assert said in answer.text
    assert account(office, agent.staff_id).password_hash == password_hash()


@only_sqlite
@pytest.mark.parametrize("given", ["0", "51", "-1", "x", "", "٣"])
def test_a_capacity_is_changed_within_bounds(office: Office, given: str) -> None:
    admin, agent = office.browser("admin"), office.hire("agent")
    admin.post(f"/admin/staff/{agent}/capacity", {"capacity": "7"})
    said = admin.post(f"/admin/staff/{agent}/capacity", {"capacity": given}, follow_redirects=True)
    assert "từ 1 đến 50" in said.text
    with office.sessions() as session:
        found = desks.presence(session, agent)
    assert found is not None
    assert found.capacity == 7


def test_people_are_seated_by_e_mail_and_taken_off(office: Office) -> None:
    desk, admin = desk_id(office), office.browser("admin")
    agent = office.hire("agent", email="an@example.vn", name="Nguyễn An")
    path = f"/admin/desks/{desk}"
    assert (
        "Nguyễn An"
        in admin.post(f"{path}/members", {"email": " AN@example.vn"}, follow_redirects=True).text
    )
    admin.post(f"{path}/members", {"email": "an@example.vn"})
    assert seats(office) == [(desk, agent)]
    admin.post(f"{path}/members/{agent}/remove")
    assert seats(office) == []
    assert admin.post(f"{path}/members/{agent}/remove").status_code == 404
    assert [act for act, _ in office.trail()] == ["desk_member_added", "desk_member_removed"]


@only_sqlite
@pytest.mark.parametrize("role", ["editor", "approver", "auditor", ""])
def test_only_those_who_answer_citizens_sit_at_a_desk(office: Office, role: str) -> None:
    desk, admin = desk_id(office), office.browser("admin")
    if role:
        office.hire(role, email="an@example.vn")
    admin.post(f"/admin/desks/{desk}/members", {"email": "an@example.vn"})
    assert seats(office) == []


def test_a_desk_is_closed_and_opened_but_never_the_centre(office: Office) -> None:
    desk, centre, admin = desk_id(office), desk_id(office, "trung-tam"), office.browser("admin")
    admin.post(f"/admin/desks/{desk}/active", {"active": "no"})
    admin.post(f"/admin/desks/{centre}/active", {"active": "no"})
    with office.sessions() as session:
        closed = session.execute(select(Desk.id).where(Desk.active.is_(False))).scalars().all()
    assert closed == [desk]
    admin.post(f"/admin/desks/{desk}/active", {"active": "yes"})
    assert [act for act, _ in office.trail()] == ["desk_closed", "desk_opened"]


@only_sqlite
def test_the_list_of_desks_is_filtered_by_kind_and_words(office: Office) -> None:
    desk_id(office)
    admin = office.browser("auditor")
    assert admin.get("/admin/desks").text.count("<tr>") == 116
    assert admin.get("/admin/desks?kind=department").text.count("<tr>") == 16
    assert "Phường Đa Mai" in admin.get("/admin/desks?q=da+mai").text
    assert "Không có bàn trực nào" in admin.get("/admin/desks?q=xyz").text


@only_sqlite
def test_a_name_with_script_is_shown_as_text(office: Office) -> None:
    desk, admin = desk_id(office), office.browser("admin")
    agent = office.hire("agent", email="an@example.vn", name=SCRIPT)
    admin.post(f"/admin/desks/{desk}/members", {"email": "an@example.vn"})
    with session_scope(office.sessions) as session:
        desks.set_presence(session, agent, "away", SCRIPT)
    pages = ("/admin/staff", f"/admin/staff/{agent}", f"/admin/desks/{desk}", "/admin/staff?q=<i>")
    for path in pages:
        page = admin.get(path).text
        assert SCRIPT not in page
        assert "<i>" not in page
    assert "&lt;script&gt;" in admin.get(f"/admin/desks/{desk}").text


@only_sqlite
@pytest.mark.parametrize("path", ["staff/999", "desks/999", "staff/99999999999", "desks/x"])
def test_what_does_not_exist_is_not_found(office: Office, path: str) -> None:
    admin = office.browser("admin")
    assert admin.get(f"/admin/{path}").status_code == 404
    for act in ("active", "role", "members", "desks", "capacity", "password"):
        form = {"active": "no", "password": NEW, "capacity": "3", "role": "agent"}
        assert admin.post(f"/admin/{path}/{act}", form).status_code == 404
