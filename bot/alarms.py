"""What the staff pages say at their top while the platform takes nothing from us."""

from __future__ import annotations

import time

from flask import Flask, current_app

from bot.database import session_scope, utcnow
from bot.services import tokens
from bot.services.tokens import Account
from bot.settings import Settings

FRESH_SECONDS = 3.0  # an answer serves all pages of this process for so long
_KEPT = "grant_alarm"


def init_app(app: Flask) -> None:
    """Give the templates `grant_refused`."""
    app.jinja_env.globals["grant_refused"] = grant_refused


def grant_refused() -> bool:
    """Whether Zalo refuses us: the grant is lost, or its token ended without being renewed."""
    known = current_app.extensions
    at, refused = known.get(_KEPT, (None, False))
    if at is None or time.monotonic() - at > FRESH_SECONDS:
        refused = _look()
        known[_KEPT] = (time.monotonic(), refused)
    return bool(refused)


def forget() -> None:
    """Look again at the next page: the grant has just changed."""
    current_app.extensions.pop(_KEPT, None)


def _look() -> bool:
    known = current_app.extensions
    settings: Settings = known["settings"]
    account = Account("zalo", settings.zalo_oa_id)
    with session_scope(known["sessions"], readonly=True) as session:
        state = tokens.state_of(session, account)
    if state is None:
        return False  # nothing was ever sent; the page of the connection tells
    return state.lost_at is not None or state.expires_at < utcnow()
