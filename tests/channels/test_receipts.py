"""Receipts that come before our own note of the send wait in the store for it."""

from __future__ import annotations

import pytest
from sqlalchemy.exc import OperationalError

from bot.channels.zalo import receipts
from bot.channels.zalo.events import Receipt
from bot.database import utcnow
from tests.chain import Chain
from tests.outages import broken


def test_a_held_receipt_outlives_a_database_that_is_away(chain: Chain) -> None:
    receipts.note(chain.sessions, chain.store, Receipt("received", ("out1",), utcnow()))
    chain.attendant().attend(chain.say("một"))
    with broken(chain.sessions), pytest.raises(OperationalError):
        receipts.settle(chain.sessions, chain.store)
    receipts.settle(chain.sessions, chain.store)
    [reply] = chain.messages("out")
    assert reply.delivered_at is not None
