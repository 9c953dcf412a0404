"""/admin/analytics: the page of figures and its files."""

from __future__ import annotations

import csv
import io
import re

import pytest
from openpyxl import load_workbook

from bot.database import session_scope
from bot.services.analytics import words
from tests.consoles import Browser, Office
from tests.services.analytics.world import SCRIPT, fill

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
FORTNIGHT = "period=custom&from=2026-11-02&to=2026-11-15"


@pytest.fixture
def auditor(office: Office) -> Browser:
    """An auditor, in an office where the hand-made world happened."""
    with session_scope(office.sessions) as session:
        fill(session)
    return office.browser("auditor")


def csv_rows(browser: Browser, query: str = FORTNIGHT) -> list[list[str]]:
    file = browser.get(f"/admin/analytics.csv?{query}")
    assert file.data.startswith(b"\xef\xbb\xbf")  # by this Excel knows UTF-8
    return list(csv.reader(io.StringIO(file.data.decode("utf-8-sig"))))


def test_the_page_shows_each_figure_with_its_definition_and_each_table(auditor: Browser) -> None:
    page = auditor.get(f"/admin/analytics?{FORTNIGHT}").text
    for name, _, _, means in words.TILES.values():
        assert name in page
        assert means in page
    for title, _, _ in words.TABLES.values():
        assert f"<h2>{title}</h2>" in page
    assert re.search(r"50,0 <small>%</small>", page)
    assert "02/11/2026" in page
    assert "19/10/2026–01/11/2026" in page


def test_what_citizens_said_is_shown_escaped_and_nobody_is_named(auditor: Browser) -> None:
    page = auditor.get(f"/admin/analytics?{FORTNIGHT}").text
    assert SCRIPT.replace("'", "&#39;") in page
    assert SCRIPT not in page
    everything = page + str(csv_rows(auditor))
    assert "chỉ một người nói" not in everything
    assert "câu của người dân" not in everything
    assert "H02" not in everything


def test_a_formula_in_a_citizens_words_stays_text_in_both_files(auditor: Browser) -> None:
    assert [f"'{SCRIPT}", "2"] in csv_rows(auditor)
    assert not [cell for row in csv_rows(auditor) for cell in row if re.match(r"[=+\-@\t\r]", cell)]
    file = auditor.get(f"/admin/analytics.xlsx?{FORTNIGHT}")
    book = load_workbook(io.BytesIO(file.data))
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
    assert [cell.data_type for cell in cells if cell.value == SCRIPT] == ["s"]
    assert "f" not in {cell.data_type for cell in cells}


def test_both_files_hold_every_table_and_are_named_after_the_period(auditor: Browser) -> None:
    file = auditor.get(f"/admin/analytics.xlsx?{FORTNIGHT}")
    assert "so-lieu_2026-11-02_2026-11-15.xlsx" in file.headers["Content-Disposition"]
    book = load_workbook(io.BytesIO(file.data))
    assert len(book.sheetnames) == 1 + len(words.TABLES)
    figures = {row[0]: row[1] for row in book.worksheets[0].iter_rows(values_only=True)}
    assert figures["Hội thoại"] == 4
    assert figures["Trợ lý tự giải quyết"] == 50
    titles = [row[0] for row in csv_rows(auditor) if len(row) == 1]
    assert titles[1:] == [title for title, _, _ in words.TABLES.values()]


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("period=custom&from=2026-11-05&to=2026-11-02", "đổi lại hai ngày"),
        ("period=custom&from=&to=", "chưa đúng"),
        ("period=custom&from='%20OR%201=1&to=2026-11-02", "chưa đúng"),
    ],
)
def test_days_that_make_no_period_are_told_and_the_form_keeps_what_was_chosen(
    auditor: Browser, query: str, said: str
) -> None:
    answer = auditor.get(f"/admin/analytics?{query}&channel=web")
    assert answer.status_code == 400
    assert said in answer.text
    assert '<option value="web" selected>' in answer.text
    assert auditor.get(f"/admin/analytics.csv?{query}").status_code == 400


def test_a_filter_that_is_none_narrows_nothing(auditor: Browser) -> None:
    bogus = f"{FORTNIGHT}&channel=sms&department=x&commune=../etc"
    assert csv_rows(auditor, bogus) == csv_rows(auditor)


def test_nothing_at_all_is_told_plainly(office: Office) -> None:
    page = office.browser("editor").get("/admin/analytics").text
    assert "Chưa có hội thoại nào" in page
    assert 'class="tiles"' not in page
