"""Staff edit a procedure: nothing typed is lost, nothing of somebody else's is overwritten."""

from __future__ import annotations

import datetime as dt
import html
import re

import pytest
from werkzeug.test import TestResponse

from bot.catalogue.form_writing import fields_of, with_room
from bot.catalogue.records import ProcedureRecord
from bot.database import session_scope
from bot.services import catalogue, schedules
from tests.admin.test_catalogue import BARE, KITE, SCRIPT, keep
from tests.admin.test_imports import confirm, upload
from tests.consoles import Browser, Office

only_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
PAGE = f"/admin/procedures/{KITE.code}"
FEE, DAYS = "methods-0-fees-0-amount", "methods-0-days"


def fill(page: TestResponse) -> dict[str, str]:
    """What a browser would send of the form on the page."""
    body = page.text.split('<form method="post" class="edit">')[1].split("</form>")[0]
    fields: dict[str, str] = {}
    for tag in re.findall(r"<input [^>]*>", body):
        given = dict(re.findall(r'([\w-]+)="([^"]*)"', tag))
        if given.get("type") in ("checkbox", "radio") and " checked" not in tag:
            continue
        fields[given["name"]] = html.unescape(given.get("value", ""))
    for name, text in re.findall(
        r'<textarea[^>]* name="([^"]*)"[^>]*>\n(.*?)</textarea>', body, re.S
    ):
        fields[name] = html.unescape(text)
    for name, options in re.findall(r'<select[^>]* name="([^"]*)"[^>]*>(.*?)</select>', body, re.S):
        chosen = re.search(r'value="([^"]*)" selected', options)
        fields[name] = html.unescape(chosen[1]) if chosen else ""
    fields.pop("csrf_token")
    return {**fields, "act": "save"}


def form(browser: Browser, **changed: str) -> dict[str, str]:
    return {**fill(browser.get(f"{PAGE}/edit")), **changed}


def stored(office: Office, code: str = KITE.code) -> ProcedureRecord:
    with session_scope(office.sessions) as session:
        found = catalogue.get(session, code)
    assert found
    return found


def fee(office: Office) -> int | None:
    return stored(office).methods[0].fees[0].amount


@pytest.mark.parametrize("record", [KITE, BARE])
def test_a_form_that_nobody_touched_changes_nothing(
    office: Office, record: ProcedureRecord
) -> None:
    keep(office, record)
    browser = office.browser("editor")
    path = f"/admin/procedures/{record.code}/edit"
    sent = fill(browser.get(path))
    boxes = {k: v for k, v in sent.items() if k in with_room(fields_of(record))}
    assert {k: v for k, v in boxes.items() if v} == {
        k: v for k, v in fields_of(record).items() if v and k != "code"
    }
    assert browser.post(path, sent).status_code == 303
    assert stored(office, record.code) == record
    assert office.trail() == []


def test_a_new_fee_is_answered_at_once_and_the_change_is_on_record(office: Office) -> None:
    keep(office, KITE)
    browser = office.browser("editor", name="Lê Thị Cúc")
    assert browser.post(f"{PAGE}/edit", form(browser, **{FEE: "35.000"})).status_code == 303
    page = browser.get(PAGE).text
    assert "35.000 đồng" in page
    assert "cán bộ cập nhật ngày" in page
    past = browser.get(f"{PAGE}/history").text
    assert "Lê Thị Cúc" in past
    assert "<mark>20.000 đồng · lệ phí</mark>" in past
    assert "<mark>35.000 đồng · lệ phí</mark>" in past
    assert office.trail() == [("procedure_edited", KITE.code)]
    assert "35.000 đồng" in browser.get("/admin/changes").text


@only_sqlite
@pytest.mark.parametrize(
    ("box", "typed", "said"),
    [
        (FEE, "-20.000", "không thể âm"),
        (FEE, "hai chục", "Số tiền chưa đúng"),
        (FEE, "20.50", "Số tiền chưa đúng"),
        (FEE, "20", "thiếu ba số 0"),
        (FEE, "9" * 40, "lớn quá"),
        (DAYS, "-3", "không thể âm"),
        (DAYS, "ba", "phải là một số"),
        (DAYS, "99999", "dài quá"),
        ("methods-0-unit", "", "chọn đơn vị"),
        ("methods-0-method", "", "chọn cách nộp"),
        ("name", "", "Chưa có tên thủ tục"),
        ("name", "a" * 20_000, "tối đa 500 ký tự, anh/chị đã ghi 20000"),
        ("conditions", "dài " * 5_000, "tối đa 10000 ký tự"),
        ("link", "javascript:alert(1)", "https://"),
        ("crawl_date", "31/02/2026", "Ngày chưa đúng"),
        ("groups-0-papers-0-originals", "-1", "Số bản"),
        ("effective_on", "2020-01-01", "đã qua"),
    ],
)
def test_what_is_wrong_is_said_at_its_box_and_nothing_typed_is_lost(
    office: Office, box: str, typed: str, said: str
) -> None:
    keep(office, KITE)
    browser = office.browser("editor")
    sent = form(browser, steps="Bước mới\n\nBước nữa", **{box: typed})
    answer = browser.post(f"{PAGE}/edit", sent)
    assert answer.status_code == 422
    error = re.search(rf'id="{box}-error"[^>]*>([^<]*)<', answer.text)
    assert error
    assert said in html.unescape(error[1])
    again = fill(answer)
    assert again["steps"] == "Bước mới\n\nBước nữa"
    assert again[box].strip() == typed.strip()
    assert stored(office) == KITE


@only_sqlite
def test_script_in_a_box_is_text_everywhere(office: Office) -> None:
    keep(office, KITE)
    browser = office.browser("editor")
    sent = form(browser, name=SCRIPT, steps=SCRIPT, conditions=f"</textarea>{SCRIPT}", note=SCRIPT)
    assert browser.post(f"{PAGE}/edit", sent).status_code == 303
    assert stored(office).name == SCRIPT
    for path in (PAGE, f"{PAGE}/edit", f"{PAGE}/history", f"{PAGE}/retire", "/admin/changes"):
        assert "<script" not in browser.get(path).text


@only_sqlite
def test_more_rows_come_without_saving_and_blank_rows_go(office: Office) -> None:
    keep(office, KITE)
    browser = office.browser("editor")
    longer = browser.post(
        f"{PAGE}/edit", form(browser, act="more:groups-0-papers", name="Tên khác")
    )
    assert longer.status_code == 200
    sent = fill(longer)
    assert sent["name"] == "Tên khác"
    assert stored(office) == KITE
    sent |= {"groups-0-papers-1-name": "Giấy phép bay", "name": KITE.name}
    sent |= {"laws-0-number": "", "laws-0-title": ""}
    browser.post(f"{PAGE}/edit", sent)
    saved = stored(office)
    assert [d.name for d in saved.document_groups[0].documents] == [
        "Tờ khai thả diều",
        "Giấy phép bay",
    ]
    assert saved.legal_bases == ()


@only_sqlite
def test_half_a_form_takes_nothing_away(office: Office) -> None:
    keep(office, KITE)
    browser = office.browser("editor")
    sent = {k: v for k, v in form(browser).items() if k in ("version", "name", "source")}
    assert browser.post(f"{PAGE}/edit", sent).status_code == 422
    assert stored(office) == KITE


def test_the_second_of_two_who_edit_one_fact_chooses_and_nothing_is_lost(office: Office) -> None:
    keep(office, KITE)
    first, second = office.browser("editor", name="Người Trước"), office.browser("admin")
    early = form(second, **{FEE: "50.000", "conditions": "Trời quang"})
    first.post(f"{PAGE}/edit", form(first, **{FEE: "30.000", "plain_name": "diều đêm"}))
    told = second.post(f"{PAGE}/edit", early)
    assert told.status_code == 409
    assert "Vừa có người khác lưu" in told.text
    assert fee(office) == 30_000
    merged = fill(told)
    assert (merged["plain_name"], merged["conditions"]) == ("diều đêm", "Trời quang")
    for said in ("30.000 đồng", "50.000 đồng"):
        assert said in told.text
    unchosen = second.post(f"{PAGE}/edit", merged)
    assert unchosen.status_code == 422
    assert fee(office) == 30_000
    fact = "methods.in_person.fees"
    assert merged["collided"] == fact
    kept = second.post(f"{PAGE}/edit", {**merged, f"choice:fact:{fact}": "theirs"})
    assert kept.status_code == 303
    assert fee(office) == 30_000
    assert stored(office).conditions == "Trời quang"
    assert stored(office).plain_name == "diều đêm"


@only_sqlite
def test_who_insists_on_their_own_version_gets_it_and_the_other_stays_in_the_history(
    office: Office,
) -> None:
    keep(office, KITE)
    first, second = office.browser("editor"), office.browser("admin")
    early = form(second, **{FEE: "50.000"})
    first.post(f"{PAGE}/edit", form(first, **{FEE: "30.000"}))
    merged = fill(second.post(f"{PAGE}/edit", early))
    second.post(f"{PAGE}/edit", {**merged, "choice:fact:methods.in_person.fees": "mine"})
    assert fee(office) == 50_000
    assert "30.000 đồng" in second.get(f"{PAGE}/history").text


def test_a_new_procedure_is_added_once(office: Office) -> None:
    browser = office.browser("editor")
    sent = fill(browser.get("/admin/new"))
    sent |= {"code": "9.000077", "name": "Cấp thẻ sáo", "sector": "Âm nhạc", "source": "Sở Văn hoá"}
    assert browser.post("/admin/new", {**sent, "code": "mã lạ!"}).status_code == 422
    assert browser.post("/admin/new", sent).status_code == 303
    assert stored(office, "9.000077").name == "Cấp thẻ sáo"
    twice = browser.post("/admin/new", sent)
    assert twice.status_code == 422
    assert "đã có trong danh mục" in twice.text
    assert office.trail() == [("procedure_created", "9.000077")]


def test_undo_puts_back_and_refuses_to_undo_what_came_later(office: Office) -> None:
    keep(office, KITE)
    browser = office.browser("editor")
    browser.post(f"{PAGE}/edit", form(browser, **{FEE: "30.000", "plain_name": "diều đêm"}))
    browser.post(f"{PAGE}/edit", form(browser, **{FEE: "40.000"}))
    refused = browser.post(f"{PAGE}/undo", {"version": "2"})
    assert refused.status_code == 409
    assert "lần sửa 3 sau đó đã đổi cùng mục này" in refused.text
    assert 'href="#v3"' in refused.text
    assert fee(office) == 40_000
    browser.post(f"{PAGE}/undo", {"version": "3"})
    assert fee(office) == 30_000
    browser.post(f"{PAGE}/undo", {"version": "2"})
    assert fee(office) == 20_000
    assert stored(office).plain_name == KITE.plain_name
    for nothing in ("1", "99", "x", ""):
        assert browser.post(f"{PAGE}/undo", {"version": nothing}).status_code == 409


@only_sqlite
def test_a_planned_change_is_shown_and_can_be_cancelled(office: Office) -> None:
    keep(office, KITE)
    browser = office.browser("editor")
    day = schedules.today_here() + dt.timedelta(days=20)
    planned = {FEE: "30.000", "effective_on": day.isoformat()}
    assert browser.post(f"{PAGE}/edit", form(browser, **planned)).status_code == 303
    assert fee(office) == 20_000
    page = browser.get(PAGE).text
    assert f"Hẹn từ ngày {day:%d/%m/%Y}" in page
    twice = browser.post(f"{PAGE}/edit", form(browser, **{**planned, FEE: "90.000"}))
    assert twice.status_code == 422
    assert "đã có một thay đổi hẹn trước cho cùng mục này" in twice.text
    assert fill(twice)[FEE] == "90.000"
    cancel = re.search(r'action="([^"]*/planned/\d+/cancel)"', page)
    assert cancel
    browser.post(cancel[1])
    assert "Hẹn từ ngày" not in browser.get(PAGE).text
    assert [action for action, _ in office.trail()] == ["procedure_scheduled", "schedule_cancelled"]


@only_sqlite
@pytest.mark.parametrize(
    ("code", "said"),
    [(KITE.code, "chính nó"), ("9.999999", "Không có thủ tục nào"), ("9.000003", "đã ngừng")],
)
def test_a_replacement_that_cannot_serve_is_refused(office: Office, code: str, said: str) -> None:
    keep(office, KITE, BARE)
    keep(office, ProcedureRecord("9.000003", "Diều cũ", "Trò chơi", "Nguồn", KITE.crawl_date))
    browser = office.browser("editor")
    browser.post("/admin/procedures/9.000003/retire", {"replaced_by": BARE.code})
    answer = browser.post(f"{PAGE}/retire", {"replaced_by": code, "note": "vì thế"})
    assert answer.status_code == 422
    assert said in answer.text
    assert "vì thế" in answer.text
    assert stored(office) == KITE


@only_sqlite
def test_a_ring_of_replacements_is_refused_also_by_way_of_a_plan_or_an_undo(office: Office) -> None:
    keep(office, KITE, BARE)
    browser = office.browser("editor")
    later = (schedules.today_here() + dt.timedelta(days=9)).isoformat()
    other = f"/admin/procedures/{BARE.code}"
    browser.post(f"{other}/retire", {"replaced_by": KITE.code, "effective_on": later})
    ring = browser.post(f"{PAGE}/retire", {"replaced_by": BARE.code})
    assert ring.status_code == 422
    assert "thay vòng" in ring.text
    with session_scope(office.sessions) as session:
        schedules.settle(session, dt.date.fromisoformat(later))
    browser.post(f"{other}/restore")
    browser.post(f"{PAGE}/retire", {"replaced_by": BARE.code})
    back = browser.post(f"{other}/undo", {"version": "3"})
    assert back.status_code == 409
    assert "thay vòng" in back.text


def test_an_import_keeps_what_staff_set_unless_told_otherwise(office: Office) -> None:
    keep(office, KITE)
    browser = office.browser("editor")
    browser.post(f"{PAGE}/edit", form(browser, name="Tên do cán bộ đặt", sector="Diều"))
    file = (
        f'- code: "{KITE.code}"\n  name: Tên trong tệp\n  sector: Tệp\n  source: Nguồn thử nghiệm\n'
        "  crawl_date: 2026-11-01\n"
    )
    preview = upload(browser, file)
    assert "Sẽ ghi đè sửa đổi của cán bộ" in preview.text
    boxes = re.findall(r'name="overwrite" value="([^"]*)"', preview.text)
    assert boxes == [f"{KITE.code}|name", f"{KITE.code}|sector"]
    confirm(browser, preview)
    assert (stored(office).name, stored(office).sector) == ("Tên do cán bộ đặt", "Diều")
    assert stored(office).crawl_date == dt.date(2026, 11, 1)
    again = upload(browser, file)
    token = re.search(r'name="token" value="([^"]*)"', again.text)
    assert token
    browser.post("/admin/import/confirm", {"token": token[1], "overwrite": boxes[1]})
    assert (stored(office).name, stored(office).sector) == ("Tên do cán bộ đặt", "Tệp")


@only_sqlite
def test_a_fee_that_staff_set_outlives_a_file_without_that_way_of_applying(office: Office) -> None:
    keep(office, KITE)
    browser = office.browser("editor")
    browser.post(f"{PAGE}/edit", form(browser, **{FEE: "35.000"}))
    confirm(
        browser, upload(browser, f'- code: "{KITE.code}"\n  name: A\n  sector: B\n  source: C\n')
    )
    assert stored(office).name == "A"
    assert fee(office) == 35_000


def test_an_import_does_not_bring_back_what_staff_retired(office: Office) -> None:
    keep(office, KITE)
    browser = office.browser("editor")
    browser.post(f"{PAGE}/retire", {})
    file = f'- code: "{KITE.code}"\n  name: Tên mới\n  sector: Tệp\n  source: Nguồn\n'
    preview = upload(browser, file)
    assert f'value="{KITE.code}|active"' in preview.text
    confirm(browser, preview)
    with session_scope(office.sessions) as session:
        assert catalogue.get(session, KITE.code) is None


@only_sqlite
@pytest.mark.parametrize("role", ["auditor", "agent"])
def test_who_may_not_write_is_kept_out(office: Office, role: str) -> None:
    keep(office, KITE)
    browser = office.browser(role)
    for path in ("edit", "retire", "undo", "restore", "planned/1/cancel"):
        assert browser.post(f"{PAGE}/{path}", {"version": "1"}).status_code == 403
    forged = office.browser("editor").client.post(f"{PAGE}/restore", data={})
    assert forged.status_code == 400
