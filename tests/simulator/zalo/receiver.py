"""A tiny webhook that keeps what it receives and answers as it is told."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PATIENCE = 10.0


@dataclass(frozen=True)
class Received:
    """One POST as it came."""

    headers: dict[str, str]
    body: bytes

    @property
    def event(self) -> dict[str, Any]:
        return json.loads(self.body)

    @property
    def name(self) -> str:
        return self.event["event_name"]


class Receiver:
    """`answers` are the statuses of the first POSTs; later ones get 200. `delay` is in seconds."""

    def __init__(self) -> None:
        self.posts: list[Received] = []
        self.answers: list[int] = []
        self.delay = 0.0
        self._changed = threading.Condition()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status = receiver.keep(Received(dict(self.headers.items()), body))
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/webhook/zalo"
        serve = self._server.serve_forever
        threading.Thread(target=serve, args=(0.02,), daemon=True).start()

    def keep(self, received: Received) -> int:
        with self._changed:
            self.posts.append(received)
            status = self.answers.pop(0) if self.answers else 200
            self._changed.notify_all()
        if self.delay:
            threading.Event().wait(self.delay)
        return status

    def wait(
        self, count: int, wanted: Callable[[Received], bool] = lambda _: True
    ) -> list[Received]:
        """The first posts that are wanted, once there are `count`; fails after ten seconds."""
        end = time.monotonic() + PATIENCE
        with self._changed:
            while len(found := [p for p in self.posts if wanted(p)]) < count:
                left = end - time.monotonic()
                assert left > 0, f"only {len(found)} of {count} events came"
                self._changed.wait(left)
            return found

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
