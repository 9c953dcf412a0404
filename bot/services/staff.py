"""Staff accounts: made, signed in, recognised by their session, signed out."""

from __future__ import annotations

import datetime as dt
import functools
import hashlib
import re
import secrets
from dataclasses import dataclass

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session
from werkzeug.security import check_password_hash, generate_password_hash

from bot.database import utcnow
from bot.errors import StaffError
from bot.models.staff import Staff, StaffSession
from bot.services.rows import insert_once

ROLES = ("agent", "editor", "approver", "admin", "auditor")
LEAST_PASSWORD = 10  # characters
SESSION_LIFE = dt.timedelta(hours=12)  # a working day; then one signs in again
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")


@dataclass(frozen=True)
class Member:
    """A signed-in or named member of staff."""

    id: int
    email: str
    name: str
    role: str


def create(session: Session, *, email: str, name: str, role: str, password: str) -> Member:
    """Make an account; raises StaffError when it exists or a value is not acceptable."""
    email, name = email.strip().lower(), " ".join(name.split())
    if not _EMAIL.fullmatch(email) or len(email) > 200:
        raise StaffError(f"{email!r} is not an e-mail address", "E-mail chưa đúng.")
    if not name or len(name) > 200:
        raise StaffError("a name is needed (at most 200 characters)", "Cần có họ tên.")
    if role not in ROLES:
        raise StaffError(f"the role must be one of {', '.join(ROLES)}", "Chưa chọn vai trò.")
    hashed = _hashed(password)
    values = {"email": email, "name": name, "role": role, "password_hash": hashed}
    if not insert_once(session, Staff, values):
        raise StaffError(
            f"an account for {email} exists already; nothing was changed",
            "E-mail này đã có tài khoản.",
        )
    made = session.execute(select(Staff.id).where(Staff.email == email)).scalar_one()
    return Member(made, email, name, role)


def exists(session: Session) -> bool:
    """Whether anybody has an account."""
    return session.execute(select(Staff.id).limit(1)).first() is not None


def sign_in(session: Session, email: str, password: str) -> tuple[Member, str] | None:
    """Check the password and open a session; the member and the session's token, or None.

    An unknown e-mail, a wrong password and a disabled account read the same and cost the same.
    """
    row = session.execute(
        select(Staff).where(Staff.email == email.strip().lower())
    ).scalar_one_or_none()
    right = check_password_hash(row.password_hash if row else _nobodys_hash(), password)
    if row is None or not right or not row.active:
        return None
    now = utcnow()
    token = secrets.token_urlsafe(32)
    session.execute(delete(StaffSession).where(StaffSession.expires_at < now))
    session.add(
        StaffSession(token_digest=_digest(token), staff_id=row.id, expires_at=now + SESSION_LIFE)
    )
    row.last_login_at = now
    session.flush()
    return Member(row.id, row.email, row.name, row.role), token


def recognise(session: Session, token: str) -> Member | None:
    """Who holds this session; None when it is over or its account is disabled."""
    row = session.execute(
        select(Staff.id, Staff.email, Staff.name, Staff.role)
        .join(StaffSession, StaffSession.staff_id == Staff.id)
        .where(
            StaffSession.token_digest == _digest(token),
            StaffSession.expires_at > utcnow(),
            Staff.active.is_(True),
        )
    ).first()
    return None if row is None else Member(*row)


def sign_out(session: Session, token: str) -> None:
    """End one session, wherever its cookie has got to."""
    session.execute(delete(StaffSession).where(StaffSession.token_digest == _digest(token)))


def set_active(session: Session, staff_id: int, active: bool) -> None:
    """Enable or disable an account; a disabled one is out at its next request."""
    session.execute(
        update(Staff)
        .where(Staff.id == staff_id)
        .values(active=active)
        .execution_options(synchronize_session=False)
    )
    if not active:
        session.execute(delete(StaffSession).where(StaffSession.staff_id == staff_id))


def set_password(session: Session, staff_id: int, password: str, *, keep: str = "") -> None:
    """Change a password and end the sessions of the old one, but for that of the token `keep`.

    Raises StaffError when the password is too short.
    """
    session.execute(
        update(Staff)
        .where(Staff.id == staff_id)
        .values(password_hash=_hashed(password))
        .execution_options(synchronize_session=False)
    )
    theirs = StaffSession.staff_id == staff_id
    session.execute(delete(StaffSession).where(theirs, StaffSession.token_digest != _digest(keep)))


def knows_password(session: Session, staff_id: int, password: str) -> bool:
    """Whether this is the password of an account."""
    kept = session.execute(select(Staff.password_hash).where(Staff.id == staff_id)).scalar()
    return check_password_hash(kept or _nobodys_hash(), password)


def _hashed(password: str) -> str:
    if len(password) < LEAST_PASSWORD:
        raise StaffError(
            f"the password must have at least {LEAST_PASSWORD} characters",
            f"Mật khẩu cần ít nhất {LEAST_PASSWORD} ký tự.",
        )
    return str(generate_password_hash(password, method="scrypt"))


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


@functools.cache
def _nobodys_hash() -> str:
    return generate_password_hash(secrets.token_hex(16), method="scrypt")
