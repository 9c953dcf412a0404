"""A draft on an agent's page: seen with its reason, sent, edited or put aside, and never twice."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest
from sqlalchemy import select

from bot.database import session_scope
from bot.models.audit import AuditEntry
from bot.models.conversations import Conversation
from bot.models.desks import Desk, DeskMember
from bot.models.handoffs import ReplyDraft
from tests.consoles import Browser, Office
from tests.desk.test_handoffs_pages import followed, held, outgoing, row

only_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
TITLE = "Trợ lý gợi ý trả lời"
TEXT = "💰 Lệ phí: 20.000 đồng <b>một lần</b>.\n\nNguồn: Quyết định 1/QĐ-UBND"
LIVE = {"HX-Request": "true"}


class Scene:
    """An agent who holds a conversation at a desk with drafts on, and a draft for it."""

    def __init__(self, office: Office, *, drafts: bool = True) -> None:
        self.office = office
        self.agent = office.browser("agent", name="Cán bộ Lan")
        self.desk = office.desk("Sở Tư pháp", self.agent.staff_id, drafts=drafts)
        self.conversation = office.citizen()
        self.handoff = held(office, self.agent, self.conversation, desk_id=self.desk)
        self.message = office.says(self.conversation, "lệ phí bao nhiêu", outcome="staff")
        self.path = f"/desk/handoffs/{self.handoff}"
        self.draft = self.drafted(self.message)

    def drafted(self, message_id: int, **values: Any) -> int:
        parts = [
            {"text": TEXT, "content": {}},
            {
                "text": "Nộp ở UBND xã.",
                "content": {"buttons": [["Nộp trực tuyến", "url", "https://dvc.example.vn"]]},
            },
        ]
        with session_scope(self.office.sessions) as session:
            made = ReplyDraft(
                **{
                    "conversation_id": self.conversation,
                    "handoff_id": self.handoff,
                    "message_id": message_id,
                    "claimed_at": row(self.office, self.handoff).claimed_at,
                    "state": "ready",
                    "parts": parts,
                    "intent": "ask_fee",
                    "confidence": 930,
                    "procedures": ["1.004194"],
                    **values,
                }
            )
            session.add(made)
            session.flush()
            return int(made.id)

    def act(self, name: str, browser: Browser | None = None, **more: Any) -> Any:
        return (browser or self.agent).post(f"{self.path}/drafts/{self.draft}/{name}", **more)

    def page(self, query: str = "") -> str:
        return self.agent.get(self.path + query).text

    def state(self) -> str:
        with self.office.sessions() as session:
            found = select(ReplyDraft.state).where(ReplyDraft.id == self.draft)
            return str(session.execute(found).scalar_one())

    def trail(self) -> list[str]:
        return [action for action, _ in self.office.trail() if action.startswith("draft")]


@pytest.fixture
def scene(office: Office) -> Scene:
    return Scene(office)


def test_the_holder_sees_the_whole_draft_and_why_and_nobody_else_does(
    office: Office, scene: Scene
) -> None:
    page = scene.page()
    assert TITLE in page
    assert html.escape(TEXT) in page
    assert "<b>một lần</b>" not in page
    assert "Nộp ở UBND xã." in page
    assert "Nộp trực tuyến" in page
    assert "hỏi về lệ phí" in page
    assert "93 %" in page
    assert "1.004194" in page
    assert TITLE in scene.agent.get(f"{scene.path}/thread").text, "an open page would not learn"
    colleague = office.browser("agent")
    with session_scope(office.sessions) as session:
        session.add(DeskMember(desk_id=scene.desk, staff_id=colleague.staff_id))
    for other in (colleague, office.browser("admin"), office.browser("auditor")):
        assert TITLE not in other.get(scene.path).text


def test_what_is_approved_goes_whole_as_the_agents_message(scene: Scene) -> None:
    page = followed(scene.act("approve"), scene.agent)
    assert "Đã duyệt" in page
    assert TITLE not in page
    sent = outgoing(scene.office)
    assert [m.text for m in sent] == [TEXT, "Nộp ở UBND xã."]
    assert sent[1].content["buttons"] == [["Nộp trực tuyến", "url", "https://dvc.example.vn"]]
    assert {m.content["staff_id"] for m in sent} == {scene.agent.staff_id}
    assert scene.trail() == ["draft_approved"]
    again = scene.act("approve", headers=LIVE)
    assert again.status_code == 409
    assert "trước đó" in again.text
    assert len(outgoing(scene.office)) == 2


@only_sqlite
def test_with_script_what_stands_in_the_box_is_left_alone(scene: Scene) -> None:
    answer = scene.act("approve", headers=LIVE)
    assert answer.status_code == 200
    assert answer.headers["HX-Trigger-After-Swap"] == "desk-draft"
    assert "form-id" not in answer.text


@only_sqlite
def test_a_draft_that_is_put_aside_is_gone(scene: Scene) -> None:
    assert TITLE not in followed(scene.act("dismiss"), scene.agent)
    assert scene.act("approve").status_code == 409
    assert outgoing(scene.office) == []
    assert scene.trail() == ["draft_dismissed"]


@only_sqlite
def test_an_edited_draft_is_a_reply_that_is_known_to_be_one(scene: Scene) -> None:
    page = scene.page(f"?draft={scene.draft}")
    assert f"{html.escape(TEXT)}\n\nNộp ở UBND xã.</textarea>" in page
    assert hidden_id(page) == str(scene.draft)
    inserted = scene.agent.get(f"{scene.path}/text?draft={scene.draft}").text
    assert inserted == f"{TEXT}\n\nNộp ở UBND xã."
    form = {"text": "Lệ phí 20.000 đồng ạ", "draft_id": str(scene.draft), "form_id": "one"}
    assert scene.agent.post(f"{scene.path}/reply", form).status_code == 303
    assert scene.agent.post(f"{scene.path}/reply", form).status_code == 303, "a double click"
    assert [m.text for m in outgoing(scene.office)] == ["Lệ phí 20.000 đồng ạ"]
    assert scene.trail() == ["draft_edited"]
    assert scene.state() == "edited"


@only_sqlite
def test_what_was_approved_in_one_tab_is_not_sent_again_from_the_box_of_another(
    scene: Scene,
) -> None:
    scene.act("approve")
    form = {"text": "Bản sửa của tôi", "draft_id": str(scene.draft)}
    answer = scene.agent.post(f"{scene.path}/reply", form)
    assert answer.status_code == 409
    assert "Bản sửa của tôi" in answer.text, "nothing that was written is lost"
    assert hidden_id(answer.text) == ""
    live = scene.agent.post(f"{scene.path}/reply", form, headers=LIVE)
    assert (live.status_code, hidden_id(live.text)) == (409, "")
    assert len(outgoing(scene.office)) == 2
    meant = {"text": "Bản sửa của tôi", "draft_id": ""}
    assert scene.agent.post(f"{scene.path}/reply", meant).status_code == 303


def test_a_draft_that_the_citizen_overtook_is_marked_and_not_sent(scene: Scene) -> None:
    scene.office.says(scene.conversation, "à mà nộp ở đâu")
    page = scene.page()
    assert "Gợi ý đã cũ" in page
    assert "người dân đã nhắn thêm" in page
    assert "/approve" not in page
    answer = scene.act("approve", headers=LIVE)
    assert answer.status_code == 409
    assert "người dân vừa nhắn thêm" in answer.text
    assert outgoing(scene.office) == []
    assert scene.trail() == []


@only_sqlite
def test_only_the_holder_decides_and_strangers_find_nothing(office: Office, scene: Scene) -> None:
    stranger = office.browser("agent")
    office.desk("Sở Xây dựng", stranger.staff_id)
    admin = office.browser("admin", name="Quản trị Hoa")
    for act in ("approve", "dismiss"):
        assert scene.act(act, stranger).status_code == 404
        taken = scene.act(act, admin)
        assert taken.status_code == 409
        assert "Cán bộ Lan" in taken.text
        assert scene.act(act, office.browser("auditor")).status_code == 403
        assert office.app.test_client().post(
            f"{scene.path}/drafts/{scene.draft}/{act}"
        ).status_code in (302, 303, 400)
    assert admin.get(f"{scene.path}/text?draft={scene.draft}").status_code == 404
    assert scene.agent.post(f"{scene.path}/drafts/999/approve").status_code == 404
    other = held(office, scene.agent, desk_id=scene.desk)
    elsewhere = f"/desk/handoffs/{other}/drafts/{scene.draft}/approve"
    assert scene.agent.post(elsewhere).status_code == 404, "a draft of another conversation"
    assert outgoing(office) == []
    assert scene.state() == "ready"


@only_sqlite
def test_when_nobody_may_write_any_more_nothing_is_sent(scene: Scene) -> None:
    with session_scope(scene.office.sessions) as session:
        session.query(Conversation).update({"last_interaction_at": None})
    assert "/approve" not in scene.page()
    answer = scene.act("approve")
    assert answer.status_code == 409
    assert "7 ngày" in answer.text
    assert scene.state() == "ready"


@only_sqlite
def test_an_admin_switches_the_drafts_of_a_desk_on_and_it_is_on_record(office: Office) -> None:
    desk = office.desk("Sở Y tế")
    admin = office.browser("admin")
    assert "Bật gợi ý trả lời" in admin.get(f"/admin/desks/{desk}").text
    page = followed(admin.post(f"/admin/desks/{desk}/drafts", {"drafts": "yes"}), admin)
    assert "Đã bật gợi ý trả lời" in page
    assert "Tắt gợi ý trả lời" in page
    with office.sessions() as session:
        assert session.get(Desk, desk).drafts is True
        entry = session.query(AuditEntry).one()
        assert (entry.action, entry.subject_id) == ("desk_drafts_on", str(desk))
    assert office.browser("agent").post(f"/admin/desks/{desk}/drafts").status_code == 403
    assert admin.post("/admin/desks/999/drafts", {"drafts": "yes"}).status_code == 404
    assert "Bật gợi ý trả lời của bàn trực" in admin.get("/admin/audit").text


@only_sqlite
def test_a_desk_with_drafts_off_shows_none(office: Office) -> None:
    scene = Scene(office, drafts=False)
    assert TITLE not in scene.page()
    assert scene.act("approve").status_code == 409
    assert outgoing(office) == []


def hidden_id(page: str) -> str:
    """The draft that the compose box says it was made of."""
    found = re.search(r'id="draft-id" value="([^"]*)"', page)
    assert found, "no such field on the page"
    return found[1]
