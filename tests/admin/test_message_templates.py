"""Template messages as admins register them."""

from __future__ import annotations

from typing import Any

import pytest

from bot.services import message_templates
from bot.services.message_templates import Param, Template
from tests.consoles import Office

only_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
LIST, NEW = "/admin/templates", "/admin/templates/new"
FORM: dict[str, Any] = {
    "template_id": "310002",
    "name": "Mời nhận kết quả",
    "body": "Hồ sơ {ma_ho_so} của {ho_ten} đã có kết quả.",
    "param_name": ["ma_ho_so", "ho_ten", ""],
    "param_limit": ["30", "60", ""],
    "param_field": ["case.code", "", ""],
    "daytime_only": "yes",
    "active": "yes",
}


def every(office: Office) -> list[Template]:
    with office.sessions() as session:
        return message_templates.listed(session)


def test_an_admin_registers_one_and_switches_it_off(office: Office) -> None:
    admin = office.browser("admin", name="Lê Hoa")
    page = admin.post(NEW, FORM, follow_redirects=True).text
    for said in ("Mời nhận kết quả", "310002", "ma_ho_so ≤ 30", "Chỉ gửi 6:00–22:00", "Lê Hoa"):
        assert said in page
    [made] = every(office)
    assert made.params == (Param("ma_ho_so", 30, "case.code"), Param("ho_ten", 60))
    form = admin.get(f"{LIST}/{made.id}").text
    assert 'value="ho_ten"' in form
    off = {k: v for k, v in FORM.items() if k not in ("active", "daytime_only")}
    admin.post(f"{LIST}/{made.id}", off)
    [made] = every(office)
    assert (made.active, made.daytime_only) == (False, False)
    saved = [entry for entry in office.trail() if entry[0] == "template_saved"]
    assert saved == [("template_saved", str(made.id))] * 2


@only_sqlite
@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"template_id": "31a"}, "Mã mẫu là dãy số"),
        ({"template_id": "9"}, "đã được đăng ký"),
        ({"name": " "}, "Tên mẫu cần có"),
        ({"name": "x" * 101}, "Tên mẫu cần có"),
        ({"body": ""}, "Nội dung cần có"),
        ({"body": "{ma_ho_so} {ho_ten} {la}"}, "Nội dung có “{la}”"),
        ({"body": "chỉ {ma_ho_so}"}, "“ho_ten” chưa có trong nội dung"),
        ({"param_name": ["mã", "ho_ten"]}, "Tên tham số “mã” chưa đúng"),
        ({"param_name": ["ho_ten", "ho_ten"]}, "trùng tên"),
        ({"param_name": ["", ""], "body": "không có"}, "từ 1 đến 20 tham số"),
        ({"param_limit": ["0", "60"]}, "Độ dài tối đa của “ma_ho_so”"),
        ({"param_limit": ["nhiều", "60"]}, "Độ dài tối đa của “ma_ho_so”"),
        ({"param_limit": ["401", "60"]}, "Độ dài tối đa của “ma_ho_so”"),
        ({"param_field": ["citizen.phone", ""]}, "Không có trường tự điền"),
    ],
)
def test_what_cannot_be_kept_is_said_and_nothing_is_lost(
    office: Office, changed: dict[str, Any], said: str
) -> None:
    admin = office.browser("admin")
    admin.post(NEW, FORM | {"template_id": "9"})
    answer = admin.post(NEW, FORM | changed)
    assert answer.status_code == 422
    assert said in answer.text
    kept = {"name": "Mời nhận kết quả"} | changed
    assert str(kept["name"]).strip() in answer.text
    assert len(every(office)) == 1


@only_sqlite
def test_a_text_copied_from_the_platform_is_understood(office: Office) -> None:
    copied = {"body": "Hồ sơ <ma_ho_so> của <ho_ten> đã có kết quả."}
    office.browser("admin").post(NEW, FORM | copied)
    assert every(office)[0].body == FORM["body"]


@only_sqlite
def test_markup_is_shown_as_text(office: Office) -> None:
    admin = office.browser("admin")
    script = "<script>alert('x')</script>"
    admin.post(NEW, FORM | {"name": script, "body": f"{script} {{ma_ho_so}} {{ho_ten}}"})
    [made] = every(office)
    for page in (LIST, f"{LIST}/{made.id}"):
        assert script not in admin.get(page).text


@only_sqlite
def test_a_value_is_never_read_for_parameters_again(office: Office) -> None:
    office.browser("admin").post(NEW, FORM)
    [made] = every(office)
    values = {"ma_ho_so": "{ho_ten}", "ho_ten": "An"}
    assert made.text(values) == "Hồ sơ {ho_ten} của An đã có kết quả."


@only_sqlite
def test_an_auditor_reads_without_buttons(office: Office) -> None:
    office.browser("admin").post(NEW, FORM)
    page = office.browser("auditor").get(LIST).text
    assert "Mời nhận kết quả" in page
    assert NEW not in page
