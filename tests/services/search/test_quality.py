"""How well search understands people, over all 2,642 national procedures.

The floors lie two points under what is measured today, so that a later change cannot drop a figure
unseen. `search_heldout` was written before the search, `search_fresh` after it was whole;
`search_indirect` holds roundabout messages, `search_rare` and `search_frozen` what few ask for;
half of `messages_open` leave a choice, `messages_broad` asks for 200 different procedures.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.services.procedures import search_in
from tests.services.search import national
from tests.services.search.measure import Figures, measure, read_items

HELD_OUT = national.TESTS / "search_heldout.jsonl"
RARE = national.TESTS / "search_rare.jsonl"
FRESH = national.TESTS / "search_fresh.jsonl"
FROZEN = national.TESTS / "search_frozen.jsonl"
INDIRECT = national.TESTS / "search_indirect.jsonl"
OPEN = national.TESTS / "messages_open.jsonl"
BROAD = national.TESTS / "messages_broad.jsonl"

FLOORS = [
    (national.DEVELOPMENT, "accented", 0.98, 0.98, 0.90),
    (national.DEVELOPMENT, "unaccented", 0.98, 0.98, 0.88),
    (national.DEVELOPMENT, "messy", 0.98, 0.98, 0.88),
    (HELD_OUT, "accented", 0.97, 0.98, 0.84),
    (HELD_OUT, "unaccented", 0.98, 0.98, 0.88),
    (HELD_OUT, "messy", 0.98, 0.98, 0.88),
    (FRESH, None, 0.94, 0.96, 0.84),
    (RARE, None, 0.92, 0.98, 0.72),
    (FROZEN, None, 0.82, 0.96, 0.45),
    (INDIRECT, None, 0.94, 0.97, 0.78),
    (OPEN, None, 0.76, 0.91, 0.44),
    (BROAD, None, 0.78, 0.86, 0.50),
]


def figures(path: Path, register: str | None) -> Figures:
    national.need(national.CRAWL)
    national.need(path)
    engine = national.engine()
    return measure(read_items(path, register), lambda text: search_in(engine, text))


@pytest.mark.parametrize(("path", "register", "top1", "top3", "direct"), FLOORS)
def test_the_right_procedure_is_found(
    path: Path, register: str | None, top1: float, top3: float, direct: float
) -> None:
    found = figures(path, register)
    assert found.items >= 20
    assert found.top1 >= top1
    assert found.top3 >= top3
    assert found.direct >= direct


def test_rare_requests_are_asked_back_about_rather_than_answered_wrongly() -> None:
    assert figures(FROZEN, None).wrong_confident <= 0.09
    assert figures(BROAD, None).wrong_confident <= 0.06
    assert figures(OPEN, None).wrong_confident <= 0.06


@pytest.mark.parametrize("path", [national.DEVELOPMENT, HELD_OUT, FRESH, INDIRECT, RARE])
def test_hardly_any_wrong_procedure_is_answered(path: Path) -> None:
    assert figures(path, None).wrong_confident <= 0.02


@pytest.mark.parametrize("path", [national.DEVELOPMENT, HELD_OUT])
def test_an_ambiguous_message_is_asked_back(path: Path) -> None:
    assert figures(path, None).clarified >= 0.9


def test_most_messages_that_seek_to_be_ambiguous_are_asked_back() -> None:
    assert figures(OPEN, None).clarified >= 0.78


@pytest.mark.parametrize("path", [national.DEVELOPMENT, HELD_OUT, FRESH, INDIRECT])
def test_a_request_that_no_record_serves_is_told_so(path: Path) -> None:
    assert figures(path, None).unserved_told >= 0.9
