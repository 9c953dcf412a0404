"""The worker keeps what it could not answer at once, in the transaction of the answer."""

from __future__ import annotations

from sqlalchemy import select

from bot.database import session_scope
from bot.models.conversations import Message
from bot.models.learning import ReviewItem
from bot.services import conversations
from tests.chain import Chain
from tests.fakes import FakeRasa, turn


def kept(chain: Chain) -> list[tuple[str, str, str]]:
    with session_scope(chain.sessions, readonly=True) as session:
        columns = (ReviewItem.text, ReviewItem.outcome, ReviewItem.choice)
        return [tuple(row) for row in session.execute(select(*columns).order_by(ReviewItem.id))]


def test_an_offer_and_the_choice_that_followed_are_kept(chain: Chain, fake_rasa: FakeRasa) -> None:
    attendant = chain.attendant()
    codes = ["1.013831", "1.013076"]
    offer = {"procedures": codes}
    fake_rasa.respond = lambda asked: (200, {**turn("Bạn cần gì?"), "outcome": "offered", **offer})
    attendant.attend(chain.say("sang tên, sđt 0912345678"))
    assert kept(chain) == [("sang tên, sđt [số điện thoại]", "offered", "")]
    fake_rasa.respond = lambda asked: (200, {**turn("Đây ạ"), "procedures": codes[1:]})
    attendant.attend(chain.say("sang tên xe"))
    assert kept(chain) == [("sang tên, sđt [số điện thoại]", "offered", codes[1])]


def test_what_is_answered_at_once_is_not_kept(chain: Chain, fake_rasa: FakeRasa) -> None:
    chain.attendant().attend(chain.say("lệ phí khai sinh bao nhiêu"))
    assert kept(chain) == []


def test_the_commune_of_a_turn_is_kept_with_the_message_until_it_is_erased(
    chain: Chain, fake_rasa: FakeRasa
) -> None:
    fake_rasa.respond = lambda asked: (200, {**turn("?"), "outcome": "asked", "commune": "07228"})
    conversation_id = chain.say("làm giấy khai sinh")
    chain.attendant().attend(conversation_id)
    with session_scope(chain.sessions) as session:
        theirs = select(Message.commune).where(Message.direction == "in")
        assert session.execute(theirs).scalar_one() == "07228"
        assert session.execute(select(ReviewItem.commune)).scalar_one() == "07228"
        conversations.erase(session, conversation_id)
        assert session.execute(theirs).scalar_one() == ""
