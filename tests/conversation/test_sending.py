"""Replies on their way out: every answer of the platform, once each, nothing dropped silently."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import update

from bot.channels.zalo.client import ZaloChannel
from bot.conversation.messages import Reply
from bot.conversation.sending import MAX_TRIES
from bot.database import session_scope, utcnow
from bot.models.conversations import Conversation, Message
from tests.chain import Chain
from tests.fakes import Answer, FakeRasa, FakeZalo, fault, turn


def dropped(asked: dict[str, Any]) -> Answer:
    return 0, None


def http(status: int) -> Callable[[dict[str, Any]], Answer]:
    return lambda asked: (status, {"oops": 1})


@pytest.mark.parametrize("code", [-201, -210, -213, -230, -232, -233, -244, -248, -100])
def test_a_final_refusal_is_kept_with_its_reason_and_the_next_goes_on(
    chain: Chain, fake_zalo: FakeZalo, code: int
) -> None:
    fake_zalo.faults = [fault(code)]
    attendant = chain.attendant()
    attendant.attend(chain.say("một"))
    attendant.attend(chain.say("hai"))
    first, second = chain.messages("out")
    assert (first.state, first.error) == ("refused", f"zalo {code}")
    assert second.state == "sent"


@pytest.mark.parametrize(
    ("failing", "least", "most"),
    [
        (fault(-32), 4, 66),
        (fault(-200), 1, 3),
        (fault(-9999), 1, 3),
        (http(429), 4, 11),
        (fault(-224), 500, 700),
        (fault(-321), 500, 700),
        (fault(-144), 3000, 4000),
        (fault(-234), 1, 86_400),
    ],
)
def test_a_passing_refusal_is_tried_again_later(
    chain: Chain, fake_zalo: FakeZalo, failing: Any, least: float, most: float
) -> None:
    fake_zalo.faults = [failing]
    chain.attendant().attend(chain.say("một"))
    [reply] = chain.messages("out")
    assert reply.state == "queued"
    assert least < (reply.not_before - utcnow()).total_seconds() <= most
    assert reply.attempts == 1


def test_no_connection_to_the_platform_means_nothing_was_sent(
    chain: Chain, fake_zalo: FakeZalo
) -> None:
    fake_zalo.close()
    chain.attendant().attend(chain.say("một"))
    assert chain.states("out") == ["queued"]


def accepted_then(zalo: FakeZalo, status: int) -> Callable[[dict[str, Any]], Answer]:
    def accept_and_fail(asked: dict[str, Any]) -> Answer:
        zalo.accept(asked)
        return status, {}

    return accept_and_fail


@pytest.mark.parametrize("status", [0, 500, 502, 503, 504])
def test_a_reply_that_was_taken_without_an_answer_is_not_sent_twice(
    chain: Chain, fake_zalo: FakeZalo, status: int
) -> None:
    fake_zalo.faults = [accepted_then(fake_zalo, status)]
    attendant = chain.attendant()
    conversation = chain.say("một")
    attendant.attend(conversation)
    assert chain.states("out") == ["unknown"]
    attendant.attend(conversation)
    [reply] = chain.messages("out")
    assert (reply.state, reply.channel_message_id) == ("sent", "out1")
    assert fake_zalo.texts() == ["đáp: một"]


@pytest.mark.parametrize("failing", [dropped, http(500)])
def test_a_reply_that_never_arrived_is_sent_after_looking(
    chain: Chain, fake_zalo: FakeZalo, failing: Any
) -> None:
    fake_zalo.faults = [failing]
    attendant = chain.attendant()
    conversation = chain.say("một")
    attendant.attend(conversation)
    chain.let_time_pass(60)
    attendant.attend(conversation)
    assert chain.states("out") == ["sent"]
    assert fake_zalo.texts() == ["đáp: một"]


def test_a_call_that_may_still_arrive_is_not_repeated(chain: Chain, fake_zalo: FakeZalo) -> None:
    fake_zalo.faults = [dropped]
    attendant = chain.attendant()
    conversation = chain.say("một")
    attendant.attend(conversation)
    attendant.attend(conversation)
    assert fake_zalo.tries == 1, "the first call may hang somewhere on its way"
    assert chain.states("out") == ["unknown"]
    [reply] = chain.messages("out")
    fake_zalo.accept(
        {"recipient": {"user_id": "1111111111111111111"}, "message": {"text": reply.text}}
    )
    chain.let_time_pass(60)
    attendant.attend(conversation)
    assert chain.states("out") == ["sent"]
    assert fake_zalo.texts() == ["đáp: một"]


def test_a_reply_that_somebody_is_sending_now_is_left_alone(
    chain: Chain, fake_zalo: FakeZalo
) -> None:
    # The store lost the lock (it was restarted) while its holder waits for the platform.
    attendant = chain.attendant()
    conversation = chain.say("một")

    def another_worker_comes(asked: dict[str, Any]) -> None:
        chain.store.flushall()
        threading.Thread(target=chain.attendant().attend, args=(conversation,)).run()

    fake_zalo.faults = [another_worker_comes]  # type: ignore[list-item]
    attendant.attend(conversation)
    assert fake_zalo.texts() == ["đáp: một"]
    assert chain.states("out") == ["sent"]


def test_the_same_words_sent_before_do_not_count_as_this_reply(
    chain: Chain, fake_rasa: FakeRasa, fake_zalo: FakeZalo
) -> None:
    fake_rasa.respond = lambda asked: (200, turn("Chào anh/chị"))
    attendant = chain.attendant()
    attendant.attend(chain.say("chào"))
    fake_zalo.faults = [dropped]
    conversation = chain.say("chào")
    attendant.attend(conversation)
    chain.let_time_pass(60)
    attendant.attend(conversation)
    assert fake_zalo.texts() == ["Chào anh/chị", "Chào anh/chị"]
    assert [m.channel_message_id for m in chain.messages("out")] == ["out1", "out2"]


def test_a_reply_left_by_a_dead_worker_is_looked_up_first(
    chain: Chain, fake_rasa: FakeRasa, fake_zalo: FakeZalo
) -> None:
    fake_rasa.respond = lambda asked: (200, turn("phần một", "phần hai"))
    attendant = chain.attendant()
    conversation = chain.say("một")
    attendant.attend(conversation)
    # As if the worker had died after the platform took the first part.
    with session_scope(chain.sessions) as session:
        first = chain.messages("out")[0].id
        as_left = {"state": "sending", "channel_message_id": None}
        session.execute(update(Message).where(Message.id == first).values(as_left))
    attendant.attend(conversation)
    assert chain.states("out") == ["sent", "sent"]
    assert fake_zalo.texts() == ["phần một", "phần hai"]


def test_a_reply_of_which_nobody_can_tell_is_left_to_people(
    chain: Chain, fake_zalo: FakeZalo
) -> None:
    fake_zalo.faults = [dropped]
    attendant = chain.attendant()
    conversation = chain.say("một")
    attendant.attend(conversation)
    fake_zalo.listed = [{"no": "such shape", "to_id": "1111111111111111111"}]
    attendant.attend(conversation)
    [reply] = chain.messages("out")
    assert reply.state == "unknown"
    assert reply.not_before is not None
    with session_scope(chain.sessions) as session:
        long_ago = utcnow() - dt.timedelta(hours=1)
        session.execute(update(Message).values(created_at=long_ago, decisive_at=long_ago))
    attendant.attend(conversation)
    [reply] = chain.messages("out")
    assert (reply.state, reply.not_before) == ("unknown", None)
    attendant.attend(chain.say("hai"))
    assert fake_zalo.texts() == ["đáp: hai"]


def test_after_seven_days_of_silence_a_reply_is_refused_and_kept(
    chain: Chain, fake_zalo: FakeZalo
) -> None:
    fake_zalo.faults = [fault(-200)]
    attendant = chain.attendant()
    conversation = chain.say("một")
    attendant.attend(conversation)
    with session_scope(chain.sessions) as session:
        last = utcnow() - dt.timedelta(days=7, minutes=1)
        session.execute(update(Conversation).values(last_interaction_at=last))
        session.execute(update(Message).values(not_before=None))
    attendant.attend(conversation)
    [reply] = chain.messages("out")
    assert reply.state == "refused"
    assert "7 days" in reply.error
    assert reply.text == "đáp: một"


@pytest.mark.parametrize(("pay", "state"), [(True, "sent"), (False, "refused")])
def test_when_the_platform_charges_a_setting_decides(
    chain: Chain, fake_zalo: FakeZalo, pay: bool, state: str
) -> None:
    fake_zalo.faults = [fault(-200)]
    attendant = chain.attendant(pay=pay)
    conversation = chain.say("một")
    attendant.attend(conversation)
    with session_scope(chain.sessions) as session:
        last = utcnow() - dt.timedelta(hours=49)
        session.execute(update(Conversation).values(last_interaction_at=last))
    chain.let_time_pass(60)
    attendant.attend(conversation)
    [reply] = chain.messages("out")
    assert reply.state == state
    assert ("ZALO_PAID_MESSAGES" in reply.error) is not pay


def test_the_window_is_looked_at_before_the_first_reply_of_an_answer_too(
    chain: Chain, fake_zalo: FakeZalo
) -> None:
    conversation = chain.say("một")
    with session_scope(chain.sessions) as session:
        last = utcnow() - dt.timedelta(hours=60)
        session.execute(update(Conversation).values(last_interaction_at=last))
    chain.attendant(pay=False).attend(conversation)
    assert fake_zalo.texts() == []
    assert chain.states("out") == ["refused"]


def test_a_send_that_would_begin_late_is_put_off(chain: Chain, fake_zalo: FakeZalo) -> None:
    # Others may already have looked for it in vain and be about to send it themselves.
    now = [0.0]
    zalo = ZaloChannel(chain.settings, chain.tokens, chain.store, clock=lambda: now[0])

    def renewal_takes_long(asked: dict[str, Any]) -> Answer:
        now[0] += 30
        fake_zalo.access = "another"
        return 200, {"error": -216}

    chain.tokens.access_token()
    fake_zalo.faults = [renewal_takes_long]
    attendant = chain.attendant(zalo=zalo)
    conversation = chain.say("một")
    attendant.attend(conversation)
    assert fake_zalo.texts() == []
    [reply] = chain.messages("out")
    assert (reply.state, reply.attempts) == ("queued", 0)
    attendant.attend(conversation)
    assert fake_zalo.texts() == ["đáp: một"]


def test_of_two_workers_that_look_a_reply_up_one_acts(chain: Chain, fake_zalo: FakeZalo) -> None:
    fake_zalo.faults = [dropped]
    conversation = chain.say("một")
    chain.attendant().attend(conversation)
    chain.let_time_pass(60)
    looked = fake_zalo.handle

    def another_worker_comes(path: str, headers: dict[str, str], body: bytes) -> Answer:
        fake_zalo.handle = looked  # type: ignore[method-assign]
        answer = looked(path, headers, body)
        chain.store.flushall()  # the lock is lost while its holder waits for the list
        chain.attendant().attend(conversation)
        return answer

    fake_zalo.handle = another_worker_comes  # type: ignore[method-assign]
    chain.attendant().attend(conversation)
    assert fake_zalo.texts() == ["đáp: một"]
    assert chain.states("out") == ["sent"]


def test_a_fault_of_ours_in_the_middle_of_sending_does_not_go_on_for_ever(
    chain: Chain, fake_zalo: FakeZalo
) -> None:
    class Broken(ZaloChannel):
        def send(self, user_id: str, reply: Reply) -> str:
            if reply.text == "đáp: một":
                raise KeyError("a fault of ours")
            return super().send(user_id, reply)

    attendant = chain.attendant(zalo=Broken(chain.settings, chain.tokens, chain.store))
    conversation = chain.say("một")
    chain.say("hai")
    for _ in range(2 * MAX_TRIES):
        attendant.attend(conversation)
        chain.let_time_pass(60)
    assert chain.states("out") == ["refused", "sent"]
    assert fake_zalo.texts() == ["đáp: hai"]


def test_while_the_platform_cannot_be_asked_nobody_gives_up(
    chain: Chain, fake_zalo: FakeZalo
) -> None:
    fake_zalo.faults = [dropped]
    attendant = chain.attendant()
    conversation = chain.say("một")
    attendant.attend(conversation)
    answer, fake_zalo.handle = fake_zalo.handle, lambda *asked: (500, {})  # type: ignore[method-assign]
    chain.let_time_pass(3600)
    attendant.attend(conversation)
    [reply] = chain.messages("out")
    assert (reply.state, reply.not_before is None) == ("unknown", False)
    fake_zalo.handle = answer  # type: ignore[method-assign]
    attendant.attend(conversation)
    assert fake_zalo.texts() == ["đáp: một"]


def test_a_rate_limit_stops_the_other_conversations_too(chain: Chain, fake_zalo: FakeZalo) -> None:
    fake_zalo.faults = [fault(-32)]
    attendant = chain.attendant()
    attendant.attend(chain.say("một"))
    attendant.attend(chain.say("hai", user="2"))
    assert fake_zalo.tries == 1
    assert chain.states("out") == ["queued", "queued"]


def test_a_picture_is_sent_as_media_before_the_words(
    chain: Chain, fake_rasa: FakeRasa, fake_zalo: FakeZalo
) -> None:
    body = turn("Bản đồ đây ạ")
    body["messages"][0]["image"] = "https://e.vn/a.png"
    fake_rasa.respond = lambda asked: (200, body)
    chain.attendant().attend(chain.say("bản đồ"))
    picture, words = fake_zalo.sent
    element = {"media_type": "image", "url": "https://e.vn/a.png"}
    assert picture["message"] == {
        "attachment": {
            "type": "template",
            "payload": {"template_type": "media", "elements": [element]},
        }
    }
    assert words["message"] == {"text": "Bản đồ đây ạ"}
