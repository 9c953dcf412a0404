"""How long the figures take with 1,000,000 messages, on SQLite.

Two sittings: the million is two years of a province and 30 days of them are counted; and the whole
million was written in 30 days (a busy national service). Each with the period before, as the page
counts it, and the whole page in the end.
"""

from __future__ import annotations

import datetime as dt
import random
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session, sessionmaker

import bot.models  # noqa: F401 - registers every table
from benchmarks.report import save, table
from bot.database import Base, make_engine, make_sessions, session_scope, utcnow
from bot.models.conversations import Conversation, Message
from bot.models.handoffs import Handoff
from bot.models.learning import ReviewItem
from bot.services.analytics import periods, report
from bot.services.analytics.scope import Scope
from bot.services.working_days import VIETNAM

MESSAGES, BATCH, ROUNDS = 1_000_000, 20_000, 3
PEOPLE, CODES, COMMUNES = 60_000, 400, 99
OUTCOMES = ("answered",) * 6 + ("offered", "asked", "refused", "other")


def fill(sessions: sessionmaker[Session], days: int) -> None:
    """A question and its answer, again and again, evenly over the days up to now."""
    now, dice = utcnow(), random.Random(7)
    with session_scope(sessions) as session:
        people = (
            {"id": n, "channel": "zalo", "channel_user_id": str(n), "created_at": now}
            for n in range(1, PEOPLE + 1)
        )
        _insert(session, Conversation, people)
        _insert(session, Message, _messages(now, days, dice))
        _insert(session, Handoff, _handoffs(now, days, dice))
        _insert(session, ReviewItem, _reviews(now, days, dice))


def _messages(now: dt.datetime, days: int, dice: random.Random) -> Iterator[dict[str, Any]]:
    step = dt.timedelta(days=days) / (MESSAGES // 2)
    for number in range(MESSAGES // 2):
        at = now - dt.timedelta(days=days) + number * step
        done = at + dt.timedelta(seconds=dice.lognormvariate(0, 0.8))
        outcome = dice.choice(OUTCOMES)
        code = f"1.{int(dice.paretovariate(0.5)) % CODES:06}"
        both = {"conversation_id": dice.randrange(PEOPLE) + 1, "channel": "zalo", "kind": "text"}
        yield {
            **both,
            "id": 2 * number + 1,
            "direction": "in",
            "text": "cho tôi hỏi thủ tục này cần những giấy tờ gì và nộp ở đâu ạ",
            "content": {},
            "state": "answered",
            "outcome": outcome,
            "procedures": [code] if outcome in ("answered", "offered") else [],
            "commune": f"{dice.randrange(COMMUNES):05}" if number % 3 else "",
            "reply_to_id": None,
            "occurred_at": at,
            "created_at": at,
            "finished_at": done,
        }
        yield {
            **both,
            "id": 2 * number + 2,
            "direction": "out",
            "text": "Bạn cần chuẩn bị: tờ khai theo mẫu, giấy tờ tuỳ thân. " * 6,
            "content": {"buttons": [{"title": "Nộp ở đâu", "payload": "#dvc:thu-tuc"}]},
            "state": "sent",
            "outcome": "",
            "procedures": [],
            "commune": "",
            "reply_to_id": 2 * number + 1,
            "occurred_at": done,
            "created_at": done,
            "finished_at": done,
        }


def _handoffs(now: dt.datetime, days: int, dice: random.Random) -> Iterator[dict[str, Any]]:
    for number in range(1, 20_001):
        at = now - dt.timedelta(days=days * dice.random())
        yield {
            "conversation_id": number,
            "state": "closed",
            "reason": "asked",
            "created_at": at,
            "picked_up_at": at + dt.timedelta(minutes=3),
            "claimed_at": at,
            "closed_at": at + dt.timedelta(minutes=20),
            "rating": dice.choice((None, 3, 4, 5)),
        }


def _reviews(now: dt.datetime, days: int, dice: random.Random) -> Iterator[dict[str, Any]]:
    for number in range(100_000):
        text = f"câu chưa hiểu số {int(dice.paretovariate(0.6)) % 20_000}"
        at = now - dt.timedelta(days=days * dice.random())
        yield {
            "message_id": number,
            "text": text,
            "normalised": text,
            "outcome": "refused",
            "created_at": at,
        }


def _insert(session: Session, model: Any, rows: Iterator[dict[str, Any]]) -> None:
    batch = []
    for row in rows:
        batch.append(row)
        if len(batch) == BATCH:
            session.execute(insert(model.__table__), batch)
            batch = []
    if batch:
        session.execute(insert(model.__table__), batch)


def measure(days: int) -> dict[str, float]:
    """Seconds for the report of the last 30 days."""
    owners = {f"1.{n:06}": "centre" for n in range(CODES)}
    scope = Scope(periods.of(periods.MONTH, dt.datetime.now(VIETNAM).date()))
    with tempfile.TemporaryDirectory() as folder:
        engine = make_engine(f"sqlite:///{Path(folder) / 'analytics.db'}")
        Base.metadata.create_all(engine)
        sessions = make_sessions(engine)
        fill(sessions, days)
        times = []
        for _ in range(ROUNDS):
            started = time.perf_counter()
            with session_scope(sessions, readonly=True) as session:
                found = report.make(session, scope, owners)
            times.append(time.perf_counter() - started)
        engine.dispose()
    counted = next(tile.value for tile in found.tiles if tile.key == "messages")
    return {"questions counted": counted or 0, "first s": times[0], "s": statistics.median(times)}


def main() -> None:
    """Print the table; write results/analytics.json."""
    kept = {f"1,000,000 messages in {days} days": measure(days) for days in (730, 30)}
    rows = [
        [name, f"{f['questions counted']:,}", f"{f['first s']:.2f}", f"{f['s']:.2f}"]
        for name, f in kept.items()
    ]
    print(table(["30 days of", "questions", "first, s", "median, s"], rows))
    save("analytics", kept)


if __name__ == "__main__":
    main()
