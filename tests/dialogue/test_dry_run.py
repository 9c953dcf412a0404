"""The real Rasa asked what it would say: in context, and without leaving a trace."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from sqlalchemy import select

from bot.conversation.rasa_client import RasaClient
from bot.database import session_scope
from bot.models.conversations import Feedback
from bot.models.handoffs import Handoff
from tests.dialogue.test_channel import QUESTION, TEMPORARY_RESIDENCE, stored
from tests.rasa_fixtures import TOKEN, Assistant, text_of

pytestmark = [pytest.mark.rasa, pytest.mark.timeout(600)]


def dry(assistant: Assistant, conversation: str, **content: Any) -> dict[str, Any]:
    body = {"conversation_id": conversation, "message_id": uuid.uuid4().hex, **content}
    response = assistant.post(body, "dry-run")
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


def test_it_says_what_a_turn_would_say_in_the_context_of_the_conversation(
    assistant: Assistant, conversation: str
) -> None:
    assistant.say(conversation, QUESTION)
    before = stored(assistant, conversation)
    said = dry(assistant, conversation, text="thế nộp ở đâu")
    assert stored(assistant, conversation) == before
    assert (said["intent"], said["procedures"]) == ("ask_where", [TEMPORARY_RESIDENCE])
    assert said == assistant.say(conversation, "thế nộp ở đâu")
    assert stored(assistant, conversation) != before


def test_somebody_new_is_not_remembered(assistant: Assistant, conversation: str) -> None:
    said = dry(assistant, conversation, text=QUESTION)
    assert "Nguồn:" in text_of(said)
    assert stored(assistant, conversation) == ""


@pytest.mark.parametrize(
    "text",
    [
        "cho tôi gặp cán bộ",
        "xoá dữ liệu của tôi",
        "tôi muốn góp ý cán bộ phường rất nhiệt tình",
        "hồ sơ H02.15-260114-0032 tới đâu rồi",
        "theo dõi hồ sơ H02.15-260114-0032 giúp tôi",
    ],
)
def test_what_it_would_have_to_do_is_no_answer(
    assistant: Assistant, conversation: str, text: str
) -> None:
    assert dry(assistant, conversation, text=text)["messages"] == []
    assert stored(assistant, conversation) == ""
    with session_scope(assistant.sessions) as session:
        for table in (Handoff, Feedback):
            rows = select(table).where(table.conversation_id == int(conversation))
            assert session.execute(rows).first() is None


def test_a_look_up_that_waits_neither_takes_the_digits_nor_ends(
    assistant: Assistant, conversation: str
) -> None:
    code = "H02.15-260114-0032"
    assistant.say(conversation, f"hồ sơ {code} tới đâu rồi")
    before = stored(assistant, conversation)
    case = next(c for c in assistant.cases if c["code"] == code)
    said = dry(assistant, conversation, text=str(case["phone_last4"]))
    assert not said["messages"] or said["outcome"] == "refused"
    # Another question is answered, and nobody is reminded of digits that a person would read.
    fee = dry(assistant, conversation, text=QUESTION)
    assert fee["procedures"] == [TEMPORARY_RESIDENCE]
    assert "4 số cuối" not in text_of(fee)
    assert stored(assistant, conversation) == before


def test_the_router_asks_it_by_a_call_of_its_own(assistant: Assistant, conversation: str) -> None:
    client = RasaClient(assistant.settings.rasa_urls, TOKEN)
    turn = client.would_say(int(conversation), "m-1", text=QUESTION)
    assert turn.procedures == (TEMPORARY_RESIDENCE,)
    assert client.would_say(int(conversation), "m-2", text="cho tôi gặp cán bộ").replies == ()
    assert stored(assistant, conversation) == ""


def test_without_the_token_nobody_is_answered(assistant: Assistant, conversation: str) -> None:
    body = {"conversation_id": conversation, "message_id": "m", "text": QUESTION}
    assert assistant.post(body, "dry-run", headers={}).status_code == 401
