"""What of a citizen's words may be kept."""

from __future__ import annotations

import pytest

from bot.services.masking import mask


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("gọi em số 0912345678 nhé", "gọi em số [số điện thoại] nhé"),
        ("sdt +84 912 345 678", "sdt [số điện thoại]"),
        ("0912.345.678", "[số điện thoại]"),
        ("cccd 024099001234 làm lại", "cccd [số giấy tờ] làm lại"),
        ("cmnd 121 234 567", "cmnd [số giấy tờ]"),
        ("hộ chiếu C1234567 hết hạn", "hộ chiếu [số giấy tờ] hết hạn"),
        ("gửi vào lan.nguyen@example.com giúp em", "gửi vào [email] giúp em"),
        ("xem https://zalo.me/0912345678 đi", "xem [liên kết] đi"),
        ("hồ sơ H02.15-260114-0032 đâu rồi", "hồ sơ [mã hồ sơ] đâu rồi"),
        ("ma H02.15 – 260114 – 0032", "ma [mã hồ sơ]"),
        ("xe 98A-123.45 sang tên", "xe [biển số] sang tên"),
        ("sinh ngày 02/03/1990 ở quê", "sinh ngày [ngày] ở quê"),
        ("tài khoản 19034567890123", "tài khoản [số]"),
        ("4 số cuối là 1234", "4 số cuối là [số]"),
        ("1234", "[số]"),
        ("số nhà 12/3 ngõ 45", "[địa chỉ] [địa chỉ]"),
        ("tôi tên là Nguyễn Văn An muốn hỏi", "tôi tên là [họ tên] muốn hỏi"),
        ("Tôi tên Hoa, xin hỏi", "Tôi tên [họ tên], xin hỏi"),
        ("ten toi la tran thi hoa muon hoi", "ten toi la [họ tên] muon hoi"),
        ("họ tên: Giàng A Páo", "họ tên: [họ tên]"),
        ("con em tên là bé Bông sinh tháng 3", "con em tên là [họ tên] sinh tháng 3"),
        ("khai sinh cho Trần Bảo Ngọc", "khai sinh cho [họ tên]"),
        ("cho nguyen van a, o xa", "cho [họ tên], o xa"),
    ],
)
def test_personal_data_are_replaced_by_their_kind(said: str, kept: str) -> None:
    assert mask(said) == kept


@pytest.mark.parametrize(
    "said",
    [
        "làm khai sinh cần giấy tờ gì",
        "lệ phí 70.000 đồng phải không",
        "nộp năm 2026 được không",
        "xe máy 150 phân khối",
        "mấy ngày thì xong, 15 hay 20 ngày",
        "đất 120 m2 có được tách thửa không",
        "hộ khẩu ở Hà Nội",
        "đổi tên cho con",
        "sang tên sổ đỏ",
    ],
)
def test_ordinary_questions_stay_as_they_are(said: str) -> None:
    assert mask(said) == said
