"""The classifier sees which clause asks, and which words no request needs."""

from __future__ import annotations

import pytest

from nlu.features import features


def _ends(message: str) -> set[str]:
    return {name for name in features(message) if name.startswith("e:")}


@pytest.mark.parametrize(
    "message",
    [
        "đăng ký ở đâu, em mới mua con wave của thằng bạn",
        "em mới mua con wave của thằng bạn, đăng ký ở đâu",
        "Em mới mua xe. Đăng ký ở đâu? Em đi làm cả tuần",
    ],
)
def test_the_last_words_are_those_of_the_clause_that_asks(message: str) -> None:
    assert _ends(message) == _ends("đăng ký ở đâu")


def test_a_message_of_one_clause_is_taken_whole() -> None:
    assert "e:lam the nao" in _ends("nhà em ở xa muốn tách hộ thì làm thế nào")


def test_a_case_code_with_its_stops_breaks_no_clause() -> None:
    assert "e:xem <code> xong chua" in _ends("xem H02.15-260114-0032 xong chưa")


@pytest.mark.parametrize(
    "message",
    ["làm giấy tờ trong tim em", "lam giay to cho trai tim tan vo", "ly hôn với cái nghèo"],
)
def test_words_of_love_and_fancy_are_seen(message: str) -> None:
    assert "p:0" in features(message)


@pytest.mark.parametrize(
    "message", ["tìm hiểu thủ tục ly hôn", "vợ chồng tôi xin nhận con nuôi", "mổ tim có được miễn"]
)
def test_a_real_request_shows_none_of_them(message: str) -> None:
    assert "p:0" not in features(message)
