"""Vietnamese as people type it is read as what was meant."""

from __future__ import annotations

import unicodedata

import pytest

from nlu import text


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("lm lai cccd bi mat can j", "làm lai căn cước công dân bi mat can gì"),
        ("hs của chị tới đâu r", "hồ sơ của chị tới đâu rồi"),
        ("xin gpxd tốn bn tiền", "xin giấy phép xây dựng tốn bao nhiêu tiền"),
        ("cảm ơn bn", "cảm ơn bạn"),
        ("đủ đk chưa", "đủ điều kiện chưa"),
        ("đk kết hôn", "đăng ký kết hôn"),
        ("giấy ks", "giấy khai sinh"),
        ("bé 5t", "bé 5 tuổi"),
        ("t7 có lm ko", "thứ bảy có làm không"),
        ("50k", "50 nghìn"),
        ("dc o dau", "được o dau"),
        ("địa chỉ cũ, dc cu", "địa chỉ cũ địa chỉ cu"),
    ],
)
def test_short_forms_are_opened_by_their_context(typed: str, meant: str) -> None:
    assert text.normalise(typed) == meant


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("dduwowcj", "được"),
        ("d9uoc75", "được"),
        ("tieengs vieetj", "tiếng việt"),
        ("ddaawng kys", "đăng ký"),
        ("lamf laij bawngf lais", "làm lại bằng lái"),
        ("gia61y khai sinh", "giấy khai sinh"),
        ("khoong", "không"),
        ("duongw", "dương"),
    ],
)
def test_keystrokes_that_the_keyboard_left_are_repaired(typed: str, meant: str) -> None:
    assert text.normalise(typed) == meant


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("dangkykhaisinh", "dang ky khai sinh"),
        ("táchkhẩu", "tách khẩu"),
        ("sổđỏ", "sổ đỏ"),
        ("hchiếu", "hộ chiếu"),
        ("khsinh", "khai sinh"),
        ("rút bhxh1 lần", "rút bảo hiểm xã hội 1 lần"),
    ],
)
def test_glued_and_cut_words_are_taken_apart(typed: str, meant: str) -> None:
    assert text.normalise(typed) == meant


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("khai sih cho con", "khai sinh cho con"),
        ("thườg trú", "thường trú"),
        ("kinh dianh", "kinh doanh"),
    ],
)
def test_a_slip_is_mended_where_its_neighbour_shows_the_word(typed: str, meant: str) -> None:
    assert text.normalise(typed) == meant


@pytest.mark.parametrize("message", ["khai teo", "vai trò", "gia hạn zyxw"])
def test_what_can_be_a_word_or_has_no_telling_neighbour_is_not_mended(message: str) -> None:
    assert text.normalise(message) == message


@pytest.mark.parametrize(
    "word", ["visa", "zalo", "vneid", "samsung", "a1", "b2", "ct01", "1.004194", "50.000", "quý"]
)
def test_words_that_are_right_are_left_alone(word: str) -> None:
    assert text.normalise(word) == word


def test_a_case_code_stays_one_word() -> None:
    assert "000.00.15.h02-260114-0032" in text.tokens("hồ sơ 000.00.15.H02-260114-0032 xong chưa")


def test_both_tone_mark_habits_read_the_same() -> None:
    assert text.normalise("hoà thuỷ khoẻ") == text.normalise("hòa thủy khỏe")


def test_decomposed_full_width_and_invisible_characters_read_as_ordinary_ones() -> None:
    decomposed = unicodedata.normalize("NFD", "hộ chiếu")
    assert text.normalise(decomposed) == "hộ chiếu"
    assert text.normalise("ｈộ chiếu") == "hộ chiếu"
    assert text.normalise("hộ\u200c chi\u00adếu😀!!!") == "hộ chiếu"


def test_repeated_letters_are_squeezed() -> None:
    assert text.normalise("ơiiii quáaaa lâuuu") == "ơi quá lâu"


@pytest.mark.parametrize("nothing", ["", "   ", "😀👍", "!!! ???", "\x00\x07", "\u200b"])
def test_a_message_without_words_is_empty(nothing: str) -> None:
    assert text.normalise(nothing) == ""


def test_each_word_knows_where_it_was_typed() -> None:
    typed = "e mún lm hchiếu"
    places = [(span.text, typed[span.start : span.end]) for span in text.spans(typed)]
    assert places == [
        ("em", "e"), ("muốn", "mún"), ("làm", "lm"), ("hộ", "hchiếu"), ("chiếu", "hchiếu"),
    ]  # fmt: skip


def test_places_hold_in_decomposed_text() -> None:
    typed = unicodedata.normalize("NFD", "sổ đỏ ở đâu")
    assert [typed[s.start : s.end] for s in text.spans(typed)] == typed.split(" ")


def test_folding_drops_every_mark() -> None:
    assert text.fold("Đăng Ký Hộ Khẩu Ở Đâu") == "dang ky ho khau o dau"


def test_normalising_twice_changes_nothing_more() -> None:
    once = text.normalise("e bị mất gplx r, lm lại ntn ạ")
    assert text.normalise(once) == once
