"""Invented cases, and a one-stop source that holds them in memory."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

from bot.errors import OneStopUnavailable
from bot.onestop import Case, OneStop

CODE = "H02.15-260114-0032"
NOW = dt.datetime(2026, 11, 24, 3, 0, tzinfo=dt.timezone.utc)  # Tuesday, ten in the morning
CASE = Case(
    code=CODE,
    status=4,
    procedure_name="Cấp đổi Giấy chứng nhận quyền sử dụng đất",
    procedure_code="1.012783",
    received=dt.date(2026, 11, 16),
    due=dt.date(2026, 11, 27),
    office="Bộ phận Đăng ký đất đai",
    applicant="Nguyễn Văn An",
    phone_last4="4127",
    id_last4="0934",
    collect_place="Trung tâm Phục vụ hành chính công",
    collect_hours="Thứ Hai đến thứ Sáu, giờ hành chính",
)


def a_case(**changes: Any) -> Case:
    """The usual case, with changes."""
    return dataclasses.replace(CASE, **changes)


class Memory:
    """A source in memory; `down` makes it unreachable."""

    def __init__(self, *cases: Case, name: str = "memory") -> None:
        self.name = name
        self.cases = {case.code: case for case in cases}
        self.down = False
        self.asked = 0

    def find(self, code: str) -> Case | None:
        self.asked += 1
        self.ping()
        return self.cases.get(code)

    def ping(self) -> None:
        if self.down:
            raise OneStopUnavailable(f"source {self.name!r} of ONESTOP_CONFIG cannot be read")

    def put(self, case: Case) -> None:
        self.cases[case.code] = case


def serving(*sources: Memory, prefix: str = "H02") -> OneStop:
    """The sources as one; the first serves `prefix`, the next ones G22, G23 …"""
    prefixes = [prefix, "G22", "G23"]
    return OneStop([(s, [p]) for s, p in zip(sources, prefixes, strict=False)])
