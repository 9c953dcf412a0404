"""Reactions, quotes and contact details: from the platform's event to what is kept and shown."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import pytest
import redis
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from bot.models.conversations import Conversation
from tests.chain import Chain, signed

URL = "/webhook/zalo"
DATA = Path(__file__).parent.parent / "data" / "zalo"
CONTACT = {"name": "Nguyễn A", "phone": "84900000000", "address": "Bắc Ninh"}


def recorded(name: str, **message: str) -> dict[str, Any]:
    body: dict[str, Any] = json.loads((DATA / f"{name}.json").read_text())
    return {**body, "message": {**body["message"], **message}} if message else body


def conversation(chain: Chain) -> Conversation:
    with chain.sessions() as session:
        return session.execute(select(Conversation)).scalar_one()


def counted(app: Flask, store: redis.Redis[Any], name: str) -> dict[str, int]:
    app.extensions["metrics"].flush()
    prefix = f"c:{name}:"
    found = {k.decode(): float(v) for k, v in store.hgetall("metrics").items()}
    return {k.removeprefix(prefix): int(v) for k, v in found.items() if k.startswith(prefix)}


def test_a_reaction_is_kept_on_our_message_and_counted_once(
    app: Flask, client: FlaskClient, chain: Chain, store: redis.Redis[Any]
) -> None:
    chain.attendant().attend(chain.say("câu hỏi"))
    before = conversation(chain).last_interaction_at
    for _ in range(3):  # the platform repeats an event after any doubt
        body = recorded("user_reacted_message", msg_id="out1")
        assert client.post(URL, **signed(body)).status_code == 200
    [ours] = chain.messages("out")
    assert ours.reaction == "/-heart"
    assert len(chain.messages("in")) == 1, "nothing is answered"
    assert conversation(chain).last_interaction_at == before
    assert counted(app, store, "reactions") == {"satisfied": 1}
    removed = recorded("user_reacted_message", msg_id="out1", react_icon="/-remove")
    assert client.post(URL, **signed(removed)).status_code == 200
    assert [m.reaction for m in chain.messages("out")] == [""]


def test_a_reaction_to_nothing_of_ours_is_answered_and_forgotten(
    app: Flask, client: FlaskClient, chain: Chain, store: redis.Redis[Any]
) -> None:
    assert client.post(URL, **signed(recorded("user_reacted_message"))).status_code == 200
    assert chain.messages("in") == chain.messages("out") == []
    assert counted(app, store, "reactions") == {}


def test_shared_contact_details_are_kept_with_their_message_and_name_the_citizen(
    client: FlaskClient, chain: Chain, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    client.post(URL, **signed(recorded("user_submit_info")))
    [message] = chain.messages("in")
    assert message.content == {"info": CONTACT}
    assert conversation(chain).display_name == "Nguyễn A"
    chain.attendant().attend(message.conversation_id)
    for private in CONTACT.values():
        assert private not in caplog.text


def test_a_known_name_stays(client: FlaskClient, chain: Chain) -> None:
    client.post(URL, **signed(recorded("user_submit_info")))
    again = {**recorded("user_submit_info"), "timestamp": "1790000005000"}
    client.post(URL, **signed({**again, "info": {"name": "Ai Khác"}}))
    assert conversation(chain).display_name == "Nguyễn A"


def test_contact_details_are_erased_with_the_rest(client: FlaskClient, chain: Chain) -> None:
    client.post(URL, **signed(recorded("user_submit_info")))
    client.post(URL, **signed({**recorded("user_withdraw"), "timestamp": "1790000005000"}))
    chain.attendant().attend(conversation(chain).id)
    assert [m.content for m in chain.messages("in")] == [{}, {}]
    assert conversation(chain).display_name == ""


def test_contact_details_shared_and_withdrawn_before_any_answer_are_erased(
    client: FlaskClient, chain: Chain
) -> None:
    """The message that still waits keeps its words only until the withdrawal is dealt with."""
    withdrawn = {**recorded("user_withdraw"), "timestamp": "1789999990000"}
    client.post(URL, **signed(recorded("user_submit_info")))
    client.post(URL, **signed(withdrawn))
    chain.attendant().attend(conversation(chain).id)
    assert [m.content for m in chain.messages("in")] == [{}, {}]


def test_a_quote_is_kept_with_its_message(client: FlaskClient, chain: Chain) -> None:
    client.post(URL, **signed(recorded("user_send_text", quote_msg_id="out1")))
    [message] = chain.messages("in")
    assert message.content == {"quoted": "out1"}
