"""The signature of Zalo's events: SHA-256 over app id, raw body, timestamp and OA secret key."""

from __future__ import annotations

import hashlib
import hmac


def mac(app_id: str, body: bytes, timestamp: str, oa_secret: str) -> str:
    """The lower-case hex digest that Zalo puts into `X-ZEvent-Signature` after `mac=`."""
    digest = hashlib.sha256(app_id.encode())
    digest.update(body)
    digest.update(timestamp.encode("utf-8", "replace"))
    digest.update(oa_secret.encode())
    return digest.hexdigest()


def matches(header: str, expected: str) -> bool:
    """Whether a header carries the expected digest; compared in constant time."""
    given = header.strip()
    if given[:4].lower() == "mac=":
        given = given[4:]
    return hmac.compare_digest(given.strip().lower().encode("utf-8", "replace"), expected.encode())
