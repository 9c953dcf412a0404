"""The stored token pair of a channel's account: encrypted at rest, replaced by version."""

from __future__ import annotations

import base64
import contextlib
import dataclasses
import datetime as dt
import hashlib
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from bot.database import utcnow
from bot.errors import LostRace, TokenError
from bot.models.conversations import ChannelToken
from bot.services.rows import insert_once
from bot.settings import Settings


@dataclass(frozen=True)
class Account:
    """Which account's pair: the channel and the account's id on it."""

    channel: str
    account_id: str


@dataclass(frozen=True, repr=False)
class Pair:
    """A readable token pair. `version` guards a replacement."""

    access: str
    refresh: str
    expires_at: dt.datetime
    version: int
    lost: bool
    seed_digest: str


@dataclass(frozen=True)
class TokenState:
    """How an account's grant stands, without the tokens."""

    expires_at: dt.datetime
    renewed_at: dt.datetime
    lost_at: dt.datetime | None


def read(session: Session, account: Account, cipher: Fernet) -> Pair | None:
    """The stored pair; raises TokenError when it was kept under another key."""
    row = session.execute(select(ChannelToken).where(*_of(account))).scalar_one_or_none()
    if row is None:
        return None
    try:
        access = cipher.decrypt(row.access_token.encode()).decode()
        refresh = cipher.decrypt(row.refresh_token.encode()).decode()
    except InvalidToken:
        raise TokenError(
            "the stored tokens can't be read: SECRET_KEY is not the one they were kept with"
        ) from None
    lost = row.lost_at is not None
    return Pair(access, refresh, row.expires_at, row.version, lost, row.seed_digest)


def store_first(session: Session, account: Account, cipher: Fernet, pair: Pair) -> None:
    """Store the configured first pair, unless a pair is there already."""
    key = {"channel": account.channel, "account_id": account.account_id}
    insert_once(session, ChannelToken, {**key, **_values(cipher, pair)})


def replace(session: Session, account: Account, cipher: Fernet, old: Pair, new: Pair) -> None:
    """Put `new` in the place of `old`; raises LostRace when another process was faster."""
    changed = session.execute(
        update(ChannelToken)
        .where(*_of(account), ChannelToken.version == old.version)
        .values(**_values(cipher, new), version=old.version + 1, lost_at=None)
        .execution_options(synchronize_session=False)
    )
    if changed.rowcount != 1:
        raise LostRace("the token pair was changed by another process")


def put(session: Session, account: Account, cipher: Fernet, pair: Pair) -> None:
    """Put a pair that a person has just granted in the place of whatever is stored.

    What was there needn't be readable. Raises LostRace when another process was faster twice.
    """
    for _ in range(2):
        version = session.execute(
            select(ChannelToken.version).where(*_of(account))
        ).scalar_one_or_none()
        if version is None:
            key = {"channel": account.channel, "account_id": account.account_id}
            if insert_once(session, ChannelToken, {**key, **_values(cipher, pair)}):
                return
        else:
            with contextlib.suppress(LostRace):
                old = dataclasses.replace(pair, version=version)  # its version alone is read
                return replace(session, account, cipher, old, pair)
    raise LostRace("the token pair was changed by another process")


def state_of(session: Session, account: Account) -> TokenState | None:
    """What may be told about the stored pair; None when there is none."""
    row = session.execute(
        select(ChannelToken.expires_at, ChannelToken.updated_at, ChannelToken.lost_at).where(
            *_of(account)
        )
    ).first()
    return None if row is None else TokenState(*row)


def mark_lost(session: Session, account: Account, pair: Pair) -> None:
    """Flag that the platform refused to renew this pair: a person must grant anew."""
    session.execute(
        update(ChannelToken)
        .where(*_of(account), ChannelToken.version == pair.version)
        .values(lost_at=utcnow())
        .execution_options(synchronize_session=False)
    )


def make_cipher(settings: Settings) -> Fernet:
    """The cipher of stored tokens; its key comes from SECRET_KEY (the demo makes its own)."""
    secret = settings.secret_key or demo_secret(settings.var_dir / "secret.key")
    digest = hashlib.sha256(b"channel tokens\n" + secret.encode()).digest()
    return Fernet(base64.urlsafe_b64encode(digest))


def demo_secret(path: Path) -> str:
    """A random secret kept in a file that only its owner can read; made at the first call."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        own = path.with_suffix(f".{os.getpid()}.{secrets.token_hex(4)}")
        with os.fdopen(os.open(own, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
            file.write(secrets.token_hex(32))
        with contextlib.suppress(FileExistsError):
            os.link(own, path)  # appears whole or not at all, also when two start together
        own.unlink()
    return path.read_text().strip()


def _values(cipher: Fernet, pair: Pair) -> dict[str, object]:
    return {
        "access_token": cipher.encrypt(pair.access.encode()).decode(),
        "refresh_token": cipher.encrypt(pair.refresh.encode()).decode(),
        "expires_at": pair.expires_at,
        "seed_digest": pair.seed_digest,
        "updated_at": utcnow(),
    }


def _of(account: Account) -> tuple[bool, ...]:
    return (
        ChannelToken.channel == account.channel,
        ChannelToken.account_id == account.account_id,
    )
