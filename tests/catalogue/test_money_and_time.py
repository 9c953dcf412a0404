"""Amounts and processing times in all the ways that sources write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.catalogue.durations import find_durations, format_duration, parse_duration
from bot.catalogue.money import find_amounts, format_money, parse_amount

AMOUNTS = st.integers(min_value=0, max_value=10**10)


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("10,000 Việt Nam Đồng", 10_000),
        ("20.000 đồng", 20_000),
        ("400.000đ", 400_000),
        ("2,000,000 VNĐ", 2_000_000),
        ("0 Đồng", 0),
        ("10 USD", None),
        ("Miễn phí", None),
        ("1.5 đồng", None),
        ("", None),
    ],
)
def test_an_amount_is_read_only_when_the_whole_cell_is_one(text: str, amount: int | None) -> None:
    assert parse_amount(text) == amount


def test_amounts_in_prose_are_found_without_the_numbers_of_laws_and_dates() -> None:
    prose = (
        "Theo Thông tư 75/2022/TT-BTC ngày 22/12/2022: nộp trực tiếp 20.000 đồng/lần, trực tuyến"
        " 10.000đ; cấp lại 15000000/lần Đồng."
    )
    assert find_amounts(prose) == (20_000, 10_000, 15_000_000)


@given(AMOUNTS)
def test_what_we_write_as_money_we_read_as_the_same_money(amount: int) -> None:
    assert parse_amount(format_money(amount)) == amount
    assert find_amounts(f"mức thu {format_money(amount)} một lần") == (amount,)


@given(AMOUNTS)
def test_the_commas_of_the_portal_mean_thousands(amount: int) -> None:
    assert parse_amount(f"{amount:,} Việt Nam Đồng") == amount


@given(st.text(max_size=60))
def test_any_text_at_all_is_read_without_an_accident(text: str) -> None:
    amount = parse_amount(text)
    assert amount is None or amount >= 0
    assert all(found >= 0 for found in find_amounts(text))
    assert parse_duration(text) is None or parse_duration(text).number >= 0  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("text", "number", "unit", "words"),
    [
        ("7 Ngày làm việc", 7, "working_day", ""),
        ("15 Ngày", 15, "day", ""),
        ("8 Giờ", 8, "hour", ""),
        ("1.5 Ngày làm việc", 1.5, "working_day", ""),
        ("6 Tháng", 6, "", "6 tháng"),
        ("1", 1, "", ""),
    ],
)
def test_a_time_keeps_its_number_and_its_unit(
    text: str, number: float, unit: str, words: str
) -> None:
    duration = parse_duration(text)
    assert duration is not None
    assert (duration.number, duration.unit, duration.text) == (number, unit, words)


@pytest.mark.parametrize("text", ["", "Không quy định", "3-5 ngày", "ngày 3"])
def test_words_that_are_no_single_time_are_not_forced_into_one(text: str) -> None:
    assert parse_duration(text) is None


@given(st.integers(min_value=1, max_value=999), st.sampled_from(["working_day", "day", "hour"]))
def test_what_we_write_as_time_we_read_as_the_same_time(number: int, unit: str) -> None:
    written = format_duration(number, unit)
    duration = parse_duration(written)
    assert duration is not None
    assert (duration.number, duration.unit) == (number, unit)
    assert [d.number for d in find_durations(f"Không quá {written}, kể từ khi nhận")] == [number]
