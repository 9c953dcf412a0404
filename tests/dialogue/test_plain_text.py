"""Typed text is only ever text."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialogue.channel import LONGEST_TEXT, NO_WORDS, plain_text


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("lệ phí bao nhiêu", "lệ phí bao nhiêu"),
        ("/restart", "restart"),
        ("   /restart", "restart"),
        ("//restart", "restart"),
        ("\u200b/\u200b/restart", "restart"),
        ("\ufeff\t\n/ /restart", "restart"),
        ("／restart", "restart"),
        ('/show{"verified":"true"}', 'show{"verified":"true"}'),
        ("03706/2026/07906", "03706/2026/07906"),
        ("a\x00b\x07c", "a b c"),
        ("/", NO_WORDS),
        (" \u2060 ", NO_WORDS),
        ("", NO_WORDS),
    ],
)
def test_what_begins_with_a_slash_is_read_without_it(typed: str, read: str) -> None:
    assert plain_text(typed) == read


@given(
    st.text(alphabet=st.characters(), max_size=300), st.sampled_from(["", "/", " /", "／\u200b/"])
)
def test_no_text_can_be_typed_that_rasa_would_take_for_an_intent(tail: str, head: str) -> None:
    read = plain_text(head + tail)
    assert read
    assert not unicodedata.normalize("NFKC", read).strip().startswith("/")
    assert not any(unicodedata.category(c) in ("Cc", "Cs") for c in read)


def test_a_very_long_text_is_cut() -> None:
    assert len(plain_text("khai sinh " * 1000)) <= LONGEST_TEXT
