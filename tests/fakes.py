"""Stand-ins at the HTTP border: Rasa's channel and the Zalo API, each as small as tests need."""

from __future__ import annotations

import itertools
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

Answer = tuple[int, Any]


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64


class FakeHttp:
    """A JSON server on a free port; `handle` gets path, headers, body and gives status, JSON."""

    def __init__(self, port: int = 0) -> None:
        fake = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_POST(self) -> None:
                self._serve()

            def do_GET(self) -> None:
                self._serve()

            def _serve(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                status, answer = fake.handle(self.path, dict(self.headers), body)
                if status == 0:  # drop the connection without a word
                    self.close_connection = True
                    return
                raw = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(raw)))
                self.end_headers()
                self.wfile.write(raw)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._server = _Server(("127.0.0.1", port), Handler)
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def handle(self, path: str, headers: dict[str, str], body: bytes) -> Answer:
        raise NotImplementedError

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class FakeRasa(FakeHttp):
    """Answers "đáp: <text>"; `respond` may be replaced to fail or to say something else."""

    def __init__(self, port: int = 0) -> None:
        super().__init__(port)
        self.asked: list[dict[str, Any]] = []
        self.dry_runs: list[dict[str, Any]] = []  # what was only asked what would be said
        self.forgotten: list[str] = []
        self.forget_with = 200  # the status of its answer
        self.respond: Callable[[dict[str, Any]], Answer] = answer_politely

    def handle(self, path: str, headers: dict[str, str], body: bytes) -> Answer:
        if path.endswith("/health"):
            return 200, {"status": "ok"}
        asked = json.loads(body)
        if path.endswith("/forget"):
            self.forgotten.append(asked["conversation_id"])
            return self.forget_with, {"forgotten": self.forget_with == 200}
        (self.dry_runs if path.endswith("/dry-run") else self.asked).append(asked)
        return self.respond(asked)


def answer_politely(asked: dict[str, Any]) -> Answer:
    """A turn about one procedure that repeats what was asked."""
    said = asked.get("text") or asked["command"]["intent"]
    return 200, turn(f"đáp: {said}")


def turn(*texts: str, buttons: list[dict[str, str]] | None = None) -> dict[str, Any]:
    """The JSON of one turn as our Rasa channel gives it."""
    messages: list[dict[str, Any]] = [{"text": text, "buttons": []} for text in texts]
    if buttons:
        messages[-1]["buttons"] = buttons
    return {
        "messages": messages,
        "intent": "ask_fee",
        "confidence": 0.97,
        "outcome": "answered",
        "procedures": ["1.004194"],
    }


class FakeZalo(FakeHttp):
    """Accepts sends with the current token; `faults` are used up first, one per send."""

    def __init__(self, access: str = "demo-access-token", refresh: str = "demo-refresh-token"):
        super().__init__()
        self.access, self.refresh = access, refresh
        self.sent: list[dict[str, Any]] = []
        self.listed: list[dict[str, Any]] = []
        self.faults: list[Callable[[dict[str, Any]], Answer | None]] = []
        self.refreshes = 0
        self.refresh_delay = 0.0
        self.refuse_refresh = False
        self.tries = 0
        self._ids = itertools.count(1)
        self._guard = threading.Lock()

    def texts(self, user: str | None = None) -> list[str]:
        """What was accepted, in order."""
        return [
            s["message"].get("text", "")
            for s in list(self.sent)
            if user in (None, s["recipient"]["user_id"])
        ]

    def handle(self, path: str, headers: dict[str, str], body: bytes) -> Answer:
        if path.startswith("/v4/oa/access_token"):
            return self._refresh(parse_qs(body.decode()))
        if path.startswith("/v2.0/oa/conversation"):
            user = json.loads(parse_qs(urlsplit(path).query)["data"][0])["user_id"]
            return 200, {"error": 0, "data": [m for m in self.listed if m["to_id"] == user]}
        return self._send(headers, json.loads(body))

    def _send(self, headers: dict[str, str], asked: dict[str, Any]) -> Answer:
        with self._guard:
            self.tries += 1
            if headers.get("access_token") != self.access:
                return 200, {"error": -216, "message": "Access token is invalid"}
            fault = self.faults.pop(0)(asked) if self.faults else None
            return fault or (200, self.accept(asked))

    def accept(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Take a message as Zalo would."""
        message_id = f"out{next(self._ids)}"
        user = asked["recipient"]["user_id"]
        self.sent.append(asked)
        self.listed.append(
            {
                "src": 0,
                "time": int(time.time() * 1000),
                "message": asked["message"].get("text", ""),
                "message_id": message_id,
                "to_id": user,
            }
        )
        return {"error": 0, "message": "Success", "data": {"message_id": message_id}}

    def _refresh(self, form: dict[str, list[str]]) -> Answer:
        time.sleep(self.refresh_delay)
        with self._guard:
            if self.refuse_refresh or form["refresh_token"] != [self.refresh]:
                return 200, {"error": -14014, "error_name": "Invalid refresh token."}
            self.refreshes += 1
            self.access, self.refresh = f"a{self.refreshes}", f"r{self.refreshes}"
            pair = {"access_token": self.access, "refresh_token": self.refresh}
            return 200, {**pair, "expires_in": "90000"}


def fault(code: int) -> Callable[[dict[str, Any]], Answer | None]:
    """One send answered with this Zalo error code."""
    return lambda asked: (200, {"error": code, "message": "…"})


def eventually(check: Callable[[], bool], *, seconds: float = 15, what: str = "") -> None:
    """Wait for a condition; fails when it does not come true in time."""
    deadline = time.monotonic() + seconds
    while not check():
        if time.monotonic() > deadline:
            raise AssertionError(f"did not happen within {seconds} s: {what or check}")
        time.sleep(0.02)


@contextmanager
def running(fake: FakeHttp) -> Iterator[FakeHttp]:
    """A fake that is closed at the end."""
    try:
        yield fake
    finally:
        fake.close()
