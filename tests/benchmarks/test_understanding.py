"""What the stock assistant learns from and how its answers are counted."""

from __future__ import annotations

from collections import Counter

import pytest

from benchmarks import stock_nlu
from benchmarks.understanding import by_register, offering, rows, stock_item
from nlu import examples

LINE = {"id": 1, "register": "messy", "intent": "ask_fee", "procedures": ["B"], "text": "?"}
PAIRS = [(f"q{n}", "ask_fee") for n in range(90)] + [("hi", "greet"), ("alo", "greet")]


def test_every_example_is_learned_once_with_its_placeholders_filled():
    pairs = stock_nlu.filled_once()
    assert not [text for text, _ in pairs if "<" in text]
    assert {intent for _, intent in pairs} == {intent for _, intent in examples.read()}
    assert 0.99 <= len(pairs) / len(list(examples.read())) <= 1


def test_a_drawing_keeps_the_proportions_and_two_of_each_intent():
    drawn = stock_nlu.draw(PAIRS, 10)
    assert Counter(intent for _, intent in drawn) == {"ask_fee": 10, "greet": 2}
    assert drawn == stock_nlu.draw(PAIRS, 10)
    assert sorted(stock_nlu.draw(PAIRS, 1000)) == sorted(PAIRS)


def test_varied_examples_keep_their_intent_and_differ_in_writing():
    drawn = stock_nlu.draw(stock_nlu.filled_once(), 300)
    varied = stock_nlu.as_typed(drawn)
    assert [intent for _, intent in varied] == [intent for _, intent in drawn]
    written, typed = (sum(text.isascii() for text, _ in pairs) for pairs in (drawn, varied))
    assert typed > 2 * written


@pytest.mark.parametrize(
    ("intent", "codes", "outcome"),
    [
        ("ask_fee", ("A", "B"), "answered"),
        ("ask_fee", (), "other"),
        ("ask_office_hours", ("A",), "other"),
        ("greet", ("A",), "other"),
        ("out_of_scope", ("A",), "refused"),
        ("nlu_fallback", ("A",), "refused"),
    ],
)
def test_a_stock_assistant_answers_every_question_about_a_procedure(intent, codes, outcome):
    item = stock_item(LINE, intent, 0.9, codes)
    assert item.outcome == outcome
    assert bool(item.procedures) is (outcome == "answered")


def test_a_second_best_title_counts_only_where_three_are_offered():
    items = [stock_item(LINE, "ask_fee", 0.9, ("A", "B"))]
    assert by_register(items)["messy"]["procedure_top3"] == 0
    assert by_register(items)["messy"]["wrong_confident"] == 1
    assert by_register(offering(items))["messy"]["procedure_top3"] == 1


def test_a_row_shows_only_figures_that_its_assistant_has():
    told = by_register([stock_item(LINE, "ask_fee", 0.9, ("B",))])
    table = rows({"fresh": {"ours": told, "stock, varied": told, "our classifier, varied": told}})
    assert [row[1] for row in table if row[0] == "direct"] == ["ours", "stock, varied"]
    assert len([row for row in table if row[0] == "intent_macro_f1"]) == 3
