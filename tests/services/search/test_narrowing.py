"""Conversations: choosing from an offer, staying with a procedure, turning to another."""

from __future__ import annotations

import pytest

from bot.services.procedures import NOTHING, ONE, search_in
from bot.services.search.engine import Engine
from bot.services.search.entries import Entry

NAMES = {
    "1.014061": "Cấp thẻ căn cước cho người từ đủ 14 tuổi trở lên",
    "1.014062": "Cấp thẻ căn cước cho người dưới 14 tuổi",
    "1.014063": "Cấp đổi thẻ căn cước",
    "1.014064": "Cấp lại thẻ căn cước",
    "1.012783": "Cấp đổi Giấy chứng nhận quyền sử dụng đất, quyền sở hữu tài sản gắn liền với đất",
    "1.012786": "Cấp lại Giấy chứng nhận do bị mất",
    "1.012790": "Đính chính Giấy chứng nhận đã cấp",
    "1.013831": "Đăng ký biến động quyền sử dụng đất khi chuyển nhượng, thừa kế, tặng cho",
    "1.013076": "Cấp chứng nhận đăng ký xe, biển số xe khi thay đổi chủ xe (đăng ký sang tên xe)",
    "1.001612": "Đăng ký thành lập hộ kinh doanh",
    "1.001266": "Chấm dứt hoạt động hộ kinh doanh",
    "1.000894": "Thủ tục đăng ký kết hôn",
    "1.004194": "Đăng ký tạm trú",
    "1.001193": "Thủ tục đăng ký khai sinh",
}
SECTORS = {"1.0140": "Căn cước", "1.0127": "Đất đai", "1.0138": "Đất đai", "1.001": "Kinh doanh"}
CARDS = ("1.014061", "1.014062", "1.014063", "1.014064")
LAND = ("1.012783", "1.012786", "1.012790")


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine.build(
        [
            Entry(
                code=code,
                name=name,
                sector=next((s for start, s in SECTORS.items() if code.startswith(start)), "Khác"),
                levels=("Cấp xã",),
            )
            for code, name in NAMES.items()
        ]
    )


@pytest.mark.parametrize(
    ("said", "offered", "chosen"),
    [
        ("cái bị mất ấy", CARDS, "1.014064"),
        ("cai bi mat ay ad", CARDS, "1.014064"),
        ("cho con 5 tuổi", CARDS, "1.014062"),
        ("hết hạn rồi", CARDS, "1.014063"),
        ("lần đầu", CARDS, "1.014061"),
        ("số 2", CARDS, "1.014062"),
        ("cái thứ ba nhé", CARDS, "1.014063"),
        ("cái đầu tiên", CARDS, "1.014061"),
        ("cái cuối cùng", CARDS, "1.014064"),
        ("trường hợp bị mất", LAND, "1.012786"),
        ("sổ rách nát quá", LAND, "1.012783"),
        ("ghi sai tên", LAND, "1.012790"),
        ("dat, so do ay", ("1.013831", "1.013076"), "1.013831"),
        ("xe máy", ("1.013831", "1.013076"), "1.013076"),
    ],
)
def test_a_few_words_choose_from_what_was_offered(
    engine: Engine, said: str, offered: tuple[str, ...], chosen: str
) -> None:
    result = search_in(engine, said, offered=offered)
    assert (result.kind, result.matches[0].code) == (ONE, chosen)


@pytest.mark.parametrize("said", ["bao nhiêu tiền", "không phải", "không phải số 2", "thế à"])
def test_words_that_choose_nothing_name_nothing(engine: Engine, said: str) -> None:
    assert search_in(engine, said, offered=CARDS).kind == NOTHING


def test_a_newly_named_procedure_wins_over_the_offer(engine: Engine) -> None:
    result = search_in(engine, "thôi cho hỏi đăng ký kết hôn", offered=CARDS)
    assert (result.kind, result.matches[0].code) == (ONE, "1.000894")


def test_an_offer_that_left_the_catalogue_is_forgotten(engine: Engine) -> None:
    assert search_in(engine, "cái đầu tiên", offered=("9.999999",)).kind == NOTHING


@pytest.mark.parametrize(
    "said",
    [
        "thế lệ phí bao nhiêu",
        "còn nộp ở đâu",
        "mấy ngày thì xong",
        "cần mang theo gì",
        "có làm online được không",
        "the mat may ngay",
        "",
        "   ",
        "🙂🙂",
    ],
)
def test_a_follow_up_names_nothing(engine: Engine, said: str) -> None:
    assert search_in(engine, said, context_code="1.001193").kind == NOTHING


@pytest.mark.parametrize(
    ("said", "about", "meant"),
    [
        ("còn sổ cũ rách muốn đổi thì sao", "1.012786", "1.012783"),
        ("nếu bị mất thì sao", "1.014061", "1.014064"),
        ("sau này nghỉ bán hẳn thì phải làm gì", "1.001612", "1.001266"),
        ("thế còn đăng ký tạm trú", "1.001193", "1.004194"),
    ],
)
def test_the_conversation_says_what_is_meant(
    engine: Engine, said: str, about: str, meant: str
) -> None:
    result = search_in(engine, said, context_code=about)
    assert (result.kind, result.matches[0].code) == (ONE, meant)
