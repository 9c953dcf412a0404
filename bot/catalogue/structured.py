"""Records with real tables: the Ministry of Defence's export and the national base of 2021."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from typing import Any

from bot.catalogue.durations import parse_duration
from bot.catalogue.fees import read_fee
from bot.catalogue.national_documents import tidy
from bot.catalogue.national_methods import METHOD_NAMES
from bot.catalogue.national_texts import known, read_applicants, read_names, read_steps
from bot.catalogue.records import (
    Document,
    DocumentGroup,
    Fee,
    LegalBasis,
    Method,
    ProcedureRecord,
)
from bot.errors import RecordError

SOURCE_DEFENCE = "Cổng Dịch vụ công quốc gia (Bộ Quốc phòng)"
SOURCE_2021 = "Cơ sở dữ liệu quốc gia về thủ tục hành chính"
_COUNTS = re.compile(r"Bản chính\s*:\s*(\d+)\D+?Bản sao\s*:\s*(\d+)", re.IGNORECASE)
_FEE_PIECE = re.compile(r"^\s*(lệ phí|phí)\s*:\s*", re.IGNORECASE | re.MULTILINE)
_FEE_CELL = re.compile(r"(?i:(\d[\d.,]*|không|o)?(?:\s*đồng/lần)?\s*Đồng)\s*(.*)", re.DOTALL)


def is_defence(data: Mapping[str, Any]) -> bool:
    """Whether this looks like a row of the Ministry of Defence's export."""
    return isinstance(data.get("metadata"), Mapping) and isinstance(data.get("tables"), Mapping)


def is_2021(data: Mapping[str, Any]) -> bool:
    """Whether this looks like a record of the national base of 2021."""
    return isinstance(data.get("title"), str) and isinstance(data.get("Cách thức thực hiện"), list)


def read_defence(data: Mapping[str, Any], crawl_date: dt.date) -> ProcedureRecord:
    """Parse one row of the defence export; raises RecordError."""
    meta, content = _texts(data["metadata"]), _texts(data.get("content") or {})
    tables = data["tables"]
    rows = map(_texts, _rows(tables, "hinh_thuc_nop"))
    methods = tuple(_method(row, *_DEFENCE_METHOD) for row in rows)
    documents = tuple(_defence_document(_texts(row)) for row in _rows(tables, "thanh_phan_ho_so"))
    laws = tuple(
        LegalBasis(tidy(row.get("so_ky_hieu", "")), tidy(row.get("trich_yeu", "")))
        for row in map(_texts, _rows(tables, "can_cu_phap_ly"))
    )
    agencies = read_names(content.get("cơ_quan_thực_hiện", ""))
    return ProcedureRecord(
        code=meta.get("mã_thủ_tục", "").strip(),
        name=tidy(meta.get("tên_thủ_tục", "")),
        sector=tidy(meta.get("lĩnh_vực", "")),
        source=SOURCE_DEFENCE,
        crawl_date=crawl_date,
        levels=tuple(
            re.sub(r"Cấp (\w)", lambda m: f"Cấp {m[1].lower()}", level)
            for level in read_names(meta.get("cấp_thực_hiện", ""))
        ),
        agencies=agencies or read_names(content.get("cơ_quan_có_thẩm_quyền", "")),
        receiving_address=known(content.get("địa_chỉ_tiếp_nhận_hs", "")),
        ministry="bo-quoc-phong",
        applicants=read_applicants(content.get("đối_tượng_thực_hiện", "")),
        methods=methods,
        document_groups=(DocumentGroup(documents),) if documents else (),
        steps=read_steps(content.get("trình_tự_thực_hiện", "")),
        conditions=known(content.get("yêu_cầu_điều_kiện_thực_hiện", "")),
        results=tuple(r for r in [known(content.get("kết_quả_thực_hiện", ""))] if r),
        legal_bases=laws,
        decision_number=_decision(meta.get("số_quyết_định", "")),
    )


def read_2021(data: Mapping[str, Any], crawl_date: dt.date) -> ProcedureRecord:
    """Parse one record of 2021. It has no code: "OID.…" stands for it until a name tells more."""
    oid = str((data.get("_id") or {}).get("$oid", ""))
    if not re.fullmatch(r"[0-9a-f]{24}", oid):
        raise RecordError("_id.$oid: thiếu mã nhận dạng của bản ghi")
    documents = tuple(_document_2021(_texts(row)) for row in _rows(data, "Thành phần hồ sơ"))
    steps = re.sub(r"</?\w+>", "\n", str(data.get("Trình tự thực hiện", "")))
    return ProcedureRecord(
        code=f"OID.{oid.upper()}",
        name=tidy(data["title"]),
        sector="",
        source=SOURCE_2021,
        # The first four bytes of an ObjectId are the second at which the record was made.
        crawl_date=dt.datetime.fromtimestamp(int(oid[:8], 16), tz=dt.timezone.utc).date(),
        agencies=read_names(str(data.get("Cơ quan thực hiện", ""))),
        methods=tuple(
            _method(_texts(row), *_METHOD_2021) for row in _rows(data, "Cách thức thực hiện")
        ),
        document_groups=(DocumentGroup(documents),) if documents else (),
        steps=read_steps(steps),
    )


_DEFENCE_METHOD = ("hinh_thuc", "thoi_han_giai_quyet", "phi_le_phi", "mo_ta")
_METHOD_2021 = ("Hình thức nộp", "Thời hạn giải quyết", "Phí, lệ phí", "Mô tả")


def _method(row: dict[str, str], name: str, time: str, fee: str, note: str) -> Method:
    method = METHOD_NAMES.get(row.get(name, "").strip())
    if method is None:
        raise RecordError(f"{name}: {row.get(name)!r} không phải một cách nộp hồ sơ")
    days, unit, time_text = _time(row.get(time, ""))
    fees, conflict = read_fee_list(row.get(fee, ""))
    return Method(method, days, unit, time_text, fees, conflict, row.get(note, "").strip())


def _time(text: str) -> tuple[float | None, str, str]:
    duration = parse_duration(text)
    if duration is None:
        return None, "", known(re.sub(r"\s+", " ", text))
    if duration.unit:
        return duration.number, duration.unit, ""
    return None, "", duration.text


def read_fee_list(text: str) -> tuple[tuple[Fee, ...], bool]:
    """Fees of "Phí : 0 Đồng (note) Lệ phí: 10.000 Đồng"; "Phí: Đồng" states nothing."""
    text = re.sub(r"\s*(?:Xem chi tiết|File đính kèm:.*)", "\n", text)
    pieces = _FEE_PIECE.split(text)
    fees: dict[Fee, None] = {}
    conflict = False
    for kind, words in zip(pieces[1::2], pieces[2::2], strict=True):
        cell = _FEE_CELL.match(words)
        if cell is None:
            fees[Fee(None, tidy(words), kind.lower())] = None
            continue
        number = (cell[1] or "").lower()
        amount = "Miễn phí" if number in ("không", "o", "0") else number and f"{number} đồng"
        reading = read_fee(amount, cell[2])
        conflict = conflict or reading.conflict
        fees.update({Fee(fee.amount, fee.text, kind.lower()): None for fee in reading.fees})
    return tuple(fee for fee in fees if fee.amount is not None or fee.text), conflict


def _defence_document(row: dict[str, str]) -> Document:
    # The export's parser let the form slip under "so_luong" and the counts under "ghi_chu".
    cells = (row.get("so_luong", ""), row.get("ghi_chu", ""))
    counts = next((m for m in map(_COUNTS.search, cells) if m), None)
    form = ", ".join(tidy(cell) for cell in cells if cell.strip() and not _COUNTS.search(cell))
    return _document(row.get("ten_giay_to", ""), form, counts)


def _document_2021(row: dict[str, str]) -> Document:
    # Its form column holds a download address that no longer exists.
    return _document(row.get("Tên giấy tờ", ""), "", _COUNTS.search(row["Số lượng - bản chính"]))


def _document(name: str, form: str, counts: re.Match[str] | None) -> Document:
    originals, copies = (int(counts[1]), int(counts[2])) if counts else (None, None)
    return Document(tidy(name) or form, form, originals, copies or None)


def _decision(text: str) -> str:
    return re.sub(r"^quyết định số\s*", "", tidy(text), flags=re.IGNORECASE).replace(" /", "/")


def _rows(table: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    rows = table.get(name) or []
    if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
        raise RecordError(f"{name}: phải là một bảng")
    return rows


def _texts(row: Mapping[str, Any]) -> dict[str, str]:
    return {str(key): "" if value is None else str(value) for key, value in row.items()}
