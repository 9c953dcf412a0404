"""Where the citizen is: heard, asked for, remembered, and never guessed."""

from __future__ import annotations

import pytest

from actions.places import ActionChoosePlace, ActionReceivedLocation
from actions.procedures import ActionAnswerProcedure, ActionChooseProcedure
from actions.service import ActionNotUnderstood, ActionOutOfScope
from tests.actions.conftest import Answer, Citizen

TEMPORARY_RESIDENCE, SIGNATURE = "1.004194", "2.000884"  # police, committee of the commune
DA_MAI, YEN_DUNG, XUAN_LUONG, HOANG_VAN = "07228", "07681", "07246", "07822"
OFFICE = "utter_office_without_address"


def ask(citizen: Citizen, text: str, intent: str = "ask_where") -> Answer:
    return citizen.turn(ActionAnswerProcedure, text, intent)


def values(answer: Answer, response: str) -> dict[str, str]:
    """What a response is filled with."""
    (message,) = [m for m in answer.messages if m.get("response") == response]
    return message


def test_where_asks_for_the_place_and_then_names_its_office(citizen: Citizen) -> None:
    first = ask(citizen, "chứng thực chữ ký thì nộp ở đâu")
    assert first.said == ["utter_procedure_where", "utter_place_ask"]
    second = ask(citizen, "phường Đa Mai", "inform")
    assert second.said == [OFFICE]
    assert values(second, OFFICE)["office"].endswith("phường Đa Mai")
    assert second.trace["outcome"] == "answered"
    assert second.trace["procedures"] == [SIGNATURE]


def test_the_place_is_remembered_for_the_next_procedure(citizen: Citizen) -> None:
    ask(citizen, "ở phường Đa Mai thì chứng thực chữ ký cần gì", "ask_documents")
    assert citizen.slots["commune_code"] == DA_MAI
    answer = ask(citizen, "đăng ký tạm trú nộp ở đâu")
    assert answer.said == ["utter_procedure_where", OFFICE]
    assert values(answer, OFFICE)["office"] == "Công an phường Đa Mai"


def test_an_old_name_is_told_with_the_new_one(citizen: Citizen) -> None:
    answer = ask(citizen, "nhà tôi ở xã Yên Lư cũ, chứng thực chữ ký nộp ở đâu")
    assert answer.said == ["utter_procedure_where", "utter_place_merged", OFFICE]
    assert values(answer, "utter_place_merged")["unit"] == "phường Yên Dũng"
    assert citizen.slots["commune_code"] == YEN_DUNG


def test_moving_changes_the_place(citizen: Citizen) -> None:
    ask(citizen, "tôi ở phường Đa Mai, chứng thực chữ ký nộp ở đâu")
    ask(citizen, "tôi chuyển từ Đa Mai sang ở xã Yên Lư cũ rồi", "inform")
    assert citizen.slots["commune_code"] == YEN_DUNG


@pytest.mark.parametrize(
    ("text", "response"),
    [
        ("tp Bắc Giang", "utter_place_district"),
        ("ở huyện Hiệp Hòa", "utter_place_district"),
        ("thành phố Bắc Ninh", "utter_place_two_senses"),
        ("tôi ở Bắc Giang", "utter_place_former_province_units"),
        ("xã Đồng Tiến", "utter_place_same_name"),
        ("xã Mỹ Hà", "utter_place_older"),
    ],
)
def test_a_name_of_several_communes_is_asked_about(
    citizen: Citizen, text: str, response: str
) -> None:
    ask(citizen, "chứng thực chữ ký nộp ở đâu")
    answer = ask(citizen, text, "inform")
    assert answer.said == [response]
    assert 2 <= len(answer.payloads) <= 5
    assert all(p.startswith("#dvc:noi?unit=") for p in answer.payloads)
    assert "commune_code" not in citizen.slots


def test_the_whole_province_is_asked_down_to_a_commune(citizen: Citizen) -> None:
    ask(citizen, "chứng thực chữ ký nộp ở đâu")
    assert ask(citizen, "tôi ở Bắc Ninh", "inform").said == ["utter_place_ask_narrower"]
    assert ask(citizen, "tỉnh Bắc Giang", "inform").said == ["utter_place_former_province"]
    assert ask(citizen, "đa mai", "inform").said == [OFFICE]


def test_a_choice_of_namesakes_is_settled_by_a_tap_or_by_the_district(citizen: Citizen) -> None:
    offered = ask(citizen, "ở xã Đồng Tiến thì chứng thực chữ ký ở đâu")
    assert offered.payloads[-2:] == [f"#dvc:noi?unit={c}" for c in (XUAN_LUONG, HOANG_VAN)]
    ask(citizen, "huyện Yên Thế", "inform")
    assert citizen.slots["commune_code"] == XUAN_LUONG
    tapped = citizen.turn(ActionChoosePlace, ordered={"commune_code": HOANG_VAN})
    assert tapped.said == [OFFICE]
    assert citizen.slots["commune_code"] == HOANG_VAN


def test_a_tapped_place_that_is_none_of_ours_is_stale(citizen: Citizen) -> None:
    assert citizen.turn(ActionChoosePlace, ordered={"commune_code": "99999"}).said == [
        "utter_stale_button"
    ]
    assert "commune_code" not in citizen.slots


def test_another_province_is_not_served(citizen: Citizen) -> None:
    answer = ask(citizen, "tôi ở Thanh Hóa thì chứng thực chữ ký nộp ở đâu")
    assert answer.said == ["utter_procedure_where", "utter_place_outside"]
    assert "commune_code" not in citizen.slots


def test_an_unchecked_address_is_said_to_be_a_sample(citizen: Citizen) -> None:
    answer = ask(citizen, "ở phường Bắc Giang, chứng thực chữ ký nộp ở đâu")
    assert answer.said == ["utter_procedure_where", "utter_office_sample"]


def test_an_office_is_found_without_a_procedure(citizen: Citizen) -> None:
    answer = ask(citizen, "ubnd xã Yên Lư cũ ở đâu vậy")
    assert answer.said == ["utter_place_merged", OFFICE]
    assert answer.trace["outcome"] == "other"
    assert answer.trace["procedures"] == []


@pytest.mark.parametrize("action", [ActionNotUnderstood, ActionAnswerProcedure])
def test_a_message_of_nothing_but_a_place_is_understood(
    citizen: Citizen, action: type[ActionNotUnderstood]
) -> None:
    answer = citizen.turn(action, "em ở phường Đa Mai ạ", "nlu_fallback", confidence=0.2)
    assert answer.said == [OFFICE]


def test_other_talk_of_the_province_is_no_question_about_a_place(citizen: Citizen) -> None:
    answer = citizen.turn(ActionOutOfScope, "ngày mai Bắc Ninh có mưa không", "out_of_scope")
    assert answer.said == ["utter_out_of_scope"]


def test_a_question_that_was_not_about_where_says_nothing_of_places(citizen: Citizen) -> None:
    answer = ask(citizen, "tôi ở tp Bắc Giang, chứng thực chữ ký hết bao nhiêu", "ask_fee")
    assert answer.said == ["utter_procedure_fee"]


def test_a_tapped_where_names_the_office_too(citizen: Citizen) -> None:
    ask(citizen, "em ở phường Đa Mai", "inform")
    answer = citizen.turn(
        ActionChooseProcedure, ordered={"procedure_code": SIGNATURE, "aspect": "where"}
    )
    assert answer.said == ["utter_procedure_where", OFFICE]


def test_a_shared_position_offers_the_nearest_communes_and_guesses_none(citizen: Citizen) -> None:
    near = citizen.turn(
        ActionReceivedLocation, ordered={"latitude": "21.287", "longitude": "106.167"}
    )
    assert near.said == ["utter_nearest"]
    assert near.payloads[0] == f"#dvc:noi?unit={DA_MAI}"
    assert "commune_code" not in citizen.slots
    assert ask(citizen, "đa mai", "inform").said == [OFFICE]


@pytest.mark.parametrize(
    ("position", "response"),
    [
        ({"latitude": "10.776", "longitude": "106.701"}, "utter_nearest_outside"),
        ({}, "utter_location_unreadable"),
        ({"latitude": "x", "longitude": "y"}, "utter_location_unreadable"),
    ],
)
def test_a_position_that_is_no_use_is_said_to_be_none(
    citizen: Citizen, position: dict[str, str], response: str
) -> None:
    assert citizen.turn(ActionReceivedLocation, ordered=position).said == [response]


def test_a_place_said_while_the_procedure_is_still_open_is_not_lost(citizen: Citizen) -> None:
    offered = ask(citizen, "tôi ở huyện Lạng Giang muốn làm căn cước thì đi đâu")
    assert offered.trace["outcome"] == "offered"
    tapped = citizen.turn(
        ActionChooseProcedure,
        ordered={"procedure_code": offered.trace["procedures"][0], "aspect": "where"},
    )
    assert tapped.said == ["utter_procedure_where", "utter_place_district"]


def test_a_procedure_of_another_body_is_given_no_commune_office(citizen: Citizen) -> None:
    answer = ask(citizen, "tôi ở phường Đa Mai, xin lý lịch tư pháp ở đâu")
    assert answer.said == ["utter_procedure_where"]
    assert citizen.slots["commune_code"] == DA_MAI


def test_a_broader_name_does_not_unsettle_what_is_known(citizen: Citizen) -> None:
    ask(citizen, "tôi ở phường Nếnh, chứng thực chữ ký nộp ở đâu")
    for text in (
        "ở Bắc Ninh thì đăng ký tạm trú nộp ở đâu",
        "ở Việt Yên thì chứng thực chữ ký ở đâu",
    ):
        assert ask(citizen, text).said == ["utter_procedure_where", OFFICE], text
    assert ask(citizen, "tôi chuyển sang ở huyện Hiệp Hòa", "inform").said == [
        "utter_place_district"
    ]
