"""The pages of canned replies: whose they are, and what a wrong one says."""

from __future__ import annotations

import pytest
from sqlalchemy import insert, select

from bot.database import session_scope, utcnow
from bot.models.canned import CannedReply
from bot.models.desks import Desk
from bot.services import desks
from tests.consoles import Browser, Office

only_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
LIST, NEW = "/desk/canned", "/desk/canned/new"
SCRIPT = "<script>alert('x')</script>"


def add(browser: Browser, title: str = "Chào", body: str = "Chào bạn", **form: str) -> int:
    """One more canned reply, from its form; its id."""
    answer = browser.post(NEW, {"title": title, "body": body, **form})
    assert answer.status_code == 303, answer.text
    with session_scope(browser.client.application.extensions["sessions"]) as session:
        return int(
            session.execute(select(CannedReply.id).order_by(CannedReply.id.desc()))
            .scalars()
            .first()
        )


def kept(office: Office) -> list[tuple[str, str]]:
    with office.sessions() as session:
        rows = session.execute(select(CannedReply.title, CannedReply.body).order_by(CannedReply.id))
        return [tuple(row) for row in rows]


def test_an_agent_adds_changes_and_deletes_their_own(office: Office) -> None:
    agent = office.browser("agent")
    mine = add(agent, "Lệ phí", "Lệ phí là {{procedure.fee}} ạ.\r\nChào bạn")
    assert "{{procedure.fee}}" in agent.get(LIST).text
    assert 'value="Lệ phí"' in agent.get(f"{LIST}/{mine}").text
    assert agent.post(f"{LIST}/{mine}", {"title": "Phí", "body": "Mới"}).status_code == 303
    assert kept(office) == [("Phí", "Mới")]
    assert agent.post(f"{LIST}/{mine}/delete").status_code == 303
    assert kept(office) == []
    assert [act for act, _ in office.trail()] == ["canned_saved", "canned_saved", "canned_removed"]


@pytest.mark.parametrize("role", ["agent", "admin", "editor"])
def test_what_belongs_to_a_colleague_is_not_there(office: Office, role: str) -> None:
    theirs = add(office.browser("agent"), "Riêng")
    other = office.browser(role)
    assert "Riêng" not in other.get(LIST).text
    assert other.get(f"{LIST}/{theirs}").status_code == 404
    assert other.post(f"{LIST}/{theirs}", {"title": "x", "body": "x"}).status_code == 404
    assert other.post(f"{LIST}/{theirs}/delete").status_code == 404
    assert kept(office) == [("Riêng", "Chào bạn")]


@only_sqlite
@pytest.mark.parametrize("role", ["admin", "editor"])
def test_what_is_shared_is_read_by_agents_and_changed_by_who_may(office: Office, role: str) -> None:
    sharer, agent = office.browser(role), office.browser("agent")
    shared = add(sharer, "Chung", shared="yes")
    assert "Chung" in agent.get(LIST).text
    assert f"{LIST}/{shared}" not in agent.get(LIST).text
    assert agent.get(f"{LIST}/{shared}").status_code == 404
    assert agent.post(f"{LIST}/{shared}", {"title": "x", "body": "x"}).status_code == 404
    assert agent.post(f"{LIST}/{shared}/delete").status_code == 404
    assert office.browser("editor").post(f"{LIST}/{shared}/delete").status_code == 303


@only_sqlite
def test_an_agent_cannot_share_by_a_forged_field(office: Office) -> None:
    form = {"title": "Chung", "body": "Chào", "shared": "yes"}
    answer = office.browser("agent").post(NEW, form)
    assert answer.status_code == 422
    assert kept(office) == []


@only_sqlite
def test_a_reply_shared_with_a_desk_names_it(office: Office) -> None:
    with session_scope(office.sessions) as session:
        desks.seed(session)
        desk = session.execute(select(Desk.id).where(Desk.code == "07228")).scalar_one()
    editor = office.browser("editor")
    made = add(editor, shared="yes", desk_id=str(desk))
    assert "Phường Đa Mai" in editor.get(LIST).text
    assert f'value="{desk}" selected' in editor.get(f"{LIST}/{made}").text
    assert "Phường Đa Mai" not in office.browser("agent").get(LIST).text


@only_sqlite
@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"title": ""}, "Tên cần có"),
        ({"title": "x" * 101}, "Tên cần có"),
        ({"body": " "}, "Nội dung cần có"),
        ({"body": "x" * 2001}, "Nội dung cần có"),
        ({"body": "Chào {{citizen.phone}}"}, "Không có trường {{citizen.phone}}"),
        ({"body": "Chào {{ {% x %}"}, "Không có trường {{"),
    ],
)
def test_what_is_wrong_is_told_and_the_rest_is_kept(
    office: Office, form: dict[str, str], said: str
) -> None:
    usual = {"title": "Tên giữ lại", "body": "Nội dung giữ lại"}
    answer = office.browser("agent").post(NEW, {**usual, **form})
    assert answer.status_code == 422
    assert said in answer.text
    assert usual["body" if "title" in form else "title"] in answer.text
    assert kept(office) == []


@only_sqlite
def test_a_title_with_script_is_shown_as_text(office: Office) -> None:
    agent = office.browser("agent", name=SCRIPT)
    made = add(agent, SCRIPT, f"{SCRIPT} {{{{agent.name}}}}")
    for path in (LIST, f"{LIST}/{made}"):
        page = agent.get(path).text
        assert SCRIPT not in page
        assert "&lt;script&gt;" in page


@only_sqlite
def test_five_hundred_are_paged(office: Office) -> None:
    agent = office.browser("agent")
    row = {"staff_id": agent.staff_id, "body": "Chào", "updated_at": utcnow()}
    rows = [{**row, "title": f"Câu {n:03}", "updated_by": agent.staff_id} for n in range(500)]
    with session_scope(office.sessions) as session:
        session.execute(insert(CannedReply), rows)
    assert "Câu 049" in agent.get(LIST).text
    assert "Câu 050" not in agent.get(LIST).text
    assert "Câu 499" in agent.get(f"{LIST}?page=10").text
    assert "tối đa 500" in agent.post(NEW, {"title": "x", "body": "x"}).text
