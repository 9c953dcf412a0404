"""Invented records in the shapes of the real sources; the contents are nobody's."""

from __future__ import annotations

import datetime as dt
import json
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

from bot.catalogue.files import read_file
from bot.catalogue.records import ProcedureRecord

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
METHODS_HEADER = "Hình thức nộpThời gianPhí, lệ phíMô tả"
PAPERS_HEADER = "Tên giấy tờMẫu đơn, tờ khaiSố lượng"
LAWS_HEADER = "Tên văn bản pháp lýMã văn bản"
BUTTONS = "Từ khóaKhông có thông tinMô tảKhông có thông tinChọn cơ quan thực hiệnNộp hồ sơ"
DAY = dt.date(2026, 7, 1)


def shared(name: str) -> Path:
    """A file of the shared data, or a skip that says so."""
    path = SHARED / name
    if not path.exists():
        pytest.skip(f"the shared data file {name} is not beside this checkout")
    return path


@lru_cache(maxsize=1)
def national_records() -> tuple[ProcedureRecord, ...]:
    """All 2,642 records of the shared crawl, read once for the whole run."""
    items = read_file(shared("procedures_national_2642.jsonl"), DAY)
    return tuple(item.record for item in items if item.record)


def national_row(code: str = "9.000001", **changes: str) -> dict[str, str]:
    """One row of the national crawl about an invented procedure."""
    row = {
        "ma_thu_tuc": code,
        "detail_url": "https://example.vn/thu-tuc/1",
        "ten_thu_tuc": f"Cấp giấy phép thả diều {code}",
        "so_quyet_dinh": "11/QĐ-THU",
        "cap_thuc_hien": "Cấp tỉnh, Cấp xã",
        "linh_vuc": "Trò chơi dân gian",
        "doi_tuong_thuc_hien": "Công dân Việt Nam, Tổ chức (không bao gồm doanh nghiệp, HTX)",
        "co_quan_co_tham_quyen": "",
        "dia_chi_tiep_nhan": "",
        "trinh_tu_thuc_hien": "Bước 1: Người thả diều nộp hồ sơ.\nBước 2: Nhận giấy phép.",
        "cach_thuc_thuc_hien": METHODS_HEADER
        + "Trực tiếp3 Ngày làm việc20,000 Việt Nam ĐồngTrực tuyến3 Ngày làm việc10,000 VNĐ",
        "thanh_phan_ho_so": f"--{PAPERS_HEADER}Đơn xin thả diềuMẫu 01.docx1 bản chính"
        "Ảnh con diều0 bản chính,2 bản sao",
        "can_cu_phap_ly": f"{LAWS_HEADER}Luật Diều12/2024/QH15Nghị định về dây diều7/2025/NĐ-CP",
        "co_quan_thuc_hien": "Ủy ban nhân dân cấp xã",
        "yeu_cau_dieu_kien": "Không có thông tin",
        "ket_qua_xu_ly": f"Giấy phép thả diềuMã: KQ.G99.000001{BUTTONS}",
        "bo": "bo-vui-choi",
    }
    return row | changes


def write_jsonl(path: Path, rows: list[Any]) -> Path:
    """Write rows as JSON lines."""
    lines = (json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    path.write_text("".join(lines), encoding="utf-8")
    return path


def record(code: str = "9.000001", **changes: Any) -> ProcedureRecord:
    """A small record; `changes` replace its fields."""
    fields: dict[str, Any] = {
        "code": code,
        "name": "Cấp giấy phép thả diều",
        "sector": "Trò chơi dân gian",
        "source": "Sổ tay thử nghiệm",
        "crawl_date": DAY,
    }
    return ProcedureRecord(**(fields | changes))
