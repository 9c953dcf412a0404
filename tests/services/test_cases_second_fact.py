"""Four digits are a second fact only when the citizen says nothing else with them."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.services.cases import parse_second_fact


@pytest.mark.parametrize(
    ("text", "fact"),
    [
        ("1234", "1234"),
        (" 12 34 ", "1234"),
        ("1.2.3.4", "1234"),
        ("１２３４", "1234"),
        ("1234.", "1234"),
        ("4 số cuối là 1234", "1234"),
        ("4 so cuoi 1234", "1234"),
        ("bốn số cuối: 1234", "1234"),
        ("số cuối 1234", "1234"),
        ("đuôi 1234", "1234"),
        ("sdt 1234", "1234"),
        ("SĐT: 1234", "1234"),
        ("cccd 1234", "1234"),
        ("Dạ vâng, 4 số cuối sđt của em là 1234 ạ", "1234"),
        ("1234 nhé bạn", "1234"),
        ("0912345678", "5678"),
        ("số điện thoại của tôi là 0912 345 678", "5678"),
        ("0912.345.678", "5678"),
        ("+84 912 345 678", "5678"),
        ("căn cước công dân: 024085000934", "0934"),
        ("cmnd 121234567", "4567"),
    ],
)
def test_digits_with_at_most_a_short_lead_in_are_a_fact(text: str, fact: str) -> None:
    assert parse_second_fact(text) == fact


@pytest.mark.parametrize(
    "text",
    [
        "",
        "thôi cho hỏi lệ phí bao nhiêu",
        "lệ phí 5000",
        "2000 đồng",
        "5000đ",
        "1.200.000",
        "năm 2024 làm được không",
        "2024 có đổi luật không",
        "tôi sinh năm 1985",
        "14/01/2026",
        "14.01.2026",
        "12345",
        "123",
        "số 2",
        "4",
        "mã 1234",
        "số 1234 đường Lê Lợi",
        "H02.15-260114-0032",
        "1234 5678",
        "1.004194",
        "gọi tôi 0912345678 nhé",
        "/check_case_status 1234",
        "1234' or '1'='1",
    ],
)
def test_an_ordinary_message_is_no_try(text: str) -> None:
    assert parse_second_fact(text) is None


@given(st.text())
def test_whatever_comes_out_is_four_digits(text: str) -> None:
    fact = parse_second_fact(text)
    assert fact is None or (len(fact) == 4 and fact.isascii() and fact.isdigit())


def test_a_hostile_message_takes_no_time() -> None:
    began = time.perf_counter()
    for text in ("so dt " * 13 + "x", "4 so cuoi " * 8, "1 " * 40 + "x", "9" * 100_000):
        assert parse_second_fact(text) is None
    assert time.perf_counter() - began < 1
