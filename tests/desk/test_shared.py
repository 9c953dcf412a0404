"""What citizens shared and tapped, as the help desk sees it."""

from __future__ import annotations

import pytest

from tests.consoles import Office

only_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
SCRIPT = "<script>alert('x')</script>"


@only_sqlite
def test_contact_details_are_shown_on_the_page_whose_viewing_is_noted(office: Office) -> None:
    citizen = office.citizen()
    info = {"name": "Nguyễn Văn An", "phone": "84912345678", "address": "Kinh Bắc, Bắc Ninh"}
    office.says(citizen, "", kind="submit_info", content={"info": info})
    page = office.browser("agent").get(f"/desk/conversations/{citizen}")
    for shared in info.values():
        assert shared in page.text
    assert "Gửi thông tin liên hệ" in page.text
    assert ("view_conversation", str(citizen)) in office.trail()
    lists = office.browser("agent").get("/desk/")
    assert "84912345678" not in lists.text


@only_sqlite
@pytest.mark.parametrize(
    ("icon", "shown"),
    [
        ("/-heart", "Người dân yêu thích tin này"),
        (":-h", "Người dân bực mình với tin này"),
        ("/-rose", "Người dân bày tỏ cảm xúc với tin này"),
    ],
)
def test_a_reaction_is_a_small_mark_under_our_message(
    office: Office, icon: str, shown: str
) -> None:
    citizen = office.citizen()
    office.says(citizen, "chào bạn", direction="out", state="sent", reaction=icon)
    office.says(citizen, "không có gì", direction="out", state="sent")
    page = office.browser("agent").get(f"/desk/conversations/{citizen}").text
    assert page.count('class="reaction"') == 1
    assert f'aria-label="{shown}"' in page


@only_sqlite
def test_script_in_what_was_shared_is_text(office: Office) -> None:
    citizen = office.citizen()
    info = {"name": SCRIPT, "phone": SCRIPT, "address": SCRIPT}
    office.says(citizen, "", kind="submit_info", content={"info": info})
    office.says(citizen, "a", direction="out", state="sent", reaction="<b onclick=x()>")
    page = office.browser("agent").get(f"/desk/conversations/{citizen}").text
    assert SCRIPT not in page
    assert "<b onclick" not in page
