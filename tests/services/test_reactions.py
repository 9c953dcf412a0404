"""What a citizen taps under a message of ours is kept there."""

from __future__ import annotations

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.database import utcnow
from bot.models.conversations import Conversation, Message
from bot.services import conversations, reactions


@pytest.fixture
def conversation(session: Session) -> int:
    """A conversation in which we have said one thing, known to the platform as out1."""
    made = conversations.get_or_create(session, "zalo", "1")
    for direction, message_id in (("out", "out1"), ("in", "user_send_text:a")):
        session.add(
            Message(
                conversation_id=made,
                channel="zalo",
                direction=direction,
                channel_message_id=message_id,
                kind="text",
                text="chào bạn",
                state="sent" if direction == "out" else "answered",
                occurred_at=utcnow(),
            )
        )
    session.flush()
    return made


def kept(session: Session) -> list[str]:
    return list(session.execute(select(Message.reaction).order_by(Message.id)).scalars())


def test_the_last_reaction_counts_and_can_be_taken_back(
    session: Session, conversation: int
) -> None:
    assert reactions.note(session, "zalo", "1", "out1", "/-heart")
    assert kept(session) == ["/-heart", ""]
    assert reactions.note(session, "zalo", "1", "out1", ":-((")
    assert kept(session) == [":-((", ""]
    assert reactions.note(session, "zalo", "1", "out1", "/-remove")
    assert kept(session) == ["", ""]


def test_a_repeat_changes_nothing(session: Session, conversation: int) -> None:
    assert reactions.note(session, "zalo", "1", "out1", ":>")
    assert not reactions.note(session, "zalo", "1", "out1", ":>")
    reactions.note(session, "zalo", "1", "out1", "/-remove")
    assert not reactions.note(session, "zalo", "1", "out1", "/-remove")


@pytest.mark.parametrize(
    ("channel", "user", "message"),
    [
        ("zalo", "1", "out2"),
        ("zalo", "1", "user_send_text:a"),
        ("zalo", "2", "out1"),
        ("web", "1", "out1"),
    ],
)
def test_a_reaction_to_another_message_than_ours_to_them_is_ignored(
    session: Session, conversation: int, channel: str, user: str, message: str
) -> None:
    assert not reactions.note(session, channel, user, message, "/-heart")
    assert kept(session) == ["", ""]


def test_a_reaction_opens_no_window(session: Session, conversation: int) -> None:
    reactions.note(session, "zalo", "1", "out1", "/-heart")
    assert session.execute(select(Conversation.last_interaction_at)).scalar() is None


def test_a_reaction_is_erased_with_the_words(session: Session, conversation: int) -> None:
    reactions.note(session, "zalo", "1", "out1", "/-heart")
    conversations.erase(session, conversation)
    assert kept(session) == ["", ""]


@pytest.mark.parametrize(
    ("icon", "feeling"),
    [
        ("/-strong", "satisfied"),
        ("/-heart", "satisfied"),
        (":>", "satisfied"),
        (":o", "surprised"),
        (":-((", "unsatisfied"),
        (":-h", "unsatisfied"),
        ("/-remove", "removed"),
        ("/-rose", "other"),
    ],
)
def test_each_icon_says_something_of_the_service(icon: str, feeling: str) -> None:
    assert reactions.feeling(icon) == feeling


def test_every_icon_of_the_platform_has_its_feeling() -> None:
    from bot.templating import REACTIONS as SHOWN
    from simulator.zalo.api import REACTIONS

    assert set(REACTIONS) == set(reactions.FEELINGS) == {*SHOWN, reactions.REMOVED}
