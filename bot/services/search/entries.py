"""What search knows about one procedure, read from the catalogue without building whole records."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.catalogue.plain import record_from_dict
from bot.catalogue.records import ProcedureRecord
from bot.models.procedures import Procedure
from bot.services import schedules

# What a name says about where or how it is carried out, not about what it is.
_CARRIED_OUT = re.compile(
    r"\s*\((?:thực hiện (?:tại|ở) )?cấp (?:trung ương|tỉnh|tinh|huyện|xã|bộ)\)"
    r"|\s*\(\s*\d\.\d{6}\s*\)"
    r"|\s*(?:thực hiện )?(?:bằng )?(?:dịch vụ công )?(?:trực tuyến )?(?:toàn trình|một phần)\b"
    r"(?:\s+hoặc trực tiếp)?"
    r"|\s*(?:thực hiện )?(?:tại|ở) cấp (?:trung ương|tỉnh|xã)(?:, cấp (?:trung ương|tỉnh|xã))*"
    r"|\s*(?:-\s*)cấp (?:trung ương|tỉnh|xã)|\s*(?:tại|ở) công an cấp (?:tỉnh|xã)"
    r"|\s*tại cục quản lý xuất nhập cảnh, bộ công an",
    re.IGNORECASE,
)
_LEAD = re.compile(r"^\s*thủ tục:?\s+", re.IGNORECASE)
_LEVELS = (("xã", 0), ("tỉnh", 1), ("bộ", 2))
OTHER_LEVEL = 3


@dataclass(frozen=True)
class Entry:
    """The searched parts of one procedure."""

    code: str
    name: str
    sector: str = ""
    plain_name: str = ""
    sayings: tuple[str, ...] = ()
    results: tuple[str, ...] = ()
    documents: tuple[str, ...] = ()
    levels: tuple[str, ...] = ()
    popularity: int = 0
    active: bool = True  # a retired one is found too, to be told what serves instead
    replaced_by: str = ""

    @property
    def title(self) -> str:
        """The name without "Thủ tục" and without where and how it is carried out."""
        short = _CARRIED_OUT.sub("", _LEAD.sub("", self.name))
        return short.strip(" .,;-") or self.name

    @property
    def level(self) -> int:
        """0 commune, 1 province, 2 ministry, 3 others: the nearest office that does it."""
        text = " ".join(self.levels).lower()
        return next((rank for word, rank in _LEVELS if f"cấp {word}" in text), OTHER_LEVEL)


def read(session: Session, today: dt.date) -> list[Entry]:
    """Every procedure as it is on a day, the retired ones too, by code."""
    due = schedules.due_changes(session, today)
    rows = session.execute(
        select(Procedure.code, Procedure.record, Procedure.active).order_by(Procedure.code)
    )
    found = []
    for code, plain, active in rows:
        if code in due:
            record, active = schedules.over(record_from_dict(plain), active, due[code])
            plain = record.to_dict()
        found.append(from_plain(plain, active=active))
    return found


def from_record(record: ProcedureRecord) -> Entry:
    """The searched parts of a record."""
    return from_plain(record.to_dict())


def from_plain(record: Mapping[str, Any], *, active: bool = True) -> Entry:
    """The same from the JSON that the database holds."""
    groups = record.get("document_groups") or ()
    papers = [d.get("name", "") for group in groups for d in group.get("documents") or ()]
    return Entry(
        code=record["code"],
        name=record["name"],
        sector=record.get("sector") or "",
        plain_name=record.get("plain_name") or "",
        sayings=_texts(record.get("sayings")),
        results=_texts(record.get("results")),
        documents=tuple(papers),
        levels=_texts(record.get("levels")),
        popularity=record.get("popularity") or 0,
        active=active,
        replaced_by=record.get("replaced_by") or "",
    )


def _texts(values: Iterable[str] | None) -> tuple[str, ...]:
    return tuple(values or ())
