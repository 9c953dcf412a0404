"""Drafts of the assistant: for the holder alone, for what was said last, and each decided once."""

from __future__ import annotations

import datetime as dt
import itertools
import threading
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session, sessionmaker

from bot.database import session_scope, utcnow
from bot.errors import DraftNotOpen, LostRace
from bot.models.audit import AuditEntry
from bot.models.conversations import Conversation, Message
from bot.models.desks import Desk, DeskMember
from bot.models.handoffs import Handoff, ReplyDraft
from bot.services import (
    conversations,
    desk_members,
    desks,
    draft_decisions,
    handoffs,
    inbox,
    reply_drafts,
    requests,
)
from bot.services.inbox import NewReply, TurnResult
from tests.services.test_handoffs import conversation, hire, row, waits

_serial = itertools.count(1)
PARTS = (
    NewReply("Lệ phí: 20.000 đồng.\nNguồn: Quyết định 1", {}),
    NewReply("Nộp ở UBND xã.", {"buttons": [["Nộp trực tuyến", "url", "https://dvc.vn"]]}),
)


class Desk1:
    """An agent at a desk with drafts on, who holds a conversation."""

    def __init__(self, session: Session, *, drafts: bool = True) -> None:
        self.session = session
        self.lan = hire(session)
        self.conversation = conversation(session)
        session.execute(
            update(Conversation)
            .where(Conversation.id == self.conversation)
            .values(last_interaction_at=utcnow())
        )
        self.handoff = waits(session, self.conversation)
        desk = Desk(code=f"d{next(_serial)}", name="Sở Tư pháp", kind="department", drafts=drafts)
        session.add(desk)
        session.flush()
        self.desk = int(desk.id)
        session.execute(update(Handoff).where(Handoff.id == self.handoff).values(desk_id=self.desk))
        handoffs.claim(session, self.handoff, self.lan)

    def writes(self, text: str = "lệ phí bao nhiêu") -> int:
        """A message of the citizen that was taken to the desk; its id."""
        message_id = arrives(self.session, self.conversation, text)
        reply_drafts.begin(self.session, row(self.session, self.handoff), message_id)
        return message_id

    def drafted(self) -> int:
        """The newest draft, ready; its id."""
        (*_, draft_id) = reply_drafts.due(self.session)
        work = reply_drafts.start(self.session, draft_id)
        assert work is not None
        result = TurnResult("ask_fee", 0.97, "answered", ("1.004194",))
        assert reply_drafts.ready(self.session, work, PARTS, result) == self.handoff
        return draft_id

    def shown(self) -> tuple[reply_drafts.Draft, ...]:
        return reply_drafts.shown(self.session, row(self.session, self.handoff))


def arrives(session: Session, conversation_id: int, text: str = "còn gì nữa không") -> int:
    values = {"channel": "zalo", "direction": "in", "kind": "text", "state": "answered"}
    message = Message(
        conversation_id=conversation_id,
        channel_message_id=f"d{next(_serial)}",
        text=text,
        occurred_at=utcnow(),
        outcome=inbox.STAFF,
        **values,
    )
    session.add(message)
    session.flush()
    return int(message.id)


def state(session: Session, draft_id: int) -> str:
    return str(
        session.execute(select(ReplyDraft.state).where(ReplyDraft.id == draft_id)).scalar_one()
    )


def written(session: Session, conversation_id: int) -> list[Message]:
    """What staff wrote to the citizen."""
    wanted = select(Message).where(
        Message.conversation_id == conversation_id, Message.direction == "out"
    )
    rows = session.execute(wanted.order_by(Message.id)).scalars()
    return [m for m in rows if "staff_id" in m.content]


def acts(session: Session) -> list[str]:
    found = session.execute(select(AuditEntry.action).order_by(AuditEntry.id)).scalars()
    return [action for action in found if action.startswith("draft")]


def test_a_draft_is_shown_to_its_holder_whole_and_with_its_reason(session: Session) -> None:
    desk = Desk1(session)
    message_id = desk.writes()
    assert desk.shown() == ()
    before = row(session, desk.handoff).version
    desk.drafted()
    (draft,) = desk.shown()
    assert (draft.message_id, draft.parts, draft.outdated) == (message_id, PARTS, "")
    assert (draft.intent, draft.confidence) == ("ask_fee", 0.97)
    assert draft.procedures == (("1.004194", ""),)
    assert draft.text == f"{PARTS[0].text}\n\n{PARTS[1].text}"
    assert row(session, desk.handoff).version > before, "the open page would not learn of it"
    assert written(session, desk.conversation) == []


def test_a_desk_with_drafts_off_has_none(session: Session) -> None:
    desk = Desk1(session, drafts=False)
    desk.writes()
    assert session.execute(select(ReplyDraft)).first() is None


def test_an_approved_draft_is_the_agents_own_message(session: Session) -> None:
    desk = Desk1(session)
    desk.writes()
    draft_id = desk.drafted()
    draft_decisions.approve(session, desk.handoff, draft_id, desk.lan)
    sent = written(session, desk.conversation)
    assert [m.text for m in sent] == [part.text for part in PARTS]
    assert sent[1].content == {**PARTS[1].content, "staff_id": desk.lan}
    assert {m.state for m in sent} == {"queued"}
    assert row(session, desk.handoff).unanswered_since is None
    assert acts(session) == ["draft_approved"]
    assert state(session, draft_id) == "approved"
    assert desk.shown() == ()


def test_of_two_who_approve_at_once_one_sends(sessions: sessionmaker[Session]) -> None:
    with session_scope(sessions) as session:
        desk = Desk1(session)
        desk.writes()
        draft_id = desk.drafted()
    together = threading.Barrier(4)
    lost: list[str] = []

    def approve() -> None:
        together.wait()
        try:
            with session_scope(sessions) as mine:
                draft_decisions.approve(mine, desk.handoff, draft_id, desk.lan)
        except DraftNotOpen as error:
            lost.append(str(error))

    threads = [threading.Thread(target=approve) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert lost == ["decided"] * 3
    with sessions() as session:
        assert len(written(session, desk.conversation)) == len(PARTS)
        assert acts(session) == ["draft_approved"]


def colleague(desk: Desk1) -> int:
    """Somebody of the same desk; both are there, for only who is present gets a conversation."""
    other = hire(desk.session, "Hoa")
    for who in (desk.lan, other):
        desk.session.add(DeskMember(desk_id=desk.desk, staff_id=who))
        desks.set_presence(desk.session, who, desks.PRESENT)
    desk.session.flush()
    return other


def newer(desk: Desk1) -> None:
    arrives(desk.session, desk.conversation)


def answered(desk: Desk1) -> None:
    requests.reply(desk.session, desk.conversation, desk.lan, "Chào bạn", form_id="f1")


def transferred_and_back(desk: Desk1) -> None:
    other = colleague(desk)
    handoffs.transfer(desk.session, desk.handoff, desk.lan, to_staff_id=other)
    handoffs.transfer(desk.session, desk.handoff, other, to_staff_id=desk.lan)


def switched_off(desk: Desk1) -> None:
    desk_members.set_drafts(desk.session, desk.lan, desk.desk, False)


@pytest.mark.parametrize(
    ("happens", "reason"),
    [
        (newer, "newer"),
        (answered, "answered"),
        (transferred_and_back, "over"),
        (switched_off, "over"),
    ],
)
def test_a_draft_that_is_out_of_date_cannot_be_approved(
    session: Session, happens: Callable[[Desk1], None], reason: str
) -> None:
    desk = Desk1(session)
    desk.writes()
    draft_id = desk.drafted()
    happens(desk)
    before = len(written(session, desk.conversation))
    with pytest.raises(DraftNotOpen, match=reason):
        draft_decisions.approve(session, desk.handoff, draft_id, desk.lan)
    assert len(written(session, desk.conversation)) == before
    assert acts(session) == []
    assert [d.outdated for d in desk.shown() if d.id == draft_id] in ([reason], [])


@pytest.mark.parametrize("act", [draft_decisions.approve, draft_decisions.dismiss])
def test_only_the_holder_decides(session: Session, act: Callable[..., Any]) -> None:
    desk = Desk1(session)
    desk.writes()
    draft_id = desk.drafted()
    hoa = hire(session, "Hoa")
    with pytest.raises(LostRace, match="Lan"):
        act(session, desk.handoff, draft_id, hoa)
    handoffs.release(session, desk.handoff, desk.lan)
    with pytest.raises(LostRace, match="waiting"):
        act(session, desk.handoff, draft_id, desk.lan)
    assert state(session, draft_id) == "ready"
    assert acts(session) == []


def test_a_draft_is_dismissed_or_edited_once(session: Session) -> None:
    desk = Desk1(session)
    desk.writes()
    first = desk.drafted()
    draft_decisions.dismiss(session, desk.handoff, first, desk.lan)
    for act in (draft_decisions.approve, draft_decisions.edited, draft_decisions.dismiss):
        with pytest.raises(DraftNotOpen, match="decided"):
            act(session, desk.handoff, first, desk.lan)
    desk.writes("thế nộp ở đâu")
    second = desk.drafted()
    newer(desk)  # edited with what came since in sight
    draft_decisions.edited(session, desk.handoff, second, desk.lan)
    assert acts(session) == ["draft_dismissed", "draft_edited"]
    assert written(session, desk.conversation) == []


def test_a_draft_is_erased_with_its_conversation(session: Session) -> None:
    desk = Desk1(session)
    desk.writes()
    desk.drafted()
    conversations.erase(session, desk.conversation)
    assert session.execute(select(ReplyDraft)).first() is None


def test_what_is_computed_while_the_conversation_is_erased_is_not_kept(session: Session) -> None:
    desk = Desk1(session)
    desk.writes()
    (draft_id,) = reply_drafts.due(session)
    work = reply_drafts.start(session, draft_id)
    assert work is not None
    conversations.erase(session, desk.conversation)
    assert reply_drafts.ready(session, work, PARTS, TurnResult()) is None
    assert session.execute(select(ReplyDraft)).first() is None


def test_one_worker_computes_a_draft_and_another_one_when_that_has_died(session: Session) -> None:
    desk = Desk1(session)
    desk.writes()
    (draft_id,) = reply_drafts.due(session)
    assert reply_drafts.start(session, draft_id) is not None
    assert reply_drafts.due(session) == []
    session.execute(update(ReplyDraft).values(due_at=utcnow() - dt.timedelta(seconds=1)))
    assert reply_drafts.due(session) == [draft_id]
    assert reply_drafts.start(session, draft_id) is not None


def test_what_nobody_needs_any_more_is_not_computed(session: Session) -> None:
    desk = Desk1(session)
    desk.writes()
    (draft_id,) = reply_drafts.due(session)
    newer(desk)
    assert reply_drafts.start(session, draft_id) is None
    assert state(session, draft_id) == "none"


def test_who_comes_gets_a_draft_for_the_message_that_waits(session: Session) -> None:
    desk = Desk1(session)
    handoffs.release(session, desk.handoff, desk.lan)
    message_id = arrives(session, desk.conversation)
    handoffs.claim(session, desk.handoff, desk.lan)
    desk.drafted()
    (draft,) = desk.shown()
    assert draft.message_id == message_id
    hoa = colleague(desk)
    handoffs.transfer(session, desk.handoff, desk.lan, to_staff_id=hoa)
    assert desk.shown() == (), "the draft was made for another holder"
    desk.drafted()
    assert [d.message_id for d in desk.shown()] == [message_id]
    requests.reply(session, desk.conversation, hoa, "Chào bạn", form_id="f2")
    handoffs.transfer(session, desk.handoff, hoa, to_staff_id=desk.lan)
    assert reply_drafts.due(session) == [], "that message is answered"


def test_the_switch_of_a_desk_is_on_record_once(session: Session) -> None:
    desk = Desk1(session, drafts=False)
    for on in (True, True, False):
        assert desk_members.set_drafts(session, desk.lan, desk.desk, on)
    found = session.execute(select(AuditEntry.action).order_by(AuditEntry.id)).scalars()
    assert [a for a in found if a.startswith("desk_")] == ["desk_drafts_on", "desk_drafts_off"]
    assert not desk_members.set_drafts(session, desk.lan, 999, True)
