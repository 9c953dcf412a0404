"""Procedures that no saying knows are found by their names, however people type them."""

from __future__ import annotations

import pytest

from benchmarks.search_titles import judge, messages, sample, shares, without
from bot.services.procedures import ONE, SEVERAL, search_in
from bot.services.search.engine import Engine
from bot.services.search.sayings import load
from tests.services.search import national

SAMPLED = 100


def test_a_name_cut_short_moved_or_mistyped_finds_its_procedure() -> None:
    national.need(national.CRAWL)
    chosen = sample(national.entries(), SAMPLED)
    forgetful = without(load(), {e.code for e in chosen})
    engine = Engine.build(national.entries(), forgetful, phrasings=())
    found = shares([judge(engine, asked) for asked in messages(chosen, engine.index)])
    assert found.messages == 7 * SAMPLED
    assert found.top3 >= 0.95
    assert found.wrong <= 0.03


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("công nhận làng nghề truyền thống cần giấy tờ gì", "1.003727"),
        ("gia hạn chứng chỉ hành nghề thú y", "2.001064"),
        ("cap lai ma so dinh danh co so chan nuoi o dau", "1.014954"),
        ("xin phiếu lí lịch tư pháp", "3.000333"),
    ],
)
def test_a_typed_name_is_answered_with_its_record(said: str, code: str) -> None:
    national.need(national.CRAWL)
    result = search_in(national.engine(), said)
    assert (result.kind, result.matches[0].code) == (ONE, code)


@pytest.mark.parametrize(
    "said",
    [
        "em muốn làm lại bằng lái",
        "lam lai the can cuoc",
        "đăng ký kết hôn lại thì sao",
        "nhà em mới chuyển đến chỗ ở mới, khai báo công an thế nào",
        "mất hết giấy tờ giờ xin cấp lại ở đâu",
    ],
)
def test_words_that_fit_several_procedures_are_asked_back(said: str) -> None:
    national.need(national.CRAWL)
    assert search_in(national.engine(), said).kind == SEVERAL
