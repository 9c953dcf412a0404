"""Which desk a conversation belongs to."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from bot.catalogue.records import ProcedureRecord
from bot.errors import SettingError
from bot.models.desks import Desk
from bot.run import STARTER
from bot.services import catalogue, desks
from bot.services.desk_owners import owner_of, owners

DA_MAI = "07228"


def record(code: str = "1.000001", **values: object) -> ProcedureRecord:
    usual = {"name": "Thủ tục", "sector": "", "source": "thử", "crawl_date": dt.date(2026, 7, 1)}
    return ProcedureRecord(code=code, **{**usual, **values})  # type: ignore[arg-type]


def desk_id(session: Session, code: str) -> int:
    return int(session.execute(select(Desk.id).where(Desk.code == code)).scalar_one())


@pytest.fixture
def seeded(session: Session) -> Session:
    desks.seed(session)
    return session


def test_fifteen_departments_the_communes_and_the_centre_are_made_once(session: Session) -> None:
    assert desks.seed(session) == desks.Seeded(added=115, renamed=0)
    assert desks.seed(session) == desks.Seeded(added=0, renamed=0)
    kinds = session.execute(select(Desk.kind)).scalars()
    assert Counter(kinds) == {"department": 15, "commune": 99, "centre": 1}


def test_seeding_takes_over_a_new_name_and_leaves_a_closed_desk_closed(seeded: Session) -> None:
    seeded.execute(update(Desk).where(Desk.code == DA_MAI).values(name="Đa Mai", active=False))
    assert desks.seed(seeded) == desks.Seeded(added=0, renamed=1)
    assert seeded.execute(select(Desk.name, Desk.active).where(Desk.code == DA_MAI)).one() == (
        "Phường Đa Mai",
        False,
    )


COMMUNE_LEVEL = {"levels": ("Cấp xã",), "agencies": ("Ủy ban nhân dân cấp xã",)}


@pytest.mark.parametrize(
    ("values", "commune", "owner"),
    [
        ({**COMMUNE_LEVEL, "sector": "Hộ tịch", "ministry": "bo-tu-phap"}, DA_MAI, DA_MAI),
        ({**COMMUNE_LEVEL, "sector": "Hộ tịch", "ministry": "bo-tu-phap"}, None, "so-tu-phap"),
        ({**COMMUNE_LEVEL, "ministry": "bo-tu-phap"}, "99999", "so-tu-phap"),
        ({"levels": ("Cấp xã",), "agencies": ("Công an cấp xã",)}, DA_MAI, DA_MAI),
        ({"levels": ("Cấp xã",), "agencies": ("Công an cấp xã",)}, None, "trung-tam"),
        ({"levels": ("Cấp tỉnh",), "agencies": ("Sở Xây dựng",)}, DA_MAI, "so-xay-dung"),
        ({"agencies": ("Công an cấp tỉnh",), "ministry": "bo-cong-an"}, DA_MAI, "trung-tam"),
        ({"agencies": ("Cơ quan thuế",), "ministry": "bo-tai-chinh"}, None, "trung-tam"),
        ({"ministry": "bo-la"}, None, "trung-tam"),
    ],
)
def test_a_conversation_goes_to_who_owns_the_procedure_at_the_place(
    seeded: Session, values: dict[str, object], commune: str | None, owner: str
) -> None:
    catalogue.upsert(seeded, record(**values))
    found = desks.route(seeded, procedure_code="1.000001", commune_code=commune)
    assert found == desk_id(seeded, owner)


@pytest.mark.parametrize("code", [None, "", "9.999999"])
def test_without_a_procedure_the_place_decides_and_else_the_centre(
    seeded: Session, code: str | None
) -> None:
    at_place = desks.route(seeded, procedure_code=code, commune_code=DA_MAI)
    assert at_place == desk_id(seeded, DA_MAI)
    nowhere = desks.route(seeded, procedure_code=code, commune_code=None)
    assert nowhere == desk_id(seeded, "trung-tam")


def test_a_closed_desk_is_passed_over(seeded: Session) -> None:
    catalogue.upsert(seeded, record(**COMMUNE_LEVEL, ministry="bo-tu-phap"))
    for closed, next_one in ((DA_MAI, "so-tu-phap"), ("so-tu-phap", "trung-tam")):
        seeded.execute(update(Desk).where(Desk.code == closed).values(active=False))
        found = desks.route(seeded, procedure_code="1.000001", commune_code=DA_MAI)
        assert found == desk_id(seeded, next_one)


def test_without_desks_there_is_nowhere_to_go(session: Session) -> None:
    assert desks.route(session, procedure_code=None, commune_code=DA_MAI) is None


def test_who_carries_a_procedure_out_decides_before_its_sector_and_its_ministry() -> None:
    land = record(agencies=("Văn phòng đăng ký đất đai",), sector="Thuế", ministry="bo-tu-phap")
    assert owner_of(land).code == "so-nong-nghiep-moi-truong"
    assert owner_of(record(sector="ĐẤT ĐAI", ministry="bo-tu-phap")).code == (
        "so-nong-nghiep-moi-truong"
    )
    helped = record(agencies=("Ủy ban nhân dân cấp xã", "Cơ quan Công an"), ministry="bo-tu-phap")
    assert owner_of(helped).code == "so-tu-phap"


def test_every_procedure_of_the_starter_catalogue_has_a_desk(seeded: Session) -> None:
    catalogue.import_files(seeded, sorted(STARTER.glob("*.yml")))
    found = Counter(owner_of(known).code for known in catalogue.all_active(seeded))
    assert sum(found.values()) == 165
    assert found["so-tu-phap"] > 30
    assert found["so-nong-nghiep-moi-truong"] > 20
    assert found["trung-tam"] < 90


@pytest.mark.parametrize(
    ("departments", "said"),
    [
        ("[{code: a, name: A}, {code: a, name: B}]", "two desks have the code a"),
        ("[{code: a}]", "a: needs"),
        ("[{code: a, name: A, sector: [x]}]", "a: needs"),
    ],
)
def test_a_wrong_file_of_desks_is_told(tmp_path: Path, departments: str, said: str) -> None:
    path = tmp_path / "desks.yml"
    path.write_text(f"centre: {{code: c}}\ndepartments: {departments}\n", encoding="utf-8")
    with pytest.raises(SettingError, match=said):
        owners(path)


def test_the_tables_hold_each_desk_once(seeded: Session) -> None:
    assert seeded.execute(select(func.count(func.distinct(Desk.name)))).scalar_one() == 115
