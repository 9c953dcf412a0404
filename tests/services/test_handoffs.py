"""A handoff: one person at a time, nobody forgotten, and the row is the authority."""

from __future__ import annotations

import datetime as dt
import itertools
import threading

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session, sessionmaker

from bot.database import session_scope, utcnow
from bot.errors import LostRace, StaffError
from bot.models import handoffs as model
from bot.models.audit import AuditEntry
from bot.models.conversations import Conversation, Message
from bot.models.desks import Desk, DeskMember, StaffPresence
from bot.models.staff import Staff
from bot.services import conversations, delivery, handoffs, inbox, requests
from bot.services.staff import Member

_serial = itertools.count(1)
MINUTES = dt.timedelta(minutes=1)


def hire(session: Session, name: str = "Lan") -> int:
    row = Staff(email=f"{next(_serial)}@example.vn", name=name, role="agent", password_hash="x")
    session.add(row)
    session.flush()
    return int(row.id)


def conversation(session: Session) -> int:
    return conversations.get_or_create(session, "zalo", f"u{next(_serial)}")


def waits(session: Session, conversation_id: int | None = None) -> int:
    """A handoff that waits; its id."""
    at = conversation_id or conversation(session)
    opened = handoffs.open_(session, at, "asked", message_id=f"m{next(_serial)}")
    assert opened is not None
    return opened.handoff_id


def row(session: Session, handoff_id: int) -> handoffs.Handoff:
    found = handoffs.get(session, handoff_id)
    assert found is not None
    return found


def texts(session: Session, conversation_id: int) -> list[str]:
    wanted = select(Message.text).where(
        Message.conversation_id == conversation_id, Message.direction == "out"
    )
    return list(session.execute(wanted.order_by(Message.id)).scalars())


def acts(session: Session) -> list[str]:
    return list(session.execute(select(AuditEntry.action).order_by(AuditEntry.id)).scalars())


def move_back(session: Session, handoff_id: int, **by: dt.timedelta) -> None:
    for name, span in by.items():
        value = session.execute(
            select(getattr(model.Handoff, name)).where(model.Handoff.id == handoff_id)
        ).scalar_one()
        session.execute(
            update(model.Handoff)
            .where(model.Handoff.id == handoff_id)
            .values({name: (value or utcnow()) - span})
        )


def test_a_conversation_is_handed_over_once_however_often_it_is_asked_for(session: Session) -> None:
    at = conversation(session)
    first = handoffs.open_(session, at, "asked", message_id="m1")
    again = handoffs.open_(session, at, "angry", message_id="m2")
    assert first is not None
    assert again is not None
    assert (first.new, again.new) == (True, False)
    assert first.handoff_id == again.handoff_id
    assert first.place == 1


def test_a_trial_conversation_is_not_handed_over(session: Session) -> None:
    assert handoffs.open_(session, 999_999, "asked", message_id="m1") is None


def test_the_place_counts_those_before_at_the_same_desk(session: Session) -> None:
    ids = [waits(session) for _ in range(3)]
    assert [handoffs.waiting(session, i).place for i in ids] == [1, 2, 3]
    handoffs.claim(session, ids[0], hire(session))
    assert [handoffs.waiting(session, i).place for i in ids[1:]] == [1, 2]


def claim_at_once(
    sessions: sessionmaker[Session], handoff: int, names: dict[int, str]
) -> dict[int, str]:
    """Everybody claims at the same instant; whom each of them is told to be the winner."""
    start = threading.Barrier(len(names))
    seen: dict[int, str] = {}

    def claim(staff_id: int) -> None:
        start.wait()
        try:
            with session_scope(sessions) as session:
                handoffs.claim(session, handoff, staff_id)
            seen[staff_id] = names[staff_id]
        except LostRace as lost:
            seen[staff_id] = str(lost)

    threads = [threading.Thread(target=claim, args=(who,)) for who in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return seen


def test_of_two_agents_who_claim_at_once_one_wins_and_both_see_who(
    sessions: sessionmaker[Session],
) -> None:
    with session_scope(sessions) as session:
        lan, minh = hire(session, "Lan"), hire(session, "Minh")
    for _ in range(100):
        with session_scope(sessions) as session:
            handoff = waits(session)
        seen = claim_at_once(sessions, handoff, {lan: "Lan", minh: "Minh"})
        with session_scope(sessions, readonly=True) as session:
            winner = row(session, handoff).claimed_by_name
        assert seen == {lan: winner, minh: winner}
    with session_scope(sessions, readonly=True) as session:
        assert acts(session) == ["handoff_claimed"] * 100


def test_a_claim_bars_what_the_assistant_computed_before(session: Session) -> None:
    at = conversation(session)
    handoff = waits(session, at)
    [answered] = inbox.store_replies(session, at, [inbox.NewReply("hỏi", {})])
    whole = inbox.store_replies(session, at, [inbox.NewReply(t, {}) for t in "ab"], reply_to=7)
    begun = inbox.store_replies(session, at, [inbox.NewReply(t, {}) for t in "cd"], reply_to=8)
    session.execute(update(Message).where(Message.id == begun[0]).values(state="sent"))
    before = session.execute(select(Conversation.version)).scalar_one()
    handoffs.claim(session, handoff, hire(session))
    assert session.execute(select(Conversation.version)).scalar_one() == before + 1
    states = dict(session.execute(select(Message.id, Message.state)).all())
    assert [states[i] for i in whole] == ["refused", "refused"]
    assert [states[i] for i in begun] == ["sent", "queued"], "half an answer would be worse"
    assert states[answered] == "queued", "a message that answers nothing is no late reply"
    errors = session.execute(select(Message.error).where(Message.id.in_(whole))).scalars()
    assert set(errors) == {handoffs.TAKEN_OVER}
    assert requests.counts(session).undelivered == 0, "it was meant so"


@pytest.mark.parametrize("state", ["sending", "unknown"])
def test_a_claim_leaves_to_the_sender_what_may_have_arrived(session: Session, state: str) -> None:
    at = conversation(session)
    handoff = waits(session, at)
    parts = inbox.store_replies(session, at, [inbox.NewReply(t, {}) for t in "ab"], reply_to=7)
    begun = update(Message).where(Message.id == parts[0])
    session.execute(begun.values(state=state, not_before=utcnow()))
    handoffs.claim(session, handoff, hire(session))
    states = dict(session.execute(select(Message.id, Message.state)).all())
    assert [states[i] for i in parts] == [state, "queued"]
    # The platform does not have it after all: it is sent, for the answer had begun.
    [seen] = [reply for reply in delivery.outbox(session, at) if reply.id == parts[0]]
    delivery.deferred(session, parts[0], "not found", 0, seen=seen)
    delivery.start(session, parts[0])


def test_a_handoff_that_is_not_there_cannot_be_changed(session: Session) -> None:
    lan = hire(session)
    assert handoffs.claim(session, 99, lan) is None
    assert handoffs.release(session, 99, lan) is None
    assert handoffs.transfer(session, 99, lan, to_staff_id=lan) is None
    assert handoffs.close(session, 99, lan, "answered") is None
    assert handoffs.note(session, 99, lan, "x") is False


def test_an_agent_steps_into_a_conversation_that_nobody_handed_over(session: Session) -> None:
    at, lan, minh = conversation(session), hire(session, "Lan"), hire(session, "Minh")
    handoff = handoffs.take(session, at, lan)
    found = row(session, handoff)
    assert (found.state, found.reason, found.claimed_by) == ("claimed", "taken", lan)
    assert handoffs.take(session, at, lan) == handoff
    with pytest.raises(LostRace, match="Lan"):
        handoffs.take(session, at, minh)


def test_what_waits_is_claimed_by_taking_it_and_what_is_closing_is_reopened(
    session: Session,
) -> None:
    at, lan, minh = conversation(session), hire(session, "Lan"), hire(session, "Minh")
    handoff = waits(session, at)
    assert handoffs.take(session, at, lan) == handoff
    handoffs.close(session, handoff, lan, "answered")
    assert handoffs.take(session, at, minh) == handoff
    found = row(session, handoff)
    assert (found.state, found.claimed_by, found.outcome) == ("claimed", minh, "")
    assert handoffs.finish_closing(session, handoff) is False


def test_only_who_holds_a_handoff_or_a_supervisor_may_let_go_of_it(session: Session) -> None:
    lan, minh = hire(session, "Lan"), hire(session, "Minh")
    handoff = waits(session)
    handoffs.claim(session, handoff, lan)
    for change in (
        lambda: handoffs.release(session, handoff, minh),
        lambda: handoffs.transfer(session, handoff, minh, to_staff_id=minh),
        lambda: handoffs.close(session, handoff, minh, "answered"),
    ):
        with pytest.raises(LostRace, match="Lan"):
            change()
    handoffs.transfer(session, handoff, minh, to_staff_id=minh, force=True)
    assert row(session, handoff).claimed_by == minh
    handoffs.release(session, handoff, minh)
    assert row(session, handoff).state == "waiting"
    assert row(session, handoff).claimed_by is None


def test_who_is_let_go_of_is_told_kindly_that_another_person_goes_on(session: Session) -> None:
    at, lan = conversation(session), hire(session)
    handoff = waits(session, at)
    handoffs.claim(session, handoff, lan)
    handoffs.release(session, handoff, lan)
    assert "một cán bộ khác sẽ tiếp tục hỗ trợ bạn" in texts(session, at)[-1]
    assert "Xin lỗi" not in texts(session, at)[-1], "nobody failed to answer"


def test_a_handoff_goes_to_another_desk_and_waits_there(session: Session) -> None:
    desk = Desk(code="so-y-te", name="Sở Y tế", kind="department")
    session.add(desk)
    session.flush()
    lan = hire(session)
    at = conversation(session)
    handoff = waits(session, at)
    handoffs.claim(session, handoff, lan)
    handoffs.transfer(session, handoff, lan, desk_id=desk.id)
    found = row(session, handoff)
    assert (found.state, found.desk_name, found.claimed_by) == ("waiting", "Sở Y tế", None)
    assert "Sở Y tế" in texts(session, at)[-1]
    assert acts(session) == ["handoff_claimed", "handoff_transferred"]
    desk.active = False
    session.flush()
    with pytest.raises(StaffError):
        handoffs.transfer(session, handoff, lan, desk_id=desk.id)


def test_nothing_is_handed_to_who_is_disabled(session: Session) -> None:
    lan, minh = hire(session), hire(session)
    handoff = waits(session)
    handoffs.claim(session, handoff, lan)
    session.execute(update(Staff).where(Staff.id == minh).values(active=False))
    with pytest.raises(StaffError):
        handoffs.transfer(session, handoff, lan, to_staff_id=minh)


def test_closing_goes_by_a_state_of_its_own_and_frees_the_agent(session: Session) -> None:
    at, lan = conversation(session), hire(session)
    handoff = waits(session, at)
    handoffs.claim(session, handoff, lan)
    assert handoffs.close(session, handoff, lan, "answered") == at
    assert handoffs.mine(session, lan).rows == ()
    assert handoffs.due_closings(session) == [at]
    handoffs.postpone_closing(session, handoff, 60)
    assert handoffs.due_closings(session) == []
    assert handoffs.finish_closing(session, handoff) is True
    assert handoffs.finish_closing(session, handoff) is False
    assert handoffs.open_for(session, at) is None
    assert row(session, handoff).outcome == "answered"
    assert acts(session) == ["handoff_claimed", "handoff_closed"]
    assert waits(session, at) != handoff
    with pytest.raises(ValueError, match="none of"):
        handoffs.close(session, handoff, lan, "whatever")


def test_a_reply_claims_what_waits_and_is_refused_to_a_second_person(session: Session) -> None:
    at, lan, minh = conversation(session), hire(session, "Lan"), hire(session, "Minh")
    session.execute(update(Conversation).values(last_interaction_at=utcnow()))
    handoff = waits(session, at)
    assert requests.reply(session, at, lan, "Chào bạn", form_id="a")
    found = row(session, handoff)
    assert (found.claimed_by, found.unanswered_since) == (lan, None)
    assert found.last_staff_at is not None
    with pytest.raises(LostRace, match="Lan"):
        requests.reply(session, at, minh, "Chào bạn", form_id="b")
    assert texts(session, at)[-1] == "Chào bạn"


def test_who_is_silent_for_too_long_loses_the_conversation_and_the_citizen_is_told(
    session: Session,
) -> None:
    at, lan = conversation(session), hire(session)
    handoff = waits(session, at)
    handoffs.claim(session, handoff, lan)
    assert handoffs.return_silent(session, 10 * MINUTES) == []
    move_back(session, handoff, unanswered_since=11 * MINUTES)
    assert handoffs.return_silent(session, 10 * MINUTES) == [at]
    assert row(session, handoff).state == "waiting"
    assert "Xin lỗi bạn" in texts(session, at)[-1]
    assert acts(session)[-1] == "handoff_returned"


def test_a_citizen_who_was_answered_is_no_reason_to_take_a_conversation_away(
    session: Session,
) -> None:
    at, lan = conversation(session), hire(session)
    handoff = waits(session, at)
    handoffs.claim(session, handoff, lan)
    handoffs.replying(session, at, lan)
    move_back(session, handoff, claimed_at=60 * MINUTES, last_staff_at=60 * MINUTES)
    assert handoffs.return_silent(session, 10 * MINUTES) == []
    handoffs.wrote(session, handoff)
    move_back(session, handoff, unanswered_since=11 * MINUTES)
    assert handoffs.return_silent(session, 10 * MINUTES) == [at]


@pytest.mark.parametrize("absent", ["disabled", "off"])
def test_who_is_disabled_or_goes_off_loses_their_conversations_at_once(
    session: Session, absent: str
) -> None:
    at, lan = conversation(session), hire(session)
    session.add(StaffPresence(staff_id=lan, state="present"))
    handoff = waits(session, at)
    handoffs.claim(session, handoff, lan)
    assert handoffs.return_absent(session) == []
    later = utcnow() + MINUTES
    if absent == "disabled":
        session.execute(update(Staff).where(Staff.id == lan).values(active=False))
    else:
        session.execute(update(StaffPresence).values(state="off", changed_at=later))
    assert handoffs.return_absent(session) == [at]
    assert row(session, handoff).state == "waiting"


def test_the_lists_show_each_handoff_where_it_belongs(session: Session) -> None:
    desk = Desk(code="so-y-te", name="Sở Y tế", kind="department")
    session.add(desk)
    session.flush()
    lan = hire(session)
    here, elsewhere, done = waits(session), waits(session), waits(session)
    handoffs.transfer(session, here, lan, desk_id=desk.id)
    other = Desk(code="so-cong-thuong", name="Sở Công Thương", kind="department")
    session.add(other)
    session.flush()
    handoffs.transfer(session, elsewhere, lan, desk_id=other.id)
    handoffs.claim(session, done, lan)
    ids = [h.id for h in handoffs.queue(session, None).rows]
    assert ids == [here, elsewhere]
    assert [h.id for h in handoffs.queue(session, [desk.id]).rows] == [here]
    assert [h.id for h in handoffs.mine(session, lan).rows] == [done]
    assert handoffs.all_open(session, None).total == 3
    handoffs.close(session, done, lan, "answered")
    handoffs.finish_closing(session, done)
    assert [h.id for h in handoffs.closed(session, None).rows] == [done]
    assert handoffs.get(session, elsewhere, desk_ids=[desk.id]) is None


def test_somebody_sees_the_handoffs_of_their_desks_and_their_own(session: Session) -> None:
    desk = Desk(code="so-y-te", name="Sở Y tế", kind="department")
    session.add(desk)
    session.flush()
    lan = hire(session)
    handoff = waits(session)
    handoffs.transfer(session, handoff, lan, desk_id=desk.id)
    agent = Member(lan, "lan@example.vn", "Lan", "agent")
    found = row(session, handoff)
    assert not handoffs.may_see(session, agent, found)
    assert handoffs.may_see(session, agent, found, overflow=[desk.id])
    assert handoffs.may_see(session, Member(0, "", "", "admin"), found)
    session.add(DeskMember(desk_id=desk.id, staff_id=lan))
    session.flush()
    assert handoffs.may_see(session, agent, found)


def test_notes_are_for_staff_and_are_never_sent(session: Session) -> None:
    at, lan = conversation(session), hire(session, "Lan")
    handoff = waits(session, at)
    assert handoffs.note(session, handoff, lan, " xem lại <b>hồ sơ</b> ")
    assert not handoffs.note(session, handoff, lan, "  ")
    [note] = handoffs.notes(session, handoff)
    assert (note.staff_name, note.text) == ("Lan", "xem lại <b>hồ sơ</b>")
    assert texts(session, at) == []


def test_the_packet_tells_what_was_understood_and_forgets_with_the_citizen(
    session: Session,
) -> None:
    at = conversation(session)
    stored = {"conversation_id": at, "channel": "zalo", "direction": "in", "kind": "text"}
    session.add(
        Message(
            **stored, text="phí bao nhiêu", state="answered", intent="ask_fee", confidence=870,
            outcome="answered", procedures=["1.004194"], occurred_at=utcnow(),
        )
    )  # fmt: skip
    session.flush()
    opened = handoffs.open_(session, at, "asked", message_id="m1", case_code="H02.15-260114-0032")
    assert opened is not None
    kept = row(session, opened.handoff_id)
    assert "phí bao nhiêu" not in str(kept.packet)
    packet = handoffs.read_packet(session, at, kept.packet)
    [said] = packet.turns
    assert (said.text, said.intent, said.confidence) == ("phí bao nhiêu", "ask_fee", 0.87)
    assert packet.procedure_code == "1.004194"
    assert (packet.case_code, packet.case_verified) == ("H02.15-260114-0032", False)
    conversations.erase(session, at)
    assert handoffs.read_packet(session, at, row(session, opened.handoff_id).packet).turns == ()


def test_a_withdrawal_ends_the_handoff_and_leaves_nothing_of_the_person(session: Session) -> None:
    at, lan = conversation(session), hire(session)
    handoff = waits(session, at)
    handoffs.claim(session, handoff, lan)
    handoffs.note(session, handoff, lan, "gọi 0912345678")
    conversations.erase(session, at, forget_user=True)
    found = row(session, handoff)
    assert (found.state, found.outcome, found.packet) == ("closed", "withdrawn", {})
    assert handoffs.notes(session, handoff) == []
    assert handoffs.mine(session, lan).rows == ()
