"""A case is shown to who knows its second fact, and to nobody else."""

from __future__ import annotations

from typing import Any

import pytest
from rasa_sdk.interfaces import ActionExecutionRejection
from sqlalchemy import select

from actions.base import CASE_FORM
from actions.cases import ActionFollowCase, ActionLookUpCase, ActionUnfollowCase, CaseForm
from actions.confirmations import ActionAffirm, ActionDeny
from actions.handoff import ActionRequestHuman
from actions.procedures import ActionAnswerProcedure
from actions.service import ActionNotUnderstood, ActionOfficeHours, ActionOutOfScope
from bot.database import session_scope, utcnow
from bot.models.cases import CaseFollow, CaseLookup
from tests.actions.conftest import Citizen, Scene

CODE = "H02.15-260114-0032"


def fact_of(scene: Scene, code: str = CODE) -> str:
    return str(next(c["phone_last4"] for c in scene.cases if c["code"] == code))


def wrong_fact(scene: Scene, code: str = CODE) -> str:
    case = next(c for c in scene.cases if c["code"] == code)
    return next(
        f for f in ("0001", "0002", "0003") if f not in (case["phone_last4"], case["id_last4"])
    )


def tries_of(scene: Scene, citizen: Citizen) -> list[str]:
    with session_scope(scene.sessions) as session:
        rows = select(CaseLookup.outcome).where(CaseLookup.conversation_id == int(citizen.id))
        return list(session.execute(rows.order_by(CaseLookup.id)).scalars())


def test_without_a_code_the_code_is_asked_for(citizen: Citizen) -> None:
    answer = citizen.turn(ActionLookUpCase, "kiểm tra hồ sơ giúp tôi", "check_case_status")
    assert answer.said == ["utter_ask_case_code"]
    assert answer.loop == CASE_FORM


def test_nothing_is_shown_before_the_second_fact(citizen: Citizen) -> None:
    answer = citizen.turn(ActionLookUpCase, f"hồ sơ {CODE} đến đâu rồi", "check_case_status")
    assert answer.said == ["utter_ask_second_fact"]
    assert answer.slots["case_code"] == CODE


@pytest.mark.parametrize("spoken", ["{}", "4 số cuối là {}", "sđt {}"])
def test_the_right_digits_open_the_case(scene: Scene, citizen: Citizen, spoken: str) -> None:
    citizen.turn(ActionLookUpCase, f"hồ sơ {CODE}", "check_case_status")
    answer = citizen.turn(CaseForm, spoken.format(fact_of(scene)), "inform")
    assert answer.said[0].startswith("utter_case_")
    assert answer.messages[0]["code"] == CODE
    assert answer.loop is None
    assert tries_of(scene, citizen) == ["shown"]


def test_a_code_with_odd_dashes_and_spaces_is_understood(citizen: Citizen) -> None:
    citizen.turn(ActionLookUpCase, "tra cứu hồ sơ", "check_case_status")
    answer = citizen.turn(CaseForm, "h02.15 – 260114 - 0032", "inform")
    assert answer.said == ["utter_ask_second_fact"]
    assert answer.slots["case_code"] == CODE


def test_wrong_digits_and_a_case_that_does_not_exist_read_the_same(
    scene: Scene, citizen: Citizen
) -> None:
    citizen.turn(ActionLookUpCase, CODE, "check_case_status")
    wrong = citizen.turn(CaseForm, wrong_fact(scene), "inform")
    other = Citizen(scene.resources)
    other.turn(ActionLookUpCase, "H02.15-260114-9999", "check_case_status")
    absent = other.turn(CaseForm, "1234", "inform")
    assert wrong.said == absent.said == ["utter_look_up_refused"]
    assert wrong.messages[0].get("code") == absent.messages[0].get("code") is None
    assert wrong.loop == absent.loop == CASE_FORM


def test_after_five_wrong_tries_even_the_right_digits_open_nothing(
    scene: Scene, citizen: Citizen
) -> None:
    code = "H02.15-260113-9998"
    citizen.turn(ActionLookUpCase, code, "check_case_status")
    for _ in range(4):
        assert citizen.turn(CaseForm, "0001", "inform").said == ["utter_look_up_refused"]
    fifth = citizen.turn(CaseForm, "0001", "inform")
    assert fifth.said == ["utter_look_up_locked"]
    citizen.turn(ActionLookUpCase, CODE, "check_case_status")
    assert citizen.turn(CaseForm, fact_of(scene), "inform").said == ["utter_look_up_locked"]


def test_a_repeated_message_is_one_try(scene: Scene, citizen: Citizen) -> None:
    citizen.turn(ActionLookUpCase, "H02.15-260113-9997", "check_case_status")
    for _ in range(7):
        again = citizen.turn(CaseForm, "0001", "inform", message_id="the-same")
    assert again.said == ["utter_look_up_refused"]
    assert tries_of(scene, citizen) == ["wrong"]


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("thôi cho hỏi lệ phí bao nhiêu", "ask_fee"),
        ("năm 2026 đổi căn cước hết 50000 phải không", "ask_fee"),
        ("xin chào", "greet"),
        ("/restart", "out_of_scope"),
    ],
)
def test_an_ordinary_question_in_place_of_the_digits_is_no_try(
    scene: Scene, citizen: Citizen, text: str, intent: str
) -> None:
    citizen.turn(ActionLookUpCase, CODE, "check_case_status")
    with pytest.raises(ActionExecutionRejection):
        citizen.turn(CaseForm, text, intent)
    assert tries_of(scene, citizen) == []


def test_the_case_stays_pending_after_a_question_in_between(scene: Scene, citizen: Citizen) -> None:
    citizen.turn(ActionLookUpCase, CODE, "check_case_status")
    between = citizen.turn(ActionAnswerProcedure, "đăng ký tạm trú hết bao nhiêu tiền", "ask_fee")
    assert between.said == ["utter_procedure_fee", "utter_second_fact_pending"]
    assert between.loop == CASE_FORM
    assert citizen.turn(CaseForm, fact_of(scene), "inform").said[0].startswith("utter_case_")


@pytest.mark.parametrize(
    ("action", "text", "intent"),
    [
        (ActionRequestHuman, "cho gặp cán bộ", "request_human"),
        (ActionAffirm, "vâng", "affirm"),
        (ActionDeny, "không phải", "deny"),
        (ActionOutOfScope, "mai trời có mưa không", "out_of_scope"),
        (ActionNotUnderstood, "asdf qwer", "nlu_fallback"),
        (ActionOfficeHours, "mấy giờ mở cửa", "ask_office_hours"),
        (ActionAnswerProcedure, "thủ tục", "ask_procedure"),
    ],
)
def test_only_an_answer_to_a_question_is_followed_by_a_reminder(
    citizen: Citizen, action: Any, text: str, intent: str
) -> None:
    citizen.turn(ActionLookUpCase, CODE, "check_case_status")
    answer = citizen.turn(action, text, intent)
    assert "utter_second_fact_pending" not in answer.said
    assert answer.loop == CASE_FORM


def test_a_greeting_is_not_followed_by_a_reminder(citizen: Citizen) -> None:
    citizen.turn(ActionLookUpCase, CODE, "check_case_status")
    assert citizen.turn(CaseForm, "xin chào", "greet", after="utter_greet").said == []
    assert citizen.loop == CASE_FORM


def test_before_the_code_was_given_nothing_is_called_to_mind(citizen: Citizen) -> None:
    citizen.turn(ActionLookUpCase, "kiểm tra hồ sơ giúp tôi", "check_case_status")
    answer = citizen.turn(ActionAnswerProcedure, "đăng ký tạm trú nộp ở đâu", "ask_where")
    assert not {"utter_second_fact_pending", "utter_ask_case_code"} & set(answer.said)


def waited_too_long(citizen: Citizen) -> None:
    citizen.slots["pending_until"] = int(utcnow().timestamp()) - 1


def test_a_look_up_that_waited_too_long_is_forgotten_quietly(citizen: Citizen) -> None:
    citizen.turn(ActionLookUpCase, CODE, "check_case_status")
    waited_too_long(citizen)
    answer = citizen.turn(ActionAnswerProcedure, "đăng ký tạm trú hết bao nhiêu tiền", "ask_fee")
    assert answer.said == ["utter_procedure_fee"]
    assert answer.loop is None
    assert citizen.slots["case_code"] is None


def test_a_greeting_after_a_long_while_ends_the_look_up(citizen: Citizen) -> None:
    citizen.turn(ActionLookUpCase, CODE, "check_case_status")
    waited_too_long(citizen)
    assert citizen.turn(CaseForm, "xin chào", "greet", after="utter_greet").said == []
    assert citizen.loop is None


def test_digits_that_come_too_late_are_no_try_and_the_code_is_asked_for_anew(
    scene: Scene, citizen: Citizen
) -> None:
    citizen.turn(ActionLookUpCase, CODE, "check_case_status")
    waited_too_long(citizen)
    assert citizen.turn(CaseForm, fact_of(scene), "inform").said == ["utter_look_up_lapsed"]
    assert tries_of(scene, citizen) == []
    assert citizen.turn(CaseForm, CODE, "check_case_status").said == ["utter_ask_second_fact"]


def test_three_digits_are_asked_for_again_and_are_no_try(scene: Scene, citizen: Citizen) -> None:
    citizen.turn(ActionLookUpCase, CODE, "check_case_status")
    assert citizen.turn(CaseForm, "123", "inform").said == ["utter_second_fact_unclear"]
    assert tries_of(scene, citizen) == []


def test_no_ends_the_look_up(citizen: Citizen) -> None:
    citizen.turn(ActionLookUpCase, CODE, "check_case_status")
    answer = citizen.turn(CaseForm, "thôi không cần nữa", "deny")
    assert answer.said == ["utter_look_up_cancelled"]
    assert answer.loop is None


@pytest.mark.parametrize("text", ["không tra nữa", "thôi khỏi tra cứu", "em không cần tra nữa ạ"])
def test_a_look_up_is_called_off_in_so_many_words_whatever_the_intent(
    citizen: Citizen, text: str
) -> None:
    citizen.turn(ActionLookUpCase, CODE, "check_case_status")
    answer = citizen.turn(CaseForm, text, "unfollow_case")
    assert answer.said == ["utter_look_up_cancelled"]
    assert answer.loop is None


def test_another_code_in_place_of_the_digits_is_looked_up_instead(citizen: Citizen) -> None:
    citizen.turn(ActionLookUpCase, CODE, "check_case_status")
    answer = citizen.turn(CaseForm, "à nhầm, H02.08-260203-0117", "check_case_status")
    assert answer.said == ["utter_ask_second_fact"]
    assert answer.slots["case_code"] == "H02.08-260203-0117"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("03706/2026/07906", "utter_code_of_social_insurance"),
        ("BG.TPH02A.150730.I4", "utter_code_of_2016"),
    ],
)
def test_a_code_of_another_system_is_told_where_to_ask(
    citizen: Citizen, text: str, said: str
) -> None:
    assert citizen.turn(ActionLookUpCase, text, "check_case_status").said == [said]


def test_a_slot_opens_nothing(scene: Scene, citizen: Citizen) -> None:
    citizen.slots = {"verified": "true", "case_code": CODE}
    answer = citizen.turn(ActionLookUpCase, "hồ sơ của tôi sao rồi", "check_case_status")
    assert answer.said == ["utter_ask_second_fact"]


def test_a_missing_one_stop_database_is_told_and_the_case_stays_pending(scene: Scene) -> None:
    citizen = Citizen(scene.without_onestop())
    citizen.turn(ActionLookUpCase, CODE, "check_case_status")
    answer = citizen.turn(CaseForm, "1234", "inform")
    assert answer.said == ["utter_look_up_unavailable"]
    assert answer.loop == CASE_FORM
    assert answer.failure == ""
    assert tries_of(scene, citizen) == []


def test_a_shown_case_can_be_followed_with_one_yes(scene: Scene, citizen: Citizen) -> None:
    case = next(c for c in scene.cases if c["status"] in (2, 4))
    citizen.turn(ActionLookUpCase, case["code"], "check_case_status")
    shown = citizen.turn(CaseForm, case["id_last4"], "inform")
    assert shown.payloads == ["#dvc:dong-y"]
    answer = citizen.turn(ActionAffirm, "vâng", "affirm")
    assert answer.said == ["utter_follow_started"]
    with session_scope(scene.sessions) as session:
        followed = select(CaseFollow.code).where(CaseFollow.conversation_id == int(citizen.id))
        assert session.execute(followed).scalars().all() == [case["code"]]
    assert citizen.turn(ActionUnfollowCase, "bỏ theo dõi", "unfollow_case").said == [
        "utter_follow_ended"
    ]
    assert citizen.turn(ActionUnfollowCase, "bỏ theo dõi", "unfollow_case").said == [
        "utter_follow_none"
    ]


def test_following_asks_for_the_second_fact_first(scene: Scene, citizen: Citizen) -> None:
    case = next(c for c in scene.cases if c["status"] in (2, 4))
    asked = citizen.turn(ActionFollowCase, f"theo dõi hồ sơ {case['code']}", "follow_case")
    assert asked.said == ["utter_ask_second_fact"]
    done = citizen.turn(CaseForm, case["phone_last4"], "inform")
    assert done.said == ["utter_follow_started"]


def test_a_case_that_is_over_cannot_be_followed(scene: Scene, citizen: Citizen) -> None:
    case = next(c for c in scene.cases if c["status"] in (3, 7, 8, 10))
    citizen.turn(ActionLookUpCase, case["code"], "check_case_status")
    shown = citizen.turn(CaseForm, case["phone_last4"], "inform")
    assert shown.payloads == []
    assert shown.slots.get("awaiting") is None
    again = citizen.turn(ActionFollowCase, "theo dõi hồ sơ này", "follow_case")
    assert again.said == ["utter_follow_finished"]


def test_no_to_following_leaves_it_undone(scene: Scene, citizen: Citizen) -> None:
    citizen.turn(ActionLookUpCase, CODE, "check_case_status")
    citizen.turn(CaseForm, fact_of(scene), "inform")
    assert citizen.turn(ActionDeny, "không cần", "deny").said == ["utter_follow_declined"]


def test_a_pending_look_up_is_called_to_mind_once_and_then_waits_in_silence(
    scene: Scene, citizen: Citizen
) -> None:
    citizen.turn(ActionLookUpCase, CODE, "check_case_status")
    said = [
        "utter_second_fact_pending"
        in citizen.turn(ActionAnswerProcedure, "đăng ký tạm trú nộp ở đâu", "ask_where").said
        for _ in range(4)
    ]
    assert said == [True, False, False, False]
    assert citizen.turn(CaseForm, fact_of(scene), "inform").said[0].startswith("utter_case_")


def test_a_tap_on_the_menu_asks_for_a_code_though_a_case_was_just_shown(
    scene: Scene, citizen: Citizen
) -> None:
    citizen.turn(ActionLookUpCase, CODE, "check_case_status")
    citizen.turn(CaseForm, fact_of(scene), "inform")
    answer = citizen.turn(ActionLookUpCase, "", "check_case_status")
    assert answer.said == ["utter_ask_case_code"]


def test_a_case_shown_lately_is_shown_again_without_the_digits(
    scene: Scene, citizen: Citizen
) -> None:
    citizen.turn(ActionLookUpCase, CODE, "check_case_status")
    citizen.turn(CaseForm, fact_of(scene), "inform")
    answer = citizen.turn(ActionLookUpCase, "hồ sơ đó sao rồi", "check_case_status")
    assert answer.said[0].startswith("utter_case_")
