"""Which case applies is asked where the papers depend on it, and only those papers are listed."""

from __future__ import annotations

from typing import Any

import pytest

from actions.confirmations import ActionAffirm, ActionDeny
from actions.document_cases import ActionChooseCase
from actions.procedures import ActionAnswerProcedure, ActionChooseProcedure
from actions.service import ActionNotUnderstood, ActionOutOfScope
from tests.actions.conftest import Answer, Citizen

RESIDENCE = "1.004222"  # one paper for all, and five kinds of homes
TEMPORARY = "1.004194"
WITHOUT_COMMON = "3.000228"  # an account for who has a card, and for who has none
OLD_LICENCE = "3.000347"  # one special case
HOMES = "Đăng ký thường trú cần giấy tờ gì"


def ask(citizen: Citizen, text: str, intent: str = "ask_documents") -> Answer:
    return citizen.turn(ActionAnswerProcedure, text, intent)


def tap(citizen: Citizen, index: str, code: str = RESIDENCE) -> Answer:
    ordered = {"procedure_code": code, "index": index}
    return citizen.turn(ActionChooseCase, intent="choose_case", ordered=ordered)


def test_what_everybody_needs_is_told_at_once_and_the_case_is_asked_for(citizen: Citizen) -> None:
    answer = ask(citizen, HOMES)
    assert answer.said == ["utter_procedure_documents", "utter_ask_special_case"]
    assert answer.trace == {"outcome": "answered", "procedures": [RESIDENCE]}
    assert "CT01" in answer.messages[0]["body"]
    assert "thuê" not in answer.messages[0]["body"]
    assert not answer.messages[0]["buttons"]
    assert answer.payloads[0] == f"#dvc:truong-hop?code={RESIDENCE}&index=0"
    assert len(answer.payloads) <= 5
    assert answer.payloads[-1].endswith("index=none")


def test_a_tapped_case_is_answered_with_only_its_papers_as_one_list(citizen: Citizen) -> None:
    ask(citizen, HOMES)
    answer = tap(citizen, "2")
    assert answer.said == ["utter_procedure_checklist"]
    assert answer.messages[0]["case"] == "Nhà thuê, mượn, ở nhờ"
    numbered = [line.split(".")[0] for line in answer.messages[0]["body"].splitlines()]
    assert numbered == ["1", "2", "3"]
    assert answer.trace["outcome"] == "answered"
    assert answer.slots["open_cases"] is None
    assert any("aspect=fee" in payload for payload in answer.payloads)


@pytest.mark.parametrize(
    ("text", "case"),
    [
        ("nhà thuê", "Nhà thuê, mượn, ở nhờ"),
        ("em đi thue nha a", "Nhà thuê, mượn, ở nhờ"),
        ("về ở với bố mẹ, cha mẹ", "Về ở với cha mẹ, vợ chồng, con, người thân (chủ hộ đồng ý)"),
        ("số 1", "Nhà của mình"),
        ("trong quân đội", "Ở đơn vị Công an, Quân đội"),
    ],
)
def test_a_case_can_also_be_typed(citizen: Citizen, text: str, case: str) -> None:
    ask(citizen, HOMES)
    answer = ask(citizen, text, "inform")
    assert answer.said == ["utter_procedure_checklist"]
    assert answer.messages[0]["case"] == case


@pytest.mark.parametrize("action", [ActionOutOfScope, ActionNotUnderstood, ActionDeny])
def test_a_typed_case_counts_whatever_the_language_model_took_it_for(
    citizen: Citizen, action: Any
) -> None:
    ask(citizen, HOMES)
    answer = citizen.turn(action, "nhà đi thuê", "out_of_scope")
    assert answer.said == ["utter_procedure_checklist"]
    assert answer.trace["intent"] == "ask_procedure"


@pytest.mark.parametrize("text", ["không", "không có gì đặc biệt", "bình thường thôi ạ"])
def test_who_is_no_special_case_gets_the_list_for_everybody(citizen: Citizen, text: str) -> None:
    ask(citizen, HOMES)
    answer = citizen.turn(ActionDeny, text, "deny")
    assert answer.said == ["utter_procedure_checklist_plain"]
    assert "thuê" not in answer.messages[0]["body"]


def test_other_cases_are_shown_on_request_and_after_three_questions_all_of_them(
    citizen: Citizen,
) -> None:
    first = ask(citizen, HOMES)
    more = next(p for p in first.payloads if "from" in p).rsplit("=", 1)[1]
    second = tap(citizen, more)
    assert second.said == ["utter_ask_special_case"]
    shown = [p.rsplit("=", 1)[1] for p in first.payloads + second.payloads]
    assert {"0", "1", "2", "3", "4"} <= set(shown)
    assert tap(citizen, "all").said == ["utter_procedure_documents"]


def test_where_nothing_is_common_the_cases_are_listed_and_asked_for(citizen: Citizen) -> None:
    tapped = {"procedure_code": WITHOUT_COMMON, "aspect": "documents"}
    answer = citizen.turn(ActionChooseProcedure, intent="choose_procedure", ordered=tapped)
    assert answer.said == ["utter_procedure_documents", "utter_ask_case"]
    assert answer.payloads[-1].endswith("index=all")
    assert answer.messages[-1]["choices"].count("\n") == 1


def test_a_yes_to_a_single_case_is_that_case(citizen: Citizen) -> None:
    ask(citizen, "đổi giấy phép lái xe cần giấy tờ gì")
    assert citizen.slots["open_cases"]["code"] == OLD_LICENCE
    answer = citizen.turn(ActionAffirm, "đúng rồi", "affirm")
    assert answer.said == ["utter_procedure_checklist"]


def test_another_question_is_answered_as_usual_and_closes_the_question(citizen: Citizen) -> None:
    ask(citizen, HOMES)
    answer = ask(citizen, "thế hết bao nhiêu tiền", "ask_fee")
    assert answer.said == ["utter_procedure_fee"]
    assert citizen.slots["open_cases"] is None
    assert "utter_procedure_checklist" not in ask(citizen, "nhà thuê", "inform").said


def test_another_procedure_is_no_case_of_this_one(citizen: Citizen) -> None:
    ask(citizen, HOMES)
    answer = ask(citizen, "đăng ký tạm trú nhà thuê cần gì")
    assert answer.trace["procedures"] == [TEMPORARY]


@pytest.mark.parametrize("index", ["", "99", "from99", "-1", "none' --"])
def test_a_case_that_does_not_exist_is_a_stale_button(citizen: Citizen, index: str) -> None:
    assert tap(citizen, index).said == ["utter_stale_button"]


def test_a_case_of_an_unknown_procedure_is_said_to_be_gone(citizen: Citizen) -> None:
    assert tap(citizen, "0", "9.999999").said == ["utter_procedure_gone"]


def test_papers_and_fee_are_answered_together_and_the_case_is_asked_for(citizen: Citizen) -> None:
    answer = ask(citizen, "đăng ký thường trú cần giấy tờ gì và hết bao nhiêu tiền")
    assert answer.said == ["utter_procedure_several", "utter_ask_special_case"]
    message = answer.messages[0]
    assert "Giấy tờ cần có" in message["body"]
    assert "Phí, lệ phí" in message["body"]
    assert len(message["name"] + message["body"] + message["source"]) < 1_600
