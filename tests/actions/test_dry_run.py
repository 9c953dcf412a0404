"""A dry run tells what would be said: it grants nothing, promises nothing and leaves nothing."""

from __future__ import annotations

from typing import Any

import pytest
from rasa_sdk.interfaces import ActionExecutionRejection
from sqlalchemy import func, select

from actions.base import CASE_FORM, BotAction
from actions.cases import ActionFollowCase, ActionLookUpCase, ActionUnfollowCase, CaseForm
from actions.confirmations import ActionAffirm, ActionDeleteMyData, ActionDeny
from actions.handoff import ActionRequestHuman
from actions.procedures import ActionAnswerProcedure
from actions.service import ActionGiveFeedback, ActionNotUnderstood
from bot.database import session_scope
from bot.models.cases import CaseFollow, CaseGuard, CaseVerification
from bot.models.conversations import Feedback
from bot.models.handoffs import Handoff
from tests.actions.conftest import Citizen, Scene
from tests.actions.test_cases import CODE, fact_of, tries_of, wrong_fact

DECLINED = "DryRunDeclined"


def kept(scene: Scene) -> list[Any]:
    """How many rows of each kind there are that only a real turn may write."""
    tables = (CaseFollow, CaseVerification, Feedback, Handoff)
    with session_scope(scene.sessions) as session:
        counts = [session.execute(select(func.count()).select_from(t)).scalar() for t in tables]
        return [*counts, session.execute(select(func.sum(CaseGuard.wrong))).scalar()]


@pytest.mark.parametrize(
    ("action", "text", "intent"),
    [
        (ActionRequestHuman, "cho tôi gặp cán bộ", "request_human"),
        (ActionGiveFeedback, "dịch vụ quá chậm", "give_feedback"),
        (ActionUnfollowCase, "bỏ theo dõi", "unfollow_case"),
        (ActionAffirm, "vâng", "affirm"),
        (ActionDeny, "không", "deny"),
        (ActionDeleteMyData, "xoá dữ liệu của tôi", "delete_my_data"),
        (ActionFollowCase, f"theo dõi hồ sơ {CODE}", "follow_case"),
        (ActionLookUpCase, f"hồ sơ {CODE} tới đâu rồi", "check_case_status"),
    ],
)
def test_what_has_an_effect_or_needs_a_proof_is_declined(
    scene: Scene, citizen: Citizen, action: type[BotAction], text: str, intent: str
) -> None:
    before = kept(scene)
    answer = citizen.turn(action, text, intent, dry_run=True)
    assert (answer.failure, answer.said) == (DECLINED, [])
    assert kept(scene) == before


@pytest.mark.parametrize("right", [True, False])
def test_digits_prove_nothing_and_count_as_no_try(
    scene: Scene, citizen: Citizen, right: bool
) -> None:
    citizen.turn(ActionLookUpCase, f"hồ sơ {CODE}", "check_case_status")
    assert citizen.loop == CASE_FORM
    before = kept(scene)
    digits = fact_of(scene) if right else wrong_fact(scene)
    with pytest.raises(ActionExecutionRejection):  # left to the rules, which know no digits
        citizen.turn(CaseForm, digits, "inform", dry_run=True)
    assert kept(scene) == before
    assert tries_of(scene, citizen) == []


def test_a_case_that_this_conversation_has_proved_is_told_and_the_reading_is_on_record(
    scene: Scene, citizen: Citizen
) -> None:
    citizen.turn(ActionLookUpCase, f"hồ sơ {CODE}", "check_case_status")
    citizen.turn(CaseForm, fact_of(scene), "inform")
    before = kept(scene)
    text = f"hồ sơ {CODE} sao rồi"
    answer = citizen.turn(ActionLookUpCase, text, "check_case_status", dry_run=True)
    assert answer.said[0].startswith("utter_case_")
    assert tries_of(scene, citizen) == ["shown", "shown"]
    assert kept(scene) == before


def test_a_person_who_is_there_is_not_offered_once_more(citizen: Citizen) -> None:
    citizen.slots["failures"] = 1
    text = "quá tệ, làm ăn vô trách nhiệm"
    assert "utter_offer_human" in citizen.turn(ActionNotUnderstood, text).said[-1]
    citizen.slots["failures"] = 1
    said = citizen.turn(ActionNotUnderstood, text, dry_run=True).said
    assert not [name for name in said if name.startswith("utter_offer_human")]


def test_a_question_about_a_procedure_is_answered_as_ever(citizen: Citizen) -> None:
    text = "Đăng ký tạm trú hết bao nhiêu tiền?"
    dry = citizen.turn(ActionAnswerProcedure, text, "ask_fee", dry_run=True)
    assert dry.said == citizen.turn(ActionAnswerProcedure, text, "ask_fee").said
    assert dry.trace["procedures"] == ["1.004194"]
