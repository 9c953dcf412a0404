"""A text is understood with what it was sent with: a quoted answer, a photographed slip."""

from __future__ import annotations

from typing import Any

import pytest

from dialogue import context
from dialogue.commands import BadRequestError
from tests.rasa_fixtures import Assistant, text_of

A, B = "1.004194", "1.000894"  # temporary residence; marriage
CASE, OTHER_CASE = "H02.15-260114-0032", "H02.08-260203-0117"


@pytest.mark.parametrize(
    "data",
    [
        [],
        "1.004194",
        {"verified": "true"},
        {"procedure_code": 1},
        {"procedure_code": None},
        {"procedure_code": ""},
        {"procedure_code": "1' OR 1=1"},
        {"procedure_code": "1" * 65},
        {"case_code": CASE, "offered_codes": "1"},
    ],
)
def test_a_context_that_our_router_does_not_send_is_refused(data: Any) -> None:
    with pytest.raises(BadRequestError):
        context.parse(data)


def test_most_texts_come_with_nothing() -> None:
    assert context.parse(None) == {}


@pytest.mark.parametrize(
    "name", ["nlu_fallback", "greet", "thank", "affirm", "inform", "out_of_scope", "show_menu", ""]
)
def test_words_under_a_slip_that_ask_nothing_of_their_own_are_about_its_case(name: str) -> None:
    read = {"name": name, "confidence": 0.4}
    assert context.intent(read, {"case_code": CASE})["name"] == "check_case_status"
    assert context.intent(read, {"procedure_code": A}) == read


@pytest.mark.parametrize("name", ["ask_fee", "ask_documents", "request_human", "unfollow_case"])
def test_a_question_of_its_own_under_a_slip_is_that_question(name: str) -> None:
    read = {"name": name, "confidence": 0.9}
    assert context.intent(read, {"case_code": CASE}) == read
    assert context.slots(read, {"case_code": CASE}) == []


def say(
    assistant: Assistant, conversation: str, text: str, message_id: str, **came_with: str
) -> dict[str, Any]:
    """One text with its context, and the reply."""
    body = {"conversation_id": conversation, "message_id": message_id, "text": text}
    answer = assistant.post({**body, "context": came_with})
    assert answer.status_code == 200, answer.text
    reply: dict[str, Any] = answer.json()
    return reply


@pytest.mark.rasa
@pytest.mark.timeout(600)
class TestWithTheRealRasa:
    """What the trained model and the actions make of it."""

    @pytest.mark.parametrize(
        "text", ["lệ phí bao nhiêu", "cái này bao nhiêu tiền", "cai nay het bao nhieu tien vay"]
    )
    def test_who_replies_to_the_answer_about_a_means_a(
        self, assistant: Assistant, conversation: str, text: str
    ) -> None:
        assistant.say(conversation, "đăng ký tạm trú cần giấy tờ gì")
        assistant.say(conversation, "đăng ký kết hôn cần giấy tờ gì")
        answer = say(assistant, conversation, text, "q1", procedure_code=A)
        assert (answer["intent"], answer["procedures"]) == ("ask_fee", [A])
        after = assistant.say(conversation, "thế nộp ở đâu")
        assert after["procedures"] == [A], "it stays what is talked about"

    def test_an_open_choice_does_not_come_between(
        self, assistant: Assistant, conversation: str
    ) -> None:
        assistant.say(conversation, "đăng ký tạm trú cần giấy tờ gì")
        assistant.order(conversation, "choose_procedure", procedure_code=B)
        assistant.say(conversation, "tôi muốn làm giấy tờ đất đai")
        answer = say(assistant, conversation, "lệ phí bao nhiêu", "q1", procedure_code=A)
        assert answer["procedures"] == [A]

    def test_a_name_in_the_text_says_more_than_the_quote(
        self, assistant: Assistant, conversation: str
    ) -> None:
        answer = say(
            assistant, conversation, "đăng ký kết hôn lệ phí bao nhiêu", "q1", procedure_code=A
        )
        assert answer["procedures"] == [B]

    def test_the_same_message_gets_the_same_reply_and_sets_nothing_again(
        self, assistant: Assistant, conversation: str
    ) -> None:
        first = say(assistant, conversation, "lệ phí bao nhiêu", "q1", procedure_code=A)
        assert say(assistant, conversation, "lệ phí bao nhiêu", "q1", procedure_code=B) == first
        assert assistant.say(conversation, "thế nộp ở đâu")["procedures"] == [A]

    @pytest.mark.parametrize(
        "text",
        ["xem giúp hồ sơ này", "đây ạ", "xem giúp em với", "tới đâu rồi", "ho so nay toi dau roi"],
    )
    def test_a_case_on_a_slip_is_asked_for_its_second_fact(
        self, assistant: Assistant, conversation: str, text: str
    ) -> None:
        answer = say(assistant, conversation, text, "s1", case_code=CASE)
        assert f"hồ sơ {CASE}" in text_of(answer)
        assert "4 số cuối" in text_of(answer)
        fact = next(c["phone_last4"] for c in assistant.cases if c["code"] == CASE)
        assert f"Hồ sơ {CASE}\n" in text_of(assistant.say(conversation, str(fact)))

    def test_another_question_under_the_slip_is_answered_and_keeps_the_pending_case(
        self, assistant: Assistant, conversation: str
    ) -> None:
        assistant.order(conversation, "check_case_status", case_code=CASE)
        answer = say(
            assistant, conversation, "đăng ký kết hôn lệ phí bao nhiêu", "s1", case_code=OTHER_CASE
        )
        assert answer["procedures"] == [B]
        fact = next(c["phone_last4"] for c in assistant.cases if c["code"] == CASE)
        assert CASE in text_of(assistant.say(conversation, str(fact)))

    def test_a_slip_without_words_asks_for_the_second_fact_and_shows_nothing(
        self, assistant: Assistant, conversation: str
    ) -> None:
        answer = assistant.order(conversation, "check_case_status", case_code=CASE)
        assert f"hồ sơ {CASE}" in text_of(answer)
        assert "4 số cuối" in text_of(answer)
        again = assistant.order(conversation, "check_case_status", case_code=OTHER_CASE)
        assert OTHER_CASE in text_of(again), "another photo means another case"

    def test_a_slip_of_another_system_is_told_to_be_one(
        self, assistant: Assistant, conversation: str
    ) -> None:
        answer = assistant.order(conversation, "check_case_status", case_code="03706/2026/07906")
        assert "Bảo hiểm xã hội" in text_of(answer)

    def test_a_picture_without_a_code_is_told_how_to_do_better(
        self, assistant: Assistant, conversation: str
    ) -> None:
        said = text_of(assistant.order(conversation, "received_image"))
        assert "không đọc được mã hồ sơ" in said
        assert "gần hơn" in said
        assert "mã vạch" in said

    def test_a_malformed_context_is_refused(self, assistant: Assistant, conversation: str) -> None:
        body = {"conversation_id": conversation, "message_id": "m", "text": "a"}
        assert assistant.post({**body, "context": {"verified": "true"}}).status_code == 400
