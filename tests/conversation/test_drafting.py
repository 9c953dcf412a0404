"""The worker makes a draft beside the conversation: nothing waits for it and nothing is sent."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from sqlalchemy import select, update

from bot.conversation.drafting import Drafting
from bot.conversation.rasa_client import RasaClient
from bot.database import session_scope, utcnow
from bot.models.desks import Desk as DeskRow
from bot.models.handoffs import Handoff, ReplyDraft
from bot.services import reply_drafts
from tests.chain import Chain
from tests.conversation.test_at_desk import Desk
from tests.fakes import Answer, FakeRasa, FakeZalo, turn


class DraftingDesk(Desk):
    """The same desk with drafts on, and the worker that makes them."""

    def __init__(self, chain: Chain) -> None:
        super().__init__(chain)
        rasa = RasaClient(chain.settings.rasa_urls, seconds=5)
        self.drafting = Drafting(chain.sessions, rasa, chain.metrics, self.rung.append)
        self.attend()

    def opens(self, *, callback: bool = False) -> int:
        handoff = super().opens(callback=callback)
        with session_scope(self.chain.sessions) as session:
            desk = DeskRow(code="tp", name="Sở Tư pháp", kind="department", drafts=True)
            session.add(desk)
            session.flush()
            session.execute(update(Handoff).values(desk_id=desk.id))
        return handoff

    def sweep(self) -> None:
        """What the sweep hands out, computed."""
        with session_scope(self.chain.sessions, readonly=True) as session:
            due = reply_drafts.due(session)
        for draft_id in due:
            self.drafting.draft(draft_id)

    def drafts(self) -> list[ReplyDraft]:
        with session_scope(self.chain.sessions, readonly=True) as session:
            return list(session.execute(select(ReplyDraft).order_by(ReplyDraft.id)).scalars())

    def waits_over(self) -> None:
        """Every draft that is to be tried again is due."""
        with session_scope(self.chain.sessions) as session:
            past = utcnow() - dt.timedelta(seconds=1)
            session.execute(update(ReplyDraft).where(ReplyDraft.state == "due").values(due_at=past))


@pytest.fixture
def desk(chain: Chain, fake_rasa: FakeRasa, fake_zalo: FakeZalo) -> DraftingDesk:
    """An agent holds the conversation."""
    made = DraftingDesk(chain)
    made.claimed()
    made.rung.clear()
    fake_rasa.asked.clear()
    fake_zalo.sent.clear()
    return made


def test_a_message_to_a_person_is_drafted_and_only_the_agents_page_hears_of_it(
    desk: DraftingDesk, fake_rasa: FakeRasa, fake_zalo: FakeZalo
) -> None:
    desk.says("lệ phí bao nhiêu")
    desk.rung.clear()
    desk.sweep()
    (draft,) = desk.drafts()
    assert (draft.state, draft.parts) == (
        "ready",
        [{"text": "đáp: lệ phí bao nhiêu", "content": {}}],
    )
    assert (draft.intent, draft.confidence, draft.procedures) == ("ask_fee", 970, ["1.004194"])
    assert [asked["text"] for asked in fake_rasa.dry_runs] == ["lệ phí bao nhiêu"]
    assert fake_rasa.asked == [], "a real turn would change what the assistant remembers"
    assert desk.rung == ["desk:queue", f"desk:{draft.handoff_id}"]
    desk.attend()
    assert fake_zalo.sent == []


def test_buttons_that_lead_out_stay_and_taps_for_the_assistant_go(
    desk: DraftingDesk, fake_rasa: FakeRasa
) -> None:
    buttons = [
        {"title": "Lệ phí", "type": "reply", "payload": "#dvc:menu"},
        {"title": "Cổng dịch vụ công", "type": "url", "payload": "https://dvc.vn"},
    ]
    fake_rasa.respond = lambda asked: (200, turn("một", "hai", buttons=buttons))
    desk.says("nộp ở đâu")
    desk.sweep()
    (draft,) = desk.drafts()
    assert [part["text"] for part in draft.parts] == ["một", "hai"]
    kept = [["Cổng dịch vụ công", "url", "https://dvc.vn"]]
    assert draft.parts[1]["content"] == {"buttons": kept}


def nothing_to_say(asked: dict[str, Any]) -> Answer:
    return 200, {**turn(), "messages": []}


def not_understood(asked: dict[str, Any]) -> Answer:
    return 200, {**turn("Tôi chưa hiểu"), "outcome": "refused"}


@pytest.mark.parametrize("respond", [nothing_to_say, not_understood])
def test_what_is_no_help_is_no_draft(desk: DraftingDesk, fake_rasa: FakeRasa, respond: Any) -> None:
    fake_rasa.respond = respond
    desk.says("vâng ạ")
    desk.sweep()
    assert [d.state for d in desk.drafts()] == ["none"]


@pytest.mark.parametrize("text", ["#dvc:gap-can-bo", "#dvc:menu", "#dvc:bịa"])
def test_a_tap_that_orders_something_is_not_drafted(
    desk: DraftingDesk, fake_rasa: FakeRasa, text: str
) -> None:
    desk.says(text)
    desk.says("", kind="sticker")
    desk.sweep()
    assert fake_rasa.dry_runs == []
    assert {d.state for d in desk.drafts()} == {"none"}


def test_an_outage_costs_no_try_and_blocks_nobody(
    desk: DraftingDesk, fake_rasa: FakeRasa, fake_zalo: FakeZalo
) -> None:
    fake_rasa.respond = lambda asked: (503, {"error": "unavailable"})
    desk.says("lệ phí bao nhiêu")
    for _ in range(8):
        desk.sweep()
        desk.waits_over()
    assert [(d.state, d.attempts) for d in desk.drafts()] == [("due", 0)]
    fake_rasa.respond = lambda asked: (200, turn("Lệ phí: 20.000 đồng."))
    desk.sweep()
    assert [d.state for d in desk.drafts()] == ["ready"]


def test_a_message_on_which_the_assistant_fails_is_given_up(
    desk: DraftingDesk, fake_rasa: FakeRasa
) -> None:
    fake_rasa.respond = lambda asked: (500, {})
    desk.says("lệ phí bao nhiêu")
    for _ in range(8):
        desk.sweep()
        desk.waits_over()
    assert [d.state for d in desk.drafts()] == ["none"]
    assert len(fake_rasa.dry_runs) == 5


def test_a_draft_that_the_citizen_overtakes_while_it_is_computed_is_out_of_date(
    desk: DraftingDesk, fake_rasa: FakeRasa
) -> None:
    def they_write_meanwhile(asked: dict[str, Any]) -> Answer:
        desk.chain.say("à không, hỏi thời hạn")
        return 200, turn("Lệ phí: 20.000 đồng.")

    fake_rasa.respond = they_write_meanwhile
    desk.says("lệ phí bao nhiêu")
    desk.sweep()
    (draft,) = desk.drafts()
    with session_scope(desk.chain.sessions, readonly=True) as session:
        assert reply_drafts.why_outdated(session, draft) == "newer"
