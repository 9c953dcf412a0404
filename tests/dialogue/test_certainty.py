"""A guess is never the ground of a canned answer."""

from __future__ import annotations

import pytest

from dialogue.turns import CANNED, FALLBACK, UNSURE, sure_enough


@pytest.mark.parametrize("name", sorted(CANNED))
def test_a_guess_at_small_talk_is_not_understood(name: str) -> None:
    assert sure_enough({"name": name, "confidence": UNSURE - 0.01})["name"] == FALLBACK
    assert sure_enough({"name": name, "confidence": UNSURE})["name"] == name


@pytest.mark.parametrize("name", ["ask_fee", "check_case_status", "request_human", "inform", None])
def test_what_search_or_a_question_back_can_settle_stays_as_it_was_read(name: str | None) -> None:
    read = {"name": name, "confidence": 0.2}
    assert sure_enough(read) == read
