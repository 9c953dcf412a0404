"""One record of the national portal's crawl, whose tables were flattened to running text."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from typing import Any

from bot.catalogue.national_documents import read_documents
from bot.catalogue.national_methods import read_methods
from bot.catalogue.national_texts import (
    cut_buttons,
    known,
    read_applicants,
    read_laws,
    read_names,
    read_online_level,
    read_results,
    read_steps,
)
from bot.catalogue.records import ProcedureRecord
from bot.errors import RecordError

SOURCE = "Cổng Dịch vụ công quốc gia"
FIELDS = ("ma_thu_tuc", "ten_thu_tuc", "cach_thuc_thuc_hien", "thanh_phan_ho_so")


def is_national(data: Mapping[str, Any]) -> bool:
    """Whether this looks like a row of the national crawl."""
    return all(isinstance(data.get(name), str) for name in FIELDS)


def read_national(data: Mapping[str, Any], crawl_date: dt.date) -> ProcedureRecord:
    """Parse one row; what could not be parsed is kept in `raw`. Raises RecordError."""
    wrong = [key for key, value in data.items() if not isinstance(value, str)]
    if wrong:
        raise RecordError(f"{wrong[0]}: phải là chữ")

    def text(name: str) -> str:
        return str(data.get(name, "")).strip()

    methods = read_methods(text("cach_thuc_thuc_hien"), text("trinh_tu_thuc_hien"))
    documents = read_documents(text("thanh_phan_ho_so"))
    laws = read_laws(text("can_cu_phap_ly"))
    raw = dict(methods.raw)
    raw.update({"documents": documents.raw} if documents.raw else {})
    raw.update({"legal_bases": laws.raw} if laws.raw else {})
    return ProcedureRecord(
        code=text("ma_thu_tuc"),
        name=_line(text("ten_thu_tuc")),
        sector=_line(text("linh_vuc")),
        source=SOURCE,
        crawl_date=crawl_date,
        levels=read_names(text("cap_thuc_hien")),
        agencies=read_names(text("co_quan_thuc_hien")) or read_names(text("co_quan_co_tham_quyen")),
        receiving_address=known(text("dia_chi_tiep_nhan")),
        ministry=text("bo"),
        applicants=read_applicants(text("doi_tuong_thuc_hien")),
        methods=methods.methods,
        document_groups=documents.groups,
        steps=read_steps(text("trinh_tu_thuc_hien")),
        conditions=known(cut_buttons(text("yeu_cau_dieu_kien"))),
        results=read_results(text("ket_qua_xu_ly")),
        legal_bases=laws.laws,
        online_level=read_online_level(text("ten_thu_tuc"), text("cach_thuc_thuc_hien")),
        link=text("detail_url"),
        decision_number=_line(text("so_quyet_dinh")),
        raw=raw,
    )


def _line(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()
