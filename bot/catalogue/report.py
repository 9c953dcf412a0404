"""What an import did: counted, with reasons, in words for the person who ran it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from bot.catalogue.records import ProcedureRecord

PARTS = {"time": "thời hạn", "fee": "phí, lệ phí", "documents": "giấy tờ"}


@dataclass(frozen=True)
class Rejected:
    """One record that was not taken, and why."""

    where: str
    code: str
    reason: str


@dataclass(frozen=True)
class Overwrite:
    """A fact that staff set and that a file says differently. The values are plain JSON."""

    code: str
    name: str
    fact: str
    ours: Any = field(hash=False)
    theirs: Any = field(hash=False)

    @property
    def key(self) -> str:
        """How a person's choice names it."""
        return f"{self.code}|{self.fact}"


@dataclass(frozen=True)
class PartCount:
    """How many records had a part parsed, left as raw text, or not stated by the source."""

    parsed: int = 0
    unparsed: int = 0
    absent: int = 0

    @property
    def total(self) -> int:
        """All records."""
        return self.parsed + self.unparsed + self.absent


@dataclass(frozen=True)
class ImportReport:
    """read = added + changed + unchanged + duplicates + rejected; `older` are in `unchanged`."""

    read: int = 0
    added: int = 0
    changed: int = 0
    unchanged: int = 0
    older: tuple[str, ...] = ()
    duplicates: tuple[str, ...] = ()
    rejected: tuple[Rejected, ...] = ()
    parts: dict[str, PartCount] = field(default_factory=dict, hash=False)
    crawl_dates: tuple[dt.date, ...] = ()
    dry_run: bool = False
    overwrites: tuple[Overwrite, ...] = ()  # kept as staff set them, unless the caller said so

    def __str__(self) -> str:
        return "\n".join(self._lines())

    def _lines(self) -> Iterable[str]:
        if self.dry_run:
            yield "Chạy thử: chưa ghi gì vào cơ sở dữ liệu."
        yield (
            f"Đã đọc {self.read} · thêm {self.added} · đổi {self.changed}"
            f" · giữ nguyên {self.unchanged} · bị loại {len(self.rejected)}"
        )
        if self.crawl_dates:
            first, last = min(self.crawl_dates), max(self.crawl_dates)
            span = f"{last:%d/%m/%Y}" if first == last else f"{first:%d/%m/%Y} – {last:%d/%m/%Y}"
            yield f"Ngày của dữ liệu: {span} (sai thì nạp lại với --crawl-date)"
        if self.older:
            yield f"Cũ hơn bản đang có nên giữ nguyên: {_sample(self.older)}"
        if self.overwrites:
            codes = tuple(dict.fromkeys(one.code for one in self.overwrites))
            yield f"Có sửa đổi của cán bộ khác với tệp: {_sample(codes)}"
        if self.duplicates:
            yield f"Mã lặp lại trong lần nạp này, lấy bản sau: {_sample(self.duplicates)}"
        for part, count in self.parts.items():
            if count.total:
                yield (
                    f"{PARTS[part].capitalize()}: đọc được {count.parsed}"
                    f" ({100 * count.parsed / count.total:.1f} %),"
                    f" giữ nguyên văn {count.unparsed}, nguồn không ghi {count.absent}"
                )
        for item in self.rejected[:20]:
            yield f"Loại {item.code or '(không mã)'} – {item.where}: {item.reason}"
        if len(self.rejected) > 20:
            yield f"… và {len(self.rejected) - 20} bản ghi khác bị loại"


def count_parts(records: Iterable[ProcedureRecord]) -> dict[str, PartCount]:
    """By part, how much was parsed; a part of which any words stayed raw is not "parsed"."""
    counts = {part: [0, 0, 0] for part in PARTS}
    for record in records:
        for part in PARTS:
            counts[part][_state(record, part)] += 1
    return {part: PartCount(*numbers) for part, numbers in counts.items()}


def _state(record: ProcedureRecord, part: str) -> int:
    raw_names = {"time": ("methods", "times"), "fee": ("methods", "fees"), "documents": (part,)}
    if any(name in record.raw for name in raw_names[part]):
        return 1
    found = {
        "time": any(m.days is not None or m.time_text for m in record.methods),
        "fee": any(m.fees for m in record.methods),
        "documents": bool(record.document_groups),
    }
    return 0 if found[part] else 2


def _sample(codes: tuple[str, ...]) -> str:
    shown = ", ".join(codes[:10])
    return f"{len(codes)} ({shown}{', …' if len(codes) > 10 else ''})"
