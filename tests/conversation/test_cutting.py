"""Long replies cut to what the channel takes."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.conversation.cutting import BUTTONS_NEED_TEXT, cut, fit
from bot.conversation.messages import Button, Reply

WORDS = st.text(alphabet="abđế ệợ\n.!?,;-\u0301\u200d👍🏽🇻🇳👨", max_size=400)


def units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


@settings(max_examples=300, deadline=None)
@given(text=WORDS, limit=st.integers(20, 80))
def test_the_parts_hold_the_whole_text_and_each_fits(text: str, limit: int) -> None:
    parts = cut(text, limit)
    whole = unicodedata.normalize("NFC", text)
    assert "".join("".join(parts).split()) == "".join(whole.split())
    assert all(part.strip() == part and 0 < units(part) <= limit for part in parts)


def test_a_text_that_fits_stays_whole() -> None:
    assert cut("  một dòng\n\nhai dòng ", 2000) == ["một dòng\n\nhai dòng"]


def test_decomposed_text_is_counted_as_the_platform_counts_it() -> None:
    decomposed = unicodedata.normalize("NFD", "ệ" * 2000)
    assert cut(decomposed, 2000) == ["ệ" * 2000]


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("đoạn thứ nhất\n\nđoạn hai\ncâu này rất dài", "đoạn thứ nhất"),
        ("dòng một hai ba\ndòng hai. câu nữa ở đây", "dòng một hai ba"),
        ("Câu thứ nhất đây. Câu hai còn dài hơn", "Câu thứ nhất đây."),
        ("không có dấu câu nào trong cả dòng này", "không có dấu câu nào"),
        ("x" * 40, "x" * 24),
    ],
    ids=["paragraph", "line", "sentence", "word", "nowhere"],
)
def test_the_cut_is_at_the_best_place(text: str, first: str) -> None:
    assert cut(text, 24)[0] == first


@pytest.mark.parametrize("whole", ["👍🏽", "👨‍👩‍👧", "🇻🇳", "a\u0323\u0302\u0301"])
def test_what_reads_as_one_character_is_not_cut(whole: str) -> None:
    text = whole * 30
    parts = cut(text, 21)
    one = unicodedata.normalize("NFC", whole)
    assert all(len(part) % len(one) == 0 for part in parts)


def test_buttons_go_under_the_last_part_and_a_picture_before_the_text() -> None:
    button = Button("Lệ phí", "reply", "#dvc:menu")
    fitted = fit([Reply("câu một. " * 10, (button,), "https://e.vn/a.png")], 50)
    assert fitted[0] == Reply(image_url="https://e.vn/a.png")
    assert [bool(r.buttons) for r in fitted[1:]] == [False, True]


def test_buttons_alone_get_a_text() -> None:
    [reply] = fit([Reply(buttons=(Button("Có", "reply", "#dvc:dong-y"),))], 2000)
    assert reply.text == BUTTONS_NEED_TEXT


def test_buttons_stay_within_the_platforms_limits() -> None:
    long = Button("Cấp lại thẻ căn cước " * 10, "reply", "#dvc:menu")
    bad = Button("x", "reply", "y" * 1001)
    [reply] = fit([Reply("Chọn", (bad, *[long] * 7))], 2000)
    assert len(reply.buttons) == 5
    assert all(units(b.title) <= 100 and b.title.endswith("…") for b in reply.buttons)
