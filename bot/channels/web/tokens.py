"""Who a visitor is: a random token that only their browser holds. We keep its digest."""

from __future__ import annotations

import hashlib
import re
import secrets

_FORM = re.compile(r"[A-Za-z0-9_\-]{32}")


def new_token() -> str:
    """A token of 192 random bits."""
    return secrets.token_urlsafe(24)


def digest(token: str) -> str:
    """What a token is known by here: the channel's user id, 64 characters."""
    return hashlib.sha256(token.encode()).hexdigest()


def bearer(header: str) -> str:
    """The token of an Authorization header; "" when it holds none of ours."""
    scheme, _, token = header.partition(" ")
    token = token.strip()
    return token if scheme.lower() == "bearer" and _FORM.fullmatch(token) else ""


def message_id(user_id: str, given: str) -> str:
    """The id under which a message is kept: two visitors' ids can't meet.

    A part of the digest, for it travels on to the dialogue engine.
    """
    return f"{user_id[:16]}:{given}"
