"""Staff send pictures and documents from the reply form, to Zalo and to the web chat."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from sqlalchemy import select

from bot.models.audit import AuditEntry
from bot.models.conversations import Message
from bot.services import conversations, outgoing_files
from simulator.zalo.server import SimulatorServer
from tests.chain import USER, Chain
from tests.channels.test_uploads import attachments
from tests.consoles import Office, hidden
from tests.services.test_outgoing_files import PDF, picture

only_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def environ(environ: dict[str, str], simulator: SimulatorServer) -> dict[str, str]:
    """An assistant whose platform is the simulator."""
    return environ | {"ZALO_API_URL": simulator.url, "ZALO_OAUTH_URL": simulator.url}


def outgoing(office: Office) -> list[Message]:
    with office.sessions() as session:
        wanted = select(Message).where(Message.direction == "out").order_by(Message.id)
        return list(session.execute(wanted).scalars())


def form(data: bytes, name: str, text: str = "", **more: str) -> dict[str, object]:
    return {"text": text, "file": (io.BytesIO(data), name), **more}


@pytest.mark.parametrize(
    ("data", "name", "kind"),
    [(picture(), "Ảnh bìa.png", "image"), (PDF, "Tờ khai.pdf", "file")],
)
def test_a_file_from_the_form_reaches_the_phone_before_its_words(
    office: Office,
    chain: Chain,
    simulator: SimulatorServer,
    data: bytes,
    name: str,
    kind: str,
) -> None:
    citizen = chain.say("gửi tôi mẫu")
    with office.sessions() as session:
        session.execute(Message.__table__.update().values(state="answered"))
        session.commit()
    browser = office.browser("agent")
    address = f"/desk/conversations/{citizen}"
    form_id = hidden(browser.get(address), "form_id")
    for _ in range(2):
        sent = form(data, name, "Đây ạ", form_id=form_id)
        assert browser.post(f"{address}/reply", sent).status_code == 303
    chain.attendant().attend(citizen)
    assert [m.state for m in outgoing(office)] == ["sent", "sent"]
    bubbles = [b for b in simulator.platform.citizens[USER].messages if b.side == "oa"]
    assert [b.text for b in bubbles] == ["", "Đây ạ"]
    [shown] = [a for a in attachments(simulator) if a]
    assert (shown["type"], shown["name"]) == (kind, name)
    assert name in browser.get(address).text


def test_words_are_not_needed_with_a_file_and_the_trail_tells_which(office: Office) -> None:
    citizen = office.citizen()
    office.browser("agent").post(
        f"/desk/conversations/{citizen}/reply", form(PDF, "../../Tờ <khai>.pdf")
    )
    [reply] = outgoing(office)
    key, name = reply.content["file"]
    assert (reply.text, reply.kind, name) == ("", "file", "Tờ _khai_.pdf")
    folder = outgoing_files.folder_of(office.app.extensions["settings"].var_dir)
    assert outgoing_files.read(folder, key) == PDF
    with office.sessions() as session:
        wanted = select(AuditEntry.detail).where(AuditEntry.action == "reply")
        told = {"characters": 0, "messages": 1, "files": [key]}
        assert session.execute(wanted).scalar_one() == told


@only_sqlite
def test_a_visitor_of_the_web_chat_gets_the_file_too(office: Office, chain: Chain) -> None:
    client = office.app.test_client()
    headers = {"Authorization": f"Bearer {client.post('/chat/sessions').json['token']}"}  # type: ignore[index]
    client.post("/chat/messages", json={"id": "a" * 32, "text": "xin mẫu"}, headers=headers)
    with office.sessions() as session:
        [asked] = session.execute(select(Message)).scalars()
        session.execute(Message.__table__.update().values(state="answered"))
        session.commit()
    citizen = int(asked.conversation_id)
    office.browser("agent").post(f"/desk/conversations/{citizen}/reply", form(PDF, "Tờ khai.pdf"))
    chain.attendant().attend(citizen)
    [reply] = outgoing(office)
    assert client.get(f"/chat/files/{reply.id}", headers=headers).data == PDF


@only_sqlite
@pytest.mark.parametrize(
    ("data", "name", "said"),
    [
        (b"MZ", "virus.exe", "Chỉ gửi được ảnh"),
        (b"<html>", "anh.png", "Nội dung không phải là tệp PNG"),
        (b"", "a.pdf", "Tệp này trống"),
        (PDF + b" " * 5_000_001, "a.pdf", "lớn quá 5 MB"),
    ],
)
def test_a_file_that_cannot_be_sent_is_named_beside_its_field(
    office: Office, data: bytes, name: str, said: str
) -> None:
    citizen = office.citizen()
    answer = office.browser("agent").post(
        f"/desk/conversations/{citizen}/reply", form(data, name, "Bản nháp dài")
    )
    assert answer.status_code == 422
    beside = answer.text[answer.text.index('id="file"') :]
    assert said in beside
    assert "Bản nháp dài" in answer.text
    assert outgoing(office) == []


@only_sqlite
def test_only_the_reply_form_takes_a_large_body(office: Office) -> None:
    citizen, agent = office.citizen(), office.browser("agent")
    path = f"/desk/conversations/{citizen}/reply"
    assert agent.post(path, form(b"x" * 6_300_000, "a.pdf")).status_code == 413
    note = {"note": "x", "file": (io.BytesIO(b"x" * 3_000_000), "a.pdf")}
    assert agent.post("/desk/undelivered/dismiss", note).status_code == 413
    nobody = office.browser("").post(path, form(PDF, "a.pdf"))
    assert nobody.status_code == 302


@only_sqlite
def test_no_file_is_kept_for_who_may_not_write(office: Office) -> None:
    citizen = office.citizen()
    answer = office.browser("auditor").post(
        f"/desk/conversations/{citizen}/reply", form(PDF, "a.pdf")
    )
    assert answer.status_code == 403
    folder: Path = outgoing_files.folder_of(office.app.extensions["settings"].var_dir)
    assert not list(folder.glob("*"))
    assert outgoing(office) == []


@only_sqlite
def test_who_has_left_gets_no_file(office: Office) -> None:
    citizen = office.citizen()
    with office.sessions() as session:
        conversations.erase(session, citizen, forget_user=True)
        session.commit()
    answer = office.browser("agent").post(
        f"/desk/conversations/{citizen}/reply", form(PDF, "a.pdf")
    )
    assert answer.status_code == 409
    assert outgoing(office) == []


@only_sqlite
def test_no_file_goes_to_whom_a_colleague_is_helping(office: Office) -> None:
    citizen, colleague = office.citizen(), office.browser("agent", name="Lan")
    assert colleague.post(f"/desk/conversations/{citizen}/take").status_code == 303
    answer = office.browser("admin").post(
        f"/desk/conversations/{citizen}/reply", form(PDF, "a.pdf", "Bản nháp dài")
    )
    assert answer.status_code == 409
    assert "Lan đang trả lời người dân này" in answer.text
    assert "Bản nháp dài" in answer.text
    assert [m.kind for m in outgoing(office)] == ["text"], "only that Lan has come"


@only_sqlite
def test_no_file_is_kept_for_who_may_not_open_the_conversation(office: Office) -> None:
    citizen = office.citizen()
    office.hands_over(citizen, desk_id=office.desk("Sở Xây dựng"))
    answer = office.browser("agent").post(
        f"/desk/conversations/{citizen}/reply", form(PDF, "a.pdf")
    )
    assert answer.status_code == 404
    folder: Path = outgoing_files.folder_of(office.app.extensions["settings"].var_dir)
    assert not list(folder.glob("*"))
