"""Template messages reach the phone whatever the window says, and are never paid for twice."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from sqlalchemy import update

from bot.channels.zalo.client import ZaloChannel
from bot.conversation.messages import Reply, TemplateData
from bot.conversation.sending import to_reply, to_row
from bot.database import session_scope, utcnow
from bot.errors import SendUnknown
from bot.models.conversations import Conversation
from bot.services import delivery, inbox
from bot.settings import Settings
from simulator.zalo.clock import HOUR_MS
from simulator.zalo.server import SimulatorServer
from tests.chain import USER, Chain
from tests.fakes import FakeZalo, fault

READY = "Hồ sơ H1 của ông/bà An đã có kết quả. Mời đến UBND xã để nhận."
VALUES = (("ma_ho_so", "H1"), ("ho_ten", "An"), ("noi_nhan", "UBND xã"))
MESSAGE = Reply(READY, template=TemplateData("310002", VALUES))
CARE = Reply("…", template=TemplateData("310003", (("ho_ten", "An"), ("thu_tuc", "khai sinh"))))
OLD = Reply("…", template=TemplateData("210001", (("ho_ten", "An"), ("gio_hen", "8:00"))))
LONG = Reply("…", template=TemplateData("310002", (*VALUES[:2], ("noi_nhan", "x" * 91))))


@pytest.fixture
def settings(simulated: Settings) -> Settings:
    """The settings of an assistant whose platform is the simulator."""
    return simulated


def closed_with(chain: Chain, simulator: SimulatorServer, *replies: Reply) -> int:
    """A conversation of eight days ago with these in its outbox; its id."""
    conversation = chain.say("chào")
    chain.attendant().attend(conversation)
    simulator.platform.close_window(USER)
    with session_scope(chain.sessions) as session:
        long_ago = {"last_interaction_at": utcnow() - dt.timedelta(days=8)}
        session.execute(update(Conversation).values(long_ago))
        inbox.store_replies(session, conversation, [to_row(reply) for reply in replies])
    return conversation


def bubbles(simulator: SimulatorServer) -> list[Any]:
    """The template messages on the phone."""
    return [m for m in simulator.platform.citizens[USER].messages if m.kind == "zbs"]


def at_hour(simulator: SimulatorServer, hour: int) -> None:
    """Let it be this hour in Viet Nam at the platform, within a day from now."""
    now = simulator.platform.clock.now_ms()
    wanted = (hour - 7) % 24 * HOUR_MS + HOUR_MS // 2
    simulator.platform.clock.advance((wanted - now) % (24 * HOUR_MS) / 1000)


def test_what_the_outbox_keeps_is_what_is_sent() -> None:
    row = to_row(MESSAGE)
    kept = delivery.Outbound(1, "queued", row.text, row.content, 0, None, None, utcnow())
    assert to_reply(kept) == MESSAGE


def test_it_goes_where_words_may_not(chain: Chain, simulator: SimulatorServer) -> None:
    conversation = closed_with(chain, simulator, Reply("Chào bạn"), MESSAGE)
    chain.attendant().attend(conversation)
    words, message = chain.messages("out")[-2:]
    assert words.error.startswith("window closed")
    assert (message.kind, message.state) == ("template", "sent")
    [bubble] = bubbles(simulator)
    assert (bubble.text, bubble.id) == (READY, message.channel_message_id)


def test_its_receipt_is_noted_on_it(chain: Chain, simulator: SimulatorServer) -> None:
    chain.attendant().attend(closed_with(chain, simulator, MESSAGE))
    sent = chain.messages("out")[-1]
    ids = (str(sent.channel_message_id),)
    with session_scope(chain.sessions) as session:
        assert delivery.note_receipt(session, "zalo", ids, seen=False, at=utcnow()) == 1
    received = [e for e in simulator.platform.ledger.events() if e.msg_id == ids[0]]
    assert "user_received_message" in {e.event_name for e in received}


def test_nothing_goes_where_nothing_may_cost(chain: Chain, simulator: SimulatorServer) -> None:
    chain.attendant(pay=False).attend(closed_with(chain, simulator, MESSAGE))
    assert chain.messages("out")[-1].error.startswith("not paid for")
    assert not bubbles(simulator)


@pytest.mark.parametrize(("reply", "error"), [(OLD, "zalo -249"), (LONG, "zalo -1121")])
def test_a_template_that_cannot_go_is_refused_with_its_code(
    chain: Chain, simulator: SimulatorServer, reply: Reply, error: str
) -> None:
    chain.attendant().attend(closed_with(chain, simulator, reply))
    message = chain.messages("out")[-1]
    assert (message.state, message.error) == ("refused", error)


def test_one_that_was_taken_without_an_answer_is_found(
    chain: Chain, simulator: SimulatorServer
) -> None:
    conversation = closed_with(chain, simulator, MESSAGE)
    simulator.platform.faults.change({"drop_after_accept_count": 1})
    chain.attendant().attend(conversation)
    assert chain.states("out")[-1] == "unknown"
    chain.let_time_pass(60)
    chain.attendant().attend(conversation)
    assert chain.states("out")[-1] == "sent"
    assert len(bubbles(simulator)) == 1


def test_one_that_is_not_found_is_left_to_people(chain: Chain, simulator: SimulatorServer) -> None:
    conversation = closed_with(chain, simulator, MESSAGE)
    simulator.platform.faults.change({"cut_before_accept_count": 1})
    for _ in range(3):
        chain.attendant().attend(conversation)
        chain.let_time_pass(60)
    message = chain.messages("out")[-1]
    assert (message.state, message.not_before) == ("unknown", None)
    assert message.error.startswith("not known whether sent")
    assert not bubbles(simulator)


def test_at_night_it_waits_for_the_morning_and_holds_up_nobody(
    chain: Chain, simulator: SimulatorServer
) -> None:
    conversation = closed_with(chain, simulator, CARE)
    at_hour(simulator, 23)
    chain.attendant().attend(conversation)
    held = chain.messages("out")[-1]
    assert held.state == "queued"
    assert held.error == "zalo -133: not at night"
    # The citizen writes again: their answer does not wait for six o'clock.
    simulator.platform.citizens[USER].last_interaction_ms = simulator.platform.clock.now_ms()
    assert chain.say("Chào lại") == conversation
    chain.attendant().attend(conversation)
    assert chain.states("out")[-2:] == ["queued", "sent"]


def test_what_waits_behind_a_held_template_is_found_by_the_sweep(
    chain: Chain, simulator: SimulatorServer
) -> None:
    conversation = closed_with(chain, simulator, CARE)
    at_hour(simulator, 23)
    chain.attendant().attend(conversation)
    assert chain.due() == []
    with session_scope(chain.sessions) as session:
        inbox.store_replies(session, conversation, [to_row(Reply("Trả lời"))])
        reply = delivery.outbox(session, conversation)[-1]
        delivery.start(session, reply.id)
        delivery.deferred(session, reply.id, "later", -1)
    assert chain.due() == [conversation]


def test_an_unknown_error_of_the_platform_settles_nothing(
    environ: dict[str, str], chain: Chain, fake_zalo: FakeZalo
) -> None:
    zalo = ZaloChannel(Settings.from_env(environ), chain.tokens, chain.store)
    fake_zalo.faults = [fault(-100)]
    with pytest.raises(SendUnknown):
        zalo.send(USER, MESSAGE)
