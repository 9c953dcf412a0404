"""A closed-loop load generator: raw asyncio, so that it takes little of the two cores."""

from __future__ import annotations

import asyncio
import hashlib
import json
import statistics
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

# Five turns of one citizen, alike on both sides; a new procedure is named in turns 1, 3 and 4.
TEXTS = (
    "làm khai sinh cho con cần giấy tờ gì?",
    "thế lệ phí bao nhiêu",
    "dang ky tam tru o dau vay",
    "Xin giấy xác nhận tình trạng hôn nhân mất mấy ngày?",
    "cảm ơn nhé",
)

_OK_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"

Turn = Callable[[str, str], Awaitable[None]]  # (sender, text) -> when the reply is out


@dataclass(frozen=True)
class Figures:
    """What a run measured; latencies in milliseconds."""

    messages: int
    seconds: float
    per_second: float
    p50_ms: float
    p95_ms: float
    p99_ms: float


class Connection:
    """One keep-alive HTTP/1.1 connection."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._host, self._port = parts.hostname or "127.0.0.1", parts.port or 80
        self._path = parts.path or "/"
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def post(self, body: bytes, headers: Sequence[tuple[str, str]] = ()) -> bytes:
        """The body of the answer; raises RuntimeError unless it is a 200."""
        if self._writer is None:
            self._reader, self._writer = await asyncio.open_connection(self._host, self._port)
        lines = [f"POST {self._path} HTTP/1.1", f"Host: {self._host}:{self._port}"]
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in headers]
        self._writer.write("\r\n".join([*lines, "", ""]).encode() + body)
        assert self._reader is not None
        status, answer, keep = await _read_answer(self._reader)
        if not keep:
            self._writer.close()
            self._writer = None
        if status != 200:
            raise RuntimeError(f"{self._path} answered {status}: {answer[:200]!r}")
        return answer


async def _read_answer(reader: asyncio.StreamReader) -> tuple[int, bytes, bool]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
    status = int(head.split(" ", 2)[1])
    if "transfer-encoding: chunked" in head:
        chunks = []
        while size := int((await reader.readline()).strip() or b"0", 16):
            chunks.append(await reader.readexactly(size))
            await reader.readline()
        await reader.readline()
        return status, b"".join(chunks), "connection: close" not in head
    length = int(head.split("content-length:", 1)[1].split("\r\n", 1)[0])
    return status, await reader.readexactly(length), "connection: close" not in head


class SendApi:
    """Stands for Zalo's send API: accepts every message at once and tells who was written to."""

    def __init__(self) -> None:
        self.port = 0
        self._accepted: dict[str, asyncio.Event] = {}
        self._count = 0

    async def start(self) -> None:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]

    def expect(self, sender: str) -> asyncio.Event:
        """An event that is set when the next message to `sender` is accepted."""
        event = self._accepted[sender] = asyncio.Event()
        return event

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
                length = int(head.split("content-length:", 1)[1].split("\r\n", 1)[0])
                body = json.loads(await reader.readexactly(length))
                writer.write(self._accept(body))
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    def _accept(self, body: dict[str, dict[str, str]]) -> bytes:
        sender = body["recipient"]["user_id"]
        self._count += 1
        data = {"message_id": f"out-{self._count}", "user_id": sender, "sent_time": str(_now_ms())}
        answer = json.dumps({"error": 0, "message": "Success", "data": data}).encode()
        event = self._accepted.get(sender)
        if event is not None:
            event.set()
        return _OK_HEAD % len(answer) + answer


class SignedWebhook:
    """Plays the platform: a signed event in, done when the reply is accepted by the send API."""

    def __init__(self, url: str, send_api: SendApi, app_id: str, oa_id: str, secret: str) -> None:
        self._url, self._send_api = url, send_api
        self._app_id, self._oa_id, self._secret = app_id, oa_id, secret
        self._connections: dict[str, Connection] = {}
        self._count = 0

    def for_client(self, name: str) -> Turn:
        """The turns of one client, on a connection of its own."""
        connection = self._connections.setdefault(name, Connection(self._url))

        async def turn(sender: str, text: str) -> None:
            accepted = self._send_api.expect(sender)
            body, mac = self._event(sender, text)
            await connection.post(body, [("X-ZEvent-Signature", f"mac={mac}")])
            await asyncio.wait_for(accepted.wait(), 60)

        return turn

    def _event(self, sender: str, text: str) -> tuple[bytes, str]:
        self._count += 1
        stamp = str(_now_ms())
        body = json.dumps(
            {
                "app_id": self._app_id,
                "sender": {"id": sender},
                "user_id_by_app": sender,
                "recipient": {"id": self._oa_id},
                "event_name": "user_send_text",
                "message": {"text": text, "msg_id": f"in-{stamp}-{self._count}"},
                "timestamp": stamp,
            },
            ensure_ascii=False,
        ).encode()
        plain = self._app_id.encode() + body + stamp.encode() + self._secret.encode()
        return body, hashlib.sha256(plain).hexdigest()


class RestChannel:
    """Rasa's own REST channel: the answer to the request is the reply."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._connections: dict[str, Connection] = {}

    def for_client(self, name: str) -> Turn:
        """The turns of one client, on a connection of its own."""
        connection = self._connections.setdefault(name, Connection(self._url))

        async def turn(sender: str, text: str) -> None:
            answer = await connection.post(json.dumps({"sender": sender, "message": text}).encode())
            if not json.loads(answer):
                raise RuntimeError("the stock assistant answered with nothing")

        return turn


async def many_citizens(
    clients: Sequence[Turn], senders: Sequence[str], texts: Sequence[str] = TEXTS
) -> Figures:
    """Each client takes the next sender and holds their whole conversation."""
    waiting = list(reversed(senders))
    latencies: list[float] = []

    async def client(turn: Turn) -> None:
        while waiting:
            sender = waiting.pop()
            for text in texts:
                began = time.perf_counter()
                await turn(sender, text)
                latencies.append((time.perf_counter() - began) * 1000)

    began = time.perf_counter()
    await asyncio.gather(*(client(turn) for turn in clients))
    return figures(latencies, time.perf_counter() - began)


async def one_citizen(turn: Turn, sender: str, turns: int) -> list[float]:
    """The latencies (ms) of one long conversation, by turn."""
    latencies = []
    for number in range(turns):
        began = time.perf_counter()
        await turn(sender, TEXTS[number % len(TEXTS)])
        latencies.append((time.perf_counter() - began) * 1000)
    return latencies


def figures(latencies: Sequence[float], seconds: float) -> Figures:
    """The summary of one run."""
    ordered = sorted(latencies)
    return Figures(
        messages=len(ordered),
        seconds=seconds,
        per_second=len(ordered) / seconds,
        p50_ms=statistics.median(ordered),
        p95_ms=ordered[int(len(ordered) * 0.95)],
        p99_ms=ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))],
    )


def _now_ms() -> int:
    return int(time.time() * 1000)
