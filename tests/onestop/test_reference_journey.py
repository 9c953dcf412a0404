"""From the reference database to the follower's message, through real databases on both sides."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest
from sqlalchemy.orm import Session, sessionmaker

from bot.database import session_scope
from bot.errors import CaseNotShown
from bot.onestop import Cases, load
from bot.services import cases
from simulator.onestop.command import main
from tests.onestop.invented import CODE, NOW

LATER = NOW + dt.timedelta(hours=2)


def changed(session: Session, onestop: Cases) -> list[cases.CaseChange]:
    looks = cases.look(onestop, cases.longest_unseen(session, 100))
    return cases.note(session, looks, LATER)


def test_a_citizen_proves_sees_follows_and_hears(
    sessions: sessionmaker[Session], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    url, config = f"sqlite:///{tmp_path / 'onestop.db'}", tmp_path / "onestop.yml"
    fixed = ["--database-url", url, "--today", "2026-11-24"]
    main([*fixed, "--cases", "100", "--config-out", str(config), "--sample", "1"])
    known = json.loads(capsys.readouterr().out)
    onestop = load(config)

    def look_up(session: Session, fact: str, message: str) -> cases.CaseView:
        return cases.look_up(
            session,
            onestop,
            conversation_id=17,
            code=known["code"],
            second_fact=fact,
            message_id=message,
            now=NOW,
        )

    assert known["code"] == CODE
    with pytest.raises(CaseNotShown), session_scope(sessions) as session:
        look_up(session, "0000", "m1")
    with session_scope(sessions) as session:
        response, values = cases.describe(look_up(session, known["id_last4"], "m2"), NOW)
        assert response == "utter_case_papers_missing"
        assert "- " in values["todo"]
        assert "còn 8 ngày làm việc" in values["due_line"]
        assert cases.follow(session, 17, CODE, "m3", NOW) == "started"
    with session_scope(sessions) as session:
        assert changed(session, onestop) == []
    main([*fixed, "--advance", "1", "--code", CODE])
    with session_scope(sessions) as session:
        (change,) = changed(session, onestop)
        assert "đang được xử lý" in change.text
    with session_scope(sessions) as session:
        assert changed(session, onestop) == []
