"""What a message is read as before anything is compared."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.errors import CatalogueError
from bot.services.search import words as reading
from bot.services.search.words import Word, aside_places, load_lists, read

ASIDES = [
    "mất bao nhiêu tiền",
    "có mất tiền không",
    "hết bao lâu",
    "cần giấy tờ gì",
    "cần mang theo những gì",
    "nộp ở đâu",
    "có làm online được không",
    "bao lâu thì xong",
    "theo luật nào",
    "lệ phí bao nhiêu",
    "mat may ngay",
    "lam o dau",
]


@pytest.mark.parametrize("question", ASIDES)
def test_a_question_about_fee_time_place_or_papers_leaves_no_word(question: str) -> None:
    lists = load_lists()
    words = read(question)
    aside = aside_places(words, lists)
    left = [w.text for n, w in enumerate(words) if n not in aside and not lists.is_filler(w)]
    assert left == []


def test_marks_tell_a_filler_from_a_word_that_only_looks_like_it() -> None:
    lists = load_lists()
    assert lists.is_filler(Word("bạn", "ban"))
    assert not lists.is_filler(Word("bán", "ban"))


def test_a_case_code_is_no_word_of_the_message() -> None:
    assert [w.text for w in read("hồ sơ H02.15-260114-0032 xong chưa")] == [
        "hồ",
        "sơ",
        "xong",
        "chưa",
    ]


def test_a_very_long_message_is_read_only_at_its_beginning() -> None:
    assert len(read("đăng ký kết hôn " * 5000)) == reading.MAX_WORDS


def test_a_broken_list_is_named(tmp_path: Path) -> None:
    broken = tmp_path / "words.yml"
    broken.write_text("asides: nothing\nfillers: []\ngeneric: []\n", encoding="utf-8")
    with pytest.raises(CatalogueError, match="asides"):
        load_lists(broken)


def test_who_types_marks_means_the_words_without_them_too() -> None:
    words = {w.text: w for w in read("Xin đỗ xe tạm trên vỉa hè để tổ chức đám cưới")}
    assert words["xe"].marked
    assert not any(w.marked for w in read("xin do xe tam tren via he"))
