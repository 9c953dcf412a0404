"""The access token of the official account: renewed early, by one worker at a time.

A refresh token works once and each refresh kills the old access token. So a new pair is
committed before it is used, one process refreshes while the others wait for its result, and an
answer without an access token never overwrites what is stored.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import logging
import threading
import time

from sqlalchemy.orm import Session, sessionmaker

from bot.channels.outages import LOST, through_outage
from bot.channels.zalo import oauth
from bot.channels.zalo.events import CHANNEL
from bot.conversation.locks import Locks
from bot.database import session_scope, utcnow
from bot.errors import LostRace, TokenError
from bot.services import tokens
from bot.services.tokens import Account, Pair
from bot.settings import Settings

log = logging.getLogger(__name__)

EARLY = dt.timedelta(hours=5)  # before the end of its life a token is renewed
RETRY_EARLY_SECONDS = 60.0  # between tries of an early renewal that failed
STORE_SECONDS = 15.0  # for a new pair while the database is away; the lock lives longer


class Tokens:
    """Hands out the access token; renews the pair when it is due or refused. Safe for threads."""

    def __init__(
        self,
        settings: Settings,
        sessions: sessionmaker[Session],
        locks: Locks,
        *,
        change_seconds: float = oauth.CHANGE_SECONDS,
        store_seconds: float = STORE_SECONDS,
    ) -> None:
        self._settings = settings
        self._sessions = sessions
        self._locks = locks
        self._change_seconds = change_seconds
        self._store_seconds = store_seconds
        self._account = Account(CHANNEL, settings.zalo_oa_id)
        self._cipher = tokens.make_cipher(settings)
        self._cached: Pair | None = None
        self._guard = threading.Lock()
        self._unstored: tuple[Pair, Pair] | None = None  # an old pair, spent, and its new one
        self._not_before = 0.0  # monotonic: no early renewal until then

    def access_token(self) -> str:
        """A token to use now. Raises TokenError when there is none, or a lost grant's has ended."""
        pair = self._cached or self._load()
        if pair.lost and utcnow() >= pair.expires_at:
            return self.renew(pair.access)
        early = utcnow() > pair.expires_at - EARLY
        wanted = early or pair.lost or self._unstored is not None
        if wanted and time.monotonic() > self._not_before:
            self._not_before = time.monotonic() + RETRY_EARLY_SECONDS
            with contextlib.suppress(TokenError):  # the old one may have hours to live
                return self.renew(pair.access)
        return pair.access

    def renew(self, refused: str) -> str:
        """A token other than `refused`, which the platform no longer takes (or soon won't).

        Raises TokenError when the grant is lost, or when nobody could renew it within some 20 s
        (a database that restarts just then may take longer).
        """
        deadline = time.monotonic() + self._change_seconds
        if not self._guard.acquire(timeout=self._change_seconds):
            raise TokenError(oauth.BUSY)
        try:
            pair = self._load()
            if pair.access != refused and not pair.lost:
                return pair.access  # another process was faster
            with oauth.changing(self._settings, self._locks, deadline):
                return self._renew_locked(refused, deadline)
        finally:
            self._guard.release()

    def keep_fresh(self) -> None:
        """Renew early when it is time; for the periodic upkeep."""
        self._cached = None
        try:
            self.access_token()
        except TokenError as error:
            log.error("the Zalo grant needs a person: %s", error)
            return
        if self._load().lost:
            log.error("the Zalo grant needs a person: it is lost, its last token still works")

    def _renew_locked(self, refused: str, deadline: float) -> str:
        pair = self._load()
        if self._unstored is not None:
            old, _ = self._unstored
            if old.version == pair.version:
                return self._store_new(*self._unstored)
            self._unstored = None  # somebody connected the account anew
        if pair.lost:
            return self._adopt_configured(pair)
        if pair.access != refused:
            return pair.access
        if time.monotonic() + oauth.ASK_SECONDS > deadline:
            raise TokenError(oauth.BUSY)
        answer = oauth.ask(self._settings, "refresh_token", refresh_token=pair.refresh)
        new = oauth.pair_in(answer, pair.seed_digest)
        if new is None:
            return self._grant_refused(pair, answer)
        # A kill between this answer and the commit loses the new pair, and the old one is spent:
        # the next renewal is refused and people are called.
        self._unstored = (pair, new)
        return self._store_new(pair, new)

    def _store_new(self, old: Pair, new: Pair) -> str:
        """Store a pair whose old one is spent, while the lock lives; kept in memory if in vain."""
        try:
            access = through_outage(lambda: self._replace(old, new), seconds=self._store_seconds)
        except LOST:
            log.error("a renewed Zalo token can't be stored yet; this process tries again")
            raise TokenError("the renewed token can't be stored now") from None
        self._unstored = None
        return access

    def _grant_refused(self, pair: Pair, answer: dict[str, object]) -> str:
        if not oauth.refuses(answer):
            # A rate limit, or an answer that names no error, says nothing against the grant.
            raise TokenError("the token could not be renewed now")
        with session_scope(self._sessions) as session:
            tokens.mark_lost(session, self._account, pair)
        log.error(
            "Zalo refused to renew the access token (%s). When the present one ends, messages stay "
            "queued. Grant the app again at /admin/zalo (or put a new ZALO_ACCESS_TOKEN and "
            "ZALO_REFRESH_TOKEN into the settings and restart).",
            oauth.error_in(answer),
        )
        return self._adopt_configured(self._load())

    def _adopt_configured(self, lost: Pair) -> str:
        """Take the configured pair in place of a lost one, if it is new (or this is the demo)."""
        given = oauth.configured_pair(self._settings)
        is_new = given is not None and given.seed_digest != lost.seed_digest
        demo_again = given is not None and self._settings.demo and lost.refresh != given.refresh
        if given is None or not (is_new or demo_again):
            raise TokenError("the grant is lost: the account must be connected again")
        log.warning("taking the configured Zalo token pair in place of the lost one")
        return self._replace(lost, given)

    def _replace(self, old: Pair, new: Pair) -> str:
        try:
            with session_scope(self._sessions) as session:
                tokens.replace(session, self._account, self._cipher, old, new)
        except LostRace:
            # Unless it was our own commit, whose answer was lost with the connection.
            if self._load().access != new.access:
                log.error("somebody else changed the Zalo token meanwhile: theirs is used")
        return self._load().access

    def _load(self) -> Pair:
        with session_scope(self._sessions, readonly=True) as session:
            pair = tokens.read(session, self._account, self._cipher)
        first = oauth.configured_pair(self._settings) if pair is None else None
        if first is not None:
            with session_scope(self._sessions) as session:
                tokens.store_first(session, self._account, self._cipher, first)
                pair = tokens.read(session, self._account, self._cipher)
        if pair is None:
            raise TokenError(
                "no token pair: grant the app at /admin/zalo, or set ZALO_ACCESS_TOKEN and "
                "ZALO_REFRESH_TOKEN"
            )
        self._cached = pair
        return pair
