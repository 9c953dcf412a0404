"""Connecting the official account by consent: OAuth v4 with PKCE, from the link to the pair.

A consent is begun by a signed-in member of staff and ends in the same session: what it needs is
kept in the store for ten minutes, under a random state, for one use. Where Zalo's console makes the
link itself from a stored challenge, the verifier is a setting and the callback carries no state.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import string
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import redis
from sqlalchemy.orm import Session, sessionmaker

from bot.channels.zalo import oauth
from bot.channels.zalo.events import CHANNEL
from bot.conversation.locks import Locks
from bot.database import session_scope
from bot.errors import ConsentRefused
from bot.services import open_work, tokens
from bot.services.tokens import Account
from bot.settings import Settings

VERIFIER_LENGTH = 43  # exactly, letters and digits only
STATE_SECONDS = 600  # as long as Zalo's code lives
_ALPHABET = string.ascii_letters + string.digits


@dataclass(frozen=True)
class Consent:
    """What the platform sent back: `state` is empty when its console made the link."""

    code: str
    oa_id: str
    state: str


class Grant:
    """Begins and completes consents for the configured account."""

    def __init__(
        self, settings: Settings, sessions: sessionmaker[Session], store: redis.Redis[Any]
    ) -> None:
        self._settings = settings
        self._sessions = sessions
        self._store = store
        self._locks = Locks(store)
        self._account = Account(CHANNEL, settings.zalo_oa_id)

    @property
    def fixed_challenge(self) -> str:
        """The challenge to copy into Zalo's console; "" when each request makes its own."""
        fixed = self._settings.zalo_code_verifier
        return challenge_of(fixed) if fixed else ""

    def begin(self, session_key: str, redirect_uri: str) -> str:
        """The address of the consent page; its answer is accepted from this session only."""
        state = secrets.token_urlsafe(32)
        verifier = self._settings.zalo_code_verifier or new_verifier()
        kept = json.dumps({"verifier": verifier, "session": session_key})
        self._store.set(_state_key(state), kept, ex=STATE_SECONDS)
        wanted = {
            "app_id": self._settings.zalo_app_id,
            "redirect_uri": redirect_uri,
            "code_challenge": challenge_of(verifier),
            "state": state,
        }
        return f"{self._settings.zalo_oauth_url}/v4/oa/permission?{urlencode(wanted)}"

    def verifier_for(self, consent: Consent, session_key: str) -> str:
        """The verifier that belongs to a consent, used up by this call; raises ConsentRefused.

        A consent without a state is for the caller to confirm with its person beforehand.
        """
        if not consent.state:
            if not self._settings.zalo_code_verifier:
                raise ConsentRefused("state_missing")
            return self._settings.zalo_code_verifier
        kept = self._store.getdel(_state_key(consent.state))
        if kept is None:
            raise ConsentRefused("state_unknown")
        known = json.loads(kept)
        if not secrets.compare_digest(known["session"], session_key):
            raise ConsentRefused("state_foreign")
        return str(known["verifier"])

    def check(self, consent: Consent) -> None:
        """Raises ConsentRefused unless it brings a code of the configured account."""
        if consent.oa_id != self._settings.zalo_oa_id:
            raise ConsentRefused("other_account")
        if not consent.code:
            raise ConsentRefused("no_code")

    def connect(self, code: str, verifier: str) -> int:
        """Exchange the code and store the pair; how many waiting replies are due again.

        Raises ConsentRefused when Zalo refuses the code, TokenError when it can't be asked now.
        """
        # A renewal in flight would otherwise put the pair of the old grant over the new one.
        deadline = time.monotonic() + oauth.CHANGE_SECONDS - oauth.ASK_SECONDS
        with oauth.changing(self._settings, self._locks, deadline):
            answer = oauth.ask(
                self._settings, "authorization_code", code=code, code_verifier=verifier
            )
            # What the settings hold is older than this consent, and must not replace it later.
            configured = oauth.configured_pair(self._settings)
            pair = oauth.pair_in(answer, configured.seed_digest if configured else "")
            if pair is None:
                raise ConsentRefused("exchange", oauth.error_in(answer))
            # A kill between this answer and the commit: the code is spent, begin again.
            cipher = tokens.make_cipher(self._settings)
            with session_scope(self._sessions) as session:
                tokens.put(session, self._account, cipher, pair)
                return open_work.wake_token_waiters(session, CHANNEL)


def new_verifier() -> str:
    """A random code verifier."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(VERIFIER_LENGTH))


def challenge_of(verifier: str) -> str:
    """The S256 challenge: base64url of the SHA-256, without padding."""
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _state_key(state: str) -> str:
    return f"consent:{hashlib.sha256(state.encode()).hexdigest()}"
