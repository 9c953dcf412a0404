"""The ONESTOP_CONFIG that reads the reference database."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import yaml

from simulator.onestop import facts


def describe(database_url: str) -> dict[str, Any]:
    """The configuration as plain values: which column of ours means what."""
    return {
        "sources": [
            {
                "name": "reference",
                "database_url": database_url,
                "code_prefixes": ["H02", "H05"],
                "cases": {
                    "table": "ho_so",
                    "columns": {
                        "code": "ma_ho_so",
                        "procedure_code": "ma_thu_tuc",
                        "status": "ma_trang_thai",
                        "office": "bo_phan_dang_giu",
                        "received": "ngay_tiep_nhan",
                        "due": "ngay_hen_tra",
                        "finished": "ngay_hoan_thanh",
                        "applicant": "ho_ten_nguoi_nop",
                        "phone": "so_dien_thoai",
                        "id_number": "so_dinh_danh",
                        "commune": "dia_ban",
                    },
                    "joins": [
                        {
                            "table": "thu_tuc",
                            "on": {"ma_thu_tuc": "ma_thu_tuc"},
                            "columns": {"procedure_name": "ten_thu_tuc"},
                        },
                        {
                            "table": "don_vi",
                            "on": {"ma_don_vi": "ma_don_vi"},
                            "columns": {
                                "collect_place": "noi_tra_ket_qua",
                                "collect_hours": "gio_lam_viec",
                            },
                        },
                    ],
                },
                "missing_papers": {
                    "table": "bo_sung",
                    "code": "ma_ho_so",
                    "name": "ten_giay_to",
                    "only": {"da_nop": False},
                },
                "fees": {
                    "table": "nghia_vu_tai_chinh",
                    "code": "ma_ho_so",
                    "amount": "so_tien",
                    "how": "cach_nop",
                    "only": {"da_nop": False},
                },
                # Their status on the left, the national list's number on the right.
                "status_map": {str(number): number for number in facts.STATUSES},
            }
        ]
    }


def write(path: Path, database_url: str) -> None:
    """Write the configuration, readable by its owner only: the URL may hold a password."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = yaml.safe_dump(describe(database_url), allow_unicode=True, sort_keys=False)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
