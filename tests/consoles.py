"""Fixtures and helpers for the staff pages: people of each role with their browsers."""

from __future__ import annotations

import functools
import re
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session, sessionmaker
from werkzeug.serving import make_server
from werkzeug.test import TestResponse

from bot.database import session_scope, utcnow
from bot.models.audit import AuditEntry
from bot.models.conversations import Conversation, Message
from bot.models.desks import Desk, DeskMember
from bot.models.handoffs import Handoff
from bot.models.staff import Staff, StaffSession
from bot.services import staff

PASSWORD = "một mật khẩu đủ dài"


class Browser:
    """One person's browser. `post` fills in the hidden field as the page's form would."""

    def __init__(self, client: FlaskClient, staff_id: int = 0) -> None:
        self.client = client
        self.staff_id = staff_id

    def get(self, path: str, **more: Any) -> TestResponse:
        return self.client.get(path, **more)

    def post(self, path: str, data: dict[str, Any] | None = None, **more: Any) -> TestResponse:
        return self.client.post(path, data={"csrf_token": self.csrf(), **(data or {})}, **more)

    def csrf(self) -> str:
        with self.client.session_transaction() as cookie:
            cookie.setdefault("csrf", "known-to-this-browser")
            token: str = cookie["csrf"]
            return token


class Office:
    """The application, its database, and the people who work there."""

    def __init__(self, app: Flask, sessions: sessionmaker[Session]) -> None:
        self.app = app
        self.sessions = sessions

    def hire(self, role: str, email: str = "", name: str = "") -> int:
        """An account with PASSWORD; its id."""
        with session_scope(self.sessions) as session:
            row = Staff(
                email=email or f"{role}{utcnow().timestamp()}@example.vn",
                name=name or f"Cán bộ {role}",
                role=role,
                password_hash=password_hash(),
            )
            session.add(row)
            session.flush()
            return int(row.id)

    def browser(self, role: str = "", **who: str) -> Browser:
        """The browser of somebody of this role who has signed in; of nobody without a role."""
        client = self.app.test_client()
        if not role:
            return Browser(client)
        staff_id = self.hire(role, **who)
        with session_scope(self.sessions) as session:
            session.add(
                StaffSession(
                    token_digest=staff._digest(f"token-{staff_id}"),
                    staff_id=staff_id,
                    expires_at=utcnow() + staff.SESSION_LIFE,
                )
            )
        with client.session_transaction() as cookie:
            cookie["token"] = f"token-{staff_id}"
        return Browser(client, staff_id)

    def citizen(self, **values: Any) -> int:
        """A conversation whose citizen wrote just now; its id."""
        with session_scope(self.sessions) as session:
            row = Conversation(
                **{
                    "channel": "zalo",
                    "channel_user_id": f"u{utcnow().timestamp()}",
                    "display_name": "Nguyễn Văn An",
                    "last_interaction_at": utcnow(),
                    **values,
                }
            )
            session.add(row)
            session.flush()
            return int(row.id)

    def says(self, conversation_id: int, text: str, **values: Any) -> int:
        """One message of a conversation, from the citizen unless told otherwise; its id."""
        usual = {"channel": "zalo", "direction": "in", "kind": "text", "state": "answered"}
        with session_scope(self.sessions) as session:
            row = Message(
                **{
                    **usual,
                    "conversation_id": conversation_id,
                    "text": text,
                    "occurred_at": utcnow(),
                    **values,
                }
            )
            session.add(row)
            session.flush()
            return int(row.id)

    def hands_over(self, conversation_id: int, **values: Any) -> int:
        """A handoff of a conversation that waits at no desk unless told otherwise; its id."""
        with session_scope(self.sessions) as session:
            row = Handoff(**{"conversation_id": conversation_id, "reason": "asked", **values})
            session.add(row)
            session.flush()
            return int(row.id)

    def desk(self, name: str = "Sở Tư pháp", *members: int, **values: Any) -> int:
        """A desk with these members; its id."""
        with session_scope(self.sessions) as session:
            row = Desk(**{"code": name[:40], "name": name, "kind": "department", **values})
            session.add(row)
            session.flush()
            session.add_all(DeskMember(desk_id=row.id, staff_id=member) for member in members)
            return int(row.id)

    def trail(self) -> list[tuple[str, str]]:
        """What the audit trail tells: action and subject, in order."""
        with self.sessions() as session:
            rows = session.query(AuditEntry).order_by(AuditEntry.id).all()
            return [(row.action, row.subject_id) for row in rows]


@pytest.fixture
def office(app: Flask, sessions: sessionmaker[Session]) -> Office:
    """The staff's side of the application."""
    return Office(app, sessions)


@pytest.fixture
def web(app: Flask, sessions: sessionmaker[Session]) -> Iterator[tuple[str, Office]]:
    """The web application behind a real port; its address and its people."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", Office(app, sessions)
    server.shutdown()
    thread.join(5)


@functools.cache
def password_hash() -> str:
    """The hash of PASSWORD: dear to make, so made once."""
    return str(staff.generate_password_hash(PASSWORD, method="scrypt"))


def hidden(page: TestResponse, name: str) -> str:
    """The value of a hidden field on a page."""
    match = re.search(rf'name="{name}" value="([^"]*)"', page.text)
    assert match, f"no field {name} on the page"
    return match[1]
