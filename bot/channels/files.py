"""Files that citizens sent, fetched from the platform's own hosts and from nowhere else.

Their addresses come out of a signed event, yet nothing of ours may be reached through them: the
host must be one of those allowed, its addresses are resolved once and checked, and the connection
goes to the very address that was checked (a name that answers differently the next time changes
nothing). No redirect, no other port, no more bytes and no more time than allowed. There is no way
through a proxy, which would resolve the name again.
"""

from __future__ import annotations

import contextlib
import http.client
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent import futures
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, quote, urlsplit

from bot.errors import FileRefused
from bot.logs import mask
from bot.settings import Settings

LARGEST = 5 * 1024 * 1024  # bytes
SECONDS = 3.0  # for all of it: the name, the connection, every byte
_PORTS = {"http": 80, "https": 443}
_LOOPBACK_NAMES = ("127.0.0.1", "localhost", "::1")
_CHUNK = 64 * 1024
# Addresses of IPv6 that carry one of IPv4 inside: it is the one that counts.
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_LOCAL_NAT64 = ipaddress.IPv6Network("64:ff9b:1::/48")

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True)
class _Target:
    """An address that may be asked for."""

    scheme: str
    host: str
    port: int
    path: str
    own: bool  # the demo's simulator, which lives on this machine

    def __str__(self) -> str:  # for the log: whoever reads a path could fetch the picture
        return f"{self.scheme}://{self.host}:{self.port} {mask(self.path)}"


class Files:
    """Fetches files from the allowed hosts. Safe for threads.

    `hosts` are the last labels of allowed names ("zdn.vn" allows "photo.zdn.vn"); `simulators` are
    hosts and ports that need be neither there nor public.
    """

    def __init__(
        self,
        hosts: Iterable[str],
        simulators: Iterable[tuple[str, int]] = (),
        *,
        largest: int = LARGEST,
        resolve: Callable[..., list[Any]] = socket.getaddrinfo,
    ) -> None:
        self._hosts = tuple(hosts)
        self._simulators = frozenset(simulators)
        self._largest = largest
        self._ask = resolve
        self._resolvers = futures.ThreadPoolExecutor(4, thread_name_prefix="resolve")

    @classmethod
    def of(cls, settings: Settings) -> Files:
        """For these settings: Zalo's hosts, and in the demo the simulator as well."""
        return cls(settings.zalo_file_hosts, _simulators(settings) if settings.demo else ())

    def fetch(self, url: str, *, seconds: float = SECONDS) -> bytes:
        """The file at this address.

        Raises FileRefused; its `again` says whether a second try could go better.
        """
        target = self._target(url)
        deadline = time.monotonic() + seconds
        addresses = self._resolve(target, seconds)
        try:
            with _connection(target, addresses, deadline) as connection:
                data = self._read(connection, target)
        except FileRefused:
            raise
        except (OSError, http.client.HTTPException, ValueError, AttributeError) as error:
            # The last two: a connection that was cut at its deadline while it was read.
            late = time.monotonic() >= deadline
            why = "takes too long" if late else type(error).__name__
            raise FileRefused(f"{target}: {why}", again=True) from None
        if time.monotonic() >= deadline:  # a body that ends with its connection may have been cut
            raise FileRefused(f"{target}: takes too long", again=True)
        return data

    def _target(self, url: str) -> _Target:
        parts = _split(url)
        host = (parts.hostname or "").lower()
        port = parts.port or _PORTS[parts.scheme]
        path = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~-._")
        if parts.query:
            path += "?" + quote(parts.query, safe="/%:@!$&'()*+,;=~-._?[]")
        if (host, port) in self._simulators and parts.scheme == "http":
            return _Target("http", host, port, path, own=True)
        if not any(host == allowed or host.endswith(f".{allowed}") for allowed in self._hosts):
            raise FileRefused("not a host of the platform")
        if port != _PORTS[parts.scheme]:
            raise FileRefused("not the usual port")
        return _Target(parts.scheme, host, port, path, own=False)

    def _resolve(self, target: _Target, seconds: float) -> list[str]:
        """Every address of a host, once; refused if any of them is not a public one."""
        asked = self._resolvers.submit(self._ask, target.host, target.port, type=socket.SOCK_STREAM)
        try:
            found = asked.result(timeout=seconds)
        except (OSError, UnicodeError, futures.TimeoutError):
            asked.cancel()
            raise FileRefused(f"{target}: the name is not resolved", again=True) from None
        addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
        if not target.own and not all(is_public(address) for address in addresses):
            raise FileRefused(f"{target}: leads to an address that is not public")
        return addresses

    def _read(self, connection: http.client.HTTPConnection, target: _Target) -> bytes:
        connection.request("GET", target.path, headers={"Accept-Encoding": "identity"})
        response = connection.getresponse()
        if response.status != 200:
            again = response.status >= 500 or response.status == 429
            raise FileRefused(f"{target}: http {response.status}", again=again)
        if response.getheader("Content-Encoding", "identity").lower() != "identity":
            raise FileRefused(f"{target}: is packed")
        data = bytearray()
        while chunk := response.read(_CHUNK):  # whatever Content-Length says
            data += chunk
            if len(data) > self._largest:
                raise FileRefused(f"{target}: is larger than {self._largest} bytes")
        if response.length:
            raise FileRefused(f"{target}: ended early", again=True)
        return bytes(data)


def is_public(address: str) -> bool:
    """Whether an address is one of the open internet, and not of a network or a machine."""
    try:
        given: Address = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(given, ipaddress.IPv6Address):
        inner = _inner(given)
        if inner is not None:
            return is_public(str(inner))
        if given.is_site_local or given in _LOCAL_NAT64:
            return False
    return given.is_global and not (
        given.is_multicast or given.is_reserved or given.is_private or given.is_unspecified
    )


def _inner(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    teredo = address.teredo
    return address.ipv4_mapped or address.sixtofour or (teredo[1] if teredo else None)


def _split(url: str) -> SplitResult:
    """The parts of an address that means to everybody what it means here."""
    if not url or len(url) > 2000 or any(c <= " " or c in '\\"<>^`{|}\x7f' for c in url):
        raise FileRefused("not an address")
    try:
        parts = urlsplit(url)
        if parts.port == 0:
            raise ValueError
    except ValueError:
        raise FileRefused("not an address") from None
    if parts.scheme not in _PORTS:
        raise FileRefused("neither http nor https")
    if "@" in parts.netloc or not parts.netloc.isascii():
        raise FileRefused("names a user, or a host in other letters")
    return parts


def _simulators(settings: Settings) -> list[tuple[str, int]]:
    """Where the simulator listens, by each name under which its page may have been opened."""
    parts = urlsplit(settings.zalo_api_url)
    host, port = parts.hostname or "", parts.port or 80
    names = _LOOPBACK_NAMES if host in _LOOPBACK_NAMES else (host,)
    return [(name, port) for name in names]


@contextlib.contextmanager
def _connection(
    target: _Target, addresses: Iterable[str], deadline: float
) -> Iterator[http.client.HTTPConnection]:
    """A connection to one of these addresses, cut when the time is over.

    A limit for each read would let a server that drips byte after byte hold a worker for hours.
    """
    plain = _connected(addresses, target.port, deadline)
    connection = http.client.HTTPConnection(target.host, target.port)
    connection.sock = plain
    if target.scheme == "https":
        connection.default_port = _PORTS["https"]  # so that Host names no port
        connection.sock = ssl.create_default_context().wrap_socket(
            plain, server_hostname=target.host, do_handshake_on_connect=False
        )
    open_socket = connection.sock
    end = threading.Timer(max(deadline - time.monotonic(), 0.0), _cut, [open_socket])
    end.daemon = True
    end.start()
    try:
        if isinstance(open_socket, ssl.SSLSocket):
            open_socket.do_handshake()
        yield connection
    finally:
        end.cancel()
        connection.close()
        open_socket.close()


def _connected(addresses: Iterable[str], port: int, deadline: float) -> socket.socket:
    failed: OSError = OSError("no address")
    for address in addresses:
        left = deadline - time.monotonic()
        if left <= 0:
            break
        try:
            made = socket.create_connection((address, port), timeout=left)
        except OSError as error:
            failed = error
            continue
        made.settimeout(left)
        return made
    raise failed


def _cut(open_socket: socket.socket) -> None:
    with contextlib.suppress(OSError):
        # Not SSLSocket.shutdown, which takes the cipher away from the thread that reads.
        socket.socket.shutdown(open_socket, socket.SHUT_RDWR)
