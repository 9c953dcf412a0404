"""The office that serves a place, and what is near a position."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path

import pytest

from bot.catalogue.records import ProcedureRecord
from bot.errors import SettingError
from bot.services import offices, places
from bot.services.offices import COMMUNE_DESK, POLICE, PROVINCIAL_CENTRE
from bot.services.places import Unit

RECORD = ProcedureRecord(
    code="1.000001",
    name="Đăng ký thử",
    sector="Hộ tịch",
    source="Nguồn thử",
    crawl_date=dt.date(2026, 7, 1),
    levels=("Cấp xã",),
)


def unit(code: str) -> Unit:
    found = places.unit(code)
    assert found is not None
    return found


def test_the_office_of_a_commune_bears_its_name_of_today() -> None:
    desk = offices.office_for(unit("07294"), COMMUNE_DESK)
    assert desk.name.endswith("phường Bố Hạ")
    assert offices.office_for(unit("07246"), POLICE).name == "Công an xã Xuân Lương"


def test_an_address_that_nobody_knows_is_empty_and_one_that_nobody_checked_is_marked() -> None:
    assert offices.office_for(unit("07246"), COMMUNE_DESK).address == ""
    known = offices.office_for(unit("07210"), COMMUNE_DESK)
    assert known.address
    assert known.sample


def test_every_shipped_address_is_marked_as_a_sample() -> None:
    assert all(row["sample"] for row in offices.book().entries)


def test_the_provincial_centre_is_the_one_that_serves_the_citizens_part() -> None:
    one = offices.office_for(unit("07210"), PROVINCIAL_CENTRE)
    other = offices.office_for(unit("09187"), PROVINCIAL_CENTRE)
    assert one.name == other.name
    assert one.address != other.address


def test_hours_are_the_offices_own_or_the_usual_ones() -> None:
    usual = offices.office_for(unit("07246"), COMMUNE_DESK).hours
    assert usual == offices.book().hours
    assert offices.office_for(unit("07777"), COMMUNE_DESK).hours != usual


def test_an_unknown_kind_of_office_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="castle"):
        offices.office_for(unit("07210"), "castle")


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"agencies": ("Ủy ban nhân dân cấp xã",)}, COMMUNE_DESK),
        ({"agencies": ("Uỷ ban Nhân dân cấp xã, phường, thị trấn",)}, COMMUNE_DESK),
        ({}, COMMUNE_DESK),
        ({"ministry": "bo-cong-an"}, POLICE),
        ({"agencies": ("Công an cấp xã", "Công an cấp tỉnh"), "levels": ("Cấp bộ",)}, POLICE),
        ({"agencies": ("Sở Tư pháp",), "levels": ("Cấp tỉnh",)}, PROVINCIAL_CENTRE),
        ({"levels": ("Cấp tỉnh",)}, PROVINCIAL_CENTRE),
        ({"agencies": ("Chi cục Hải quan khu vực",), "ministry": "bo-tai-chinh"}, None),
        ({"ministry": "bo-tai-chinh"}, None),
        ({"agencies": ("Cơ quan đại diện chủ sở hữu",), "levels": ("Cấp tỉnh",)}, None),
        ({"agencies": ("Bộ Xây dựng", "Sở Xây dựng"), "levels": ("Cấp bộ", "Cấp tỉnh")}, None),
    ],
)
def test_the_kind_of_office_follows_from_who_carries_the_procedure_out(
    changes: dict[str, object], kind: str | None
) -> None:
    assert offices.kind_for(replace(RECORD, **changes)) == kind


def test_the_nearest_communes_come_first_with_their_distance() -> None:
    near = offices.nearest(21.277, 106.204)
    assert near[0][0].name == "Phường Bắc Giang"
    assert near[0][1] < 0.2
    assert [km for _, km in near] == sorted(km for _, km in near)
    assert len(near) == 3


def test_outside_the_province_nothing_is_near() -> None:
    assert offices.nearest(10.78, 106.70) == []


def test_distance_is_measured_over_the_globe() -> None:
    hanoi, saigon = (21.028, 105.854), (10.776, 106.701)
    assert offices.distance_km(hanoi, saigon) == pytest.approx(1143, abs=5)
    assert offices.distance_km(hanoi, hanoi) == 0


@pytest.mark.parametrize(
    "row",
    [
        "{unit: '07210', kind: castle, address: ở đâu đó}",
        "{unit: '07210', kind: police}",
        "{unit: '99999', kind: police, address: ở đâu đó}",
    ],
)
def test_a_wrong_entry_is_named_when_the_file_is_read(tmp_path: Path, row: str) -> None:
    path = tmp_path / "offices.yml"
    path.write_text(f"names: {{}}\naddresses:\n  - {row}\n", encoding="utf-8")
    with pytest.raises(SettingError, match=r"offices\.yml"):
        offices.book(path)
