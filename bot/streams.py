"""Server-Sent Events: responses that stay open, beat, end in time, and leave threads for others.

An open stream holds a thread of its web process. So their number is capped below the number of
threads; beyond it the answer is 503 at once, and the page asks every few seconds instead.
"""

from __future__ import annotations

import json
import logging
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import redis
from flask import Flask, Response, current_app, request

from bot.bell import Bell
from bot.logs import where
from bot.settings import Settings

log = logging.getLogger(__name__)

BEAT_SECONDS = 15.0  # proxies and phones drop a connection on which nothing moves
LIFE_SECONDS = 300.0  # then the page connects anew: nothing is held for ever
LOOK_UP_SECONDS = 1.0  # between looks whether the reader is gone or the process is to stop
FREE_THREADS = 16  # of a web process, kept from streams
MOST_OF_ONE = 4  # streams of one reader in one process
RETRY_SECONDS = 3
_HEADERS = {
    "Cache-Control": "no-cache, no-transform",
    "X-Accel-Buffering": "no",  # nginx would collect the events otherwise
}


@dataclass(frozen=True)
class Event:
    """One event; `id` is the cursor that the reader gives back when it connects anew."""

    data: Any
    id: str = ""
    name: str = ""

    def encode(self) -> str:
        """The lines of the event stream format; JSON holds no bare line break."""
        head = f"event: {self.name}\n" if self.name else ""
        head += f"id: {self.id}\n" if self.id else ""
        return f"{head}data: {json.dumps(self.data, ensure_ascii=False)}\n\n"


Look = Callable[[], Iterable[Event]]


class Over(Exception):
    """Raised by a look: nothing will ever come on this stream; `event` is its last word."""

    def __init__(self, event: Event) -> None:
        super().__init__(event.name)
        self.event = event


class Places:
    """The streams that are open in this process, at most `most`."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._taken: Counter[str] = Counter()
        self._guard = threading.Lock()

    def take(self, reader: str, most: int = MOST_OF_ONE) -> bool:
        """A place for one more stream of this reader; False when there is none."""
        with self._guard:
            if self._taken.total() >= self._most or self._taken[reader] >= most:
                return False
            self._taken[reader] += 1
            return True

    def leave(self, reader: str) -> None:
        """Give the place back."""
        with self._guard:
            self._taken[reader] -= 1
            if self._taken[reader] <= 0:
                del self._taken[reader]

    def open(self) -> int:
        """How many streams are open."""
        with self._guard:
            return self._taken.total()


def init_app(app: Flask, settings: Settings) -> None:
    """Give an application its places for streams."""
    places = Places(max(0, settings.web_threads - FREE_THREADS))
    app.extensions["stream_places"] = places


stopping = threading.Event()  # set when this process has been told to end


def once(look: Look) -> Response:
    """All that is new now, as a stream that ends at once: for those who ask again and again."""
    return Response(_now(look), mimetype="text/event-stream", headers=_HEADERS)


def follow(
    look: Look, *, bell: str | Sequence[str], reader: str, most: int = MOST_OF_ONE
) -> Response | None:
    """An open stream: a look now, at each ring of `bell`, and at each beat. None: no place left.

    `most`: how many streams this reader may have in one process.
    """
    places: Places = current_app.extensions["stream_places"]
    if not places.take(reader, most):
        return None
    store: redis.Redis[Any] = current_app.extensions["store"]
    client: socket.socket | None = request.environ.get("gunicorn.socket")
    bells = (bell,) if isinstance(bell, str) else tuple(bell)
    response = Response(
        _live(look, store, bells, client), mimetype="text/event-stream", headers=_HEADERS
    )
    # Not in the generator: one that is never started never comes to its `finally`.
    response.call_on_close(lambda: places.leave(reader))
    return response


def _now(look: Look) -> Iterator[str]:
    try:
        for event in look():
            yield event.encode()
    except Over as over:
        yield over.event.encode()


def _live(
    look: Look, store: redis.Redis[Any], names: Sequence[str], client: socket.socket | None
) -> Iterator[str]:
    ends = time.monotonic() + LIFE_SECONDS
    bell = Bell(store, *names)
    try:
        yield ":\n\n"  # the headers go out now
        while time.monotonic() < ends:
            for event in look():
                yield event.encode()
            if not _wait(bell, client):
                return
            yield ":\n\n"
    except Over as over:
        yield over.event.encode()
    except Exception as error:
        log.error("a stream ended: %s", where(error))  # the page connects anew
    finally:
        bell.close()


def _wait(bell: Bell, client: socket.socket | None) -> bool:
    """Wait for a ring or a beat; False when the stream is to end."""
    beat = time.monotonic() + BEAT_SECONDS
    while (left := beat - time.monotonic()) > 0:
        rung = bell.wait(min(left, LOOK_UP_SECONDS))
        if stopping.is_set() or (client is not None and _hung_up(client)):
            return False
        if rung:
            return True
    return True


def _hung_up(client: socket.socket) -> bool:
    """Whether the reader has closed the connection; only a write would tell otherwise."""
    try:
        return client.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True
