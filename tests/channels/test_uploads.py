"""Pictures and files of staff reach the phone: uploaded once, again when Zalo has let them go."""

from __future__ import annotations

from typing import Any

import pytest
import redis
import requests
from sqlalchemy.orm import Session, sessionmaker

from bot.channels.zalo.client import ZaloChannel
from bot.conversation.cutting import fit
from bot.conversation.messages import Reply
from bot.conversation.sending import to_row
from bot.database import session_scope, utcnow
from bot.errors import SendDeferred, SendRefused
from bot.services import inbox, outgoing_files
from bot.services.outgoing_files import OutgoingFile
from bot.settings import Settings
from simulator.zalo.server import SimulatorServer
from tests.chain import USER, Chain
from tests.fakes import FakeZalo
from tests.services.test_outgoing_files import PDF, picture

DAY = 86_400


@pytest.fixture
def settings(simulated: Settings) -> Settings:
    """The settings of an assistant whose platform is the simulator."""
    return simulated


@pytest.fixture
def zalo(settings: Settings, chain: Chain) -> ZaloChannel:
    return ZaloChannel(settings, chain.tokens, chain.store)


def stored(settings: Settings, data: bytes, name: str) -> OutgoingFile:
    return outgoing_files.store(outgoing_files.folder_of(settings.var_dir), data, name)


def reply_of(file: OutgoingFile) -> Reply:
    return Reply(file=file.key, file_name=file.name)


def attachments(simulator: SimulatorServer) -> list[dict[str, Any]]:
    """What the accepted messages carried, as the citizen's phone got it."""
    bubbles = simulator.platform.citizens[USER].messages
    return [dict(b.attachment or {}) for b in bubbles if b.side == "oa"]


@pytest.mark.parametrize(
    ("data", "name", "kind"),
    [(picture(), "Ảnh bìa.png", "image"), (PDF, "Tờ khai.pdf", "file")],
)
def test_a_stored_file_arrives_whole_under_its_name(
    settings: Settings,
    zalo: ZaloChannel,
    simulator: SimulatorServer,
    data: bytes,
    name: str,
    kind: str,
) -> None:
    assert zalo.send(USER, reply_of(stored(settings, data, name)))
    [shown] = attachments(simulator)
    assert (shown["type"], shown["name"]) == (kind, name)
    assert requests.get(simulator.url + shown["url"], timeout=5).content == data


def test_a_file_goes_up_once_for_all_who_get_it(
    settings: Settings, chain: Chain, zalo: ZaloChannel, simulator: SimulatorServer
) -> None:
    file = stored(settings, PDF, "a.pdf")
    zalo.send(USER, reply_of(file))
    another_worker = ZaloChannel(settings, chain.tokens, chain.store)
    another_worker.send(USER, reply_of(file))
    first, second = attachments(simulator)
    assert first["token"] == second["token"]


@pytest.mark.parametrize(("data", "name"), [(picture(), "a.png"), (PDF, "a.pdf")])
def test_what_zalo_has_let_go_is_uploaded_again(
    settings: Settings, zalo: ZaloChannel, simulator: SimulatorServer, data: bytes, name: str
) -> None:
    file = stored(settings, data, name)
    zalo.send(USER, reply_of(file))
    simulator.platform.clock.advance(8 * DAY)  # the token is over as well
    requests.post(f"{simulator.url}/_control/users", json={"user_ids": [USER]}, timeout=5)
    zalo.send(USER, reply_of(file))
    assert simulator.platform.ledger.counters()["refused_-100"] == 1
    first, second = attachments(simulator)
    assert first != second


def test_a_file_that_is_gone_is_refused_and_said_so(settings: Settings, zalo: ZaloChannel) -> None:
    file = stored(settings, PDF, "a.pdf")
    (outgoing_files.folder_of(settings.var_dir) / file.key).unlink()
    with pytest.raises(SendRefused, match="không còn"):
        zalo.send(USER, reply_of(file))


def test_an_upload_that_fails_leaves_the_message_for_later(
    environ: dict[str, str], chain: Chain
) -> None:
    nobody = Settings.from_env(environ | {"ZALO_API_URL": "http://127.0.0.1:1"})
    file = stored(nobody, PDF, "a.pdf")
    with pytest.raises(SendDeferred):
        ZaloChannel(nobody, chain.tokens, chain.store).send(USER, reply_of(file))


def put_into_the_outbox(chain: Chain, reply: Reply) -> int:
    conversation = chain.say("cho tôi xin mẫu đơn")
    with session_scope(chain.sessions) as session:
        rows = [to_row(r) for r in fit([reply], 2000)]
        inbox.store_replies(session, conversation, rows)
    return conversation


def test_a_file_goes_through_the_outbox_before_its_words(
    settings: Settings,
    chain: Chain,
    simulator: SimulatorServer,
    sessions: sessionmaker[Session],
    store: redis.Redis[Any],
) -> None:
    file = stored(settings, PDF, "Tờ khai.pdf")
    reply = Reply(text="Mẫu đơn đây ạ.", file=file.key, file_name=file.name)
    chain.attendant().attend(put_into_the_outbox(chain, reply))
    assert [m.kind for m in chain.messages("out")][:2] == ["file", "text"]
    assert set(chain.states("out")) == {"sent"}
    bubbles = [b for b in simulator.platform.citizens[USER].messages if b.side == "oa"]
    assert [b.kind for b in bubbles][:2] == ["file", "text"]
    assert bubbles[0].attachment is not None
    assert bubbles[0].attachment["name"] == "Tờ khai.pdf"


@pytest.mark.parametrize(("data", "name"), [(picture(), "a.png"), (PDF, "a.pdf")])
def test_a_file_that_was_taken_without_an_answer_is_not_sent_twice(
    settings: Settings, chain: Chain, simulator: SimulatorServer, data: bytes, name: str
) -> None:
    file = stored(settings, data, name)
    conversation = put_into_the_outbox(chain, reply_of(file))
    simulator.platform.faults.change({"drop_after_accept_count": 1})
    attendant = chain.attendant()
    attendant.attend(conversation)
    assert "unknown" in chain.states("out")
    chain.let_time_pass(60)
    attendant.attend(conversation)
    assert set(chain.states("out")) == {"sent"}
    assert [a["type"] for a in attachments(simulator) if a] == [
        "image" if name.endswith("png") else "file"
    ]


def test_an_entry_without_words_is_not_taken_for_a_file(
    chain: Chain, environ: dict[str, str], fake_zalo: FakeZalo
) -> None:
    settings = Settings.from_env(environ)
    fake_zalo.listed = [
        {"src": 0, "time": 2_000_000_000_000, "type": kind, "message": "", "message_id": kind}
        | {"to_id": USER}
        for kind in ("text", "file")
    ]
    zalo = ZaloChannel(settings, chain.tokens, chain.store)
    reply = Reply(file="0" * 64 + ".pdf", file_name="a.pdf")
    assert zalo.find_sent(USER, reply, utcnow()) == ["file"]
