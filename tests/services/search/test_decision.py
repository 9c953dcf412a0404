"""Whether to answer or to ask back: what else in the message speaks for another record."""

from __future__ import annotations

import pytest

from bot.services.procedures import ONE, SEVERAL, search_in
from bot.services.search.engine import Engine
from bot.services.search.entries import Entry

NAMES = {
    "1.001612": "Đăng ký thành lập hộ kinh doanh",
    "2.000720": "Đăng ký thay đổi nội dung đăng ký hộ kinh doanh",
    "1.014034": "Đăng ký cập nhật, bổ sung, hiệu đính thông tin trong hồ sơ đăng ký hộ kinh doanh",
    "2.000829": "Thủ tục yêu cầu trợ giúp pháp lý",
    "2.001687": "Thủ tục thay đổi người thực hiện trợ giúp pháp lý",
    "1.000894": "Thủ tục đăng ký kết hôn",
    "9.000001": "Cấp đổi giấy phép nuôi trồng sen",
    "9.000002": "Cấp lại giấy phép nuôi trồng sen",
    "9.000003": "Gia hạn giấy phép nuôi trồng sen",
    "9.000004": "Cấp giấy phép nuôi trồng rau",
}


@pytest.fixture(scope="module")
def engine() -> Engine:
    entries = [Entry(code=code, name=name, levels=("Cấp xã",)) for code, name in NAMES.items()]
    return Engine.build(entries, phrasings=())


def test_a_saying_alone_is_answered(engine: Engine) -> None:
    result = search_in(engine, "xin trợ giúp pháp lý cần giấy tờ gì")
    assert (result.kind, result.matches[0].code) == (ONE, "2.000829")


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("muốn thay đổi người thực hiện trợ giúp pháp lý cho con tôi", "2.001687"),
        ("hiệu đính, cập nhật thông tin trong hồ sơ đăng ký hộ kinh doanh", "1.014034"),
    ],
)
def test_what_another_record_explains_better_is_at_least_offered(
    engine: Engine, said: str, meant: str
) -> None:
    result = search_in(engine, said)
    assert meant in [m.code for m in result.matches[:2]]
    assert result.kind == SEVERAL or result.matches[0].code == meant


def test_an_offer_is_not_made_of_one_paper_in_three_actions(engine: Engine) -> None:
    result = search_in(engine, "trồng sen")
    assert result.kind == SEVERAL
    assert "9.000004" in [m.code for m in result.matches[:3]]
