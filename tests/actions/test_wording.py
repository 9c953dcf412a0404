"""Readings that need the conversation."""

from __future__ import annotations

import pytest

from actions.wording import asks_the_same, chosen

OFFERED = ["a", "b", "c"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("1", "a"), ("số 2", "b"), ("cái thứ 3", "c"), ("so 2 nhe", "b"), ("cái đầu tiên", "a"),
        ("cái cuối ạ", "c"), ("mình chọn số 1", "a"), ("thủ tục thứ hai", "b"),
        ("2 ngày có không", None), ("1234", None), ("con tôi 3 tuổi", None), ("4", None),
        ("cái bị mất", None), ("", None),
    ],
)  # fmt: skip
def test_a_number_points_at_an_offered_choice(text: str, code: str | None) -> None:
    assert chosen(text, OFFERED) == code


def test_a_number_beyond_the_choice_points_at_nothing() -> None:
    assert chosen("số 3", ["a", "b"]) is None
    assert chosen("số 1", []) is None


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("Còn chứng thực chữ ký thì sao?", True),
        ("the con ket hon thi sao a", True),
        ("thế khai sinh thì thế nào", True),
        ("vậy còn hộ chiếu thì ntn", True),
        ("còn nộp ở đâu", False),
        ("thế lệ phí bao nhiêu", False),
        ("thì sao", False),
        ("con tôi mất giấy khai sinh", False),
    ],
)
def test_what_about_something_else_is_the_same_question_again(text: str, same: bool) -> None:
    assert asks_the_same(text) is same
