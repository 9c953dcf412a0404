"""What has effects is asked before it is done."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlalchemy import func, select

from actions.base import CONFIRM_SECONDS
from actions.confirmations import ActionAffirm, ActionDeleteMyData, ActionDeny
from actions.handoff import ActionRequestHuman
from actions.procedures import ActionAnswerProcedure
from actions.service import ActionGiveFeedback, ActionOfficeHours
from bot.database import session_scope, utcnow
from bot.models.conversations import Feedback, Message
from bot.models.handoffs import Handoff
from tests.actions.conftest import Citizen, Scene

HANDED_OVER = {
    "utter_handoff_waiting",
    "utter_handoff_waiting_unknown",
    "utter_handoff_out_of_hours",
}


def count(scene: Scene, table: type, citizen: Citizen) -> int:
    with session_scope(scene.sessions) as session:
        rows = select(func.count()).where(table.conversation_id == int(citizen.id))
        return int(session.execute(rows).scalar_one())


def test_who_may_have_meant_a_person_is_asked_before_anything_is_handed_over(
    scene: Scene, citizen: Citizen
) -> None:
    assert citizen.turn(ActionRequestHuman, "có ai ở đó không", "request_human").said == [
        "utter_confirm_human"
    ]
    assert count(scene, Handoff, citizen) == 0
    [said] = citizen.turn(ActionAffirm, "vâng", "affirm", message_id="yes-1").said
    assert said in HANDED_OVER
    assert count(scene, Handoff, citizen) == 1


def test_a_repeated_yes_hands_over_once(scene: Scene, citizen: Citizen) -> None:
    citizen.turn(ActionRequestHuman, "có ai ở đó không", "request_human")
    asked = dict(citizen.slots)
    for _ in range(3):
        citizen.slots = dict(asked)
        citizen.turn(ActionAffirm, "vâng", "affirm", message_id="yes-1")
    assert count(scene, Handoff, citizen) == 1


def test_no_leaves_it_undone(scene: Scene, citizen: Citizen) -> None:
    citizen.turn(ActionRequestHuman, "có ai ở đó không", "request_human")
    assert citizen.turn(ActionDeny, "thôi", "deny").said == ["utter_human_cancelled"]
    assert citizen.turn(ActionAffirm, "vâng", "affirm").said == ["utter_nothing_to_affirm"]
    assert count(scene, Handoff, citizen) == 0


def written(scene: Scene, citizen: Citizen) -> list[str]:
    with session_scope(scene.sessions) as session:
        rows = select(Message.text).where(Message.conversation_id == int(citizen.id))
        return list(session.execute(rows).scalars())


@pytest.fixture
def said_before(scene: Scene, citizen: Citizen) -> None:
    with session_scope(scene.sessions) as session:
        session.add(
            Message(
                conversation_id=int(citizen.id),
                channel="test",
                direction="in",
                kind="text",
                text="số nhà tôi là 12",
                state="answered",
                occurred_at=utcnow(),
            )
        )


@pytest.mark.usefixtures("said_before")
def test_data_are_deleted_only_after_a_yes(scene: Scene, citizen: Citizen) -> None:
    asked = citizen.turn(ActionDeleteMyData, "xóa dữ liệu của tôi", "delete_my_data")
    assert asked.said == ["utter_confirm_delete"]
    assert written(scene, citizen) == ["số nhà tôi là 12"]
    citizen.slots["procedure_code"] = "1.004194"
    done = citizen.turn(ActionAffirm, "đồng ý", "affirm")
    assert done.said == ["utter_data_deleted"]
    assert "số nhà tôi là 12" not in written(scene, citizen)
    assert not any(citizen.slots.values())


@pytest.mark.usefixtures("said_before")
def test_a_yes_to_something_else_in_between_deletes_nothing(scene: Scene, citizen: Citizen) -> None:
    citizen.turn(ActionDeleteMyData, "xóa dữ liệu của tôi", "delete_my_data")
    citizen.turn(ActionAnswerProcedure, "đăng ký tạm trú hết bao nhiêu tiền", "ask_fee")
    assert citizen.turn(ActionAffirm, "ok", "affirm").said == ["utter_nothing_to_affirm"]
    assert written(scene, citizen) == ["số nhà tôi là 12"]


@pytest.mark.usefixtures("said_before")
def test_a_yes_that_comes_too_late_deletes_nothing(scene: Scene, citizen: Citizen) -> None:
    citizen.turn(ActionDeleteMyData, "xóa dữ liệu của tôi", "delete_my_data")
    late = utcnow() - dt.timedelta(seconds=CONFIRM_SECONDS)
    citizen.slots["awaiting"] = {"what": "delete", "until": int(late.timestamp())}
    assert citizen.turn(ActionAffirm, "ok", "affirm").said == ["utter_nothing_to_affirm"]
    assert written(scene, citizen) == ["số nhà tôi là 12"]


def test_feedback_is_recorded_once(scene: Scene, citizen: Citizen) -> None:
    for _ in range(2):
        answer = citizen.turn(
            ActionGiveFeedback, "trả lời sai rồi", "give_feedback", message_id="f-1"
        )
    assert answer.said == ["utter_feedback_recorded"]
    assert count(scene, Feedback, citizen) == 1


def test_the_opening_hours_are_those_of_the_configuration(citizen: Citizen) -> None:
    answer = citizen.turn(ActionOfficeHours, "mấy giờ mở cửa", "ask_office_hours")
    hours = citizen.resources.office_hours["hours"]
    assert answer.messages[0]["hours"] == "\n".join(f"- {line}" for line in hours)
