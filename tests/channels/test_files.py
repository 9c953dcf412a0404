"""Citizens' files are fetched from the platform's hosts, and from nowhere else in the world."""

from __future__ import annotations

import datetime as dt
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from bot.channels import files
from bot.channels.files import Files, is_public
from bot.errors import FileRefused, SettingError
from bot.settings import Settings

HOSTS = ("zdn.vn", "zadn.vn", "zalo.me")
Serve = Callable[[BaseHTTPRequestHandler], None]


class Server:
    """A web server on this machine; `serve` answers each request, `asked` holds their headers."""

    def __init__(self) -> None:
        self.serve: Serve = lambda request: give(request, b"picture")
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.ended = threading.Event()
        here = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                here.asked.append((self.path, dict(self.headers)))
                try:
                    here.serve(self)
                except OSError:
                    self.close_connection = True
                finally:
                    here.ended.set()

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.http.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self.http.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        self.http.shutdown()
        self.http.server_close()


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.close()


@pytest.fixture
def fetcher(server: Server) -> Files:
    """Takes this server for the demo's simulator."""
    return Files(HOSTS, [("127.0.0.1", server.port)], largest=1000)


def give(request: BaseHTTPRequestHandler, body: bytes, status: int = 200, **headers: str) -> None:
    request.send_response(status)
    for name, value in {"Content_Length": str(len(body)), **headers}.items():
        request.send_header(name.replace("_", "-"), value)
    request.end_headers()
    request.wfile.write(body)


def test_a_file_is_fetched_without_saying_who_asks(server: Server, fetcher: Files) -> None:
    assert fetcher.fetch(f"{server.url}/a/%C3%A1nh.jpg?x=1&y=a%2Fb") == b"picture"
    [(path, headers)] = server.asked
    assert path == "/a/%C3%A1nh.jpg?x=1&y=a%2Fb"
    assert headers == {"Host": f"127.0.0.1:{server.port}", "Accept-Encoding": "identity"}


def test_exactly_the_limit_is_taken_and_one_byte_more_is_not(
    server: Server, fetcher: Files
) -> None:
    server.serve = lambda request: give(request, bytes(1000))
    assert len(fetcher.fetch(server.url)) == 1000
    server.serve = lambda request: give(request, bytes(1001))
    with pytest.raises(FileRefused, match="larger"):
        fetcher.fetch(server.url)


def test_more_than_was_announced_is_not_taken(server: Server, fetcher: Files) -> None:
    server.serve = lambda request: give(request, bytes(5_000_000), Content_Length="100")
    assert len(fetcher.fetch(server.url)) == 100


def test_an_endless_file_is_left_at_the_limit(server: Server, fetcher: Files) -> None:
    def pour(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("Transfer-Encoding", "chunked")
        request.end_headers()
        while True:
            request.wfile.write(b"3E8\r\n" + bytes(1000) + b"\r\n")

    server.serve = pour
    with pytest.raises(FileRefused, match="larger"):
        fetcher.fetch(server.url)
    assert server.ended.wait(5), "the connection is closed, not left open"


def _drip_body(request: BaseHTTPRequestHandler) -> None:
    request.send_response(200)
    request.send_header("Content-Length", "900")
    request.end_headers()
    for _ in range(900):
        request.wfile.write(b"x")
        time.sleep(0.05)


def _drip_until_closed(request: BaseHTTPRequestHandler) -> None:
    request.send_response(200)
    request.end_headers()
    for _ in range(900):
        request.wfile.write(b"x")
        time.sleep(0.05)


def _drip_headers(request: BaseHTTPRequestHandler) -> None:
    request.wfile.write(b"HTTP/1.1 200 OK\r\nX: ")
    for _ in range(900):
        request.wfile.write(b"x")
        time.sleep(0.05)


@pytest.mark.parametrize("drip", [_drip_body, _drip_until_closed, _drip_headers])
def test_a_server_that_drips_does_not_hold_a_worker(
    server: Server, fetcher: Files, drip: Serve
) -> None:
    server.serve = drip
    started = time.monotonic()
    with pytest.raises(FileRefused) as refused:
        fetcher.fetch(server.url, seconds=0.4)
    assert time.monotonic() - started < 20  # the drip would last 45 s
    assert refused.value.again


def test_a_server_that_says_nothing_is_left_in_time(fetcher: Files) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        with pytest.raises(FileRefused, match="takes too long") as refused:
            Files(HOSTS, [("127.0.0.1", port)]).fetch(f"http://127.0.0.1:{port}/a", seconds=0.3)
    assert refused.value.again


def test_a_name_server_that_says_nothing_is_left_in_time() -> None:
    asked = threading.Event()

    def never(*args: Any, **more: Any) -> list[Any]:
        asked.wait(5)
        return []

    with pytest.raises(FileRefused, match="not resolved"):
        Files(HOSTS, resolve=never).fetch("https://a.zdn.vn/x.jpg", seconds=0.2)
    asked.set()


def test_no_redirect_is_followed(server: Server, fetcher: Files) -> None:
    for status in (301, 302, 303, 307, 308):
        server.serve = lambda request, status=status: give(
            request, b"", status, Location=f"{server.url}/else"
        )
        with pytest.raises(FileRefused, match=f"http {status}") as refused:
            fetcher.fetch(server.url)
        assert not refused.value.again
    assert {path for path, _ in server.asked} == {"/"}


@pytest.mark.parametrize(
    ("status", "again"), [(404, False), (403, False), (500, True), (503, True), (429, True)]
)
def test_an_error_of_the_server_may_pass_and_an_absent_file_does_not(
    server: Server, fetcher: Files, status: int, again: bool
) -> None:
    server.serve = lambda request: give(request, b"<html>", status)
    with pytest.raises(FileRefused) as refused:
        fetcher.fetch(server.url)
    assert refused.value.again is again


def test_what_is_packed_is_not_unpacked(server: Server, fetcher: Files) -> None:
    server.serve = lambda request: give(request, b"\x1f\x8b", Content_Encoding="gzip")
    with pytest.raises(FileRefused, match="packed"):
        fetcher.fetch(server.url)


@pytest.mark.parametrize("answer", [b"", b"junk\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9"])
def test_no_answer_of_a_server_is_more_than_a_refusal(fetcher: Files, answer: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as odd:
        port = odd.getsockname()[1]

        def answer_once() -> None:
            connection, _ = odd.accept()
            connection.recv(1000)
            connection.sendall(answer)
            connection.close()

        threading.Thread(target=answer_once, daemon=True).start()
        with pytest.raises(FileRefused) as refused:
            Files(HOSTS, [("127.0.0.1", port)]).fetch(f"http://127.0.0.1:{port}/a")
    assert refused.value.again


@pytest.mark.parametrize(
    "url",
    [
        "",
        "photo.zdn.vn/a.jpg",
        "//photo.zdn.vn/a.jpg",
        "file:///etc/passwd",
        "ftp://photo.zdn.vn/a",
        "gopher://photo.zdn.vn/a",
        "data:image/png;base64,AAAA",
        "javascript:alert(1)",
        "https://evilzdn.vn/a.jpg",
        "https://zdn.vn.evil.com/a.jpg",
        "https://zdn.vn@evil.com/a.jpg",
        "https://evil.com/zdn.vn",
        "https://evil.com?zdn.vn",
        "https://evil.com#.zdn.vn",
        "https://evil.com\\.zdn.vn/a",
        "https://evil.com\t.zdn.vn/a",
        "https://evil.com%2f.zdn.vn@evil.com/",
        "https://zdn.vn./a.jpg",
        "https://zdn.vn:8443/a.jpg",
        "https://zdn.vn:80/a.jpg",
        "http://zdn.vn:443/a.jpg",
        "http://zdn.vn:0/a.jpg",
        "http://zdn.vn:99999/a.jpg",
        "http://zdn.vn:x/a.jpg",
        "https://user@photo.zdn.vn/a.jpg",
        "https://user:secret@photo.zdn.vn/a.jpg",
        "https://phоto.zdn.vn/a.jpg",
        "https://zdn。vn/a.jpg",
        "http://127.0.0.1/a",
        "http://[::1]/a",
        "http://[::1/a",
        "http://2130706433/a",
        "http://0x7f.1/a",
        "http://localhost:6380/",
        "http://127.0.0.1:8100/static/a.png",
        "http://169.254.169.254/latest/meta-data",
        "https://photo.zdn.vn/a b.jpg",
        "https://photo.zdn.vn/a\r\nX: y",
        "https://photo.zdn.vn/" + "a" * 2000,
    ],
)
def test_other_addresses_are_not_even_resolved(url: str) -> None:
    def nobody(*args: Any, **more: Any) -> list[Any]:
        raise AssertionError(f"{args} was resolved")

    with pytest.raises(FileRefused) as refused:
        Files(HOSTS, resolve=nobody).fetch(url)
    assert not refused.value.again


def resolving(*addresses: str) -> Callable[..., list[Any]]:
    """A name server that gives these addresses for every name."""
    return lambda host, port, **more: [
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses
    ]


INWARD = [
    "127.0.0.1",
    "127.8.8.8",
    "0.0.0.0",  # noqa: S104
    "10.0.0.5",
    "172.16.3.4",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "192.0.2.7",
    "198.18.0.1",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "fe80::1",
    "fe80::1%eth0",
    "fc00::1",
    "fd12:3456::1",
    "fec0::1",
    "ff02::1",
    "2001:db8::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "::127.0.0.1",
    "2002:7f00:1::",
    "2002:a00:1::1",
    "2001:0:4136:e378:8000:63bf:80ff:fffe",
    "64:ff9b::7f00:1",
    "64:ff9b::a00:1",
    "64:ff9b:1::a00:1",
    "not an address",
]


@pytest.mark.parametrize("address", INWARD)
def test_an_allowed_name_that_leads_inwards_is_refused(address: str) -> None:
    assert not is_public(address)
    for found in ([address], ["203.162.1.1", address]):
        with pytest.raises(FileRefused, match="not public"):
            Files(HOSTS, resolve=resolving(*found)).fetch("https://photo.zdn.vn/a.jpg")


@pytest.mark.parametrize(
    "address",
    ["203.162.1.1", "8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"],
)
def test_an_address_of_the_open_internet_is_public(address: str) -> None:
    assert is_public(address)


def test_a_name_is_resolved_once_and_that_address_is_connected_to(server: Server) -> None:
    answers = [["127.0.0.1"], ["203.0.113.9"]]

    def rebinding(host: str, port: int, **more: Any) -> list[Any]:
        return resolving(*answers.pop(0))(host, port)

    own = Files(HOSTS, [("simulator.test", server.port)], resolve=rebinding)
    assert own.fetch(f"http://simulator.test:{server.port}/a") == b"picture"
    assert len(answers) == 1
    assert server.asked[0][1]["Host"] == f"simulator.test:{server.port}"


def test_the_next_address_is_tried_when_one_does_not_answer(server: Server) -> None:
    own = Files(HOSTS, [("s.test", server.port)], resolve=resolving("127.0.0.9", "127.0.0.1"))
    assert own.fetch(f"http://s.test:{server.port}/a") == b"picture"


def _certificate(name: str, folder: Path) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.timezone.utc)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = folder / f"{name}.pem"
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    pkcs8 = serialization.PrivateFormat.PKCS8
    file.write_bytes(made.public_bytes(pem) + key.private_bytes(pem, pkcs8, plain))
    return file


@pytest.mark.parametrize("certified", ["photo.zdn.vn", "other.vn"])
def test_https_asks_for_the_name_and_believes_only_its_certificate(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, certified: str
) -> None:
    file = _certificate(certified, tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    names: list[str | None] = []
    context.sni_callback = lambda connection, name, own: names.append(name)  # type: ignore[assignment]
    server.http.socket = context.wrap_socket(server.http.socket, server_side=True)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    target = files._Target("https", "photo.zdn.vn", server.port, "/a", own=True)
    fetcher = Files(HOSTS)
    deadline = time.monotonic() + 5
    if certified == "photo.zdn.vn":
        with files._connection(target, ["127.0.0.1"], deadline) as connection:
            assert fetcher._read(connection, target) == b"picture"
    else:
        with (
            pytest.raises(ssl.SSLCertVerificationError),
            files._connection(target, ["127.0.0.1"], deadline),
        ):
            pass
    assert names == ["photo.zdn.vn"]


def test_the_simulator_is_a_host_in_the_demo_and_only_there(server: Server) -> None:
    here = {"ZALO_API_URL": server.url}
    real = {
        "ZALO_APP_ID": "1",
        "ZALO_APP_SECRET": "s",
        "ZALO_OA_ID": "2",
        "ZALO_OA_SECRET_KEY": "k",
        "SECRET_KEY": "x",
    }
    demo = Files.of(Settings.from_env(here))
    for host in ("127.0.0.1", "localhost"):
        assert demo.fetch(f"http://{host}:{server.port}/a") == b"picture"
    with pytest.raises(FileRefused):
        demo.fetch(f"http://127.0.0.1:{server.port + 1}/a")
    with pytest.raises(FileRefused):
        Files.of(Settings.from_env({**here, **real})).fetch(f"{server.url}/a")


def test_a_reason_names_the_host_and_no_way_to_the_picture(server: Server, fetcher: Files) -> None:
    server.serve = lambda request: give(request, b"", 404)
    with pytest.raises(FileRefused) as refused:
        fetcher.fetch(f"{server.url}/a.jpg?token=secret")
    assert f"127.0.0.1:{server.port}" in str(refused.value)
    assert "a.jpg" not in str(refused.value)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    "given", ["https://zdn.vn", "*.zdn.vn", "vn", "zdn.vn/x", ",", "127.0.0.1"]
)
def test_hosts_that_are_no_names_are_refused_at_the_start(given: str) -> None:
    with pytest.raises(SettingError, match="ZALO_FILE_HOSTS"):
        Settings.from_env({"ZALO_FILE_HOSTS": given})


def test_hosts_can_be_set() -> None:
    found = Settings.from_env({"ZALO_FILE_HOSTS": " cdn.example.vn, ZDN.vn "}).zalo_file_hosts
    assert found == ("cdn.example.vn", "zdn.vn")
