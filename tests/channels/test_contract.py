"""What every channel promises the rest, asked of each of them alike."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
import redis
from sqlalchemy import update

from bot.channels.web.channel import WebChannel
from bot.channels.zalo.client import ZaloChannel
from bot.conversation.messages import Button, Channel, Reply
from bot.conversation.sending import to_row
from bot.database import session_scope, utcnow
from bot.errors import SendDeferred, SendRefused, SendUnknown, TokenError
from bot.models.conversations import Message
from bot.services import conversations, delivery, inbox, visitors
from tests.chain import USER, Chain
from tests.fakes import FakeRasa, FakeZalo, fault, turn

BUTTONS = (
    Button("Lệ phí?", "reply", "#dvc:thu-tuc?code=1.004194&aspect=fee"),
    Button("Mở trang", "url", "https://example.vn/a?b=c"),
    Button("Gọi 1022", "phone", "1022"),
)


@dataclass(frozen=True)
class Received:
    """One message as the citizen got it; each button as its title and what it leads to."""

    text: str
    buttons: tuple[tuple[str, str], ...] = ()
    image: str = ""


class Side:
    """A channel with the citizen at its other end."""

    def __init__(self, chain: Chain, zalo: FakeZalo) -> None:
        self.chain = chain
        self.zalo = zalo
        self.channel: Channel = self.make()

    name = ""
    user_id = ""

    def make(self) -> Channel:
        raise NotImplementedError

    def received(self) -> list[Received]:
        """What the citizen has got, in order."""
        raise NotImplementedError

    def take(self, reply: Reply) -> None:
        """Let the platform take a message of which we never hear."""

    def conversation(self) -> int:
        with session_scope(self.chain.sessions) as session:
            return conversations.get_or_create(session, self.name, self.user_id)

    def say(self, text: str) -> int:
        return self.chain.say(text, user=self.user_id, channel=self.name)

    def put(self, *replies: Reply, **values: Any) -> int:
        """Put replies into the outbox; the conversation's id."""
        conversation_id = self.conversation()
        with session_scope(self.chain.sessions) as session:
            ids = inbox.store_replies(session, conversation_id, [to_row(r) for r in replies])
            conversations.store_inbound(  # the citizen has written: every window is open
                session,
                channel=self.name,
                user_id=self.user_id,
                message_id=f"{ids[0]}:unfollow",
                kind="unfollow",
                text="",
                occurred_at=utcnow(),
            )
            if values:
                session.execute(update(Message).where(Message.id.in_(ids)).values(values))
        return conversation_id


class Zalo(Side):
    name, user_id = "zalo", USER

    def make(self) -> Channel:
        return ZaloChannel(self.chain.settings, self.chain.tokens, self.chain.store)

    def received(self) -> list[Received]:
        return [self._read(sent["message"]) for sent in self.zalo.sent]

    def take(self, reply: Reply) -> None:
        message = {"text": reply.text}
        self.zalo.accept({"recipient": {"user_id": USER}, "message": message})

    def _read(self, message: dict[str, Any]) -> Received:
        payload = message.get("attachment", {}).get("payload", {})
        buttons = tuple((b["title"], _goal(b["payload"])) for b in payload.get("buttons", ()))
        image = "".join(element["url"] for element in payload.get("elements", ()))
        return Received(message.get("text", ""), buttons, image)


class Web(Side):
    name, user_id = "web", "a" * 64

    def make(self) -> Channel:
        return WebChannel(self.chain.store)

    def received(self) -> list[Received]:
        conversation_id = self.conversation()
        with session_scope(self.chain.sessions, readonly=True) as session:
            lines = visitors.read(session, conversation_id, 0).lines
        return [
            Received(
                line.text,
                tuple((title, goal) for title, _, goal in line.content.get("buttons", ())),
                line.content.get("image", ""),
            )
            for line in lines
            if line.direction == "out"
        ]


def _goal(payload: Any) -> str:
    return payload if isinstance(payload, str) else str(next(iter(payload.values())))


@pytest.fixture(params=[Zalo, Web], ids=["zalo", "web"])
def side(request: pytest.FixtureRequest, chain: Chain, fake_zalo: FakeZalo) -> Side:
    made: Side = request.param(chain, fake_zalo)
    return made


def test_a_message_is_answered_once_and_in_order(side: Side, fake_rasa: FakeRasa) -> None:
    attendant = side.chain.attendant()
    fake_rasa.respond = lambda asked: (200, turn(f"một: {asked['text']}", "hai", "ba"))
    for text in ("a", "b"):
        conversation_id = side.say(text)
        attendant.attend(conversation_id)
        attendant.attend(conversation_id)  # a second wake-up finds nothing to do
    expected = ["một: a", "hai", "ba", "một: b", "hai", "ba"]
    assert [r.text for r in side.received()] == expected
    assert set(side.chain.states("out")) == {"sent"}
    assert [asked["text"] for asked in fake_rasa.asked] == ["a", "b"]


def test_a_repeated_message_is_answered_once(side: Side) -> None:
    attendant = side.chain.attendant()
    for _ in range(3):
        said = side.chain.say("a", user=side.user_id, channel=side.name, message_id="x:the-same")
        attendant.attend(said)
    assert [r.text for r in side.received()] == ["đáp: a"]


def test_two_channels_keep_their_citizens_apart(chain: Chain, fake_zalo: FakeZalo) -> None:
    sides: list[Side] = [Zalo(chain, fake_zalo), Web(chain, fake_zalo)]
    attendant = chain.attendant()
    for side in sides:
        attendant.attend(side.say(f"từ {side.name}"))
    for side in sides:
        assert [r.text for r in side.received()] == [f"đáp: từ {side.name}"]


def test_a_text_at_the_limit_is_one_message(side: Side) -> None:
    text = "ế" * side.channel.text_limit
    side.chain.attendant().attend(side.put(Reply(text)))
    assert [r.text for r in side.received()] == [text]


def test_a_longer_text_comes_whole_in_several(side: Side, fake_rasa: FakeRasa) -> None:
    text = " ".join(f"câu{n}" for n in range(1000))
    fake_rasa.respond = lambda asked: (200, turn(text))
    side.chain.attendant().attend(side.say("a"))
    parts = [r.text for r in side.received()]
    assert len(parts) > 1
    assert " ".join(parts) == text
    assert max(map(len, parts)) <= side.channel.text_limit


def test_buttons_stand_under_their_text(side: Side) -> None:
    side.chain.attendant().attend(side.put(Reply("Mời chọn:", BUTTONS)))
    expected = tuple((b.title, b.payload) for b in BUTTONS)
    assert side.received() == [Received("Mời chọn:", expected)]


def test_a_picture_arrives(side: Side) -> None:
    side.chain.attendant().attend(side.put(Reply(image_url="https://example.vn/a.png")))
    assert side.received() == [Received("", (), "https://example.vn/a.png")]


def test_each_send_has_an_id_of_its_own(side: Side) -> None:
    ids = [side.channel.send(side.user_id, Reply("cùng một câu")) for _ in range(3)]
    assert len(set(ids)) == 3
    assert all(isinstance(i, str) and 0 < len(i) <= 200 for i in ids)


@pytest.mark.parametrize("taken", [True, False], ids=["it was taken", "it was not"])
def test_what_a_dead_worker_left_half_sent_arrives_once(side: Side, taken: bool) -> None:
    reply = Reply("một câu")
    past = utcnow() - dt.timedelta(seconds=1)
    left = {"state": "sending", "attempts": 1, "not_before": past, "decisive_at": past}
    conversation_id = side.put(reply, Reply("câu sau"))
    with session_scope(side.chain.sessions) as session:
        first = delivery.outbox(session, conversation_id)[0].id
        session.execute(update(Message).where(Message.id == first).values(left))
    if taken:
        side.take(reply)
    attendant = side.chain.attendant()
    for _ in range(2):
        attendant.attend(conversation_id)
    assert [r.text for r in side.received()] == ["một câu", "câu sau"]
    assert side.chain.states("out") == ["sent", "sent"]


def test_a_look_up_finds_what_was_taken_under_an_id_that_nothing_holds(side: Side) -> None:
    since = utcnow() - dt.timedelta(minutes=1)
    side.chain.attendant().attend(side.put(Reply("một câu")))
    held = {m.channel_message_id for m in side.chain.messages("out")}
    reply = Reply("câu chưa ghi")
    side.take(reply)
    found = side.channel.find_sent(side.user_id, reply, since)
    assert len(found) == 1
    assert not held & set(found)
    with session_scope(side.chain.sessions, readonly=True) as session:
        assert delivery.unclaimed(session, side.name, found) == found[0]


def test_zalo_finds_nothing_that_it_did_not_take(chain: Chain, fake_zalo: FakeZalo) -> None:
    side = Zalo(chain, fake_zalo)
    side.take(Reply("một câu"))
    since = utcnow() - dt.timedelta(minutes=1)
    assert side.channel.find_sent(USER, Reply("một câu khác"), since) == []
    assert side.channel.find_sent("2", Reply("một câu"), since) == []
    later = utcnow() + dt.timedelta(minutes=1)
    assert side.channel.find_sent(USER, Reply("một câu"), later) == []


@pytest.mark.parametrize(
    ("failing", "error"),
    [
        (fault(-213), SendRefused),
        (fault(-230), SendRefused),
        (fault(-200), SendDeferred),
        (fault(-32), SendDeferred),
        (lambda asked: (503, {}), SendUnknown),
        (lambda asked: (500, {}), SendUnknown),
        (lambda asked: (0, None), SendUnknown),
    ],
)
def test_a_refusal_of_zalo_is_one_of_our_errors(
    chain: Chain, fake_zalo: FakeZalo, failing: Callable[[dict[str, Any]], Any], error: Any
) -> None:
    fake_zalo.faults = [failing]
    with pytest.raises(error):
        Zalo(chain, fake_zalo).channel.send(USER, Reply("một câu"))


def test_a_lost_grant_is_one_of_our_errors(chain: Chain, fake_zalo: FakeZalo) -> None:
    fake_zalo.access, fake_zalo.refuse_refresh = "another", True
    settings = dataclasses.replace(chain.settings, zalo_app_id="real", zalo_oa_id="1")
    lost = Chain(settings, chain.sessions, chain.store)
    with pytest.raises(TokenError):
        Zalo(lost, fake_zalo).channel.send(USER, Reply("một câu"))


def test_the_web_chat_sends_even_while_the_store_is_down() -> None:
    channel = WebChannel(redis.Redis.from_url("redis://127.0.0.1:1/0"))
    assert channel.send("a" * 64, Reply("một câu"))
