"""Which procedure is meant, what is asked about it, and what is done when that is not clear."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from actions.confirmations import ActionAffirm, ActionDeny
from actions.procedures import (
    ActionAnswerProcedure,
    ActionChooseProcedure,
    ActionRejectOffer,
)
from actions.service import ActionNotUnderstood, ActionOutOfScope
from bot.database import session_scope
from bot.models.procedures import Procedure
from bot.models.staff import Staff
from bot.services import lessons, procedures
from bot.services.catalogue_rows import bump
from bot.services.lessons import Draft
from tests.actions.conftest import Answer, Citizen
from tests.fakes import eventually

ROLES = ("editor", "approver")
TEMPORARY_RESIDENCE, SIGNATURE, COPY = "1.004194", "2.000884", "2.000815"


def ask(citizen: Citizen, text: str, intent: str, **more: Any) -> Answer:
    return citizen.turn(ActionAnswerProcedure, text, intent, **more)


def test_a_question_that_names_its_procedure_is_answered_with_further_questions(
    citizen: Citizen,
) -> None:
    answer = ask(citizen, "đăng ký tạm trú hết bao nhiêu tiền", "ask_fee")
    assert answer.said == ["utter_procedure_fee"]
    assert answer.trace == {"outcome": "answered", "procedures": [TEMPORARY_RESIDENCE]}
    assert answer.payloads[0] == f"#dvc:thu-tuc?code={TEMPORARY_RESIDENCE}&aspect=documents"
    assert len(answer.payloads) == 3
    assert not any("aspect=fee" in payload for payload in answer.payloads)


def test_several_questions_at_once_are_answered_in_one_message_with_one_source(
    citizen: Citizen,
) -> None:
    answer = ask(citizen, "đăng ký tạm trú bao lâu xong và hết bao nhiêu tiền", "ask_fee")
    assert answer.said == ["utter_procedure_several"]
    body = answer.messages[0]["body"]
    assert "Phí, lệ phí" in body
    assert "Thời hạn" in body
    offered = "".join(answer.payloads)
    assert "aspect=documents" in offered
    assert "aspect=fee" not in offered


def test_a_question_without_a_name_is_about_the_procedure_talked_about(citizen: Citizen) -> None:
    ask(citizen, "đăng ký tạm trú cần giấy tờ gì", "ask_documents")
    answer = ask(citizen, "thế lệ phí bao nhiêu", "ask_fee")
    assert answer.said == ["utter_procedure_fee"]
    assert answer.trace["procedures"] == [TEMPORARY_RESIDENCE]


def test_what_about_something_else_asks_the_last_question_again(citizen: Citizen) -> None:
    ask(citizen, "đăng ký tạm trú hết bao nhiêu tiền", "ask_fee")
    answer = ask(citizen, "còn chứng thực chữ ký thì sao?", "ask_procedure")
    assert answer.said == ["utter_procedure_fee"]
    assert answer.trace == {"outcome": "answered", "procedures": [SIGNATURE], "intent": "ask_fee"}


def test_without_any_procedure_the_citizen_is_asked_and_the_question_is_kept(
    citizen: Citizen,
) -> None:
    answer = ask(citizen, "lệ phí bao nhiêu", "ask_fee")
    assert answer.said == ["utter_ask_which_procedure"]
    assert answer.trace["outcome"] == "asked"
    completed = ask(citizen, "đăng ký tạm trú", "inform")
    assert completed.said == ["utter_procedure_fee"]
    assert completed.trace["procedures"] == [TEMPORARY_RESIDENCE]


def offered_certifications(citizen: Citizen) -> Answer:
    return ask(citizen, "chứng thực hết bao nhiêu tiền", "ask_fee")


def test_an_unclear_procedure_is_offered_as_a_choice_with_a_way_out(citizen: Citizen) -> None:
    answer = offered_certifications(citizen)
    assert answer.said == ["utter_offer_choice"]
    assert answer.trace["outcome"] == "offered"
    assert COPY in answer.trace["procedures"]
    assert 2 <= len(answer.trace["procedures"]) <= 3
    assert answer.payloads[-1] == "#dvc:khac"
    assert answer.messages[0]["choices"].startswith("1. ")


def test_a_choice_can_be_made_by_its_number_and_answers_the_first_question(
    citizen: Citizen,
) -> None:
    offered = offered_certifications(citizen).trace["procedures"]
    answer = ask(citizen, "cái thứ hai ạ", "inform")
    assert answer.said == ["utter_procedure_fee"]
    assert answer.trace["procedures"] == [offered[1]]
    assert answer.slots["offered_codes"] is None


def test_a_tapped_choice_answers_the_question(citizen: Citizen) -> None:
    offered_certifications(citizen)
    ordered = {"procedure_code": COPY, "aspect": "fee"}
    answer = citizen.turn(ActionChooseProcedure, intent="choose_procedure", ordered=ordered)
    assert answer.said == ["utter_procedure_fee"]
    assert answer.trace["procedures"] == [COPY]


@pytest.mark.parametrize("code", ["9.999999", "", "'; DROP TABLE procedures; --"])
def test_a_tapped_choice_that_the_catalogue_does_not_have_is_said_to_be_gone(
    citizen: Citizen, code: str
) -> None:
    answer = citizen.turn(
        ActionChooseProcedure, intent="choose_procedure", ordered={"procedure_code": code}
    )
    assert answer.said == ["utter_procedure_gone"]
    assert answer.failure == ""


def test_a_typed_entity_chooses_nothing(citizen: Citizen) -> None:
    """Only a command carries values; what an extractor finds in text does not count."""
    answer = citizen.turn(
        ActionChooseProcedure,
        "1.004194",
        "choose_procedure",
        ordered={"procedure_code": TEMPORARY_RESIDENCE},
        extractor="RegexEntityExtractor",
    )
    assert answer.said == ["utter_procedure_gone"]


def test_a_question_without_a_name_repeats_the_choice(citizen: Citizen) -> None:
    first = offered_certifications(citizen)
    again = ask(citizen, "thế mấy ngày có", "ask_processing_time")
    assert again.said == ["utter_offer_choice"]
    assert again.trace["procedures"] == first.trace["procedures"]
    assert "aspect=processing_time" in again.payloads[0]


@pytest.mark.parametrize("by", [ActionRejectOffer, ActionDeny])
def test_none_of_these_asks_for_more_words(citizen: Citizen, by: Any) -> None:
    offered_certifications(citizen)
    answer = citizen.turn(by, "không phải", "deny")
    assert answer.said == ["utter_offer_rejected"]
    assert answer.slots["offered_codes"] is None


def test_the_second_failure_in_a_row_offers_a_human(citizen: Citizen) -> None:
    first = citizen.turn(ActionOutOfScope, "mai trời có mưa không", "out_of_scope")
    assert first.said == ["utter_out_of_scope"]
    assert first.trace["outcome"] == "refused"
    second = citizen.turn(ActionNotUnderstood, "asdf qwer", "nlu_fallback")
    assert second.said == ["utter_not_understood", "utter_offer_human"]


def test_what_staff_have_taught_is_answered_however_the_language_model_takes_it(
    citizen: Citizen,
) -> None:
    said = "xin ngủ nhờ nhà bạn cả tháng"
    sessions = citizen.resources.sessions
    with session_scope(sessions) as session:
        people = [Staff(email=f"{n}@x.vn", name=n, role=n, password_hash="") for n in ROLES]
        session.add_all(people)
        session.flush()
        draft = Draft("saying", TEMPORARY_RESIDENCE, said)
        lesson = lessons.propose(session, people[0].id, draft, None)
        lessons.approve(session, people[1].id, lesson)

    def is_known() -> bool:
        with session_scope(sessions, readonly=True) as session:
            return procedures.search(session, said).taught

    eventually(is_known)
    for action in (ActionOutOfScope, ActionNotUnderstood, ActionAnswerProcedure):
        answer = citizen.turn(action, said, "out_of_scope", confidence=0.95)
        assert answer.trace["outcome"] == "answered"
        assert answer.trace["procedures"] == [TEMPORARY_RESIDENCE]


def test_an_answer_in_between_starts_the_count_anew(citizen: Citizen) -> None:
    citizen.turn(ActionOutOfScope, "mai trời có mưa không", "out_of_scope")
    ask(citizen, "đăng ký tạm trú hết bao nhiêu tiền", "ask_fee")
    again = citizen.turn(ActionOutOfScope, "đội nào vô địch", "out_of_scope")
    assert again.said == ["utter_out_of_scope"]


def test_a_doubtful_refusal_becomes_a_question_when_the_words_name_a_procedure(
    citizen: Citizen,
) -> None:
    answer = citizen.turn(ActionOutOfScope, "đăng ký tạm trú", "out_of_scope", confidence=0.4)
    assert answer.said == ["utter_offer_one"]
    assert answer.trace["outcome"] == "offered"
    assert answer.trace["procedures"] == [TEMPORARY_RESIDENCE]
    assert citizen.turn(ActionAffirm, "đúng rồi", "affirm").trace == {
        "outcome": "answered",
        "procedures": [TEMPORARY_RESIDENCE],
    }


@pytest.mark.parametrize("action", [ActionOutOfScope, ActionNotUnderstood])
def test_stray_words_of_procedures_make_no_offer_of_a_football_match(
    citizen: Citizen, action: Any
) -> None:
    text = "Đội tuyển Việt Nam đá với Thái Lan lúc mấy giờ?"
    answer = citizen.turn(action, text, "out_of_scope", confidence=0.32)
    assert answer.trace["outcome"] == "refused"


def test_what_no_record_is_near_to_is_not_offered_and_has_ways_on(citizen: Citizen) -> None:
    answer = ask(citizen, "giấy phép phóng vệ tinh lên sao hỏa", "ask_procedure")
    assert answer.said == ["utter_procedure_unknown"]
    assert answer.trace["outcome"] == "refused"
    assert answer.payloads == ["#dvc:gap-can-bo", "#dvc:menu"]
    again = ask(citizen, "giấy phép phóng vệ tinh lên sao kim", "ask_procedure")
    assert again.said == ["utter_procedure_unknown"], "a human is not offered twice in one turn"


def test_a_real_request_that_no_record_serves_gets_no_other_procedures_figures(
    citizen: Citizen,
) -> None:
    answer = ask(citizen, "xin giấy phép phóng vệ tinh hết bao nhiêu tiền", "ask_fee")
    assert answer.trace["outcome"] in ("offered", "refused", "asked")
    assert not any(name.startswith("utter_procedure_fee") for name in answer.said)


def test_digits_that_answer_nothing_are_not_taken_for_a_question(citizen: Citizen) -> None:
    ask(citizen, "đăng ký tạm trú cần giấy tờ gì", "ask_documents")
    answer = ask(citizen, "1234", "inform")
    assert answer.said == ["utter_not_understood"]


def test_a_yes_to_a_choice_of_several_shows_the_choice_again(citizen: Citizen) -> None:
    first = offered_certifications(citizen)
    again = citizen.turn(ActionAffirm, "đúng rồi", "affirm")
    assert again.said == ["utter_offer_choice"]
    assert again.trace["procedures"] == first.trace["procedures"]


def test_the_first_question_waits_for_its_procedure_through_a_refused_choice(
    citizen: Citizen,
) -> None:
    offered_certifications(citizen)
    citizen.turn(ActionDeny, "không phải", "deny")
    assert ask(citizen, "đăng ký tạm trú", "ask_procedure").said == ["utter_procedure_fee"]


def test_a_choice_is_off_the_table_when_the_talk_has_moved_on(citizen: Citizen) -> None:
    offered_certifications(citizen)
    citizen.turn(ActionOutOfScope, "mai trời có mưa không", "out_of_scope")
    assert citizen.slots["offered_codes"] is None
    assert ask(citizen, "đăng ký tạm trú", "ask_procedure").said == ["utter_procedure_overview"]


def retire(citizen: Citizen, code: str, replaced_by: str) -> None:
    with session_scope(citizen.resources.sessions) as session:
        session.execute(
            update(Procedure)
            .where(Procedure.code == code)
            .values(active=False, record={**_plain(session, code), "replaced_by": replaced_by})
        )
        bump(session)


def bring_back(citizen: Citizen, code: str) -> None:
    with session_scope(citizen.resources.sessions) as session:
        plain = {**_plain(session, code), "replaced_by": ""}
        session.execute(
            update(Procedure).where(Procedure.code == code).values(active=True, record=plain)
        )
        bump(session)


def _plain(session: Session, code: str) -> dict[str, Any]:
    found = session.execute(select(Procedure.record).where(Procedure.code == code)).scalar_one()
    return dict(found)


def test_who_talks_about_a_retired_procedure_is_told_and_offered_what_serves_instead(
    citizen: Citizen,
) -> None:
    ask(citizen, "đăng ký tạm trú cần giấy tờ gì", "ask_documents")
    retire(citizen, SIGNATURE, COPY)
    retire(citizen, TEMPORARY_RESIDENCE, SIGNATURE)
    try:
        tap = {"procedure_code": TEMPORARY_RESIDENCE, "aspect": "fee"}
        told = citizen.turn(ActionChooseProcedure, ordered=tap)
        assert told.said == ["utter_procedure_replaced"]
        assert told.payloads[0] == f"#dvc:thu-tuc?code={COPY}&aspect=fee"
        assert told.trace == {"outcome": "offered", "procedures": [COPY]}
        typed = ask(citizen, "đăng ký tạm trú hết bao nhiêu tiền", "ask_fee")
        assert typed.said == ["utter_procedure_replaced"]
        yes = citizen.turn(ActionAffirm, "có", "affirm")
        assert yes.said == ["utter_procedure_fee"]
        assert yes.trace["procedures"] == [COPY]
    finally:
        bring_back(citizen, SIGNATURE)
        bring_back(citizen, TEMPORARY_RESIDENCE)


def test_a_retired_procedure_without_another_in_its_place_is_told_kindly(citizen: Citizen) -> None:
    retire(citizen, TEMPORARY_RESIDENCE, "")
    try:
        tap = {"procedure_code": TEMPORARY_RESIDENCE, "aspect": "fee"}
        told = citizen.turn(ActionChooseProcedure, ordered=tap)
        assert told.said == ["utter_procedure_retired"]
        unknown = {"procedure_code": "9.999999", "aspect": "fee"}
        assert citizen.turn(ActionChooseProcedure, ordered=unknown).said == ["utter_procedure_gone"]
    finally:
        bring_back(citizen, TEMPORARY_RESIDENCE)
