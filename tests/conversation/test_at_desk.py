"""A conversation that is handed over: to whom its messages go, and how it comes back."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from bot.conversation import at_desk, giving_back
from bot.conversation.payloads import DeskAct, desk_act
from bot.database import session_scope, utcnow
from bot.models.audit import AuditEntry
from bot.models.conversations import Conversation, Message
from bot.models.handoffs import Handoff
from bot.models.staff import Staff
from bot.services import handoffs, requests
from tests.chain import USER, Chain
from tests.fakes import Answer, FakeRasa, FakeZalo, answer_politely


class Desk:
    """One agent, and one conversation that is handed over."""

    def __init__(self, chain: Chain) -> None:
        self.chain = chain
        self.rung: list[str] = []
        self.attendant = chain.attendant(bell=self.rung.append)
        self.conversation = chain.say("xin chào")
        with session_scope(chain.sessions) as session:
            row = Staff(email="lan@example.vn", name="Lan", role="agent", password_hash="x")
            session.add(row)
            session.flush()
            self.lan = int(row.id)

    def opens(self, *, callback: bool = False) -> int:
        with session_scope(self.chain.sessions) as session:
            opened = handoffs.open_(session, self.conversation, "asked", message_id="m")
            assert opened is not None
            session.execute(update(Handoff).values(callback=callback))
            return opened.handoff_id

    def claimed(self) -> int:
        handoff = self.opens()
        with session_scope(self.chain.sessions) as session:
            handoffs.claim(session, handoff, self.lan)
        self.attend()
        return handoff

    def closing(self) -> int:
        handoff = self.claimed()
        with session_scope(self.chain.sessions) as session:
            handoffs.close(session, handoff, self.lan, "answered")
        return handoff

    def says(self, text: str, **more: Any) -> None:
        self.chain.say(text, **more)
        self.attend()

    def attend(self) -> None:
        self.attendant.attend(self.conversation)

    def row(self) -> Handoff:
        with session_scope(self.chain.sessions, readonly=True) as session:
            return session.execute(select(Handoff).order_by(Handoff.id.desc())).scalars().first()


@pytest.fixture
def desk(chain: Chain, fake_rasa: FakeRasa, fake_zalo: FakeZalo) -> Desk:
    """The assistant has greeted its citizen; nothing is handed over yet."""
    made = Desk(chain)
    made.attend()
    fake_rasa.asked.clear()
    fake_zalo.sent.clear()
    return made


def test_what_a_citizen_writes_to_a_person_never_reaches_rasa(
    desk: Desk, fake_rasa: FakeRasa, fake_zalo: FakeZalo
) -> None:
    handoff = desk.claimed()
    fake_zalo.sent.clear()
    desk.rung.clear()
    desk.says("lệ phí bao nhiêu")
    desk.says("", kind="sticker")
    desk.says("#dvc:menu")
    assert fake_rasa.asked == []
    assert fake_zalo.sent == []
    kept = desk.chain.messages("in")[-3:]
    assert [(m.state, m.outcome) for m in kept] == [("answered", "staff")] * 3
    assert desk.rung == ["desk:queue", f"desk:{handoff}"] * 3
    assert desk.row().last_citizen_at is not None


def test_the_citizen_is_told_who_has_come(desk: Desk, fake_zalo: FakeZalo) -> None:
    desk.claimed()
    assert fake_zalo.texts() == [
        "Cán bộ Lan đã vào trò chuyện với bạn và sẽ trả lời bạn ngay sau đây."
    ]


def test_a_reply_computed_before_the_takeover_and_delivered_after_it_is_dropped(
    desk: Desk, fake_rasa: FakeRasa, fake_zalo: FakeZalo
) -> None:
    def an_agent_takes_over_meanwhile(asked: dict[str, Any]) -> Answer:
        with session_scope(desk.chain.sessions) as session:
            handoffs.take(session, desk.conversation, desk.lan)
        return answer_politely(asked)

    fake_rasa.respond = an_agent_takes_over_meanwhile
    desk.says("câu hỏi")
    assert "đáp: câu hỏi" not in fake_zalo.texts()
    assert len(fake_rasa.asked) == 1
    last = desk.chain.messages("in")[-1]
    assert (last.state, last.outcome) == ("answered", "staff"), "the question is for the agent now"


def test_a_reply_that_is_withdrawn_while_another_is_sent_leaves_that_one_sent(
    desk: Desk, fake_rasa: FakeRasa, fake_zalo: FakeZalo
) -> None:
    fake_rasa.respond = answer_politely
    fake_zalo.faults = [lambda asked: (200, {"error": -200, "message": "…"})]
    desk.says("một")  # deferred, so that two replies are queued
    desk.says("hai")
    with session_scope(desk.chain.sessions) as session:
        from bot.models.conversations import Message

        session.execute(update(Message).values(not_before=None))

    def an_agent_comes(asked: dict[str, Any]) -> None:
        with session_scope(desk.chain.sessions) as session:
            handoffs.take(session, desk.conversation, desk.lan)

    fake_zalo.faults = [an_agent_comes]
    desk.attend()
    assert fake_zalo.texts() == [
        "đáp: một",
        "Cán bộ Lan đã vào trò chuyện với bạn và sẽ trả lời bạn ngay sau đây.",
    ]
    assert desk.chain.states("out")[-3:] == ["sent", "refused", "sent"]


def test_who_waits_is_told_their_place_once_in_ten_minutes(
    desk: Desk, fake_rasa: FakeRasa, fake_zalo: FakeZalo
) -> None:
    desk.opens()
    desk.says("alo")
    assert fake_zalo.texts() == [], "the place was told when it was handed over"
    with session_scope(desk.chain.sessions) as session:
        long_ago = utcnow() - dt.timedelta(minutes=11)
        session.execute(update(Handoff).values(told_at=long_ago))
    desk.says("alo")
    desk.says("còn ai không")
    [told] = fake_zalo.texts()
    assert "Tin nhắn của bạn đã được giữ lại cho cán bộ" in told
    assert fake_rasa.asked == []


@pytest.mark.parametrize("way_out", ["thôi", "Hủy", "dạ thôi không chờ nữa ạ", "#dvc:thoi-cho"])
def test_who_does_not_want_to_wait_is_back_with_the_assistant(
    desk: Desk, fake_rasa: FakeRasa, fake_zalo: FakeZalo, way_out: str
) -> None:
    desk.opens()
    desk.says(way_out)
    assert fake_zalo.texts() == [at_desk.words.left()]
    assert (desk.row().state, desk.row().outcome) == ("closed", "left")
    desk.says("lệ phí khai sinh")
    assert fake_zalo.texts()[-1] == "đáp: lệ phí khai sinh"


@pytest.mark.parametrize(
    "text", ["thôi chết, tôi quên mã hồ sơ", "hủy đăng ký kết hôn được không", "không", "chờ nhé"]
)
def test_other_words_do_not_lose_a_place(text: str) -> None:
    assert not at_desk.leaves(text)


def test_a_tap_on_an_earlier_button_is_answered_while_nobody_has_come(
    desk: Desk, fake_rasa: FakeRasa
) -> None:
    desk.opens()
    desk.says("#dvc:menu")
    assert [a["command"]["intent"] for a in fake_rasa.asked] == ["show_menu"]


def test_out_of_hours_a_message_is_kept_and_the_assistant_goes_on(
    desk: Desk, fake_rasa: FakeRasa, fake_zalo: FakeZalo
) -> None:
    desk.opens(callback=True)
    desk.says("nhờ cán bộ gọi lại giúp tôi")
    assert "Tôi đã giữ lời nhắn của bạn" in fake_zalo.texts()[0]
    desk.says("lệ phí khai sinh")
    assert fake_zalo.texts()[1] == "đáp: lệ phí khai sinh"
    with session_scope(desk.chain.sessions) as session:
        packet = handoffs.read_packet(session, desk.conversation, desk.row().packet)
        assert packet.left_message == "nhờ cán bộ gọi lại giúp tôi"
        handoffs.claim(session, desk.row().id, desk.lan)
    desk.says("vâng")
    assert len(fake_rasa.asked) == 1, "now a person is there"


def test_closing_ends_what_was_open_in_rasa_and_says_good_bye(
    desk: Desk, fake_rasa: FakeRasa, fake_zalo: FakeZalo
) -> None:
    handoff = desk.closing()
    assert desk.chain.states("in")[-1] == "answered"
    desk.attend()
    assert [a["command"]["intent"] for a in fake_rasa.asked] == ["resume"]
    assert fake_zalo.texts()[-1] == "đáp: resume"
    assert (desk.row().state, desk.row().id) == ("closed", handoff)
    desk.attend()
    assert len(fake_rasa.asked) == 1


def test_what_is_written_while_closing_is_answered_by_the_assistant_once_it_is_back(
    desk: Desk, fake_rasa: FakeRasa, fake_zalo: FakeZalo
) -> None:
    desk.closing()
    fake_rasa.respond = lambda asked: (503, {"error": "starting"})
    desk.says("lệ phí bao nhiêu")
    assert desk.row().state == "closing"
    assert desk.chain.states("in")[-1] == "pending"
    with session_scope(desk.chain.sessions) as session:
        assert handoffs.mine(session, desk.lan).rows == (), "the agent is free"
        assert handoffs.due_closings(session) == []
        session.execute(update(Handoff).values(due_at=utcnow()))
        assert handoffs.due_closings(session) == [desk.conversation]
    fake_rasa.respond = answer_politely
    desk.attend()
    assert desk.row().state == "closed"
    assert fake_zalo.texts()[-2:] == ["đáp: resume", "đáp: lệ phí bao nhiêu"]


def test_what_can_never_be_given_back_is_closed_all_the_same(
    desk: Desk, fake_rasa: FakeRasa, fake_zalo: FakeZalo
) -> None:
    handoff = desk.closing()
    fake_rasa.respond = lambda asked: (
        (500, {"error": "broken"}) if "command" in asked else answer_politely(asked)
    )
    desk.says("lệ phí bao nhiêu")
    assert desk.row().state == "closing", "a passing fault ends nothing"
    began = utcnow() - giving_back.GIVE_UP_AFTER
    with session_scope(desk.chain.sessions) as session:
        session.execute(update(Handoff).values(due_at=began, closing_at=began))
    desk.attend()
    assert desk.row().state == "closed"
    assert "Cán bộ đã kết thúc" in fake_zalo.texts()[-2]
    assert fake_zalo.texts()[-1] == "đáp: lệ phí bao nhiêu"
    with session_scope(desk.chain.sessions, readonly=True) as session:
        trail = select(AuditEntry.subject_id).where(AuditEntry.action == "handoff_given_up")
        assert session.execute(trail).scalars().all() == [str(handoff)]
    assert fake_rasa.forgotten == [str(desk.conversation)], "the dialogue begins anew"
    desk.says("còn giấy tờ thì sao")
    assert len(fake_rasa.forgotten) == 1, "once"


BREAKS = (
    "CREATE TRIGGER breaks BEFORE UPDATE OF last_citizen_at ON handoffs"
    " BEGIN SELECT RAISE(ABORT, 'broken'); END"
)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_fault_while_a_message_is_kept_for_staff_is_tried_again_later(
    desk: Desk, fake_rasa: FakeRasa
) -> None:
    desk.claimed()
    with session_scope(desk.chain.sessions) as session:
        session.execute(text(BREAKS))
    desk.says("cần nộp ở đâu")
    with session_scope(desk.chain.sessions, readonly=True) as session:
        message = session.execute(select(Message).order_by(Message.id.desc())).scalars().first()
        assert (message.state, message.attempts) == ("pending", 1)
        assert message.not_before is not None, "not again and again at once"
    with session_scope(desk.chain.sessions) as session:
        session.execute(text("DROP TRIGGER breaks"))
        session.execute(update(Message).values(not_before=None))
    desk.attend()
    assert desk.chain.states("in")[-1] == "answered"
    assert desk.row().unanswered_since is not None
    assert fake_rasa.asked == []


def test_a_rating_and_a_comment_are_kept_and_asked_for_by_buttons(
    desk: Desk, fake_rasa: FakeRasa, fake_zalo: FakeZalo
) -> None:
    desk.closing()
    desk.attend()
    desk.says("#dvc:danh-gia?diem=4")
    desk.says("lệ phí bao nhiêu")
    assert fake_zalo.texts()[-1] == "đáp: lệ phí bao nhiêu", "not every text is a comment"
    desk.says("#dvc:gop-y")
    desk.says("cán bộ nhiệt tình")
    desk.says("cảm ơn")
    assert (desk.row().rating, desk.row().comment) == (4, "cán bộ nhiệt tình")
    assert fake_zalo.texts()[-1] == "đáp: cảm ơn"


def test_nobody_rates_what_is_long_over_or_never_was(
    desk: Desk, fake_rasa: FakeRasa, fake_zalo: FakeZalo
) -> None:
    desk.says("#dvc:danh-gia?diem=4")
    assert fake_zalo.texts() == [at_desk.words.nothing_to_rate()]
    desk.closing()
    desk.attend()
    with session_scope(desk.chain.sessions) as session:
        session.execute(update(Handoff).values(closed_at=utcnow() - dt.timedelta(days=8)))
    desk.says("#dvc:danh-gia?diem=1")
    assert desk.row().rating is None


@pytest.mark.parametrize(
    ("text", "act"),
    [
        ("#dvc:danh-gia?diem=5", DeskAct("rate", 5)),
        ("#dvc:danh-gia?diem=6", None),
        ("#dvc:danh-gia?diem=0", None),
        ("#dvc:danh-gia?diem=5;DROP", None),
        ("#dvc:danh-gia", None),
        ("#dvc:thoi-cho", DeskAct("leave")),
        ("#dvc:gop-y?x=1", DeskAct("comment")),
        ("danh-gia", None),
    ],
)
def test_a_button_about_a_handoff_is_read_strictly(text: str, act: DeskAct | None) -> None:
    assert desk_act(text) == act


def test_who_withdraws_while_a_person_is_there_is_forgotten(
    desk: Desk, fake_rasa: FakeRasa, fake_zalo: FakeZalo
) -> None:
    handoff = desk.claimed()
    desk.rung.clear()
    desk.says("", kind="withdraw")
    assert fake_rasa.forgotten == [str(desk.conversation)]
    assert (desk.row().state, desk.row().outcome) == ("closed", "withdrawn")
    assert f"desk:{handoff}" in desk.rung


def test_a_reply_of_staff_goes_out_and_rings(desk: Desk, fake_zalo: FakeZalo) -> None:
    handoff = desk.claimed()
    desk.rung.clear()
    with session_scope(desk.chain.sessions) as session:
        requests.reply(session, desk.conversation, desk.lan, "Chào bạn", form_id="1")
    desk.attend()
    assert fake_zalo.texts(USER)[-1] == "Chào bạn"
    assert f"desk:{handoff}" in desk.rung


def test_the_sweep_takes_a_conversation_from_who_does_not_answer(
    desk: Desk, fake_zalo: FakeZalo
) -> None:
    desk.claimed()
    sessions, minutes = desk.chain.sessions, dt.timedelta(minutes=10)
    assert giving_back.return_forgotten(sessions, minutes, desk.rung.append) == []
    with session_scope(sessions) as session:
        session.execute(update(Handoff).values(unanswered_since=utcnow() - 2 * minutes))
    desk.rung.clear()
    returned = giving_back.return_forgotten(sessions, minutes, desk.rung.append)
    assert returned == [desk.conversation]
    assert "desk:queue" in desk.rung
    desk.attend()
    assert "Xin lỗi bạn" in fake_zalo.texts()[-1]
    with session_scope(sessions, readonly=True) as session:
        acts = list(session.execute(select(AuditEntry.action)).scalars())
        assert acts[-1] == "handoff_returned"


def test_handing_over_by_the_dialogue_rings_the_queue(desk: Desk, fake_rasa: FakeRasa) -> None:
    def hand_over(asked: dict[str, Any]) -> Answer:
        desk.opens()
        status, said = answer_politely(asked)
        return status, {**said, "intent": "request_human"}

    fake_rasa.respond = hand_over
    desk.rung.clear()
    desk.says("cho gặp cán bộ")
    assert desk.rung[0] == "desk:queue"


def test_versions_only_grow_when_a_person_comes(desk: Desk) -> None:
    def version(session: Session) -> int:
        return int(session.execute(select(Conversation.version)).scalar_one())

    desk.opens()
    with session_scope(desk.chain.sessions, readonly=True) as session:
        before = version(session)
    with session_scope(desk.chain.sessions) as session:
        handoffs.claim(session, desk.row().id, desk.lan)
        assert version(session) == before + 1
