"""Case codes are found however people type them, and nothing else is taken for one."""

from __future__ import annotations

import csv
import datetime as dt
import timeit
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlu import case_codes

REAL_CODES = Path(__file__).resolve().parents[2] / "../shared/data/case_codes.tsv"

letters = st.sampled_from("ABCDEGHKT")
agencies = st.builds(lambda c, n: f"{c}{n:02}", letters, st.integers(0, 99))
dates = st.dates(dt.date(2018, 1, 1), dt.date(2030, 12, 31)).map(lambda d: d.strftime("%y%m%d"))
serials = st.text("0123456789", min_size=4, max_size=6)
new_prefixes = st.builds(
    lambda a, tail: ".".join([a, *tail]),
    agencies,
    st.lists(st.integers(0, 999).map(lambda n: f"{n:02}"), max_size=2),
)
old_prefixes = st.builds(
    lambda a, b, c, agency: f"{a:03}.{b:02}.{c:02}.{agency}",
    st.integers(0, 999),
    st.integers(0, 99),
    st.integers(0, 99),
    agencies,
)
codes = st.builds(lambda p, d, s: f"{p}-{d}-{s}", new_prefixes | old_prefixes, dates, serials)
dashes = st.sampled_from(["-", "–", "—", "−", "‐", "‑", "－", " - ", " – ", "- ", "\u00a0-", "--"])
words_before = st.sampled_from(
    ["", "hồ sơ ", "hs ", "mã: ", "ma ho so la ", "Cho hỏi hồ sơ số ", "("]
)
words_after = st.sampled_from(["", " tới đâu rồi?", " xong chua", ".", ", cảm ơn", ")", " 😊"])


@pytest.mark.skipif(
    not REAL_CODES.exists(), reason="the public sample data is not beside the checkout"
)
def test_every_code_really_seen_is_found_as_it_is_written() -> None:
    with REAL_CODES.open(encoding="utf-8") as lines:
        rows = [row["code"] for row in csv.DictReader(lines, delimiter="\t")]
    assert len(rows) >= 11
    assert [case_codes.find(f"hồ sơ {code} của tôi").code for code in rows] == rows  # type: ignore[union-attr]


@given(codes, dashes, words_before, words_after, st.booleans())
def test_a_code_is_found_again_however_it_is_mangled(
    code: str, dash: str, before: str, after: str, lower: bool
) -> None:
    typed = code.replace("-", dash)
    typed = typed.lower() if lower else typed
    found = case_codes.find(before + typed + after)
    assert found is not None
    assert (found.family, found.code) == (case_codes.NATIONAL, code)
    assert (before + typed + after)[found.start : found.end] == typed


@given(codes)
def test_full_width_letters_are_read(code: str) -> None:
    wide = "".join(chr(ord(c) + 0xFEE0) for c in code)
    found = case_codes.find(f"hồ sơ {wide}")
    assert found is not None
    assert found.code == code


@given(st.text())
def test_no_text_breaks_the_search(text: str) -> None:
    for found in case_codes.find_all(text):
        assert 0 <= found.start < found.end <= len(text)


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("H02.15 - 260114 – 0032", "H02.15-260114-0032"),
        ("H02.15 260114 0032", "H02.15-260114-0032"),
        ("h02 15 260114 0032", "H02.15-260114-0032"),
        ("H02. 15-260114-0032", "H02.15-260114-0032"),
        ("H02,15-260114-0032", "H02.15-260114-0032"),
        ("H02-15-260114-0032", "H02.15-260114-0032"),
        ("H02.15.260114.0032", "H02.15-260114-0032"),
        ("H02.15_260114_0032", "H02.15-260114-0032"),
        ("H02.15-26 01 14-0032", "H02.15-260114-0032"),
        ("HO2.15-260114-0032", "H02.15-260114-0032"),
        ("hsH02.15-260114-0032", "H02.15-260114-0032"),
        ("mãH02.15-260114-0032tới đâu", "H02.15-260114-0032"),
        ("ho so.H02.15-260114-0032", "H02.15-260114-0032"),
        ("1. H02.15-260114-0032", "H02.15-260114-0032"),
        ("1.H02.15-260114-0032", "H02.15-260114-0032"),
        ("H02.\u200b15-26\u200b0114-0032", "H02.15-260114-0032"),
        ("000 . 00 . 15 . h02 - 191205 - 0001", "000.00.15.H02-191205-0001"),
        ("000.A0.01.H26-210212-9090", "000.A0.01.H26-210212-9090"),
        ("H02.15\n-260114-\n0032", "H02.15-260114-0032"),
    ],
)
def test_a_broken_code_is_repaired(typed: str, code: str) -> None:
    found = case_codes.find(f"cho hỏi {typed}") or case_codes.find(typed)
    assert found is not None
    assert found.code == code


@pytest.mark.parametrize(
    ("text", "family", "code"),
    [
        ("bhxh 03706/2026/07906", "social_insurance", "03706/2026/07906"),
        ("03706 / 2026 / 07906 xong chưa", "social_insurance", "03706/2026/07906"),
        ("bg.tph02a.150730.i4", "bacgiang_2016", "BG.TPH02A.150730.I4"),
    ],
)
def test_other_families_are_told_apart(text: str, family: str, code: str) -> None:
    found = case_codes.find(text)
    assert found is not None
    assert (found.family, found.code) == (family, code)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "gọi tôi số 0912 345 678",
        "0912-345678-1234",
        "0912.345.678",
        "ngày 14/01/2026",
        "từ 14-01-2026 đến 20-02-2026",
        "lệ phí 1.200.000 đồng",
        "từ 1.200-260114-0032",
        "Nghị định 154/2024/NĐ-CP",
        "Luật 91/2025/QH15",
        "Thông tư 01/2018/TT-VPCP",
        "thủ tục 1.004194",
        "căn cước 001099012345",
        "H02.15-261314-0032",
        "H02.15-260230-0032",
        "H02.15-260114-003",
        "H02.15-260114-0032123",
        "BG.TPH02A.151330.I4",
        "03706/1926/07906",
        "làm khai sinh cho con cần giấy tờ gì?",
    ],
)
def test_what_only_looks_like_a_code_is_left_alone(text: str) -> None:
    assert case_codes.find(text) is None


def test_two_codes_in_one_message_are_both_found_in_order() -> None:
    found = case_codes.find_all("H02.15-260114-0032 và 000.00.15.H02-191205-0001")
    assert [f.code for f in found] == ["H02.15-260114-0032", "000.00.15.H02-191205-0001"]


def test_the_search_is_fast_enough_to_run_on_every_message() -> None:
    text = "cho em hỏi hồ sơ h02.15 – 260114 – 0032 tới đâu rồi ạ, em nộp ngày 14/01/2026"
    best = min(timeit.repeat(lambda: case_codes.find(text), number=200, repeat=5)) / 200
    assert best < 200e-6  # measured about 20 µs; the room is for a busy machine
