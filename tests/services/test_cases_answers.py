"""What a citizen reads about a case: the right response, whole sentences, right numbers."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
import yaml

from bot.onestop import FeeDue
from bot.services import case_answers
from bot.services.case_answers import STATUS_RESPONSES, describe, mask_name, render, view
from tests.onestop.invented import NOW, a_case


def told(now: dt.datetime = NOW, **changes: Any) -> str:
    response, values = describe(view(a_case(**changes)), now)
    return render(response, values)


@pytest.mark.parametrize("status", range(11))
def test_every_status_has_an_answer_without_gaps(status: int) -> None:
    bare = a_case(
        status=status, procedure_name="", procedure_code="", received=None, due=None,
        finished=None, office="", applicant="", collect_place="", collect_hours="",
    )  # fmt: skip
    for case in (a_case(status=status), bare):
        response, values = describe(view(case), NOW)
        text = render(response, values)
        assert response == STATUS_RESPONSES[status]
        assert "{" not in text
        assert "None" not in text
        assert ": ." not in text
        assert values["status"] in text


def test_every_response_to_a_status_exists_and_no_other_does() -> None:
    with case_answers.RESPONSES.open(encoding="utf-8") as file:
        written = set(yaml.safe_load(file)["responses"])
    assert set(STATUS_RESPONSES.values()) < written
    assert {r for r in written if r.startswith("utter_case_")} == {
        *STATUS_RESPONSES.values(),
        "utter_case_changed",
    }


@pytest.mark.parametrize(
    ("due", "said"),
    [
        (dt.date(2026, 11, 27), "27/11/2026, còn 3 ngày làm việc."),
        (dt.date(2026, 11, 24), "hôm nay, 24/11/2026."),
        (dt.date(2026, 11, 20), "20/11/2026, đã quá hạn 2 ngày làm việc."),
        (dt.date(2026, 12, 1), "01/12/2026, còn 5 ngày làm việc."),
        (None, "chưa ghi trong hệ thống."),
    ],
)
def test_the_due_date_is_told_in_working_days(due: dt.date | None, said: str) -> None:
    assert said in told(due=due)


def test_a_late_case_says_whom_to_ask() -> None:
    assert "hỏi Bộ phận Đăng ký đất đai lý do" in told(due=dt.date(2026, 11, 20))
    assert "chưa phải làm gì thêm" in told(due=dt.date(2026, 11, 27))


def test_on_a_saturday_a_friday_s_due_date_is_past_but_no_working_day_late() -> None:
    saturday = dt.datetime(2026, 11, 28, 3, tzinfo=dt.timezone.utc)
    assert "27/11/2026, đã qua ngày hẹn." in told(saturday)


def test_the_day_is_counted_in_vietnam() -> None:
    late_evening_utc = dt.datetime(2026, 11, 23, 17, 30, tzinfo=dt.timezone.utc)
    assert "hôm nay, 24/11/2026." in told(late_evening_utc, due=dt.date(2026, 11, 24))


def test_missing_papers_are_listed() -> None:
    text = told(status=5, missing_papers=("Giấy báo tử", "Bản sao căn cước"))
    assert "- Giấy báo tử\n- Bản sao căn cước" in text


def test_missing_papers_that_nobody_wrote_down_are_not_invented() -> None:
    assert "chưa ghi rõ cần bổ sung giấy tờ nào" in told(status=5)


def test_the_fee_to_pay_is_added_up_and_says_how() -> None:
    fees = (FeeDue(2_450_000, "Chuyển khoản."), FeeDue(100_000, "Chuyển khoản"))
    text = told(status=6, fees=fees)
    assert "2.550.000 đồng" in text
    assert text.count("Cách nộp: Chuyển khoản.") == 1


def test_an_unknown_fee_is_not_free() -> None:
    assert "chưa ghi số tiền" in told(status=6)


def test_a_finished_case_says_where_and_when_to_collect() -> None:
    text = told(status=9, finished=dt.date(2026, 11, 23))
    assert "Có kết quả từ ngày 23/11/2026." in text
    assert "Trung tâm Phục vụ hành chính công" in text
    assert "Thứ Hai đến thứ Sáu" in text


def test_a_finished_case_is_never_overdue() -> None:
    text = told(status=9, due=dt.date(2026, 11, 2), finished=None)
    assert "quá hạn" not in text


def test_answers_fit_one_message() -> None:
    papers = tuple(f"Giấy tờ số {n} kèm theo hồ sơ của người nộp" for n in range(10))
    assert len(told(status=5, missing_papers=papers)) < 2000


@pytest.mark.parametrize(
    ("name", "masked"),
    [
        ("Nguyễn Văn An", "Nguyễn V*** A***"),
        ("Trần Thị Hà", "Trần T*** H***"),
        ("Nguye\u0302\u0303n \u0110ức", "Nguyễn Đ***"),
        ("An", "A***"),
        ("  Lê   Hà ", "Lê H***"),
        ("", ""),
    ],
)
def test_names_are_masked(name: str, masked: str) -> None:
    assert mask_name(name) == masked
