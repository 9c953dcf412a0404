"""Everything that one message asks about a procedure is found, and nothing else."""

from __future__ import annotations

import pytest

from nlu.aspects import aspects, plain


@pytest.mark.parametrize(
    ("message", "asked"),
    [
        ("cần giấy tờ gì và hết bao nhiêu tiền", ("documents", "fee")),
        ("lm hộ chiếu cần j, mấy ngày có, phí bn", ("documents", "processing_time", "fee")),
        ("nop o dau va co mat phi khong", ("where", "fee")),
        ("Đăng ký kết hôn gồm mấy bước, mẫu tờ khai lấy ở đâu?", ("steps", "forms")),
        ("theo luật nào mà thu lệ phí", ("legal_basis", "fee")),
        ("xong thì được cấp giấy gì", ("result",)),
        ("sang tên sổ đỏ có làm online được không", ("online",)),
        ("nộp qua mạng hết bao nhiêu tiền", ("fee",)),
        ("nộp online mất mấy ngày", ("processing_time",)),
        ("mở quán karaoke cần điều kiện gì", ("eligibility",)),
        ("tôi 17 tuổi có được nhận con nuôi không", ("eligibility",)),
        ("văn bản nào quy định", ("legal_basis",)),
    ],
)
def test_each_aspect_asked_is_told_in_order(message: str, asked: tuple[str, ...]) -> None:
    assert aspects(message) == asked


@pytest.mark.parametrize(
    "message",
    ["tôi muốn làm lại căn cước", "sang tên xe máy thế nào", "xin giấy phép xây dựng", "", "ừ"],
)
def test_a_message_that_asks_for_no_aspect_has_none(message: str) -> None:
    assert aspects(message) == ()


def test_a_name_that_holds_the_word_fee_does_not_ask_for_one() -> None:
    assert aspects("thuế đất phi nông nghiệp khai thế nào") == ()
    assert aspects("xin mai táng phí cho bố") == ()


@pytest.mark.parametrize(
    "message",
    [
        "quán em ở đầu ngõ, muốn treo biển",
        "nha em o dau xom, muon mo quan",
        "em ở đầu vào khu công nghiệp",
        "cái máy cày ngày trước của nhà tôi",
        "màu giấy hơi mờ",
    ],
)
def test_a_word_that_only_sounds_like_a_question_asks_nothing(message: str) -> None:
    assert aspects(message) == ()


@pytest.mark.parametrize(
    ("message", "asked"),
    [
        ("chuyển đàn bò sang tỉnh khác, kiểm dịch thế nào tiền", ("fee",)),
        ("đổi họ rồi thì cấp sổ mới hay ghi vào sổ cũ", ("result",)),
        ("nhập khẩu xong thì được cầm giấy gì", ("result",)),
        ("đăng ký xe chừng hôm nào có", ("processing_time",)),
        ("làm hộ chiếu có kịp trước tết không", ("processing_time",)),
        ("bán bún trước cửa cũng phải đăng ký à", ("eligibility",)),
        ("sửa mái hiên thế có phải xin phép ai không", ("eligibility",)),
        ("gửi hồ sơ điện tử được chứ", ("online",)),
        ("mở lò mổ thì cần giấy má gì", ("documents",)),
        ("không khai có bắt buộc phạt không", ("eligibility",)),
        ("lập công ty thì bước đầu là gì", ("steps",)),
        ("tách thửa ở cơ quan nào", ("where",)),
        ("địa chỉ nộp ở chỗ nào", ("where",)),
    ],
)
def test_a_question_in_other_words_is_told_too(message: str, asked: tuple[str, ...]) -> None:
    assert aspects(message) == asked


def test_accents_tell_a_question_from_a_word_that_looks_like_one() -> None:
    assert [plain(word) for word in ("đâu", "đầu", "dau", "máy", "mấy", "phí")] == [
        "dau", "dau_", "dau", "may_", "may", "phi",
    ]  # fmt: skip
