"""The web chat as a channel: the outbox row is the message, sending it is ringing a bell."""

from __future__ import annotations

import datetime as dt
import secrets
from typing import Any

import redis

from bot.bell import ring
from bot.conversation.messages import Reply
from bot.services.visitors import CHANNEL


def bell_of(user_id: str) -> str:
    """The bell that the open pages of a visitor wait for."""
    return f"{CHANNEL}:{user_id}"


class WebChannel:
    """The web chat. Safe for threads; nothing that it does can fail."""

    name = CHANNEL
    text_limit = 2000

    def __init__(self, store: redis.Redis[Any]) -> None:
        self._store = store

    def send(self, user_id: str, reply: Reply) -> str:
        """Tell the visitor's open pages to look; returns a fresh id.

        The row was committed as `sending` before this call, and pages read the rows themselves:
        the reply is visible from then on, heard or not.
        """
        ring(self._store, bell_of(user_id))
        return self._new_id()

    def find_sent(self, user_id: str, reply: Reply, since: dt.datetime) -> list[str]:
        """One fresh id: always sent.

        This is asked only of a row that a dead worker left `sending`, and such a row has been
        visible since it was committed so. Saying "not found" would bring it a second time.
        """
        return [self.send(user_id, reply)]

    def _new_id(self) -> str:
        return f"web:{secrets.token_hex(16)}"
