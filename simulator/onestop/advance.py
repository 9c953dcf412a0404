"""Moves cases on to their next status, as officers would, so that followers hear of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from sqlalchemy import select, update
from sqlalchemy.engine import Connection, Engine

from simulator.onestop import facts, schema
from simulator.onestop.generator import holder

NEXT = {1: 2, 2: 4, 4: 9, 5: 4, 6: 4, 9: 10}


def advance(engine: Engine, count: int, *, today: dt.date, codes: Sequence[str] = ()) -> list[str]:
    """Move `count` open cases, or just `codes`, one status on; returns the codes moved."""
    cases = schema.ho_so
    query = (
        select(cases.c.ma_ho_so, cases.c.ma_trang_thai, cases.c.ma_thu_tuc, cases.c.ma_don_vi)
        .where(cases.c.ma_trang_thai.in_(NEXT))
        .order_by(cases.c.ma_ho_so)
        .limit(count)
    )
    if codes:
        query = query.where(cases.c.ma_ho_so.in_(codes))
    sections = {p.code: p.section for p in facts.PROCEDURES}
    offices = {o.code: o for o in facts.offices()}
    with engine.begin() as connection:
        rows = connection.execute(query).all()
        for code, status, procedure, unit in rows:
            office = offices[unit]
            held_by = holder(NEXT[status], sections[procedure], office.name, office.desk)
            _move(connection, code, NEXT[status], held_by, today)
    return [row[0] for row in rows]


def _move(connection: Connection, code: str, status: int, held_by: str, today: dt.date) -> None:
    changes = {"ma_trang_thai": status, "bo_phan_dang_giu": held_by}
    if status == 9:
        changes["ngay_hoan_thanh"] = today
    cases = schema.ho_so
    connection.execute(update(cases).where(cases.c.ma_ho_so == code).values(changes))
    for table in (schema.bo_sung, schema.nghia_vu_tai_chinh):
        connection.execute(update(table).where(table.c.ma_ho_so == code).values(da_nop=True))
