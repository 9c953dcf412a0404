"""What is kept of the messages that were not answered at once, and for how long."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from bot.database import utcnow
from bot.models.conversations import Conversation
from bot.models.learning import ReviewItem
from bot.services import conversations, learning
from bot.services.inbox import Inbound, TurnResult

OFFERED = ("1.013831", "1.013076")


@pytest.fixture
def citizen(session: Session) -> int:
    return conversations.get_or_create(session, "zalo", "1")


class Talk:
    """Finished turns of one conversation, one after the other."""

    def __init__(self, session: Session, conversation: int) -> None:
        self.session, self.conversation, self.count = session, conversation, 0

    def turn(self, text: str, outcome: str, *codes: str, **more: Any) -> None:
        self.count += 1
        kind = more.pop("kind", "text")
        number = more.pop("number", self.count)
        message = Inbound(number, f"m{number}", kind, text, {}, 0, None, utcnow())
        result = TurnResult(more.pop("intent", "ask_procedure"), 0.8, outcome, codes, **more)
        learning.record(self.session, self.conversation, message, result)


@pytest.fixture
def talk(session: Session, citizen: int) -> Talk:
    return Talk(session, citizen)


def kept(session: Session) -> list[ReviewItem]:
    session.expire_all()
    return list(session.execute(select(ReviewItem).order_by(ReviewItem.id)).scalars())


@pytest.mark.parametrize("outcome", ["refused", "asked", "offered"])
def test_a_message_that_was_not_answered_at_once_is_kept_masked(
    session: Session, talk: Talk, outcome: str
) -> None:
    talk.turn("sang tên, gọi em 0912345678", outcome, *OFFERED)
    [item] = kept(session)
    assert item.text == "sang tên, gọi em [số điện thoại]"
    assert "0912345678" not in item.normalised
    assert (item.intent, item.confidence, item.outcome) == ("ask_procedure", 800, outcome)
    assert item.procedures == list(OFFERED)
    assert (item.choice, item.state) == ("", "new")


@pytest.mark.parametrize("outcome", ["answered", "other"])
def test_what_was_answered_is_not_kept(session: Session, talk: Talk, outcome: str) -> None:
    talk.turn("khai sinh cần gì", outcome, "1.001193")
    assert kept(session) == []


def test_taps_pictures_and_our_own_failures_teach_nothing(session: Session, talk: Talk) -> None:
    talk.turn("#dvc:khac", "offered", *OFFERED)
    talk.turn("", "refused", kind="image")
    talk.turn("sang tên", "refused", error="given up: http_503")
    assert kept(session) == []


def test_a_replayed_turn_is_kept_once(session: Session, talk: Talk) -> None:
    for _ in range(2):
        talk.turn("sang tên", "offered", *OFFERED, number=7)
    assert len(kept(session)) == 1


def test_the_choice_that_followed_is_kept_with_the_message(session: Session, talk: Talk) -> None:
    talk.turn("sang tên", "offered", *OFFERED)
    talk.turn("#dvc:thu-tuc?code=1.013076", "answered", "1.013076", intent="choose_procedure")
    talk.turn("còn khai sinh", "answered", "1.001193")
    [item] = kept(session)
    assert item.choice == "1.013076", "a later answer is about something else"
    assert item.chosen_at is not None


@pytest.mark.parametrize("intent", ["reject_offer", "deny"])
def test_none_of_these_is_a_choice_too(session: Session, talk: Talk, intent: str) -> None:
    talk.turn("sang tên", "offered", *OFFERED)
    talk.turn("không phải", "other", intent=intent)
    assert [item.choice for item in kept(session)] == [learning.NONE]


def test_a_no_to_something_else_is_no_choice(session: Session, talk: Talk) -> None:
    talk.turn("lệ phí bao nhiêu", "asked")
    talk.turn("không", "other", intent="deny")
    assert [item.choice for item in kept(session)] == [""]


def test_an_answer_long_after_the_offer_is_no_choice(session: Session, talk: Talk) -> None:
    talk.turn("sang tên", "offered", *OFFERED)
    before = utcnow() - learning.CHOICE_WITHIN - dt.timedelta(minutes=1)
    session.execute(update(ReviewItem).values(created_at=before))
    talk.turn("sang tên xe", "answered", "1.013076")
    assert [item.choice for item in kept(session)] == [""]


def test_the_choice_of_another_citizen_changes_nothing(session: Session, talk: Talk) -> None:
    talk.turn("sang tên", "offered", *OFFERED)
    other = Talk(session, conversations.get_or_create(session, "zalo", "2"))
    other.turn("sang tên xe", "answered", "1.013076")
    assert [item.choice for item in kept(session)] == [""]


def test_who_asks_to_be_forgotten_is_forgotten_here_too(session: Session, talk: Talk) -> None:
    talk.turn("sang tên", "offered", *OFFERED)
    other = Talk(session, conversations.get_or_create(session, "zalo", "2"))
    other.turn("sang tên đất", "offered", *OFFERED, number=99)
    assert conversations.erase(session, talk.conversation)
    assert [item.text for item in kept(session)] == ["sang tên đất"]


def test_words_said_before_an_erasure_and_answered_after_it_are_not_kept(
    session: Session, talk: Talk
) -> None:
    later = utcnow() + dt.timedelta(minutes=1)
    session.execute(update(Conversation).values(erased_at=later))
    talk.turn("sang tên", "offered", *OFFERED)
    assert kept(session) == []


def test_after_a_month_an_item_no_longer_tells_whose_it_was(session: Session, talk: Talk) -> None:
    talk.turn("sang tên", "offered", *OFFERED)
    before = utcnow() - learning.LINKED - dt.timedelta(days=1)
    session.execute(update(ReviewItem).values(created_at=before))
    talk.turn("tách thửa", "asked")
    old, new = kept(session)
    assert (old.conversation_id, old.message_id) == (None, None)
    assert new.conversation_id == talk.conversation


def test_the_newest_undecided_items_are_reviewed_first(session: Session, talk: Talk) -> None:
    for text in ("một", "hai", "ba"):
        talk.turn(text, "refused")
    session.execute(update(ReviewItem).where(ReviewItem.text == "hai").values(state="dismissed"))
    assert [i.text for i in learning.to_review(session)] == ["ba", "một"]
    [first] = learning.to_review(session, limit=1)
    assert [i.text for i in learning.to_review(session, before=first.id)] == ["một"]
