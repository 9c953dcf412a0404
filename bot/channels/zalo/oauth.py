"""Zalo's token endpoint: one call for a first pair and for a renewal, read the same way.

It answers errors with HTTP 200 too, so only an answer that holds both tokens is a success.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import time
from collections.abc import Iterator, Mapping

import requests

from bot.conversation.locks import Locks
from bot.database import utcnow
from bot.errors import TokenError
from bot.services.tokens import Pair
from bot.settings import Settings

BUSY = "the token is being renewed by somebody else, in vain so far"
FULL_LIFE = dt.timedelta(hours=25)  # of an access token, when the platform does not say
TIMEOUT = (3.0, 10.0)  # seconds to connect, and for each wait for bytes
ASK_SECONDS = sum(TIMEOUT)  # well below the life-time of the lock under which the pair is changed
CHANGE_SECONDS = 20.0  # a change of the pair with all its waiting
_LOOK_AGAIN = 0.1


def ask(settings: Settings, grant_type: str, **form: str) -> dict[str, object]:
    """What the endpoint answers; raises TokenError when it does not answer, or fails."""
    try:
        response = requests.post(
            f"{settings.zalo_oauth_url}/v4/oa/access_token",
            data={**form, "app_id": settings.zalo_app_id, "grant_type": grant_type},
            headers={"secret_key": settings.zalo_app_secret},
            timeout=TIMEOUT,
            allow_redirects=False,
        )
        answer = response.json()
    except (requests.RequestException, ValueError, RecursionError):
        raise TokenError("the token endpoint does not answer") from None
    if not isinstance(answer, dict):
        raise TokenError("the token endpoint fails: no object")
    # Refusals come with 200 or another status; what names none of its errors is a gateway's.
    if response.status_code != 200 and not refuses(answer):
        raise TokenError(f"the token endpoint fails: http {response.status_code}")
    return answer


def pair_in(answer: Mapping[str, object], seed_digest: str) -> Pair | None:
    """The whole new pair of an answer; None when it holds none, or half a one."""
    access, refresh = answer.get("access_token"), answer.get("refresh_token")
    if not (isinstance(access, str) and access and isinstance(refresh, str) and refresh):
        return None
    ends = utcnow() + _life(answer.get("expires_in"))
    return Pair(access, refresh, ends, 0, False, seed_digest)


def refuses(answer: Mapping[str, object]) -> bool:
    """Whether it clearly refuses what was brought: its errors are -14000 to -14999."""
    code = str(answer.get("error") or "")
    return len(code) == 6 and code.startswith("-14") and code[3:].isdecimal()


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


@contextlib.contextmanager
def changing(settings: Settings, locks: Locks, deadline: float) -> Iterator[None]:
    """Holds the lock under which the account's pair is changed, by whatever process.

    Raises TokenError when it is not free by `deadline`, of the monotonic clock.
    """
    name = f"token:zalo:{settings.zalo_oa_id}"
    while (lock := locks.acquire(name)) is None:
        if time.monotonic() + _LOOK_AGAIN > deadline:
            raise TokenError(BUSY)
        time.sleep(_LOOK_AGAIN)
    try:
        yield
    finally:
        lock.release()


def _life(value: object) -> dt.timedelta:
    text = str(value or "")
    valid = text.isascii() and text.isdigit() and len(text) < 9 and 60 <= int(text) <= 10_000_000
    return dt.timedelta(seconds=int(text)) if valid else FULL_LIFE
