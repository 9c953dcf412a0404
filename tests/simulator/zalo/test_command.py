"""The command line, and the server under it."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import requests

from tests.simulator.zalo.conftest import TOKEN, Caller

ROOT = Path(__file__).resolve().parents[3]
PATIENCE = 30


def run(*argv: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "simulator", *argv],
        cwd=ROOT,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_the_command_serves_until_it_is_told_to_stop() -> None:
    process = run("zalo", "--port", "0", "--webhook-url", "", "--oa-name", "Tỉnh thử nghiệm")
    assert process.stderr is not None
    url = re.search(r"http://[0-9.:]+", process.stderr.readline())
    assert url is not None
    answer = requests.get(f"{url[0]}/v2.0/oa/getoa", headers=TOKEN, timeout=10)
    assert answer.json()["data"]["name"] == "Tỉnh thử nghiệm"
    process.send_signal(signal.SIGTERM)
    assert process.wait(PATIENCE) == 0


def test_a_port_in_use_is_named_in_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        process = run("zalo", "--port", port)
        _, said = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1
    assert said.startswith(f"port {port} cannot be opened")
    assert said.count("\n") == 1


def test_an_unknown_stand_in_is_refused_with_the_usage() -> None:
    process = run("facebook")
    _, said = process.communicate(timeout=PATIENCE)
    assert process.returncode == 2
    assert "zalo" in said


def test_one_connection_serves_many_calls_also_after_an_unchanged_file(zalo: Caller) -> None:
    with requests.Session() as session:
        style = session.get(f"{zalo.url}/static/chat.css", timeout=10)
        unchanged = session.get(
            f"{zalo.url}/static/chat.css",
            headers={"If-None-Match": style.headers["ETag"]},
            timeout=10,
        )
        assert (unchanged.status_code, unchanged.content) == (304, b"")
        for path, status in (("/nowhere", 404), ("/v2.0/oa/getoa", 200), ("/", 200)):
            assert session.get(zalo.url + path, headers=TOKEN, timeout=10).status_code == status
        pools = session.get_adapter(zalo.url).poolmanager.pools
        assert [pools[key].num_connections for key in list(pools.keys())] == [1]


def test_a_body_over_the_limit_is_refused(zalo: Caller) -> None:
    address = (zalo.url.split("/")[2].split(":")[0], int(zalo.url.rsplit(":", 1)[1]))
    with socket.create_connection(address, timeout=10) as connection:
        connection.sendall(b"POST /v3.0/oa/message/cs HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n")
        assert b" 413 " in connection.recv(1000)
