"""What the places that people name are today."""

from __future__ import annotations

import csv
import unicodedata
from pathlib import Path

import pytest

from bot.services import places
from bot.services.places import ONE, OUTSIDE, SEVERAL, WHOLE, Resolution
from nlu import lexicon
from nlu.place_names import FOLDER
from nlu.places import find

PUBLIC = Path(__file__).parents[3] / "shared" / "data" / "communes_bacninh_2026.tsv"
# Two rows of the public list contradict Resolution 1658/NQ-UBTVQH15 and the years before it.
WRONG_IN_PUBLIC = {"07732", "07744"}


def today(text: str) -> Resolution:
    mention = places.current(find(text))
    assert mention is not None, f"no place found in {text!r}"
    return places.resolve(mention)


def units(text: str) -> list[str]:
    return [unit.name for unit in today(text).units]


@pytest.mark.parametrize(
    ("text", "unit", "reason"),
    [
        ("tôi ở phường Đa Mai", "Phường Đa Mai", ""),
        ("ở xã Yên Lư cũ", "Phường Yên Dũng", "merged"),
        ("thị trấn Thắng", "Phường Hiệp Hòa", "merged"),
        ("xã Hiệp Hòa", "Phường Hiệp Hòa", "renamed"),  # a ward since 20 September 2026
        ("xã Bố Hạ", "Phường Bố Hạ", "renamed"),
        ("phường Suối Hoa", "Phường Kinh Bắc", "merged"),
        ("xã Đồng Tiến huyện Hiệp Hòa", "Xã Hoàng Vân", "merged"),
        ("xã Đồng Tiến, Yên Thế", "Xã Xuân Lương", "merged"),
        ("thị trấn Chũ", "Phường Chũ", ""),
        ("tôi chuyển từ Yên Dũng sang ở phường Nếnh", "Phường Nếnh", ""),
    ],
)
def test_a_commune_old_or_new_is_one_unit_of_today(text: str, unit: str, reason: str) -> None:
    found = today(text)
    assert (found.kind, [u.name for u in found.units], found.reason) == (ONE, [unit], reason)


def test_the_city_of_bac_giang_was_split_so_its_wards_are_asked_for() -> None:
    found = today("tp Bắc Giang")
    assert (found.kind, found.reason, found.said) == (SEVERAL, "district", "thành phố Bắc Giang")
    assert units("tp Bắc Giang")[:4] == [
        "Phường Bắc Giang",
        "Phường Đa Mai",
        "Phường Tiền Phong",
        "Phường Tân Tiến",
    ]


def test_the_city_of_bac_ninh_has_two_senses() -> None:
    found = today("thành phố Bắc Ninh")
    assert (found.kind, found.reason) == (SEVERAL, "two_senses")
    assert today("thành phố Bắc Ninh cũ").reason == "district"
    assert today("tôi ở Bắc Ninh").kind == WHOLE


def test_a_former_district_is_asked_down_to_its_communes() -> None:
    assert today("huyện Hiệp Hòa").reason == "district"
    assert units("huyện Hiệp Hòa") == [
        "Phường Hiệp Hòa",
        "Xã Hợp Thịnh",
        "Xã Xuân Cẩm",
        "Xã Hoàng Vân",
    ]
    # People say huyện of a town that became a thị xã.
    assert units("huyện Việt Yên")[0] == "Phường Việt Yên"


def test_a_name_of_a_ward_and_of_a_former_district_is_asked_about_the_ward_first() -> None:
    found = today("tôi ở Việt Yên")
    assert (found.kind, found.units[0].name) == (SEVERAL, "Phường Việt Yên")
    assert today("phường Việt Yên").kind == ONE


def test_the_former_province_is_no_answer_either() -> None:
    assert (today("tỉnh Bắc Giang").kind, today("tỉnh Bắc Giang").reason) == (
        WHOLE,
        "former_province",
    )
    assert units("tôi ở Bắc Giang")[0] == "Phường Bắc Giang"


def test_communes_of_one_name_are_told_apart_by_their_districts() -> None:
    found = today("xã Đồng Tiến")
    assert (found.kind, found.reason) == (SEVERAL, "same_name")
    assert dict(found.labels) == {
        "07246": "xã Đồng Tiến, huyện Yên Thế cũ",
        "07822": "xã Đồng Tiến, huyện Hiệp Hòa cũ",
    }


def test_of_a_commune_gone_for_years_only_the_district_is_said() -> None:
    found = today("xã Mỹ Hà")
    assert (found.kind, found.reason) == (SEVERAL, "older")
    assert {u.name for u in found.units} == {u.name for u in today("huyện Lạng Giang").units}


def test_another_province_is_not_ours() -> None:
    assert (today("tôi ở Thanh Hóa").kind, today("tôi ở Thanh Hóa").said) == (OUTSIDE, "Thanh Hóa")
    assert today("xã Tân Sơn, tỉnh Phú Thọ").kind == OUTSIDE


def test_an_answer_among_offered_units_needs_no_more_words() -> None:
    asked = today("xã Đồng Tiến")
    chosen = places.choose(asked, ["07246"])
    assert (chosen.kind, [u.code for u in chosen.units]) == (ONE, ["07246"])
    assert places.choose(asked, ["09187"]) == asked


def test_only_what_is_left_behind_is_no_place_to_be() -> None:
    assert places.current(find("tôi chuyển từ Yên Dũng đi rồi")) is None


def former() -> list[list[str]]:
    return list(lexicon.rows(FOLDER / "former_communes.tsv"))


def test_every_former_commune_with_its_district_leads_to_its_unit() -> None:
    wrong = []
    for name, code, districts in former():
        district = places.tables().districts[districts.split(";")[0]]
        found = today(f"tôi ở {name} cũ, {district}")
        expected = {code} if code else {u.code for u in found.units}
        if {u.code for u in found.units} != expected or (code and found.kind != ONE):
            wrong.append((name, district, found.kind))
    assert wrong == []


def test_every_unit_of_today_is_one_by_its_full_name_with_and_without_diacritics() -> None:
    for unit in places.tables().units.values():
        assert [u.code for u in today(f"em ở {unit.said}").units] == [unit.code]
    plain = "".join(
        c
        for c in unicodedata.normalize("NFD", "em ở phường Tiền Phong")
        if not unicodedata.combining(c)
    )
    assert units(plain) == ["Phường Tiền Phong"]


def test_the_tables_agree_with_themselves() -> None:
    tables = places.tables()
    assert len(tables.units) == 99
    assert {code for _, code, _ in former() if code} == set(tables.units)
    offered = {u.code for row in tables.by_district.values() for u in row}
    assert offered == set(tables.units)
    assert all(20.9 < u.latitude < 21.7 for u in tables.units.values())
    assert all(105.8 < u.longitude < 107.1 for u in tables.units.values())


def test_the_tables_agree_with_the_public_list_of_units() -> None:
    if not PUBLIC.exists():
        pytest.skip("the public list of units is not beside this checkout")
    ours = {(name, code) for name, code, _ in former()}
    with PUBLIC.open(encoding="utf-8") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            unit = places.tables().units[row["ma"]]
            assert unit.name == row["ten_tu_20_09_2026"]
            assert unit.former_province == row["tu_tinh_cu"]
            for part in row["hop_nhat_tu"].split("; "):
                old, name = part.removesuffix(" (full)").split(" ", 1)
                assert ((name, unit.code) in ours) == (old not in WRONG_IN_PUBLIC), part
