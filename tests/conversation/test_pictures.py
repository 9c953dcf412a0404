"""A photo of a receipt slip asks about its case; any other picture is answered kindly."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from bot.conversation.pictures import Pictures
from bot.database import session_scope
from bot.errors import FileRefused
from bot.models.conversations import Message
from tests.chain import Chain
from tests.fakes import Answer, FakeRasa, FakeZalo, answer_politely
from tests.slip_photos import CODE, barcode, encoded, slip, without_code

SLIP = encoded(slip(barcode(f"https://e.vn/tra-cuu?ma={CODE}", scale=4)))
NO_CODE = encoded(without_code(800, 600))
URL = "http://x.zdn.vn/a.jpg?key=secret"
LOOK_UP = {"intent": "check_case_status", "slots": {"case_code": CODE}}


class Host:
    """The platform's file host: gives what it is told, in order; the last again and again."""

    def __init__(self, *given: bytes | FileRefused) -> None:
        self._given = list(given)
        self.asked: list[str] = []

    def __call__(self, url: str, *, seconds: float) -> bytes:
        assert 0 < seconds < 10
        self.asked.append(url)
        given = self._given.pop(0) if len(self._given) > 1 else self._given[0]
        if isinstance(given, FileRefused):
            raise given
        return given


def send(chain: Chain, host: Host, kind: str = "image", text: str = "", **file: Any) -> None:
    """The citizen sends a file, which is attended to."""
    attachment = {"type": kind, "url": URL, "name": "", "size": None, **file}
    conversation = chain.say(text, kind=kind, content={"attachments": [attachment]})
    chain.attendant(pictures=Pictures(host, chain.metrics)).attend(conversation)


def asked(fake_rasa: FakeRasa) -> list[Any]:
    """What the dialogue engine was asked, without its ids."""
    ids = ("conversation_id", "message_id")
    return [{k: v for k, v in each.items() if k not in ids} for each in fake_rasa.asked]


def test_a_photo_of_a_slip_asks_about_its_case(
    chain: Chain, fake_rasa: FakeRasa, fake_zalo: FakeZalo
) -> None:
    send(chain, Host(SLIP))
    assert asked(fake_rasa) == [{"command": LOOK_UP}]
    assert fake_zalo.texts() == ["đáp: check_case_status"]


def test_nothing_of_the_picture_is_kept(chain: Chain) -> None:
    send(chain, Host(SLIP))
    [message] = chain.messages("in")
    assert (message.text, list(message.content)) == ("", ["attachments"])
    assert CODE not in str([vars(m) for m in chain.messages("in")])


@pytest.mark.parametrize("name", ["giay hen.JPG", "a.png", "a.webp", "x.jpeg"])
def test_a_picture_sent_as_a_file_is_one_too(chain: Chain, fake_rasa: FakeRasa, name: str) -> None:
    send(chain, Host(SLIP), "file", name=name)
    assert asked(fake_rasa) == [{"command": LOOK_UP}]


@pytest.mark.parametrize(
    ("kind", "name"),
    [("file", "don.pdf"), ("file", ""), ("video", ""), ("sticker", ""), ("gif", ""), ("link", "")],
)
def test_other_files_are_not_fetched(
    chain: Chain, fake_rasa: FakeRasa, kind: str, name: str
) -> None:
    host = Host(SLIP)
    send(chain, host, kind, name=name, url="http://x.zdn.vn/a")
    assert host.asked == []
    assert "received_" in fake_rasa.asked[0]["command"]["intent"]


def test_words_under_a_slip_are_the_question_and_the_case_goes_along(
    chain: Chain, fake_rasa: FakeRasa
) -> None:
    send(chain, Host(SLIP), text="xem giúp hồ sơ này")
    assert asked(fake_rasa) == [{"text": "xem giúp hồ sơ này", "context": {"case_code": CODE}}]


def test_words_under_another_picture_are_the_question(chain: Chain, fake_rasa: FakeRasa) -> None:
    send(chain, Host(NO_CODE), text="giấy này nộp ở đâu?")
    assert asked(fake_rasa) == [{"text": "giấy này nộp ở đâu?"}]


@pytest.mark.parametrize("given", [NO_CODE, b"", b"no picture", encoded(slip(barcode("0912")))])
def test_a_picture_without_a_case_code_is_told_to_be_unreadable(
    chain: Chain, fake_rasa: FakeRasa, given: bytes
) -> None:
    send(chain, Host(given))
    assert asked(fake_rasa) == [{"command": {"intent": "received_image", "slots": {}}}]


def test_of_several_pictures_the_first_with_a_case_code_counts(
    chain: Chain, fake_rasa: FakeRasa
) -> None:
    host = Host(NO_CODE, SLIP, NO_CODE)
    pictures = [{"type": "image", "url": f"{URL}{n}", "name": "", "size": None} for n in range(9)]
    conversation = chain.say("", kind="image", content={"attachments": pictures})
    chain.attendant(pictures=Pictures(host, chain.metrics)).attend(conversation)
    assert len(host.asked) == 2
    assert asked(fake_rasa) == [{"command": LOOK_UP}]


def test_a_fetch_that_fails_is_tried_once_more(chain: Chain, fake_rasa: FakeRasa) -> None:
    host = Host(FileRefused("http 503", again=True), SLIP)
    send(chain, host)
    assert len(host.asked) == 2
    assert asked(fake_rasa) == [{"command": LOOK_UP}]


@pytest.mark.parametrize(("again", "tries"), [(True, 2), (False, 1)])
def test_the_citizen_does_not_wait_for_a_host_that_fails(
    chain: Chain, fake_rasa: FakeRasa, fake_zalo: FakeZalo, again: bool, tries: int
) -> None:
    host = Host(FileRefused("http 503", again=again))
    send(chain, host)
    assert len(host.asked) == tries
    assert fake_zalo.texts() == ["đáp: received_image"]
    assert chain.states("in") == ["answered"]


def test_while_the_dialogue_engine_is_down_the_picture_waits_like_any_message(
    chain: Chain, fake_rasa: FakeRasa, fake_zalo: FakeZalo
) -> None:
    def down(again: dict[str, Any]) -> Answer:
        return 503, {}

    fake_rasa.respond = down
    host = Host(SLIP)
    send(chain, host)
    assert chain.states("in") == ["pending"]
    fake_rasa.respond = answer_politely
    [conversation] = chain.due()
    chain.attendant(pictures=Pictures(host, chain.metrics)).attend(conversation)
    assert fake_zalo.texts() == ["đáp: check_case_status"]


@pytest.mark.parametrize(
    "attachments",
    [[], [{"type": "image", "url": "", "name": "", "size": None}], [{"type": "image"}]],
)
def test_an_event_without_an_address_is_answered_as_before(
    chain: Chain, fake_rasa: FakeRasa, attachments: list[Any]
) -> None:
    host = Host(SLIP)
    conversation = chain.say("", kind="image", content={"attachments": attachments})
    chain.attendant(pictures=Pictures(host, chain.metrics)).attend(conversation)
    assert host.asked == []
    assert asked(fake_rasa) == [{"command": {"intent": "received_image", "slots": {}}}]


def test_pictures_are_counted(chain: Chain) -> None:
    send(chain, Host(SLIP))
    send(chain, Host(NO_CODE))
    chain.metrics.flush()
    counted = chain.store.hgetall("metrics")
    assert counted[b"c:pictures:case_code"] == counted[b"c:pictures:no_code"] == b"1"


def test_no_log_line_holds_the_code_or_the_key_of_an_address(
    chain: Chain, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="bot")
    send(chain, Host(FileRefused("http://x.zdn.vn:80/a.jpg: http 404")))
    send(chain, Host(SLIP))
    assert "http 404" in caplog.text
    assert CODE not in caplog.text
    assert "secret" not in caplog.text


def test_a_withdrawal_leaves_nothing_of_what_was_sent(chain: Chain) -> None:
    send(chain, Host(SLIP), text="xem giúp")
    chain.say("", kind="submit_info", content={"info": {"name": "Nguyễn A", "phone": "84912"}})
    with session_scope(chain.sessions) as session:
        session.query(Message).filter(Message.direction == "out").update({"reaction": "/-heart"})
    chain.attendant().attend(chain.say("", kind="withdraw"))
    rows = chain.messages("in") + chain.messages("out")
    assert {(m.text, str(m.content), m.reaction) for m in rows} == {("", "{}", "")}
