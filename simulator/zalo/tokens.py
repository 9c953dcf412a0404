"""The OAuth grant: one-use codes, one living access token, rotating refresh tokens.

Tokens carry the moment of their issue and a seal under the app's secret, so that a simulator which
was started again still knows the pair it gave out before: a stored grant outlives a restart.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
from dataclasses import dataclass

from simulator.zalo import errors
from simulator.zalo.clock import DAY_MS, Clock
from simulator.zalo.errors import ApiError
from simulator.zalo.identity import Identity
from simulator.zalo.signature import code_challenge

ACCESS_TOKEN_SECONDS = 90_000
REFRESH_TOKEN_MS = 90 * DAY_MS
CODE_MS = 600_000


@dataclass(frozen=True)
class TokenPair:
    """What the token endpoint hands out."""

    access_token: str
    refresh_token: str
    expires_in: int = ACCESS_TOKEN_SECONDS


@dataclass(frozen=True)
class _Code:
    challenge: str
    issued_ms: int


class GrantError(Exception):
    """The token endpoint's refusal."""

    def __init__(self, code: int, name: str, reason: str) -> None:
        self.code, self.name, self.reason = code, name, reason
        super().__init__(f"{code} {name}: {reason}")


class Grant:
    """The account's grant to the app; safe for threads."""

    def __init__(self, identity: Identity, clock: Clock) -> None:
        self._identity = identity
        self._clock = clock
        self._lock = threading.Lock()
        self._codes: dict[str, _Code] = {}
        self._serial = 0  # 0 is the first pair, which comes from the configuration
        self._first_ms = clock.now_ms()
        self._access_dead = False

    def check_access(self, token: str) -> None:
        """Accept the living access token; raises -216 for a stranger, -220 for one run out."""
        with self._lock:
            serial = self._serial_of("access", token)
            if serial is None:
                raise ApiError(errors.TOKEN_INVALID)
            if serial > self._serial:
                self._adopt(serial)
            age_ms = self._clock.now_ms() - (serial or self._first_ms)
            if serial < self._serial or self._access_dead or age_ms >= ACCESS_TOKEN_SECONDS * 1000:
                raise ApiError(errors.TOKEN_EXPIRED)

    def expire_access(self) -> None:
        """Let the present access token run out at once."""
        with self._lock:
            self._access_dead = True

    def new_code(self, challenge: str) -> str:
        """A code for one exchange within ten minutes; `challenge` may be empty."""
        code = secrets.token_urlsafe(32)
        with self._lock:
            self._codes[code] = _Code(challenge, self._clock.now_ms())
        return code

    def exchange(self, code: str, verifier: str) -> TokenPair:
        """Turn a code into a pair; raises GrantError."""
        with self._lock:
            known = self._codes.pop(code, None)
            if known is None or self._clock.now_ms() - known.issued_ms > CODE_MS:
                raise GrantError(-14012, "Invalid code", "authorization code is used or expired")
            if known.challenge and not hmac.compare_digest(
                code_challenge(verifier).encode(), known.challenge.encode()
            ):
                raise GrantError(-14010, "Invalid code verifier", "code_verifier does not match")
            return self._issue()

    def refresh(self, refresh_token: str) -> TokenPair:
        """Turn the living refresh token into a new pair and kill the old one; raises GrantError."""
        with self._lock:
            serial = self._serial_of("refresh", refresh_token)
            if serial is not None and serial > self._serial:
                self._adopt(serial)
            age_ms = self._clock.now_ms() - (serial or self._first_ms)
            if serial != self._serial or age_ms > REFRESH_TOKEN_MS:
                raise GrantError(
                    -14014, "Invalid refresh token", "refresh token is used or expired"
                )
            return self._issue()

    def _issue(self) -> TokenPair:
        serial = max(self._clock.now_ms(), self._serial + 1)
        self._adopt(serial)
        return TokenPair(self._token("access", serial), self._token("refresh", serial))

    def _adopt(self, serial: int) -> None:
        self._serial = serial
        self._access_dead = False

    def _token(self, kind: str, serial: int) -> str:
        seal = hmac.new(
            self._identity.app_secret.encode(), f"{kind}.{serial}".encode(), hashlib.sha256
        ).hexdigest()
        return f"{kind}-{serial}-{seal}"

    def _serial_of(self, kind: str, token: str) -> int | None:
        first = self._identity.access_token if kind == "access" else self._identity.refresh_token
        if first and hmac.compare_digest(token.encode(), first.encode()):
            return 0
        parts = token.split("-")
        if len(parts) != 3 or not (parts[1].isascii() and parts[1].isdigit()):
            return None
        genuine = self._token(kind, int(parts[1]))
        return int(parts[1]) if hmac.compare_digest(token.encode(), genuine.encode()) else None
