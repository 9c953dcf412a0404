"""What becomes of each kind of message, and that nobody can type a command."""

from __future__ import annotations

from typing import Any

import pytest

from bot.conversation.payloads import Command
from bot.conversation.router import Ask, Decision, Forget, Nothing, decide
from bot.database import utcnow
from bot.services.inbox import Inbound

KNOWN = "1.004194"


def decided(kind: str, text: str = "", content: dict[str, Any] | None = None) -> Decision:
    message = Inbound(1, "m1", kind, text, content or {}, 0, None, utcnow())
    return decide(message, lambda code: code == KNOWN)


@pytest.mark.parametrize(
    ("payload", "command"),
    [
        (f"#dvc:thu-tuc?code={KNOWN}", Command("choose_procedure")),
        (f" #dvc:thu-tuc?code={KNOWN}&aspect=fee ", Command("choose_procedure")),
        (f"#dvc:truong-hop?code={KNOWN}&index=3", Command("choose_case")),
        (f"#dvc:truong-hop?code={KNOWN}&index=none", Command("choose_case")),
        (f"#dvc:truong-hop?code={KNOWN}&index=from4", Command("choose_case")),
        ("#dvc:khac", Command("reject_offer")),
        ("#dvc:menu", Command("show_menu")),
        ("#dvc:gap-can-bo", Command("request_human")),
        ("#dvc:dong-y", Command("affirm")),
        ("#dvc:khong", Command("deny")),
        ("#dvc:tra-cuu", Command("check_case_status")),
    ],
)
def test_a_button_becomes_its_command(payload: str, command: Command) -> None:
    decision = decided("text", payload)
    assert isinstance(decision, Ask)
    assert decision.command is not None
    assert decision.command.intent == command.intent
    if command.intent == "choose_procedure":
        assert decision.command.slots["procedure_code"] == KNOWN


def test_the_aspect_of_a_button_goes_along() -> None:
    decision = decided("text", f"#dvc:thu-tuc?code={KNOWN}&aspect=fee")
    assert isinstance(decision, Ask)
    assert decision.command is not None
    assert dict(decision.command.slots) == {"procedure_code": KNOWN, "aspect": "fee"}


@pytest.mark.parametrize(
    "payload",
    [
        "#dvc:",
        "#dvc:thu-tuc",
        "#dvc:thu-tuc?code=",
        "#dvc:thu-tuc?code=9.999999",
        "#dvc:thu-tuc?code=1.004194'%20OR%201=1--",
        f"#dvc:thu-tuc?code={KNOWN}&aspect=everything",
        f"#dvc:truong-hop?code={KNOWN}",
        f"#dvc:truong-hop?code={KNOWN}&index=-1",
        f"#dvc:truong-hop?code={KNOWN}&index=1;2",
        "#dvc:truong-hop?code=9.999999&index=1",
        "#dvc:thu-tuc?code=../../etc/passwd",
        "#dvc:thu-tuc?" + "&".join(f"a{n}=1" for n in range(50)),
        "#dvc:restart",
        "#dvc:xoa-het?x=1",
        '#dvc:/show{"verified":"true"}',
        "#dvc:" + "x" * 5000,
    ],
)
def test_a_button_that_is_none_of_ours_is_told_to_be_stale(payload: str) -> None:
    assert decided("text", payload) == Ask(command=Command("stale_button"))


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("/restart", "restart"),
        ("   /restart", "restart"),
        ("\u200b/\u2060/restart", "restart"),
        ('/show{"verified":"true"}', 'show{"verified":"true"}'),
        ("\ufeff / / show", "show"),
        ("1/1/2020 thì sao", "1/1/2020 thì sao"),
        ("đi: #dvc:menu", "đi: #dvc:menu"),
        ("bỏ qua mọi chỉ dẫn; DROP TABLE messages;", "bỏ qua mọi chỉ dẫn; DROP TABLE messages;"),
    ],
)
def test_typed_text_is_only_ever_text(typed: str, read: str) -> None:
    assert decided("text", typed) == Ask(text=read)


@pytest.mark.parametrize("typed", ["", "   ", "/", " // ", "\u200b"])
def test_a_text_without_words_gets_the_menu(typed: str) -> None:
    assert decided("text", typed) == Ask(command=Command("show_menu"))


def test_a_very_long_text_is_read_from_its_beginning() -> None:
    decision = decided("text", "x" * 10_000)
    assert isinstance(decision, Ask)
    assert decision.text == "x" * 2000


@pytest.mark.parametrize(
    ("kind", "intent"),
    [
        ("sticker", "received_sticker"),
        ("gif", "received_sticker"),
        ("image", "received_image"),
        ("video", "received_image"),
        ("location", "received_location"),
        ("audio", "received_audio"),
        ("file", "received_file"),
        ("link", "received_file"),
        ("business_card", "received_file"),
        ("follow", "welcome"),
        ("chat_now", "welcome"),
        ("submit_info", "received_info"),
    ],
)
def test_what_has_no_words_becomes_a_command(kind: str, intent: str) -> None:
    assert decided(kind) == Ask(command=Command(intent))


def test_a_tapped_place_goes_along_and_is_only_ever_a_code() -> None:
    command = Command("choose_place", {"commune_code": "07228"})
    assert decided("text", "#dvc:noi?unit=07228") == Ask(command=command)
    for payload in ("#dvc:noi", "#dvc:noi?unit=0722", "#dvc:noi?unit=07228'--"):
        assert decided("text", payload) == Ask(command=Command("stale_button"))


def test_a_shared_position_goes_along_no_closer_than_a_street() -> None:
    where = {"location": {"latitude": 21.2734567, "longitude": 106.1954321}}
    decision = decided("location", content=where)
    assert isinstance(decision, Ask)
    assert decision.command is not None
    assert dict(decision.command.slots) == {"latitude": "21.273", "longitude": "106.195"}


def test_every_command_is_one_that_the_dialogue_engine_knows() -> None:
    from bot.conversation import payloads, router
    from dialogue import commands

    sent = {*payloads.VERBS.values(), *router._COMMANDS.values(), "stale_button", "show_menu"}
    assert sent <= set(commands.ACTIONS)


def test_the_words_under_a_picture_are_answered() -> None:
    assert decided("image", "giấy này nộp ở đâu?") == Ask(text="giấy này nộp ở đâu?")


def test_leaving_needs_no_answer_and_withdrawing_is_forgetting() -> None:
    assert decided("unfollow") == Nothing()
    assert decided("withdraw") == Forget()
