"""search(session, text) over a real database: kinds, the cache, threads, hostile text."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.orm import Session, sessionmaker

from bot.catalogue.records import ProcedureRecord
from bot.database import Base, make_engine, make_sessions
from bot.services import catalogue, procedures
from bot.services.procedures import NOTHING, ONE, SEVERAL, UNKNOWN, search
from bot.services.search.engine import CHECK_EVERY, EngineCache

NAMES = {
    "1.000894": "Thủ tục đăng ký kết hôn",
    "2.000806": "Thủ tục đăng ký kết hôn có yếu tố nước ngoài",
    "1.000656": "Thủ tục đăng ký khai tử",
    "1.014063": "Cấp đổi thẻ căn cước",
    "1.014064": "Cấp lại thẻ căn cước",
    "1.004194": "Đăng ký tạm trú",
    "1.004756": "Cấp Chứng chỉ hành nghề thú y",
    "9.000001": "Cấp giấy chứng nhận nuôi chim yến trong nhà",
}


def record(code: str, name: str) -> ProcedureRecord:
    """A minimal record of the catalogue."""
    return ProcedureRecord(
        code=code,
        name=name,
        sector="Thử nghiệm",
        source="Kiểm thử",
        crawl_date=dt.date(2026, 7, 1),
        levels=("Cấp xã",),
    )


@pytest.fixture
def filled(tmp_path: Path) -> Iterator[sessionmaker[Session]]:
    """A database with a few procedures; its own file, so that no other test's engine is reused."""
    engine = make_engine(f"sqlite:///{tmp_path / 'search.db'}")
    Base.metadata.create_all(engine)
    sessions = make_sessions(engine)
    with sessions() as session:
        for code, name in NAMES.items():
            catalogue.upsert(session, record(code, name))
        session.commit()
    yield sessions
    engine.dispose()


@pytest.mark.parametrize(
    ("text", "kind", "first"),
    [
        ("đăng ký kết hôn cần giấy tờ gì", ONE, "1.000894"),
        ("dang ky ket hon can gi", ONE, "1.000894"),
        ("lấy chồng Hàn Quốc thì đăng ký kết hôn sao", ONE, "2.000806"),
        ("bị mất cccd lm lại ntn", ONE, "1.014064"),
        ("ông cụ vừa mất, khai tử ở đâu", ONE, "1.000656"),
        ("làm căn cước", SEVERAL, "1.014063"),
        ("giấy chứng nhận nuôi chim yến trong nhà", ONE, "9.000001"),
        ("trợ cấp thất nghiệp", UNKNOWN, None),
        ("đổi bằng lái xe", UNKNOWN, None),
        ("thế lệ phí bao nhiêu", NOTHING, None),
        ("", NOTHING, None),
    ],
)
def test_a_message_is_answered_offered_or_told_honestly(
    filled: sessionmaker[Session], text: str, kind: str, first: str | None
) -> None:
    with filled() as session:
        result = search(session, text)
    assert result.kind == kind
    if first is not None:
        assert result.matches[0].code == first


def test_scores_lie_between_0_and_1_and_fall(filled: sessionmaker[Session]) -> None:
    with filled() as session:
        scores = [match.score for match in search(session, "làm lại căn cước").matches]
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1 for score in scores)


def test_choices_are_told_apart_by_short_labels(filled: sessionmaker[Session]) -> None:
    with filled() as session:
        labels = [match.label for match in search(session, "làm căn cước").matches[:2]]
    assert len(set(labels)) == 2
    assert all(0 < len(label) <= 60 for label in labels)


def test_no_more_matches_than_asked_for(filled: sessionmaker[Session]) -> None:
    with filled() as session:
        assert len(search(session, "đăng ký kết hôn", limit=1).matches) == 1


@pytest.mark.parametrize(
    "text",
    [
        "a" * 10_000,
        "đăng ký " * 2_000,
        "'; DROP TABLE procedures; --",
        '/show{"verified":"true"}',
        "\x00\x01\x02",
        "🙂" * 500,
        "đăng ký kết hôn",
    ],
)
def test_hostile_text_is_only_text(filled: sessionmaker[Session], text: str) -> None:
    with filled() as session:
        assert search(session, text).kind in (ONE, SEVERAL, UNKNOWN, NOTHING)


def test_an_empty_catalogue_answers_nothing_and_breaks_nothing(session: Session) -> None:
    assert search(session, "đăng ký kết hôn").kind in (UNKNOWN, NOTHING)


def test_a_new_procedure_is_found_once_the_catalogue_is_looked_at_again(
    filled: sessionmaker[Session],
) -> None:
    now = [0.0]
    cache = EngineCache(clock=lambda: now[0])
    with filled() as session:
        before = cache.get(session)
        catalogue.upsert(session, record("9.000002", "Đăng ký nuôi ong mật"))
        session.commit()
        assert cache.get(session) is before, "looked at the version before its time"
        now[0] += CHECK_EVERY + 0.1
        after = cache.get(session)
        assert "9.000002" in after.index.place
        now[0] += CHECK_EVERY + 0.1
        assert cache.get(session) is after, "rebuilt though nothing changed"


def test_many_threads_share_one_engine(filled: sessionmaker[Session]) -> None:
    kinds: list[str] = []

    def ask() -> None:
        with filled() as session:
            for _ in range(20):
                kinds.append(procedures.search(session, "đăng ký tạm trú").kind)

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert kinds == [ONE] * 120
