"""What the admin console shows of the catalogue."""

from __future__ import annotations

import dataclasses
import re

import pytest
from sqlalchemy import update

from bot.catalogue.records import Document, DocumentGroup, Fee, LegalBasis, Method, ProcedureRecord
from bot.database import session_scope
from bot.models.procedures import Procedure
from bot.services import audit, catalogue
from bot.services.answers import ASPECTS
from tests.catalogue.shapes import DAY
from tests.consoles import Office

only_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
SCRIPT = "<script>alert('x')</script>"
KITE = ProcedureRecord(
    code="9.000001",
    name="Đăng ký thả diều ban đêm",
    plain_name="xin thả diều",
    sector="Trò chơi",
    source="Nguồn thử nghiệm",
    crawl_date=DAY,
    decision_number="12/QĐ-THU",
    methods=(Method("in_person", 3, "working_day", fees=(Fee(20_000, "", "lệ phí"),)),),
    document_groups=(DocumentGroup((Document("Tờ khai thả diều", "Mẫu D1", 1),)),),
    steps=("Nộp tờ khai",),
    legal_bases=(LegalBasis("1/2020/LT", "Luật Diều"),),
)
BARE = ProcedureRecord(
    code="9.000002", name="Cấp thẻ diều", sector="Trò chơi", source="Nguồn khác", crawl_date=DAY
)


def keep(office: Office, *records: ProcedureRecord) -> None:
    with session_scope(office.sessions) as session:
        for record in records:
            catalogue.upsert(session, record)


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("9.000001", ["9.000001"]),
        ("thả diều", ["9.000001"]),
        ("THA DIEU dem", ["9.000001"]),
        ("xin diều", ["9.000001"]),
        ("trò chơi", ["9.000001", "9.000002"]),
        ("", ["9.000001", "9.000002"]),
        ("%", []),
        ("xe máy", []),
    ],
)
def test_a_procedure_is_found_by_code_or_by_words_with_marks_or_without(
    office: Office, words: str, found: list[str]
) -> None:
    keep(office, KITE, BARE)
    page = office.browser("editor").get("/admin/", query_string={"q": words}).text
    assert re.findall(r"<code>(.*?)</code>", page) == found
    assert ("Không tìm thấy" in page) == (not found)


@only_sqlite
def test_a_long_catalogue_comes_in_pages_that_keep_the_words(office: Office) -> None:
    keep(office, *(dataclasses.replace(BARE, code=f"9.{i:06}") for i in range(120)))
    page = office.browser("editor").get("/admin/?q=diều&page=2").text
    assert page.count('class="head"') == 50
    assert "Trang 2/3" in page
    assert "page=3" in page
    assert "q=di%E1%BB%81u" in page


def test_a_procedure_page_shows_each_part_its_source_and_what_citizens_read(
    office: Office,
) -> None:
    keep(office, KITE)
    page = office.browser("auditor").get("/admin/procedures/9.000001").text
    for part in (
        "Đăng ký thả diều ban đêm",
        "xin thả diều",
        "Nguồn thử nghiệm",
        "01/07/2026",
        "12/QĐ-THU",
        "3 ngày làm việc",
        "20.000 đồng",
        "Tờ khai thả diều",
        "Mẫu D1",
        "Nộp tờ khai",
        "Luật Diều",
        "Trực tiếp",
    ):
        assert part in page
    assert page.count("<details") == len(ASPECTS)


@only_sqlite
def test_a_bare_record_says_what_is_unknown_and_an_inactive_one_that_it_is_off(
    office: Office,
) -> None:
    keep(office, BARE)
    with session_scope(office.sessions) as session:
        session.execute(update(Procedure).values(active=False))
    page = office.browser("editor").get("/admin/procedures/9.000002").text
    assert "nguồn không ghi" in page
    assert "đã ngừng" in page
    assert office.browser("editor").get("/admin/procedures/9.9").status_code == 404


@only_sqlite
def test_script_in_a_record_is_text(office: Office) -> None:
    texts = {"name": SCRIPT, "plain_name": SCRIPT, "sector": SCRIPT, "conditions": SCRIPT}
    bad = dataclasses.replace(
        KITE, **texts, link="javascript:alert(1)", steps=(SCRIPT,), raw={"steps": SCRIPT}
    )
    keep(office, bad)
    browser = office.browser("admin")
    for path in ("", "procedures/9.000001", "coverage?gap=time", f"?q={SCRIPT}"):
        page = browser.get(f"/admin/{path}").text
        assert "<script" not in page
        assert 'href="javascript' not in page


def test_the_coverage_page_counts_and_lists_what_is_missing(office: Office) -> None:
    unparsed = dataclasses.replace(BARE, code="9.000003", raw={"times": "xem văn bản"})
    keep(office, KITE, BARE, unparsed)
    browser = office.browser("editor")
    figures = re.findall(r"<td>(\d+)</td>", browser.get("/admin/coverage").text)
    assert figures == ["2", "2", "2", "2"]
    listed = browser.get("/admin/coverage?gap=time").text
    assert re.findall(r"<code>(.*?)</code>", listed) == ["9.000002", "9.000003"]
    assert listed.count("có nguyên văn của nguồn") == 1
    assert browser.get("/admin/coverage?gap=bogus").status_code == 200


def test_the_coverage_follows_the_catalogue(office: Office) -> None:
    keep(office, KITE)
    browser = office.browser("editor")
    assert "Không thủ tục nào thiếu" in browser.get("/admin/coverage?gap=fee").text
    keep(office, BARE)
    assert "9.000002" in browser.get("/admin/coverage?gap=fee").text


@only_sqlite
def test_an_empty_catalogue_is_told_plainly(office: Office) -> None:
    browser = office.browser("editor")
    assert "Không tìm thấy" in browser.get("/admin/").text
    assert "0 thủ tục" in browser.get("/admin/coverage").text


def test_the_trail_tells_who_did_what_newest_first(office: Office) -> None:
    browser = office.browser("admin", name="Trần Thị Bình")
    with session_scope(office.sessions) as session:
        audit.record(session, browser.staff_id, "reply", "conversation", 7, {"characters": 12})
        audit.record(session, None, "login_failed", "address", "192.0.2.1")
    page = browser.get("/admin/audit").text
    assert page.index("192.0.2.1") < page.index("Trả lời người dân")
    assert "characters: 12" in page
    assert page.count("Trần Thị Bình") == 2  # the trail's line and the header
