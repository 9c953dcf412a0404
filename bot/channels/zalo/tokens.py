"""The access token of the official account: renewed early, by one worker at a time.

A refresh token works once and each refresh kills the old access token. So a new pair is
committed before it is used, one process refreshes while the others wait for its result, and an
answer without an access token never overwrites what is stored.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import logging
import threading
import time

import requests
from sqlalchemy.orm import Session, sessionmaker

from bot.channels.zalo.events import CHANNEL
from bot.conversation.locks import Locks
from bot.database import session_scope, utcnow
from bot.errors import LostRace, TokenError
from bot.services import tokens
from bot.services.tokens import Account, Pair
from bot.settings import Settings

log = logging.getLogger(__name__)

FULL_LIFE = dt.timedelta(hours=25)  # of an access token, when the platform does not say
EARLY = dt.timedelta(hours=5)  # before the end of its life a token is renewed
HTTP_SECONDS = 10.0  # well below the life-time of the store lock
RETRY_EARLY_SECONDS = 60.0  # between tries of an early renewal that failed


class Tokens:
    """Hands out the access token; renews the pair when it is due or refused."""

    def __init__(self, settings: Settings, sessions: sessionmaker[Session], locks: Locks) -> None:
        self._settings = settings
        self._sessions = sessions
        self._locks = locks
        self._account = Account(CHANNEL, settings.zalo_oa_id)
        self._cipher = tokens.make_cipher(settings)
        self._cached: Pair | None = None
        self._guard = threading.Lock()
        self._not_before = 0.0  # monotonic: no early renewal until then

    def access_token(self) -> str:
        """A token to use now. Raises TokenError when there is none or the grant is lost."""
        pair = self._cached or self._load()
        if pair.lost:
            return self.renew(pair.access)
        if utcnow() > pair.expires_at - EARLY and time.monotonic() > self._not_before:
            self._not_before = time.monotonic() + RETRY_EARLY_SECONDS
            with contextlib.suppress(TokenError):  # the old one still has hours to live
                return self.renew(pair.access)
        return pair.access

    def renew(self, refused: str) -> str:
        """A token other than `refused`, which the platform no longer takes (or soon won't).

        Raises TokenError when the grant is lost, or when nobody could renew it in time.
        """
        deadline = time.monotonic() + HTTP_SECONDS + 5
        with self._guard:
            while time.monotonic() < deadline:
                pair = self._load()
                if pair.access != refused and not pair.lost:
                    return pair.access  # another process was faster
                lock = self._locks.acquire(f"token:{CHANNEL}:{self._account.account_id}")
                if lock is None:
                    time.sleep(0.1)
                    continue
                try:
                    return self._renew_locked(refused)
                except LostRace:
                    continue
                finally:
                    lock.release()
        raise TokenError("the token is being renewed by another process, in vain so far")

    def keep_fresh(self) -> None:
        """Renew early when it is time; for the periodic upkeep."""
        self._cached = None
        try:
            self.access_token()
        except TokenError as error:
            log.error("the Zalo grant needs a person: %s", error)

    def _renew_locked(self, refused: str) -> str:
        pair = self._load()
        if pair.lost:
            return self._adopt_configured(pair)
        if pair.access != refused:
            return pair.access
        answer = self._ask(pair.refresh)
        access, refresh = answer.get("access_token"), answer.get("refresh_token")
        if not (isinstance(access, str) and access and isinstance(refresh, str) and refresh):
            return self._grant_refused(pair, answer)
        ends = utcnow() + _life(answer.get("expires_in"))
        return self._replace(pair, Pair(access, refresh, ends, 0, False, pair.seed_digest))

    def _grant_refused(self, pair: Pair, answer: dict[str, object]) -> str:
        if answer.get("error") in (None, 0, "0", -32, "-32"):
            # An answer that names no error, or a rate limit, says nothing against the grant.
            raise TokenError("the token could not be renewed now")
        with session_scope(self._sessions) as session:
            tokens.mark_lost(session, self._account, pair)
        log.error(
            "Zalo refused to renew the access token (%s). Messages stay queued. Grant the app "
            "again, put the new ZALO_ACCESS_TOKEN and ZALO_REFRESH_TOKEN into the settings and "
            "restart.",
            str(answer.get("error_name") or answer.get("error"))[:80],
        )
        return self._adopt_configured(self._load())

    def _adopt_configured(self, lost: Pair) -> str:
        """Take the configured pair in place of a lost one, if it is new (or this is the demo)."""
        given = self._configured()
        is_new = given is not None and given.seed_digest != lost.seed_digest
        demo_again = given is not None and self._settings.demo and lost.refresh != given.refresh
        if given is None or not (is_new or demo_again):
            raise TokenError("the grant is lost: the account must be connected again")
        log.warning("taking the configured Zalo token pair in place of the lost one")
        return self._replace(lost, given)

    def _replace(self, old: Pair, new: Pair) -> str:
        with session_scope(self._sessions) as session:
            tokens.replace(session, self._account, self._cipher, old, new)
        return self._load().access

    def _load(self) -> Pair:
        with session_scope(self._sessions, readonly=True) as session:
            pair = tokens.read(session, self._account, self._cipher)
        first = self._configured() if pair is None else None
        if first is not None:
            with session_scope(self._sessions) as session:
                tokens.store_first(session, self._account, self._cipher, first)
                pair = tokens.read(session, self._account, self._cipher)
        if pair is None:
            raise TokenError("no token pair: set ZALO_ACCESS_TOKEN and ZALO_REFRESH_TOKEN")
        self._cached = pair
        return pair

    def _configured(self) -> Pair | None:
        access, refresh = self._settings.zalo_access_token, self._settings.zalo_refresh_token
        if not access or not refresh:
            return None
        digest = hashlib.sha256(f"{access}\n{refresh}".encode()).hexdigest()
        return Pair(access, refresh, utcnow() + FULL_LIFE, 0, False, digest)

    def _ask(self, refresh_token: str) -> dict[str, object]:
        form = {
            "refresh_token": refresh_token,
            "app_id": self._settings.zalo_app_id,
            "grant_type": "refresh_token",
        }
        try:
            response = requests.post(
                f"{self._settings.zalo_oauth_url}/v4/oa/access_token",
                data=form,
                headers={"secret_key": self._settings.zalo_app_secret},
                timeout=HTTP_SECONDS,
                allow_redirects=False,
            )
            answer = response.json()
        except (requests.RequestException, ValueError):
            raise TokenError("the token endpoint does not answer") from None
        if response.status_code >= 500 or not isinstance(answer, dict):
            raise TokenError("the token endpoint fails")
        return answer


def _life(value: object) -> dt.timedelta:
    text = str(value or "")
    valid = text.isascii() and text.isdigit() and 60 <= int(text) <= 10_000_000
    return dt.timedelta(seconds=int(text)) if valid else FULL_LIFE
