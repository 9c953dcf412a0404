"""The figures, on hand-made items whose figures are known."""

import dataclasses

import pytest

from bot.evaluation.metrics import Item, figures, macro_f1, public_intent

BASE = Item("1", "accented", "ask_fee", ("A",), False, "ask_fee", 0.9, "answered", ("A",))


def item(**changes):
    return dataclasses.replace(BASE, **changes)


@pytest.mark.parametrize(
    ("outcome", "procedures", "top1", "top3", "direct", "wrong"),
    [
        ("answered", ("A",), 1, 1, 1, 0),
        ("answered", ("B",), 0, 0, 0, 1),
        ("answered", ("B", "A"), 0, 0, 0, 1),  # only what was answered counts, not its rivals
        ("offered", ("A", "B"), 1, 1, 0, 0),
        ("offered", ("B", "C", "A"), 0, 1, 0, 0),
        ("offered", ("B", "C", "D", "A"), 0, 0, 0, 0),
        ("asked", (), 0, 0, 0, 0),
        ("refused", ("A",), 0, 0, 0, 0),
    ],
)
def test_what_was_shown_decides_the_procedure_figures(
    outcome, procedures, top1, top3, direct, wrong
):
    found = figures([item(outcome=outcome, procedures=procedures)])
    assert (found["procedure_top1"], found["procedure_top3"]) == (top1, top3)
    assert (found["direct"], found["wrong_confident"]) == (direct, wrong)


def test_an_ambiguous_item_answered_with_one_of_its_golds_is_right_but_not_clarified():
    found = figures([item(ambiguous=True, gold_procedures=("A", "B"))])
    assert found["wrong_confident"] == 0
    assert found["clarified"] == 0
    assert found["direct"] is None


@pytest.mark.parametrize(("outcome", "share"), [("offered", 1), ("asked", 1), ("refused", 0)])
def test_an_ambiguous_item_is_clarified_by_a_choice_or_a_question(outcome, share):
    assert figures([item(ambiguous=True, outcome=outcome)])["clarified"] == share


def test_refusing_is_right_out_of_scope_and_wrong_for_a_real_request():
    beyond = item(gold_intent="out_of_scope", gold_procedures=(), outcome="refused")
    found = figures([beyond, item(outcome="refused", procedures=())])
    assert found["out_of_scope_recall"] == 1
    assert found["false_refusal"] == 1


def test_macro_f1_weighs_every_gold_intent_alike():
    gold = ["a", "a", "a", "b"]
    assert macro_f1(gold, ["a", "a", "a", "a"]) == pytest.approx((6 / 7 + 0) / 2)
    assert macro_f1(gold, gold) == 1
    assert macro_f1([], []) is None


def test_the_assistants_own_intents_are_told_by_public_names():
    assert public_intent("nlu_fallback") == "out_of_scope"
    assert public_intent("ask_fee") == "ask_fee"
