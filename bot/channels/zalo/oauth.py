"""Zalo's token endpoint: one call for a first pair and for a renewal, read the same way.

It answers errors with HTTP 200 too, so only an answer that holds both tokens is a success.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping

import requests

from bot.database import utcnow
from bot.errors import TokenError
from bot.services.tokens import Pair
from bot.settings import Settings

FULL_LIFE = dt.timedelta(hours=25)  # of an access token, when the platform does not say
HTTP_SECONDS = 10.0  # well below the life-time of the lock under which the pair is changed


def ask(settings: Settings, grant_type: str, **form: str) -> dict[str, object]:
    """What the endpoint answers; raises TokenError when it does not answer, or fails."""
    try:
        response = requests.post(
            f"{settings.zalo_oauth_url}/v4/oa/access_token",
            data={**form, "app_id": settings.zalo_app_id, "grant_type": grant_type},
            headers={"secret_key": settings.zalo_app_secret},
            timeout=HTTP_SECONDS,
            allow_redirects=False,
        )
        answer = response.json()
    except (requests.RequestException, ValueError, RecursionError):
        raise TokenError("the token endpoint does not answer") from None
    if response.status_code >= 500 or not isinstance(answer, dict):
        raise TokenError("the token endpoint fails")
    return answer


def pair_in(answer: Mapping[str, object], seed_digest: str) -> Pair | None:
    """The whole new pair of an answer; None when it holds none, or half a one."""
    access, refresh = answer.get("access_token"), answer.get("refresh_token")
    if not (isinstance(access, str) and access and isinstance(refresh, str) and refresh):
        return None
    ends = utcnow() + _life(answer.get("expires_in"))
    return Pair(access, refresh, ends, 0, False, seed_digest)


def error_in(answer: Mapping[str, object]) -> str:
    """The error that an answer names, short enough for a log; never a token."""
    return str(answer.get("error_name") or answer.get("error") or "no error named")[:80]


def configured_pair(settings: Settings) -> Pair | None:
    """The first pair as the settings give it; None when they give none."""
    access, refresh = settings.zalo_access_token, settings.zalo_refresh_token
    if not access or not refresh:
        return None
    digest = hashlib.sha256(f"{access}\n{refresh}".encode()).hexdigest()
    return Pair(access, refresh, utcnow() + FULL_LIFE, 0, False, digest)


def lock_name(settings: Settings) -> str:
    """The lock under which the account's pair is changed, by whatever process."""
    return f"token:zalo:{settings.zalo_oa_id}"


def _life(value: object) -> dt.timedelta:
    text = str(value or "")
    valid = text.isascii() and text.isdigit() and len(text) < 9 and 60 <= int(text) <= 10_000_000
    return dt.timedelta(seconds=int(text)) if valid else FULL_LIFE
