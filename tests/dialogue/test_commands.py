"""The orders that the router may give."""

from __future__ import annotations

from typing import Any

import pytest
from rasa.shared.core.domain import Domain

from bot.settings import ROOT
from dialogue import commands
from dialogue.commands import BadRequestError


def test_a_tapped_choice_names_its_procedure_and_its_question() -> None:
    command = commands.parse(
        {"intent": "choose_procedure", "slots": {"procedure_code": "1.004194", "aspect": "fee"}}
    )
    assert command.action == "action_choose_procedure"
    assert dict(command.slots) == {"procedure_code": "1.004194", "aspect": "fee"}


@pytest.mark.parametrize(
    "data",
    [
        None,
        "restart",
        {},
        {"intent": 7},
        {"intent": "restart"},
        {"intent": "action_delete_my_data"},
        {"intent": "affirm", "slots": ["verified"]},
        {"intent": "affirm", "slots": {"verified": "true"}},
        {"intent": "choose_procedure", "slots": {"procedure_code": "1.0' OR 1=1 --"}},
        {"intent": "choose_procedure", "slots": {"procedure_code": 1004194}},
        {"intent": "choose_procedure", "slots": {"procedure_code": "1" * 65}},
        {"intent": "choose_procedure", "slots": {"aspect": "lệ phí"}},
    ],
)
def test_an_order_that_is_not_in_the_table_is_refused(data: Any) -> None:
    with pytest.raises(BadRequestError):
        commands.parse(data)


def test_every_order_has_an_action_in_the_domain() -> None:
    domain = Domain.load([str(ROOT / "domain")])
    assert set(commands.ACTIONS.values()) <= set(domain.action_names_or_texts)
