"""A file becomes part of the catalogue only when somebody has seen what it does and says so."""

from __future__ import annotations

import io
import threading
import zipfile
from typing import Any

import pytest
from openpyxl import load_workbook
from werkzeug.test import TestResponse

from bot.admin import uploads
from bot.catalogue.xlsx import SHEETS
from bot.database import session_scope
from bot.services import catalogue
from tests.admin.test_catalogue import BARE, keep
from tests.consoles import Browser, Office, hidden

only_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
FILE = """\
- code: "9.000001"
  name: Đăng ký thả diều
  sector: Trò chơi
  source: Nguồn thử nghiệm
- code: "9.000009"
  name: Cấp thẻ diều
  sector: Trò chơi
  source: Nguồn thử nghiệm
"""


def upload(browser: Browser, content: str | bytes, name: str = "thử.yml") -> TestResponse:
    raw = content.encode() if isinstance(content, str) else content
    return browser.post("/admin/import", {"file": (io.BytesIO(raw), name)})


def codes(office: Office) -> list[str]:
    with session_scope(office.sessions) as session:
        return [record.code for record in catalogue.all_active(session)]


def left(office: Office) -> list[Any]:
    """What still lies in the folder of uploads."""
    folder = office.app.extensions["settings"].var_dir / "uploads"
    return list(folder.iterdir()) if folder.exists() else []


def confirm(browser: Browser, preview: TestResponse) -> TestResponse:
    return browser.post("/admin/import/confirm", {"token": hidden(preview, "token")})


def figures(page: TestResponse) -> list[str]:
    return [part.split("</dd>")[0] for part in page.text.split("<dd>")[1:]]


def test_a_preview_changes_nothing_and_its_confirmation_does(office: Office) -> None:
    browser = office.browser("editor")
    preview = upload(browser, FILE)
    assert figures(preview) == ["2", "2", "0", "0", "0"]
    assert codes(office) == []
    done = confirm(browser, preview)
    assert figures(done) == ["2", "2", "0", "0", "0"]
    assert codes(office) == ["9.000001", "9.000009"]
    assert left(office) == []
    assert [action for action, _ in office.trail()] == ["import_preview", "import"]


@pytest.mark.parametrize(
    "content",
    [FILE[:-20], '{"code":"9.1","name":"A"}\n{"code":"9.2","na', b"PK\x03\x04 half", "", b"\xff"],
    ids=["yaml", "jsonl", "xlsx", "empty", "binary"],
)
def test_half_a_file_changes_nothing_and_says_why(office: Office, content: str | bytes) -> None:
    keep(office, BARE)
    answer = upload(office.browser("editor"), content)
    assert answer.status_code == 422
    assert "Danh mục không thay đổi" in answer.text
    assert str(office.app.extensions["settings"].var_dir) not in answer.text
    assert codes(office) == [BARE.code]
    assert left(office) == []
    assert office.trail() == []


@only_sqlite
def test_rejected_records_are_listed_with_their_reasons(office: Office) -> None:
    preview = upload(office.browser("editor"), FILE + '- code: "9.000010"\n  name: <b>Thiếu</b>\n')
    assert figures(preview) == ["3", "2", "0", "0", "1"]
    assert "9.000010" in preview.text
    assert "bản ghi 3" in preview.text


@only_sqlite
def test_a_cancelled_file_is_gone(office: Office) -> None:
    browser = office.browser("editor")
    preview = upload(browser, FILE)
    assert len(left(office)) == 1
    browser.post("/admin/import/cancel", {"token": hidden(preview, "token")})
    assert left(office) == []
    assert "tải tệp lên lại" in confirm(browser, preview).text
    assert codes(office) == []


@only_sqlite
def test_a_confirmation_is_of_no_use_to_anybody_else(office: Office) -> None:
    preview = upload(office.browser("editor"), FILE)
    other = office.browser("editor", email="other@example.vn")
    assert confirm(other, preview).status_code == 422
    forged = other.post("/admin/import/confirm", {"token": "WzEsICIuLi8uLi8iXQ.x.y"})
    assert forged.status_code == 422
    assert codes(office) == []


@only_sqlite
def test_a_preview_of_a_catalogue_that_has_changed_since_is_not_confirmed(office: Office) -> None:
    browser = office.browser("editor")
    preview = upload(browser, FILE)
    keep(office, BARE)
    assert "vừa thay đổi" in confirm(browser, preview).text
    assert codes(office) == [BARE.code]
    assert left(office) == []


def test_a_file_confirmed_twice_at_once_is_imported_once(office: Office) -> None:
    browser = office.browser("editor")
    token = hidden(upload(browser, FILE), "token")
    with browser.client.session_transaction() as cookie:
        session = dict(cookie)
    answers: list[int] = []

    def press() -> None:
        client = office.app.test_client()
        with client.session_transaction() as own:
            own.update(session)
        answers.append(Browser(client).post("/admin/import/confirm", {"token": token}).status_code)

    threads = [threading.Thread(target=press) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [200, 422, 422, 422]
    assert [action for action, _ in office.trail()].count("import") == 1


@only_sqlite
def test_a_name_that_climbs_out_of_the_folder_does_not(office: Office) -> None:
    preview = upload(office.browser("editor"), FILE, name="../../../../etc/thủ tục.yml")
    [folder] = left(office)
    [file] = folder.iterdir()
    assert file.name == "etc_thu_tuc.yml"
    assert "etc_thu_tuc.yml" in preview.text


@only_sqlite
def test_a_file_that_would_unpack_to_too_much_is_refused(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as book, book.open("x", "w") as part:
        for _ in range(uploads.MAX_UNPACKED // 2**20 + 1):
            part.write(bytes(2**20))
    answer = upload(office.browser("editor"), packed.getvalue(), "to.xlsx")
    assert answer.status_code == 422
    assert "quá lớn" in answer.text
    assert left(office) == []


@only_sqlite
def test_more_than_the_largest_file_is_refused_unread(office: Office) -> None:
    browser = office.browser("editor")
    browser.csrf()
    answer = browser.client.post(
        "/admin/import",
        input_stream=io.BytesIO(b"--x"),
        content_type="multipart/form-data; boundary=x",
        environ_overrides={"CONTENT_LENGTH": str(70 * 2**20)},
    )
    assert answer.status_code == 413
    assert browser.client.post("/login", data={"email": "x" * 3 * 2**20}).status_code == 413


@only_sqlite
def test_a_national_file_larger_than_other_requests_is_taken(office: Office) -> None:
    large = FILE + "# " + "x" * 3 * 2**20 + "\n"
    assert upload(office.browser("editor"), large).status_code == 200


@only_sqlite
def test_the_template_can_be_downloaded_filled_in_and_imported(office: Office) -> None:
    browser = office.browser("editor")
    answer = browser.get("/admin/import/template.xlsx")
    assert "mau-thu-tuc.xlsx" in answer.headers["Content-Disposition"]
    assert set(SHEETS) <= set(load_workbook(io.BytesIO(answer.data)).sheetnames)
    preview = upload(browser, answer.data, "mẫu.xlsx")  # its example row is a whole record
    confirm(browser, preview)
    assert codes(office) == ["1.004194"]


@only_sqlite
@pytest.mark.parametrize("data", [{}, {"crawl_date": "hôm qua"}], ids=["no file", "no date"])
def test_an_incomplete_form_is_told_what_is_missing(office: Office, data: dict[str, str]) -> None:
    file = {"file": (io.BytesIO(FILE.encode()), "a.yml")} if data else {}
    answer = office.browser("editor").post("/admin/import", {**data, **file})
    assert answer.status_code == 422
    assert "chưa" in answer.text
    assert left(office) == []
