"""A conversation attended to: answered in order, once, and never lost."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from sqlalchemy import update

from bot.conversation.notices import SLOW
from bot.database import session_scope, utcnow
from bot.models.conversations import Conversation, Message
from bot.services import conversations
from tests.chain import USER, Chain
from tests.fakes import (
    Answer,
    FakeRasa,
    FakeZalo,
    answer_politely,
    eventually,
    fault,
    running,
    turn,
)


def test_a_message_is_answered_and_the_reply_reaches_the_citizen(
    chain: Chain, fake_rasa: FakeRasa, fake_zalo: FakeZalo
) -> None:
    conversation = chain.say("lệ phí khai sinh bao nhiêu", message_id="user_send_text:abc")
    chain.attendant().attend(conversation)
    assert fake_zalo.texts(USER) == ["đáp: lệ phí khai sinh bao nhiêu"]
    [asked] = fake_rasa.asked
    assert asked == {
        "conversation_id": str(conversation),
        "message_id": "user_send_text:abc",
        "text": "lệ phí khai sinh bao nhiêu",
    }
    [message] = chain.messages("in")
    assert (message.state, message.intent, message.confidence) == ("answered", "ask_fee", 970)
    assert (message.outcome, message.procedures) == ("answered", ["1.004194"])
    [reply] = chain.messages("out")
    assert (reply.state, reply.channel_message_id, reply.reply_to_id) == (
        "sent",
        "out1",
        message.id,
    )


def test_attending_again_does_nothing(
    chain: Chain, fake_rasa: FakeRasa, fake_zalo: FakeZalo
) -> None:
    conversation = chain.say("xin chào")
    attendant = chain.attendant()
    for _ in range(3):
        attendant.attend(conversation)
    assert len(fake_rasa.asked) == len(fake_zalo.sent) == 1


def test_several_messages_keep_the_citizens_order_under_four_threads(
    chain: Chain, fake_rasa: FakeRasa, fake_zalo: FakeZalo
) -> None:
    said = {f"{u}": [f"u{u} m{n}" for n in range(6)] for u in range(3)}
    ids = [
        chain.say(text, user=user) for n in range(6) for user in said for text in [said[user][n]]
    ]
    attendant = chain.attendant()
    threads = [
        threading.Thread(target=lambda: [attendant.attend(i) for i in ids]) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    eventually(lambda: set(chain.states("in")) == {"answered"})
    eventually(lambda: set(chain.states("out")) == {"sent"})
    for user, texts in said.items():
        assert fake_zalo.texts(user) == [f"đáp: {text}" for text in texts]
    assert len(fake_rasa.asked) == 18


def test_a_wake_up_during_the_last_look_is_not_lost(chain: Chain, fake_rasa: FakeRasa) -> None:
    attendant = chain.attendant()

    def another_message_comes_meanwhile(asked: dict[str, Any]) -> Answer:
        fake_rasa.respond = answer_politely
        chain.attendant().attend(chain.say("câu thứ hai"))  # finds the lock taken
        return answer_politely(asked)

    fake_rasa.respond = another_message_comes_meanwhile
    attendant.attend(chain.say("câu thứ nhất"))
    assert [a["text"] for a in fake_rasa.asked] == ["câu thứ nhất", "câu thứ hai"]
    assert chain.states("in") == ["answered", "answered"]


@pytest.mark.parametrize(
    "failing",
    [
        (503, {"error": "an action failed"}),
        (500, {}),
        (200, {"messages": []}),
        (200, {"messages": [{"text": "  "}]}),
        (200, []),
        (200, {"intent": "ask_fee"}),
        (0, {}),
    ],
    ids=["503", "500", "no messages", "blank message", "a list", "no key", "dropped connection"],
)
def test_a_failed_turn_is_never_called_answered(
    chain: Chain, fake_rasa: FakeRasa, fake_zalo: FakeZalo, failing: Answer
) -> None:
    fake_rasa.respond = lambda asked: failing
    conversation = chain.say("câu hỏi")
    chain.attendant().attend(conversation)
    [message] = chain.messages("in")
    assert (message.state, message.attempts) == ("pending", 1)
    assert message.error
    assert fake_zalo.sent == []


def test_after_an_outage_everything_is_answered_in_order(
    chain: Chain, fake_rasa: FakeRasa, fake_zalo: FakeZalo
) -> None:
    fake_rasa.respond = lambda asked: (503, {"error": "starting"})
    attendant = chain.attendant()
    for text in ("một", "hai", "ba"):
        attendant.attend(chain.say(text))
    assert {a["text"] for a in fake_rasa.asked} == {"một"}, "later messages wait behind the first"
    fake_rasa.respond = answer_politely
    [conversation] = chain.due()
    attendant.attend(conversation)
    assert fake_zalo.texts() == ["đáp: một", "đáp: hai", "đáp: ba"]


def test_a_failed_message_waits_longer_each_time(chain: Chain, fake_rasa: FakeRasa) -> None:
    fake_rasa.respond = lambda asked: (503, {})
    conversation = chain.say("câu hỏi")
    attendant = chain.attendant(retry_seconds=(60.0, 300.0))
    attendant.attend(conversation)
    attendant.attend(conversation)
    [message] = chain.messages("in")
    assert message.attempts == 1
    assert 50 < (message.not_before - utcnow()).total_seconds() <= 60
    assert chain.due() == []


def test_what_comes_after_a_waiting_message_waits_too(
    chain: Chain, fake_rasa: FakeRasa, fake_zalo: FakeZalo
) -> None:
    fake_rasa.respond = lambda asked: (503, {})
    attendant = chain.attendant(retry_seconds=(60.0,))
    attendant.attend(chain.say("một"))
    fake_rasa.respond = answer_politely
    attendant.attend(chain.say("hai"))
    assert fake_zalo.sent == []
    with session_scope(chain.sessions) as session:
        session.execute(update(Message).values(not_before=None))
    attendant.attend(chain.say("ba"))
    assert fake_zalo.texts() == ["đáp: một", "đáp: hai", "đáp: ba"]


def test_rasa_that_is_not_there_at_all_is_waited_for(chain: Chain, fake_rasa: FakeRasa) -> None:
    fake_rasa.close()
    conversation = chain.say("câu hỏi")
    chain.attendant(retry_seconds=(60.0,)).attend(conversation)
    [message] = chain.messages("in")
    assert (message.state, message.error) == ("pending", "unreachable")
    assert (message.not_before - utcnow()).total_seconds() <= 5


def test_a_withdrawal_is_never_given_up(
    chain: Chain, fake_rasa: FakeRasa, fake_zalo: FakeZalo
) -> None:
    attendant = chain.attendant()
    conversation = chain.say("bí mật")
    attendant.attend(conversation)
    chain.say("", kind="withdraw")
    attendant.attend(chain.say("người khác", user="9"))
    fake_rasa.forget_with = 503
    for _ in range(10):
        attendant.attend(conversation)
    fake_rasa.forget_with = 200
    attendant.attend(conversation)
    mine = [m for m in chain.messages("in") if m.conversation_id == conversation]
    assert [m.text for m in mine] == ["", ""]
    assert fake_zalo.texts(USER) == ["đáp: bí mật"]


def test_an_engine_that_comes_and_goes_is_no_fault_of_a_message(
    chain: Chain, fake_rasa: FakeRasa, fake_zalo: FakeZalo
) -> None:
    conversation = chain.say("câu hỏi")
    port = fake_rasa.port
    fake_rasa.close()
    attendant = chain.attendant()
    for _ in range(10):
        attendant.attend(conversation)
    with running(FakeRasa(port)):
        attendant.attend(chain.say("người khác", user="9"))
    for _ in range(10):
        attendant.attend(conversation)
    with running(FakeRasa(port)):
        attendant.attend(conversation)
    assert fake_zalo.texts(USER) == ["đáp: câu hỏi"]


def test_a_party_that_comes_and_goes_behind_the_engine_is_no_fault_of_a_message(
    chain: Chain, fake_rasa: FakeRasa, fake_zalo: FakeZalo
) -> None:
    def respond(asked: dict[str, Any]) -> Answer:
        if asked.get("text") == "câu hỏi":
            return 503, {"error": "unavailable"}
        return answer_politely(asked)

    fake_rasa.respond = respond
    attendant = chain.attendant()
    conversation = chain.say("câu hỏi")
    attendant.attend(chain.say("người khác", user="9"))
    for _ in range(20):
        attendant.attend(conversation)
    fake_rasa.respond = answer_politely
    attendant.attend(conversation)
    assert fake_zalo.texts(USER) == ["đáp: câu hỏi"]


def test_a_message_on_which_rasa_itself_dies_is_given_up(
    chain: Chain, fake_rasa: FakeRasa, fake_zalo: FakeZalo
) -> None:
    def respond(asked: dict[str, Any]) -> Answer:
        return (0, {}) if asked.get("text") == "độc" else answer_politely(asked)

    fake_rasa.respond = respond
    attendant = chain.attendant()
    conversation = chain.say("độc")
    for _ in range(10):
        attendant.attend(conversation)
    attendant.attend(chain.say("người khác", user="9"))
    attendant.attend(conversation)
    assert "Xin lỗi" in fake_zalo.texts(USER)[0]


def test_a_hanging_rasa_is_given_up_in_time(chain: Chain, fake_rasa: FakeRasa) -> None:
    release = threading.Event()
    fake_rasa.respond = lambda asked: (release.wait(10), answer_politely(asked))[1]
    conversation = chain.say("câu hỏi")
    chain.attendant(rasa_seconds=0.2).attend(conversation)
    release.set()
    [message] = chain.messages("in")
    assert (message.state, message.error) == ("pending", "timeout")


def test_the_citizen_is_told_once_that_it_takes_longer(
    chain: Chain, fake_rasa: FakeRasa, fake_zalo: FakeZalo
) -> None:
    fake_rasa.respond = lambda asked: (503, {})
    attendant = chain.attendant(slow_after=0.0)
    conversation = chain.say("câu hỏi")
    for _ in range(4):
        attendant.attend(conversation)
    assert fake_zalo.texts() == [SLOW]
    fake_rasa.respond = answer_politely
    attendant.attend(conversation)
    assert fake_zalo.texts() == [SLOW, "đáp: câu hỏi"]


def test_one_poisonous_message_does_not_block_its_conversation_for_ever(
    chain: Chain, fake_rasa: FakeRasa, fake_zalo: FakeZalo
) -> None:
    def respond(asked: dict[str, Any]) -> Answer:
        return (503, {}) if asked.get("text") == "độc" else answer_politely(asked)

    fake_rasa.respond = respond
    attendant = chain.attendant()
    conversation = chain.say("độc")
    chain.say("câu sau")
    for _ in range(10):
        attendant.attend(conversation)
    assert fake_zalo.texts() == [], "while nobody else is answered either, it may be an outage"
    attendant.attend(chain.say("người khác", user="9"))
    attendant.attend(conversation)
    apology, later = fake_zalo.texts(USER)
    assert "Xin lỗi" in apology
    assert chain.settings.hotline in apology
    assert later == "đáp: câu sau"


def test_a_reply_computed_before_a_takeover_is_dropped(
    chain: Chain, fake_rasa: FakeRasa, fake_zalo: FakeZalo
) -> None:
    conversation = chain.say("câu hỏi")

    def an_agent_takes_over_meanwhile(asked: dict[str, Any]) -> Answer:
        fake_rasa.respond = lambda again: (503, {})
        with session_scope(chain.sessions) as session:
            session.execute(update(Conversation).values(version=Conversation.version + 1))
        return answer_politely(asked)

    fake_rasa.respond = an_agent_takes_over_meanwhile
    chain.attendant().attend(conversation)
    assert fake_zalo.sent == []
    assert chain.states("in") == ["pending"]


def test_a_long_answer_goes_out_in_parts_and_the_buttons_under_the_last(
    chain: Chain, fake_rasa: FakeRasa, fake_zalo: FakeZalo
) -> None:
    long = "\n".join(f"Bước {n}: nộp hồ sơ tại bộ phận một cửa." for n in range(120))
    button = {"title": "Lệ phí", "type": "reply", "payload": "#dvc:thu-tuc?code=1.1&aspect=fee"}
    fake_rasa.respond = lambda asked: (200, turn(long, buttons=[button]))
    chain.attendant().attend(chain.say("các bước"))
    parts = fake_zalo.texts()
    assert len(parts) == 3
    assert "\n".join(parts) == long
    attachments = [s["message"].get("attachment") for s in fake_zalo.sent]
    assert attachments[:2] == [None, None]
    [sent] = attachments[2]["payload"]["buttons"]
    assert sent == {"title": "Lệ phí", "type": "oa.query.hide", "payload": button["payload"]}


def test_erasing_forgets_words_and_person_and_answers_nothing(
    chain: Chain, fake_rasa: FakeRasa, fake_zalo: FakeZalo
) -> None:
    attendant = chain.attendant()
    conversation = chain.say("số điện thoại của tôi là 0912345678")
    attendant.attend(conversation)
    chain.say("", kind="withdraw")
    attendant.attend(conversation)
    assert len(fake_zalo.sent) == 1
    assert fake_rasa.forgotten == [str(conversation)]
    rows = chain.messages("in") + chain.messages("out")
    assert {(row.text, str(row.content)) for row in rows} == {("", "{}")}
    assert chain.say("tôi quay lại") != conversation


def test_a_withdrawal_waits_until_rasa_has_forgotten_too(chain: Chain, fake_rasa: FakeRasa) -> None:
    conversation = chain.say("", kind="withdraw")
    fake_rasa.close()
    chain.attendant().attend(conversation)
    assert chain.states("in") == ["pending"]


def test_the_request_to_delete_is_itself_deleted_once_answered(
    chain: Chain, fake_rasa: FakeRasa, fake_zalo: FakeZalo
) -> None:
    conversation = chain.say("xóa dữ liệu của tôi, Nguyễn Văn A")

    def erase_as_the_action_does(asked: dict[str, Any]) -> Answer:
        with session_scope(chain.sessions) as session:
            conversations.erase(session, asked["conversation_id"])
        return 200, turn("Đã xóa dữ liệu của anh/chị.")

    fake_rasa.respond = erase_as_the_action_does
    chain.attendant().attend(conversation)
    assert fake_zalo.texts() == ["Đã xóa dữ liệu của anh/chị."]
    assert [m.text for m in chain.messages("in")] == [""]
    assert chain.say("câu mới") == conversation


def test_unfollowing_is_noted_and_needs_no_answer(
    chain: Chain, fake_rasa: FakeRasa, fake_zalo: FakeZalo
) -> None:
    conversation = chain.say("", kind="unfollow")
    chain.attendant().attend(conversation)
    assert chain.states("in") == ["ignored"]
    assert fake_rasa.asked == fake_zalo.sent == []


def test_the_lock_of_a_dead_worker_ends_by_itself(chain: Chain) -> None:
    from bot.conversation.locks import Locks

    short = Locks(chain.store, lifetime=0.2)
    assert short.acquire("conversation:1") is not None
    assert short.acquire("conversation:1") is None
    eventually(lambda: short.acquire("conversation:1") is not None, seconds=5)


def test_only_its_owner_can_give_a_lock_back(chain: Chain) -> None:
    from bot.conversation.locks import Locks

    short = Locks(chain.store, lifetime=0.2)
    old = short.acquire("conversation:1")
    assert old is not None
    eventually(lambda: chain.store.get("lock:conversation:1") is None, seconds=5)
    assert chain.locks.acquire("conversation:1") is not None
    old.release()
    assert chain.locks.acquire("conversation:1") is None


def test_orphans_are_found_by_the_sweep_after_a_while(chain: Chain) -> None:
    conversation = chain.say("câu hỏi")
    assert chain.due() == [], "its wake-up is on the way"
    with session_scope(chain.sessions) as session:
        long_ago = utcnow().replace(year=2025)
        session.execute(update(Message).values(created_at=long_ago))
    assert chain.due() == [conversation]


def test_a_deferred_reply_holds_back_the_next_ones(
    chain: Chain, fake_rasa: FakeRasa, fake_zalo: FakeZalo
) -> None:
    attendant = chain.attendant()
    fake_zalo.faults = [fault(-200)]
    conversation = chain.say("một")
    attendant.attend(conversation)
    chain.say("hai")
    attendant.attend(conversation)
    assert fake_zalo.sent == []
    assert chain.states("out") == ["queued", "queued"]
    with session_scope(chain.sessions) as session:
        session.execute(update(Message).values(not_before=utcnow()))
    attendant.attend(conversation)
    assert fake_zalo.texts() == ["đáp: một", "đáp: hai"]
