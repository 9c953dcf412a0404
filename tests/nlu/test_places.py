"""Places are found by their names, old and new, and ordinary words are left alone."""

from __future__ import annotations

import json
import time
import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest

from nlu import place_names, places
from nlu.place_names import COMMUNE, DISTRICT, ELSEWHERE, PROVINCE
from nlu.text import fold

PUBLIC = Path(__file__).parents[3] / "shared" / "data"
# Names of our province that the public messages really say.
SAID_IN_PUBLIC = {"Bắc Ninh"}


def found(text: str, **how: bool) -> list[str]:
    """What a message names, with its proper level, each spelling once."""
    return [m.names[0].full for m in places.find(text, **how)]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("nhà em ở xã Yên Lư cũ", "xã Yên Lư"),
        ("xa yen lu nop o dau", "xã Yên Lư"),
        ("P.Đa Mai", "phường Đa Mai"),
        ("p. đa mai thì nộp chỗ nào", "phường Đa Mai"),
        ("tp. bac giang", "thành phố Bắc Giang"),
        ("Tp Bắc Giang", "thành phố Bắc Giang"),
        ("ubnd huyện Hiệp Hoà", "huyện Hiệp Hòa"),
        ("tx Việt Yên", "thị xã Việt Yên"),
        ("khu 3 tt Bố Hạ", "thị trấn Bố Hạ"),
        ("tt chờ", "thị trấn Chờ"),
        ("phuong nenh", "phường Nếnh"),
        ("công an phường Suối Hoa", "phường Suối Hoa"),
        ("tỉnh Bắc Giang", "tỉnh Bắc Giang"),
        ("phường Dda Mai", "phường Đa Mai"),  # a leftover of Telex
        (unicodedata.normalize("NFD", "phường Thọ Xương"), "phường Thọ Xương"),
        ("thị trấn Lim", "thị trấn Lim"),
    ],
)
def test_a_name_after_its_level_is_found_however_it_is_typed(text: str, name: str) -> None:
    assert found(text) == [name]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("tôi ở Tân An muốn làm khai sinh", "Tân An"),
        ("quê em Đồng Tiến", "Đồng Tiến"),
        ("em ở hiệp hoà", "Hiệp Hòa"),
        ("toi o viet yen", "Việt Yên"),
        ("nhà tôi ở Nếnh", "Nếnh"),
        ("nộp hồ sơ ở Từ Sơn được không", "Từ Sơn"),
        ("làm căn cước Lục Ngạn", "Lục Ngạn"),
        ("Yên Lư cũ", "Yên Lư"),
        ("Tân Sơn, Lục Ngạn", "Tân Sơn"),
    ],
)
def test_a_bare_name_needs_a_word_of_place_or_to_be_unmistakable(text: str, name: str) -> None:
    assert [m.names[0].name for m in places.find(text)] == [name]


@pytest.mark.parametrize(
    "text",
    [
        "dong tien o dau",  # where to pay
        "ra phường đăng ký kết hôn",
        "ra phuong dang ky tam tru",
        "bảo hiểm xã hội một lần",
        "xã hội hóa giáo dục",
        "nộp ở phường hồ sơ gồm những gì",
        "ra xã chờ mãi chưa xong",
        "con tôi tên Tiến Dũng",
        "khai sinh cho cháu Quang Minh",
        "cho tôi hỏi",
        "xa nha qua khong di duoc",
        "vợ tên Hồng Giang, chồng tên Đức Long",
        "thắng kiện thì làm gì tiếp",
        "về thị trấn cho thuê nhà",
        "Huân chương Hồ Chí Minh",
    ],
)
def test_ordinary_words_and_names_of_people_are_no_places(text: str) -> None:
    assert found(text) == []


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("phường thọ xuơng", "phường Thọ Xương"),
        ("xa ten dung", "xã Tiến Dũng"),
        ("Huyện Hiêp Hòa", "huyện Hiệp Hòa"),
        ("phường Kinh Bắcc", "phường Kinh Bắc"),
    ],
)
def test_a_slip_is_forgiven_after_the_level(text: str, name: str) -> None:
    assert found(text) == [name]


@pytest.mark.parametrize("text", ["ten dung", "toi la tien dungg", "xã hồ đắc kiện", "bắc giag"])
def test_no_slip_is_forgiven_elsewhere(text: str) -> None:
    assert found(text) == []


def test_whoever_was_asked_may_answer_with_the_bare_name() -> None:
    for text in ("đa mai", "dạ đa mai ạ", "dong tien", "nếnh", "tân an nhé"):
        assert len(found(text, expecting=True)) == 1, text
    for text in ("cho tôi hỏi", "làm lại căn cước", "thành phố mới thì sao", "chờ tôi chút"):
        assert found(text, expecting=True) == [], text


def test_diacritics_choose_between_names_that_differ_in_nothing_else() -> None:
    assert found("phường Đồng Kỵ") == ["phường Đồng Kỵ"]
    assert found("xã Đồng Kỳ") == ["xã Đồng Kỳ"]
    (either,) = places.find("xa dong tien")
    assert {n.name for n in either.names} == {"Đồng Tiến", "Đông Tiến"}


def test_the_broader_place_after_a_name_belongs_to_it() -> None:
    (mention,) = places.find("tôi ở xã Đồng Tiến, huyện Yên Thế, tỉnh Bắc Giang muốn hỏi")
    assert {b.full for b in mention.within} >= {"huyện Yên Thế", "tỉnh Bắc Giang"}
    assert {b.kind for b in mention.within} == {DISTRICT, PROVINCE}
    text = "xã Tân Sơn tỉnh Phú Thọ"
    (mention,) = places.find(text)
    assert [b.kind for b in mention.within] == [ELSEWHERE]
    assert (mention.start, mention.end) == (0, len(text))


def test_the_place_that_is_left_behind_is_told_from_the_new_one() -> None:
    left, new = places.find("tôi chuyển từ Yên Dũng sang ở Việt Yên")
    assert (left.leaving, new.leaving) == (True, False)
    assert new.names[0].name == "Việt Yên"


def test_a_namesake_province_is_meant_unless_the_level_says_commune() -> None:
    assert [n.kind for n in places.find("tôi ở Bình Dương")[0].names] == [ELSEWHERE]
    assert {n.kind for n in places.find("xã Bình Dương")[0].names} == {COMMUNE}


def test_a_message_can_be_read_without_its_places() -> None:
    text = "tôi ở xã Yên Lư cũ, huyện Yên Dũng, làm khai sinh ở đâu"
    assert places.without(text).strip() == ", làm khai sinh ở đâu"
    assert places.without("nhà tôi ở Việt Yên muốn sang tên").strip() == "muốn sang tên"
    assert places.without("xây nhà ở tại xã Yên Lư").strip() == "xây nhà ở"
    assert places.without("huyện Hiệp Hòa") == "huyện Hiệp Hòa"
    assert places.without("cho tôi hỏi") == "cho tôi hỏi"


def test_a_message_of_nothing_but_a_place_is_told_from_a_question() -> None:
    for text in ("dạ em ở phường Đa Mai ạ", "Việt Yên", "tôi chuyển sang ở Từ Sơn rồi"):
        assert places.only(text, places.find(text)), text
    for text in ("ở phường Đa Mai làm khai sinh ở đâu", "cho tôi hỏi"):
        assert not places.only(text, places.find(text)), text


@pytest.mark.parametrize("typed", [str, fold, str.upper], ids=["accented", "unaccented", "upper"])
def test_every_name_of_the_tables_is_found_after_its_level(typed: Callable[[str], str]) -> None:
    missed = []
    for rows in place_names.load().by_first.values():
        for _, name in rows:
            if not name.level:
                continue
            mentions = places.find(typed(f"tôi ở {name.full}"))
            if name.name not in {n.name for m in mentions for n in m.names}:
                missed.append(name.full)
    assert missed == []


def public_messages() -> list[str]:
    files = [PUBLIC / "questions_dev.jsonl", PUBLIC / "questions_public_1513.jsonl"]
    if not all(f.exists() for f in files):
        pytest.skip("the public messages are not beside this checkout")
    return [json.loads(line)["text"] for f in files for line in f.open(encoding="utf-8")]


def test_public_messages_hold_no_place_of_ours_that_they_do_not_say() -> None:
    ours = [
        name.name
        for text in public_messages()
        for mention in places.find(text)
        for name in mention.names
        if name.kind != ELSEWHERE
    ]
    assert set(ours) <= SAID_IN_PUBLIC


def test_a_message_is_read_in_a_fraction_of_a_millisecond() -> None:
    texts = ["tôi ở xã Yên Lư cũ, huyện Yên Dũng, muốn làm lại căn cước thì ra đâu nộp hồ sơ"] * 50
    places.find(texts[0])
    started = time.process_time()
    for text in texts:
        places.find(text)
    assert (time.process_time() - started) / len(texts) < 0.003  # ten times what it takes
