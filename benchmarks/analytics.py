"""How long the figures take with 1,000,000 messages, on SQLite.

Two sittings: the million is two years of a province and 30 days of them are counted; and the whole
million was written in 30 days. Each time with the period before, as the page counts it.
"""

from __future__ import annotations

import datetime as dt
import statistics
import tempfile
import time
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.orm import Session, sessionmaker

import bot.models  # noqa: F401 - registers every table
from benchmarks.report import save, table
from bot.database import Base, make_engine, make_sessions, session_scope, utcnow
from bot.services.analytics import periods, report
from bot.services.analytics.scope import Scope
from bot.services.working_days import VIETNAM

QUESTIONS = 500_000
ROUNDS = {730: 3, 30: 1}  # by the days that the million is spread over
NUMBERS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :many) "
# The moment of number i of :many, evenly over the days up to now, and some seconds more.
MOMENT = "strftime('%Y-%m-%d %H:%M:%f000', :start + :days * 1.0 * i / :many + {seconds} / 86400.0)"
ASKED, DONE = (
    MOMENT.format(seconds="0"),
    MOMENT.format(seconds="(0.3 + (i * 7919 % 4000) / 1000.0)"),
)
# Made by the database itself: a row that Python makes costs more than all that is measured.
FILL = (
    """INSERT INTO conversations (id, channel, channel_user_id, display_name, following, version,
         created_at)
       SELECT i, 'zalo', 'u' || i, '', 1, 0, '2026-01-01 00:00:00.000000' FROM n
       WHERE i <= 60000""",
    """INSERT INTO messages (id, conversation_id, channel, direction, kind, text, content, state,
         attempts, error, position, intent, outcome, procedures, commune, reaction, settled_note,
         occurred_at, created_at, finished_at)
       SELECT 2 * i, 1 + i * 104729 % 60000, 'zalo', 'in', 'text',
         'cho tôi hỏi thủ tục này cần những giấy tờ gì ạ', '{}', 'answered', 0, '', 0, 'ask_fee',
         CASE i % 10 WHEN 0 THEN 'refused' WHEN 1 THEN 'asked' WHEN 2 THEN 'offered'
           ELSE 'answered' END,
         CASE WHEN i % 10 < 2 THEN '[]' ELSE '["1.' || (i * 31 % 400) || '"]' END,
         CASE WHEN i % 3 THEN '0' || (i * 17 % 99) ELSE '' END, '', '', :asked, :asked, :asked
       FROM n""",
    """INSERT INTO messages (id, conversation_id, channel, direction, kind, text, content, state,
         attempts, error, reply_to_id, position, intent, outcome, procedures, commune, reaction,
         settled_note, occurred_at, created_at, finished_at)
       SELECT 2 * i + 1, 1 + i * 104729 % 60000, 'zalo', 'out', 'text',
         'Bạn cần chuẩn bị: tờ khai theo mẫu, giấy tờ tuỳ thân còn hạn, và bản sao có chứng thực.',
         '{}', 'sent', 0, '', 2 * i, 0, '', '', '[]', '', '', '', :done, :done, :done
       FROM n""",
    """INSERT INTO review_items (message_id, text, normalised, intent, outcome, procedures,
         commune, choice, state, created_at)
       SELECT i, 'câu chưa hiểu ' || (i * 31 % 9000), 'cau chua hieu ' || (i * 31 % 9000), '',
         'refused', '[]', '', '', 'new', :asked
       FROM n WHERE i % 10 = 0""",
    """INSERT INTO handoffs (conversation_id, state, reason, packet, callback, created_at,
         picked_up_at, claimed_at, closed_at, outcome, rating, comment, version)
       SELECT 1 + i * 104729 % 60000, 'closed', 'asked', '{}', 0, :asked, :done, :done, :done,
         'answered', 1 + i % 5, '', 1
       FROM n WHERE i % 20 = 0""",
)


def fill(sessions: sessionmaker[Session], days: int) -> None:
    """A question and its answer, again and again, evenly over the days up to now."""
    start = utcnow() - dt.timedelta(days=days)
    julian = start.timestamp() / 86400 + 2440587.5
    values = {"many": QUESTIONS, "days": days, "start": julian}
    with session_scope(sessions) as session:
        for statement in FILL:
            head, rest = (
                statement.replace(":asked", ASKED).replace(":done", DONE).split("SELECT", 1)
            )
            used = {key: value for key, value in values.items() if f":{key}" in NUMBERS + rest}
            # The colon of a moment's format is none of a parameter.
            rest = rest.replace("%H:%M:%f", r"%H\:%M\:%f")
            session.execute(text(f"{head}{NUMBERS}SELECT{rest}"), used)


def measure(days: int) -> dict[str, float]:
    """Seconds for the report of the last 30 days."""
    owners = {f"1.{number}": "centre" for number in range(400)}
    scope = Scope(periods.of(periods.MONTH, dt.datetime.now(VIETNAM).date()))
    with tempfile.TemporaryDirectory() as folder:
        engine = make_engine(f"sqlite:///{Path(folder) / 'analytics.db'}")
        Base.metadata.create_all(engine)
        sessions = make_sessions(engine)
        fill(sessions, days)
        times = []
        for _ in range(ROUNDS[days]):
            started = time.perf_counter()
            with session_scope(sessions, readonly=True) as session:
                found = report.make(session, scope, owners)
            times.append(time.perf_counter() - started)
        engine.dispose()
    counted = next(tile.value for tile in found.tiles if tile.key == "messages")
    return {"questions": counted or 0, "first_s": times[0], "median_s": statistics.median(times)}


def main() -> None:
    """Print the table; write results/analytics.json."""
    kept = {f"1,000,000 messages in {days} days": measure(days) for days in ROUNDS}
    rows = [
        [name, f"{f['questions']:,}", f"{f['first_s']:.2f}", f"{f['median_s']:.2f}"]
        for name, f in kept.items()
    ]
    print(table(["the last 30 days", "questions", "first s", "median s"], rows))
    save("analytics", kept)


if __name__ == "__main__":
    main()
