"""When a turn of a dialogue passes."""

import dataclasses

import pytest

from bot.evaluation.dialogues import TurnResult, contains, faults

TURN = TurnResult("?", "ask_fee", "answered", ("A",), "Lệ phí: 135.000 đồng, 15 ngày", ())


@pytest.mark.parametrize(
    ("text", "term", "holds"),
    [
        ("mất 5 ngày", "5 ngày", True),
        ("mất 15 ngày", "5 ngày", False),
        ("mất 05 ngày", "5 ngày", False),
        ("phí 135.000 đồng", "135.000", True),
        ("phí 1.135.000 đồng", "135.000", False),
        ("phí 35.000.000 đồng", "35.000", False),
        ("MIỄN PHÍ", "miễn phí", True),
        ("mie\u0302\u0303n phi\u0301", "miễn phí", True),
    ],
)
def test_a_term_is_found_whole_and_whatever_its_unicode_form(text, term, holds):
    assert contains(text, term) is holds


def test_a_turn_passes_when_intent_procedure_and_words_fit():
    assert not faults(
        {"intent": "ask_fee", "procedures": ["A"], "must_contain_any": ["135.000"]}, TURN
    )


@pytest.mark.parametrize(
    "expected",
    [
        {"intent": "ask_where"},
        {"procedures": ["B"]},
        {"must_contain_any": ["5 ngày"]},
        {"must_not_contain": ["135.000"]},
    ],
)
def test_a_turn_fails_on_any_fault(expected):
    assert len(faults(expected, TURN)) == 1


def test_a_code_that_is_only_among_the_offered_passes_an_ambiguous_turn_alone():
    turn = dataclasses.replace(TURN, outcome="offered", procedures=("B", "A"))
    assert not faults({"procedures": ["A"], "ambiguous": True}, turn)
    assert faults({"procedures": ["A"]}, turn)


def test_words_on_a_button_are_read_too():
    turn = dataclasses.replace(TURN, buttons=("Bị mất",))
    assert not faults({"must_contain_any": ["bị mất"]}, turn)
