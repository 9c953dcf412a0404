"""Pictures of a receipt slip: the case code on them stands for the question about that case.

A picture is fetched when its message is answered and is never kept. A kill between the fetch and
the stored answer leaves the message pending, and the picture is fetched again: harmless.
"""

from __future__ import annotations

import dataclasses
import logging
import time
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any, Protocol
from urllib.parse import urlsplit

from bot.conversation.payloads import Command
from bot.conversation.router import Ask, Decision
from bot.errors import FileRefused
from bot.metrics import Metrics
from bot.services import slips
from bot.services.inbox import Inbound

log = logging.getLogger(__name__)

# For all pictures of one message: with a turn of the dialogue engine it must end before the
# conversation's lock does, and a citizen waits.
SECONDS = 4.0
TRIES = 2
MOST_PICTURES = 3  # of one message
SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp"})


class Fetch(Protocol):
    """How a file comes here; raises FileRefused."""

    def __call__(self, url: str, *, seconds: float) -> bytes:
        """The file at this address."""


class Pictures:
    """Reads the case code on the pictures that citizens send. Safe for threads."""

    def __init__(self, fetch: Fetch, metrics: Metrics, *, seconds: float = SECONDS) -> None:
        self._fetch = fetch
        self._metrics = metrics
        self._seconds = seconds

    def read(self, message: Inbound, decision: Decision) -> Decision:
        """The decision about a message, for the case on its picture if there is one.

        Words under the picture stay the question; they are understood with that case in mind.
        """
        if not isinstance(decision, Ask) or message.kind not in ("image", "file"):
            return decision
        addresses = _pictures_of(message)
        code = self._first_code(message, addresses)
        if addresses:
            self._metrics.count("pictures", "case_code" if code else "no_code")
        if code is None:
            return decision
        if decision.text:
            return dataclasses.replace(decision, context={"case_code": code})
        return Ask(command=Command("check_case_status", {"case_code": code}))

    def _first_code(self, message: Inbound, addresses: list[str]) -> str | None:
        deadline = time.monotonic() + self._seconds
        for address in addresses:
            data = self._fetched(message, address, deadline)
            code = slips.case_code_in(data) if data else None
            if code:
                return code
        return None

    def _fetched(self, message: Inbound, address: str, deadline: float) -> bytes | None:
        """The picture, or None: a citizen does not wait for a server that fails twice."""
        for attempt in range(1, TRIES + 1):
            left = deadline - time.monotonic()
            if left <= 0:
                return None
            try:
                # The first try leaves time for a second one.
                return self._fetch(address, seconds=left if attempt == TRIES else left * 0.6)
            except FileRefused as refused:
                log.warning("message %s: a picture is not fetched: %s", message.id, refused)
                if not refused.again:
                    return None
        return None


def _pictures_of(message: Inbound) -> list[str]:
    """The addresses of the message's pictures, also of those sent as files."""
    given = message.content.get("attachments") or ()
    found = [a["url"] for a in given if a.get("url") and _is_picture(message.kind, a)]
    return found[:MOST_PICTURES]


def _is_picture(kind: str, attachment: Mapping[str, Any]) -> bool:
    if kind == "image":
        return True
    try:
        named = (attachment.get("name") or "", urlsplit(attachment["url"]).path)
    except ValueError:
        return False
    return any(PurePosixPath(name).suffix.lower() in SUFFIXES for name in named)
