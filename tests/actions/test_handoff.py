"""Handing over: asked for, offered, and given back."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from actions import feelings
from actions.confirmations import ActionAffirm
from actions.handoff import ActionRequestHuman, ActionResume
from actions.procedures import ActionAnswerProcedure
from actions.service import ActionGiveFeedback, ActionNotUnderstood, ActionOutOfScope
from bot.database import session_scope
from bot.models.handoffs import Handoff
from tests.actions.conftest import Citizen, Scene
from tests.actions.test_confirmations import HANDED_OVER


def handoffs_of(scene: Scene, citizen: Citizen) -> list[Handoff]:
    with session_scope(scene.sessions, readonly=True) as session:
        wanted = select(Handoff).where(Handoff.conversation_id == int(citizen.id))
        return list(session.execute(wanted).scalars())


@pytest.mark.parametrize(
    "text", ["cho gặp cán bộ", "tôi muốn nói chuyện với người thật", "cho em gặp nhân viên tư vấn"]
)
def test_who_asks_for_a_person_in_so_many_words_is_not_asked_again(
    scene: Scene, citizen: Citizen, text: str
) -> None:
    [said] = citizen.turn(ActionRequestHuman, text, "request_human").said
    assert said in HANDED_OVER
    [row] = handoffs_of(scene, citizen)
    assert (row.state, row.reason) == ("waiting", "asked")


@pytest.mark.parametrize("reason", ["two_failures", "angry", "rule"])
def test_a_tapped_offer_hands_over_and_says_why_it_was_made(
    scene: Scene, citizen: Citizen, reason: str
) -> None:
    citizen.turn(ActionRequestHuman, ordered={"reason": reason})
    [row] = handoffs_of(scene, citizen)
    assert row.reason == reason


def test_a_yes_to_the_offer_after_two_failures_hands_over_for_that_reason(
    scene: Scene, citizen: Citizen
) -> None:
    citizen.turn(ActionOutOfScope, "giá vàng", "out_of_scope")
    second = citizen.turn(ActionOutOfScope, "kể chuyện cười", "out_of_scope")
    assert second.said[-1] == "utter_offer_human"
    citizen.turn(ActionAffirm, "có", "affirm")
    [row] = handoffs_of(scene, citizen)
    assert row.reason == "two_failures"


def test_what_is_talked_about_goes_along(scene: Scene, citizen: Citizen) -> None:
    citizen.slots |= {"procedure_code": "1.004194", "case_code": "H02.15-260114-0032"}
    citizen.turn(ActionRequestHuman, "cho gặp cán bộ", "request_human")
    [row] = handoffs_of(scene, citizen)
    assert row.packet["procedure_code"] == "1.004194"
    assert row.packet["case"] == {"code": "H02.15-260114-0032", "verified": False}


@pytest.mark.parametrize(
    ("action", "intent"),
    [
        (ActionOutOfScope, "out_of_scope"),
        (ActionNotUnderstood, "nlu_fallback"),
        (ActionAnswerProcedure, "ask_fee"),
    ],
)
def test_who_is_angry_is_offered_a_person(citizen: Citizen, action: type, intent: str) -> None:
    answer = citizen.turn(action, "bực mình quá, trả lời kiểu gì thế", intent)
    assert "utter_offer_human_angry" in answer.said
    assert citizen.slots["awaiting"]["why"] == "angry"


def test_a_complaint_is_recorded_and_a_person_offered_and_praise_only_recorded(
    citizen: Citizen,
) -> None:
    complaint = citizen.turn(ActionGiveFeedback, "cán bộ thái độ hách dịch", "give_feedback")
    assert complaint.said == ["utter_feedback_recorded", "utter_offer_human_complaint"]
    praise = citizen.turn(ActionGiveFeedback, "trả lời nhanh, rất tốt", "give_feedback")
    assert praise.said == ["utter_feedback_recorded"]


@pytest.mark.parametrize(
    ("text", "angry"),
    [
        ("bực mình quá", True),
        ("BUC MINH QUA", True),
        ("đúng là vô dụng", True),
        ("làm ăn kiểu gì vậy", True),
        ("không có gì bực mình đâu", False),
        ("tôi không bực mình", False),
        ("hết bực mình rồi, cảm ơn", False),
        ("nộp qua đăng ký trực tuyến", False),
        ("đăng ký kết hôn mất bao nhiêu thời gian", False),
        ("thủ tục giải quyết tố cáo", False),
        ("cơ quan thi hành dân sự", False),
        ("làm cái này có mất thời gian không", False),
        ("", False),
    ],
)
def test_anger_is_read_from_plain_words_and_taken_back_by_a_not(text: str, angry: bool) -> None:
    assert feelings.is_angry(text) is angry


@pytest.mark.parametrize(
    "text",
    ["không cần gặp cán bộ", "gặp cán bộ ở đâu", "khi nào gặp cán bộ được", "có ai không"],
)
def test_these_words_alone_do_not_ask_for_a_person(text: str) -> None:
    assert not feelings.asks_for_person(text)


def test_after_the_person_the_look_up_from_before_is_over_and_they_are_rated(
    citizen: Citizen,
) -> None:
    citizen.loop = "case_form"
    citizen.slots |= {"case_code": "H02.15-260114-0032", "procedure_code": "1.004194"}
    citizen.slots |= {"failures": 1, "offered_codes": ["1.001193"]}
    answer = citizen.turn(ActionResume)
    assert answer.said == ["utter_handoff_closed"]
    assert citizen.loop is None
    assert citizen.slots["procedure_code"] == "1.004194"
    assert not citizen.slots["case_code"]
    assert not citizen.slots["failures"]
    assert not citizen.slots["offered_codes"]
