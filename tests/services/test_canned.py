"""Canned replies: their fields say what the catalogue says now, and whose they are."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from bot.catalogue.records import Document, DocumentGroup, Fee, Method, ProcedureRecord
from bot.database import utcnow
from bot.errors import CannedError
from bot.models.canned import CannedReply
from bot.models.desks import Desk, DeskMember
from bot.models.staff import Staff
from bot.services import audit, canned, canned_fields, catalogue, desks
from bot.services.canned import Context
from bot.services.case_answers import CaseView
from bot.services.staff import Member

CODE = "1.000001"


def record(**values: Any) -> ProcedureRecord:
    usual: dict[str, Any] = {
        "code": CODE,
        "name": "Thủ tục đăng ký khai sinh",
        "sector": "Hộ tịch",
        "source": "Cổng Dịch vụ công quốc gia",
        "crawl_date": dt.date(2026, 7, 1),
        "levels": ("Cấp xã",),
        "methods": (Method("in_person", 3, "working_day", fees=(Fee(15_000),)),),
        "document_groups": (DocumentGroup((Document("Giấy chứng sinh"),)),),
    }
    return ProcedureRecord(**{**usual, **values})


def case(status: int = 4) -> CaseView:
    return CaseView(
        code="H02.15-260114-0032",
        status=status,
        procedure_name="Khai sinh",
        procedure_code=CODE,
        applicant="Nguyễn V***",
        received=None,
        due=None,
        finished=None,
        office="",
        missing_papers=(),
        fees=(),
        collect_place="",
        collect_hours="",
        commune="",
    )


WHOLE = Context(
    procedure_code=CODE,
    case_code="H02.15-260114-0032",
    case=case(),
    citizen_name="Nguyễn Văn An",
    agent_name="Trần Thị Bình",
)


def fill(session: Session, body: str, context: Context = WHOLE) -> canned.Filled:
    if catalogue.get(session, CODE) is None:
        catalogue.upsert(session, record())
    return canned.fill(session, body, context)


@pytest.mark.parametrize(
    ("field", "said"),
    [
        ("procedure.name", "Đăng ký khai sinh"),
        ("procedure.fee", "15.000 đồng"),
        ("procedure.time", "3 ngày làm việc"),
        ("procedure.documents", "1. Giấy chứng sinh"),
        ("procedure.source", "Nguồn: Cổng Dịch vụ công quốc gia"),
        ("case.code", "H02.15-260114-0032"),
        ("case.status", "đang"),
        ("citizen.name", "Nguyễn Văn An"),
        ("agent.name", "Trần Thị Bình"),
    ],
)
@pytest.mark.parametrize("written", ["{{%s}}", "{{ %s }}"])
def test_a_field_says_what_is_known_now(
    session: Session, field: str, said: str, written: str
) -> None:
    filled = fill(session, f"Dạ, {written % field} ạ.")
    assert said in filled.text
    assert filled.text.startswith("Dạ, ")
    assert filled.text.endswith(" ạ.")
    assert filled.missing == ()
    assert canned.gaps(filled.text) == ()


def test_a_change_of_the_catalogue_is_in_the_next_insertion(session: Session) -> None:
    assert "15.000" in fill(session, "{{procedure.fee}}").text
    catalogue.upsert(session, record(methods=(Method("in_person", 3, "day", fees=(Fee(20_000),)),)))
    assert "20.000" in fill(session, "{{procedure.fee}}").text


@pytest.mark.parametrize(
    ("field", "label"),
    [(field, label) for field, label in canned_fields.NAMES.items()],
)
def test_what_is_not_known_leaves_a_gap_that_cannot_be_sent(
    session: Session, field: str, label: str
) -> None:
    filled = fill(session, f"Dạ {{{{{field}}}}} ạ", Context())
    assert filled == canned.Filled(f"Dạ [còn thiếu: {label}] ạ", (label,))
    assert canned.gaps(filled.text) == (label,)


@pytest.mark.parametrize("field", ["procedure.fee", "procedure.time", "procedure.documents"])
def test_a_record_that_does_not_say_leaves_a_gap_and_is_never_free(
    session: Session, field: str
) -> None:
    catalogue.upsert(session, record(methods=(Method("online", 3, ""),), document_groups=()))
    filled = fill(session, f"{{{{{field}}}}}")
    assert filled.missing == (canned_fields.NAMES[field],)
    assert "Dữ liệu hiện có" not in filled.text


def test_a_status_is_told_only_with_the_case_in_hand(session: Session) -> None:
    context = Context(case_code="H02.15-260114-0032")
    assert fill(session, "{{case.code}}", context).missing == ()
    assert fill(session, "{{case.status}}", context).missing == ("tình trạng hồ sơ",)


def test_a_sample_address_fills_nothing(session: Session) -> None:
    context = Context(procedure_code=CODE, commune_code="07210")
    assert fill(session, "{{office.address}}", context).missing == ("địa chỉ nơi nộp",)


@pytest.mark.parametrize(
    "body",
    [
        "{{citizen.password}}",
        "{{ citizen.__class__ }}",
        "{{7*7}}",
        "{{procedure}}",
        "{{Citizen.Name}}",
        "{{",
        "a }} b",
        "{{ {{citizen.name}} }}",
        "{{citizen.name}",
        "{{.}}",
        "{{a.b.c}}",
    ],
)
def test_what_is_no_field_never_reaches_a_citizen_as_braces(session: Session, body: str) -> None:
    filled = fill(session, body)
    assert filled.missing
    assert canned.gaps(filled.text)
    assert canned.gaps(body)
    assert canned_fields.problems(body)
    assert "{{" not in filled.text.replace(canned_fields.BAD_BRACES, "")


def test_a_name_is_never_read_for_fields(session: Session) -> None:
    filled = fill(session, "Chào {{citizen.name}}", Context(citizen_name="{{agent.name}}"))
    assert filled.text == "Chào {{agent.name}}"
    assert canned.gaps(filled.text) == ("tên cán bộ",)


@pytest.mark.parametrize("text", ["Chào bạn", "{ } [x]", "còn thiếu giấy khai sinh", ""])
def test_plain_words_may_be_sent(text: str) -> None:
    assert canned.gaps(text) == ()


def hire(session: Session, name: str, role: str = "agent", *desk_codes: str) -> Member:
    row = Staff(email=f"{name}@example.vn", name=name, role=role, password_hash="x")
    session.add(row)
    session.flush()
    for code in desk_codes:
        desk = session.execute(select(Desk.id).where(Desk.code == code)).scalar_one()
        session.add(DeskMember(desk_id=desk, staff_id=row.id))
    session.flush()
    return Member(row.id, row.email, row.name, row.role)


def save(session: Session, who: Member, title: str = "Chào", **values: Any) -> int:
    given = {"body": "Chào {{citizen.name}}", "shared": False, **values}
    made = canned.save(session, who, title=title, **given)
    assert made is not None
    return made


def titles(session: Session, who: Member) -> list[str]:
    return [row.title for row in canned.listed(session, who, 1).rows]


def test_personal_ones_are_seen_and_changed_by_their_owner_only(session: Session) -> None:
    an, binh = hire(session, "an"), hire(session, "bình", "admin")
    mine = save(session, an, "Của An")
    assert titles(session, an) == ["Của An"]
    assert titles(session, binh) == []
    assert canned.get(session, binh, mine) is None
    changed = canned.save(session, binh, title="x", body="x", shared=False, canned_id=mine)
    assert changed is None
    assert not canned.remove(session, binh, mine)
    assert canned.remove(session, an, mine)
    assert titles(session, an) == []


def test_shared_ones_are_changed_by_admins_and_editors_only(session: Session) -> None:
    an, editor = hire(session, "an"), hire(session, "bình", "editor")
    shared = save(session, editor, "Chung", shared=True)
    found = canned.get(session, an, shared)
    assert found is not None
    assert (found.shared, found.may_change) == (True, False)
    assert canned.save(session, an, title="x", body="x", shared=False, canned_id=shared) is None
    assert not canned.remove(session, an, shared)
    with pytest.raises(CannedError, match="dùng chung"):
        save(session, an, shared=True)
    assert save(session, hire(session, "chi", "admin"), "Mới", shared=True, canned_id=shared)
    assert titles(session, an) == ["Mới"]


def test_what_is_shared_with_one_desk_is_seen_at_that_desk(session: Session) -> None:
    desks.seed(session)
    an = hire(session, "an", "agent", "07228")
    binh, editor = hire(session, "bình"), hire(session, "chi", "editor")
    desk = session.execute(select(Desk.id).where(Desk.code == "07228")).scalar_one()
    save(session, editor, "Đa Mai", shared=True, desk_id=desk)
    assert titles(session, an) == titles(session, editor) == ["Đa Mai"]
    assert titles(session, binh) == []


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"title": "  "}, "Tên cần"),
        ({"title": "x" * 101}, "Tên cần"),
        ({"body": " \n"}, "Nội dung cần"),
        ({"body": "x" * 2001}, "Nội dung cần"),
        ({"body": "Chào {{citizen.nmae}}"}, r"Không có trường \{\{citizen.nmae\}\}"),
        ({"body": "Chào {{"}, "Không có trường"),
        ({"shared": True, "desk_id": 999}, "bàn trực"),
    ],
)
def test_what_cannot_be_kept_is_told(session: Session, values: dict[str, Any], said: str) -> None:
    with pytest.raises(CannedError, match=said):
        save(session, hire(session, "an", "admin"), **{"title": "Chào", **values})
    assert session.execute(select(CannedReply.id)).all() == []


def test_five_hundred_are_paged_and_searched_without_diacritics(session: Session) -> None:
    an = hire(session, "an")
    now = utcnow()
    rows = [
        {
            "staff_id": an.id,
            "title": f"Câu số {n:03}",
            "body": "Giấy khai sinh" if n == 499 else "Chào",
            "updated_at": now,
            "updated_by": an.id,
        }
        for n in range(500)
    ]
    session.execute(insert(CannedReply), rows)
    assert canned.listed(session, an, 10).last == 10
    assert [row.title for row in canned.choices(session, an, "giay KHAI")] == ["Câu số 499"]
    assert len(canned.choices(session, an)) == canned.CHOICES
    with pytest.raises(CannedError, match="tối đa"):
        save(session, an)
    assert save(session, an, canned_id=canned.choices(session, an)[0].id)


def test_changes_leave_their_trace_without_the_words(session: Session) -> None:
    an = hire(session, "an")
    made = save(session, an, "Bí mật")
    canned.remove(session, an, made)
    trail = audit.entries(session, 1).rows
    assert [row.action for row in trail] == ["canned_removed", "canned_saved"]
    assert "Bí mật" not in str(trail)
