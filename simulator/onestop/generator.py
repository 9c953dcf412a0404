"""Fills a reference one-stop database with invented cases; the same seed gives the same cases."""

from __future__ import annotations

import datetime as dt
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy.engine import Engine

from simulator.onestop import facts, schema
from simulator.onestop.calendar import add_working_days, is_working_day
from simulator.onestop.facts import Office, Procedure

CHUNK = 2000
# Out of a hundred cases, how many stand at each status.
SHARES = {1: 4, 2: 8, 3: 3, 4: 30, 5: 10, 6: 8, 7: 2, 8: 2, 9: 10, 10: 23}
OPEN, REFUSED, FINISHED = (1, 2, 4, 5, 6), (3, 7, 8), (9, 10)
DESK = "Bộ phận Tiếp nhận và trả kết quả"


@dataclass(frozen=True)
class Known:
    """A case that demos and documents name: its code and second facts never change."""

    code: str
    procedure: str
    status: int
    phone: str
    id_number: str
    name: str


WELL_KNOWN = (
    Known("H02.15-260114-0032", "1.013831", 5, "0900004127", "024985000934", "Nguyễn Văn An"),
    Known("H02.08-260203-0117", "1.013225", 9, "0900007306", "027992000518", "Trần Thị Hà"),
)


def fill(engine: Engine, count: int, *, seed: int, today: dt.date) -> None:
    """Replace what the database holds by `count` invented cases, the well-known ones first."""
    offices = facts.offices()
    maker = _Maker(random.Random(seed), offices, today)
    with engine.begin() as connection:
        schema.recreate(connection)
        connection.execute(schema.mo_phong.insert(), {"phien_ban": 1, "hat_giong": seed})
        connection.execute(schema.don_vi.insert(), [_office_row(o) for o in offices])
        connection.execute(
            schema.trang_thai.insert(),
            [{"ma_trang_thai": k, "ten_trang_thai": v} for k, v in facts.STATUSES.items()],
        )
        connection.execute(schema.thu_tuc.insert(), [_procedure_row(p) for p in facts.PROCEDURES])
        for chunk in _chunks(maker.cases(count)):
            cases, papers, fees = zip(*chunk, strict=True)
            connection.execute(schema.ho_so.insert(), list(cases))
            for table, rows in ((schema.bo_sung, papers), (schema.nghia_vu_tai_chinh, fees)):
                flat = [row for group in rows for row in group]
                if flat:
                    connection.execute(table.insert(), flat)


Row = dict[str, Any]
CaseRows = tuple[Row, list[Row], list[Row]]


class _Maker:
    """Makes one case after another from one source of chance."""

    def __init__(self, chance: random.Random, offices: tuple[Office, ...], today: dt.date) -> None:
        self._chance = chance
        # Nothing is handed in on a day off.
        self._today = today if is_working_day(today) else add_working_days(today, -1)
        self._offices = {o.code: o for o in offices}
        self._communes = [o for o in offices if o.level == "xa"]
        self._procedures = {p.code: p for p in facts.PROCEDURES}
        self._serials: Counter[tuple[str, dt.date]] = Counter()
        self._taken = {k.code for k in WELL_KNOWN}

    def cases(self, count: int) -> Iterator[CaseRows]:
        for known in WELL_KNOWN[:count]:
            yield self._known(known)
        statuses = self._chance.choices(
            list(SHARES), list(SHARES.values()), k=max(0, count - len(WELL_KNOWN))
        )
        for status in statuses:
            yield self._invented(status)

    def _known(self, known: Known) -> CaseRows:
        procedure = self._procedures[known.procedure]
        unit, day, _ = known.code.split("-")
        received = dt.datetime.strptime(day, "%y%m%d").date()  # noqa: DTZ007 - a date has no zone
        finished = add_working_days(received, procedure.days - 1) if known.status == 9 else None
        # A case that waits for papers got a new date when it was sent back.
        due = add_working_days(received if finished else self._today, procedure.days)
        person = (known.name, known.phone, known.id_number)
        return self._rows(
            known.code,
            procedure,
            self._offices[unit],
            known.status,
            (received, due, finished),
            person,
        )

    def _invented(self, status: int) -> CaseRows:
        procedure = self._chance.choice(facts.PROCEDURES)
        office = (
            self._chance.choice(self._communes)
            if procedure.offices == "xa"
            else self._offices[procedure.offices]
        )
        received, due, finished = self._dates(status, procedure)
        return self._rows(
            self._code(office, received),
            procedure,
            office,
            status,
            (received, due, finished),
            self._person(),
        )

    def _dates(
        self, status: int, procedure: Procedure
    ) -> tuple[dt.date, dt.date | None, dt.date | None]:
        days, chance = procedure.days, self._chance
        if status in OPEN:
            # The oldest open cases are a third over their time: some are overdue.
            oldest = {1: 1, 2: 2}.get(status, days + days // 3 + 1)
            received = add_working_days(self._today, -chance.randint(0, oldest))
            return received, None if status == 1 else add_working_days(received, days), None
        taken = chance.randint(1, days + 2 if status in FINISHED else days)
        received = add_working_days(self._today, -taken - chance.randint(0, 120))
        due = None if status == 3 else add_working_days(received, days)
        return received, due, add_working_days(received, taken)

    def _code(self, office: Office, received: dt.date) -> str:
        while True:
            self._serials[office.code, received] += 1
            serial = self._serials[office.code, received]
            width = 4 if serial < 10_000 else 6
            code = f"{office.code}-{received:%y%m%d}-{serial:0{width}}"
            if code not in self._taken:
                return code

    def _person(self) -> tuple[str, str, str]:
        chance = self._chance
        parts = (
            chance.choice(facts.SURNAMES),
            chance.choice(facts.MIDDLE_NAMES),
            chance.choice(facts.GIVEN_NAMES),
        )
        phone = f"090000{chance.randrange(10_000):04}"
        # The fourth digit 9 says "born in the 2300s": nobody has such a number.
        id_number = f"{chance.choice(('024', '027'))}9{chance.randrange(100):02}"
        return " ".join(p for p in parts if p), phone, f"{id_number}{chance.randrange(10**6):06}"

    def _rows(
        self,
        code: str,
        procedure: Procedure,
        office: Office,
        status: int,
        dates: tuple[dt.date, dt.date | None, dt.date | None],
        person: tuple[str, str, str],
    ) -> CaseRows:
        received, due, finished = dates
        case = {
            "ma_ho_so": code,
            "ma_thu_tuc": procedure.code,
            "ma_don_vi": office.code,
            "ma_trang_thai": status,
            "bo_phan_dang_giu": holder(status, procedure.section, office.name, office.desk),
            "ngay_tiep_nhan": received,
            "ngay_hen_tra": due,
            "ngay_hoan_thanh": finished,
            "ho_ten_nguoi_nop": person[0],
            "so_dien_thoai": person[1],
            "so_dinh_danh": person[2],
            "dia_ban": office.place or self._chance.choice(self._communes).place,
        }
        asked = min(self._today, add_working_days(received, 1))
        papers = self._papers(procedure) if status == 5 else ()
        fee = procedure.fee or 10_000
        return (
            case,
            [
                {"ma_ho_so": code, "ten_giay_to": p, "ngay_yeu_cau": asked, "da_nop": False}
                for p in papers
            ],
            [
                {
                    "ma_ho_so": code,
                    "so_tien": fee,
                    "cach_nop": self._chance.choice(facts.FEES_PAID),
                    "ngay_thong_bao": asked,
                    "da_nop": False,
                }
            ]
            if status == 6
            else [],
        )

    def _papers(self, procedure: Procedure) -> list[str]:
        return self._chance.sample(procedure.papers, self._chance.randint(1, len(procedure.papers)))


def holder(status: int, section: str, office: str, desk: str) -> str:
    """Who holds a case at this status."""
    return f"{section}, {office}" if status in (4, 6, 8) else f"{DESK}, {desk}"


def _office_row(office: Office) -> Row:
    return {
        "ma_don_vi": office.code,
        "ten_don_vi": office.name,
        "cap": office.level,
        "noi_tra_ket_qua": f"{DESK}, {office.desk}",
        "gio_lam_viec": facts.HOURS,
    }


def _procedure_row(procedure: Procedure) -> Row:
    return {
        "ma_thu_tuc": procedure.code,
        "ten_thu_tuc": procedure.name,
        "linh_vuc": procedure.sector,
        "so_ngay_lam_viec": procedure.days,
    }


def _chunks(rows: Iterator[CaseRows]) -> Iterator[list[CaseRows]]:
    chunk: list[CaseRows] = []
    for row in rows:
        chunk.append(row)
        if len(chunk) == CHUNK:
            yield chunk
            chunk = []
    if chunk:
        yield chunk
