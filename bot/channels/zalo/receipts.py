"""Receipts that come before our own note of the send: held in the store, noted by the sweep.

The platform tells that a message was delivered while its answer to the send is still on the way.
Asking the store at each send would cost more than these few receipts are worth.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
from typing import Any

import redis
from sqlalchemy.orm import Session, sessionmaker

from bot.channels.outages import LOST
from bot.channels.zalo.events import CHANNEL, Receipt
from bot.database import session_scope, utcnow
from bot.services import delivery

log = logging.getLogger(__name__)

KEY = "receipts:early"
HELD_AT_MOST = 10_000
HELD_FOR = dt.timedelta(minutes=2)  # then it is a receipt of somebody else's message


def note(sessions: sessionmaker[Session], store: redis.Redis[Any], receipt: Receipt) -> None:
    """Mark the messages of a receipt, and hold it for those that are not known yet."""
    if not _apply(sessions, receipt):
        _hold(store, receipt, utcnow())


def settle(sessions: sessionmaker[Session], store: redis.Redis[Any]) -> None:
    """Try the held receipts again."""
    for _ in range(store.llen(KEY)):
        raw = store.lpop(KEY)
        if raw is None:
            return
        state, message_ids, at, held_since = json.loads(raw)
        receipt = Receipt(state, tuple(message_ids), dt.datetime.fromisoformat(at))
        since = dt.datetime.fromisoformat(held_since)
        try:
            # A kill here loses one delivery mark, no message.
            known = _apply(sessions, receipt)
        except LOST:
            _hold(store, receipt, since)
            raise
        if not known and utcnow() - since < HELD_FOR:
            _hold(store, receipt, since)


def _apply(sessions: sessionmaker[Session], receipt: Receipt) -> bool:
    """Whether all of its messages are known."""
    seen = receipt.state == "seen"
    with session_scope(sessions) as session:
        known = delivery.note_receipt(
            session, CHANNEL, receipt.message_ids, seen=seen, at=receipt.at
        )
    return known >= len(set(receipt.message_ids))


def _hold(store: redis.Redis[Any], receipt: Receipt, since: dt.datetime) -> None:
    held = [receipt.state, receipt.message_ids, receipt.at.isoformat(), since.isoformat()]
    try:
        if store.rpush(KEY, json.dumps(held)) > HELD_AT_MOST:
            store.ltrim(KEY, -HELD_AT_MOST, -1)
    except redis.RedisError:
        log.warning("a receipt could not be held")
