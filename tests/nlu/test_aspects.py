"""Everything that one message asks about a procedure is found, and nothing else."""

from __future__ import annotations

import pytest

from nlu.aspects import aspects


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
