"""What is kept of a conversation: its state, not its history."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
import redis
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import (
    ActionExecuted,
    ActiveLoop,
    BotUttered,
    SessionStarted,
    SlotSet,
    UserUttered,
)
from rasa.shared.core.trackers import DialogueStateTracker

from bot.settings import ROOT
from dialogue import reply
from dialogue.tracker_store import MONTH, PREFIX, BoundedTrackerStore


@pytest.fixture(scope="module")
def domain() -> Domain:
    return Domain.load([str(ROOT / "domain")])


@pytest.fixture
def kept(store_url: str, domain: Domain) -> Iterator[BoundedTrackerStore]:
    store = BoundedTrackerStore(domain, store_url)
    yield store
    store.red.close()


def turn(store: BoundedTrackerStore, number: int, sender: str = "17") -> DialogueStateTracker:
    """One more turn of a conversation, as the processor leaves it."""
    tracker = asyncio.run(store.get_or_create_tracker(sender, append_action_listen=False))
    if not tracker.events:
        tracker.update(ActionExecuted("action_session_start"))
        tracker.update(SessionStarted())
        tracker.update(ActionExecuted("action_listen"))
    tracker.update(UserUttered(f"câu {number}", {"name": "ask_fee"}, message_id=f"m{number}"))
    tracker.update(ActionExecuted("action_answer_procedure"))
    tracker.update(BotUttered(f"trả lời {number}", {"buttons": []}))
    tracker.update(SlotSet("aspect", "fee"))
    tracker.update(ActionExecuted("action_listen"))
    asyncio.run(store.save(tracker))
    return tracker


def size(store: BoundedTrackerStore, sender: str = "17") -> int:
    return len(store.red.get(PREFIX + sender) or "")


def test_a_conversation_of_400_turns_is_as_small_as_one_of_10(kept: BoundedTrackerStore) -> None:
    for number in range(10, 20):
        turn(kept, number)
    early = size(kept)
    for number in range(20, 410):
        turn(kept, number)
    assert size(kept) <= early + 20  # the numbers grow by a digit


def test_slots_and_the_pending_look_up_survive_however_many_turns_come(
    kept: BoundedTrackerStore,
) -> None:
    tracker = turn(kept, 1)
    tracker.update(SlotSet("procedure_code", "1.004194"))
    tracker.update(SlotSet("offered_codes", ["3.000348", "3.000347"]))
    tracker.update(ActiveLoop("case_form"))
    asyncio.run(kept.save(tracker))
    for number in range(2, 12):
        turn(kept, number)
    read = asyncio.run(kept.retrieve("17"))
    assert read is not None
    assert read.get_slot("procedure_code") == "1.004194"
    assert read.get_slot("offered_codes") == ["3.000348", "3.000347"]
    assert read.get_slot("aspect") == "fee"
    assert read.active_loop_name == "case_form"
    assert read.latest_action_name == "action_listen"


def test_a_slot_that_was_emptied_stays_empty(kept: BoundedTrackerStore) -> None:
    tracker = turn(kept, 1)
    tracker.update(SlotSet("procedure_code", "1.004194"))
    tracker.update(SlotSet("procedure_code", None))
    tracker.update(ActiveLoop("case_form"))
    tracker.update(ActiveLoop(None))
    asyncio.run(kept.save(tracker))
    turn(kept, 2)
    turn(kept, 3)
    read = asyncio.run(kept.retrieve("17"))
    assert read is not None
    assert read.get_slot("procedure_code") is None
    assert read.active_loop_name is None


def test_the_last_reply_can_be_read_again_and_earlier_words_are_gone(
    kept: BoundedTrackerStore,
) -> None:
    for number in (1, 2, 3):
        turn(kept, number)
    read = asyncio.run(kept.retrieve("17"))
    assert read is not None
    repeated = reply.read(read, "m3")
    assert repeated is not None
    assert repeated["messages"] == [{"text": "trả lời 3", "buttons": []}]
    assert reply.read(read, "m1") is None
    assert "câu 2" not in (kept.red.get(PREFIX + "17") or "")


def test_a_silent_conversation_is_forgotten_after_a_month(kept: BoundedTrackerStore) -> None:
    turn(kept, 1)
    assert MONTH - 60 < kept.red.ttl(PREFIX + "17") <= MONTH


def test_a_conversation_is_forgotten_when_asked(kept: BoundedTrackerStore) -> None:
    turn(kept, 1)
    turn(kept, 1, sender="18")
    asyncio.run(kept.delete("17"))
    assert asyncio.run(kept.retrieve("17")) is None
    assert list(asyncio.run(kept.keys())) == ["18"]


def test_a_store_that_is_gone_is_an_error_and_not_an_empty_conversation(domain: Domain) -> None:
    nowhere = BoundedTrackerStore(domain, "redis://127.0.0.1:1/0")
    with pytest.raises(redis.ConnectionError):
        asyncio.run(nowhere.retrieve("17"))
