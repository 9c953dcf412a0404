"""The three hashes of the platform: event signature, appsecret_proof, PKCE challenge."""

from __future__ import annotations

import base64
import hashlib
import hmac


def event_mac(app_id: str, data: bytes, timestamp: str, oa_secret_key: str) -> str:
    """The hex SHA-256 of appId + data + timeStamp + OAsecretKey (a plain digest, no HMAC)."""
    return hashlib.sha256(
        app_id.encode() + data + timestamp.encode() + oa_secret_key.encode()
    ).hexdigest()


def appsecret_proof(app_secret: str, access_token: str) -> str:
    """The hex HMAC-SHA256 of the access token under the app's secret."""
    return hmac.new(app_secret.encode(), access_token.encode(), hashlib.sha256).hexdigest()


def code_challenge(verifier: str) -> str:
    """The S256 challenge of a PKCE verifier: base64url without padding."""
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
