"""The grant: consent, one-use codes, PKCE, rotating refresh tokens."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from simulator.zalo.server import SimulatorServer
from simulator.zalo.signature import code_challenge
from tests.simulator.zalo.conftest import USER, Caller

APP_ID = "1234567890123456789"
APP_SECRET = "demo-app-secret"
VERIFIER = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJK012345"


def consent(zalo: Caller, **changed: str) -> requests.Response:
    wanted = {
        "app_id": APP_ID,
        "redirect_uri": "http://127.0.0.1:1/callback",
        "code_challenge": code_challenge(VERIFIER),
        "state": "s1",
    } | changed
    url = f"{zalo.url}/v4/oa/permission"
    page = requests.get(url, params=wanted, timeout=10)
    assert page.status_code == 200
    return requests.post(url, data=wanted, allow_redirects=False, timeout=10)


def token(zalo: Caller, secret: str = APP_SECRET, **form: str) -> dict[str, Any]:
    answer = requests.post(
        f"{zalo.url}/v4/oa/access_token",
        data={"app_id": APP_ID} | form,
        headers={"secret_key": secret},
        timeout=10,
    )
    assert answer.status_code == 200
    return answer.json()


def refresh(zalo: Caller, refresh_token: str) -> dict[str, Any]:
    return token(zalo, grant_type="refresh_token", refresh_token=refresh_token)


def exchange(zalo: Caller, code: str, verifier: str = VERIFIER) -> dict[str, Any]:
    return token(zalo, grant_type="authorization_code", code=code, code_verifier=verifier)


def new_code(zalo: Caller) -> str:
    query = parse_qs(urlsplit(consent(zalo).headers["Location"]).query)
    assert query["oa_id"] == ["3333333333333333333"]
    assert query["state"] == ["s1"]
    return query["code"][0]


def send_error(zalo: Caller, access_token: str) -> int:
    zalo.headers = {"access_token": access_token}
    return zalo.send()["error"]


@pytest.fixture(autouse=True)
def open_window(zalo: Caller) -> None:
    zalo.control("users", user_ids=[USER])


def test_consent_leads_back_with_a_code_that_works_once(zalo: Caller) -> None:
    code = new_code(zalo)
    pair = exchange(zalo, code)
    assert pair["expires_in"] == "90000"
    assert send_error(zalo, pair["access_token"]) == 0
    assert "access_token" not in exchange(zalo, code)


def test_a_code_needs_its_verifier_and_dies_after_ten_minutes(zalo: Caller) -> None:
    assert exchange(zalo, new_code(zalo), "x" * 43)["error"] < -14000
    code = new_code(zalo)
    zalo.control("clock", advance_seconds=601)
    assert exchange(zalo, code)["error"] < -14000


@pytest.mark.parametrize(
    ("changed", "code"),
    [({"app_id": "1"}, -14002), ({"redirect_uri": "javascript:alert(1)"}, -14003)],
)
def test_wrong_consent_is_refused(zalo: Caller, changed: dict[str, str], code: int) -> None:
    assert consent(zalo, **changed).json()["error"] == code


def test_the_consent_page_shows_foreign_text_as_text(zalo: Caller) -> None:
    url = f"{zalo.url}/v4/oa/permission"
    wanted = {"app_id": APP_ID, "redirect_uri": "http://a.vn/<script>", "state": '"><script>'}
    assert "<script>" not in requests.get(url, params=wanted, timeout=10).text


def test_a_refresh_token_works_once_and_kills_the_old_pair(zalo: Caller) -> None:
    first = refresh(zalo, "demo-refresh-token")
    assert send_error(zalo, "demo-access-token") == -220
    assert send_error(zalo, first["access_token"]) == 0
    assert refresh(zalo, "demo-refresh-token")["error_name"] == "Invalid refresh token"
    second = refresh(zalo, first["refresh_token"])
    assert send_error(zalo, first["access_token"]) == -220
    assert send_error(zalo, second["access_token"]) == 0


@pytest.mark.parametrize("access_token", ["", "unknown", "access-5-00", "access-x-y", "đ"])
def test_a_strange_access_token_is_invalid(zalo: Caller, access_token: str) -> None:
    answer = requests.post(
        f"{zalo.url}/v3.0/oa/message/cs",
        json={},
        headers={"access_token": access_token.encode()},
        timeout=10,
    )
    assert answer.json()["error"] == -216


def test_an_access_token_lives_twenty_five_hours_or_until_it_is_expired(zalo: Caller) -> None:
    zalo.control("clock", advance_seconds=89_000)
    assert zalo.send()["error"] == 0
    zalo.control("clock", advance_seconds=1_001)
    assert zalo.send()["error"] == -220
    pair = refresh(zalo, "demo-refresh-token")
    zalo.control("faults", expire_token=True)
    assert send_error(zalo, pair["access_token"]) == -220


def test_a_wrong_app_secret_or_a_refusal_gives_no_token(zalo: Caller) -> None:
    wrong = token(
        zalo,
        secret="demo-oa-secret",
        grant_type="refresh_token",
        refresh_token="demo-refresh-token",
    )
    assert wrong["error"] < -14000
    zalo.control("faults", refuse_refresh=True)
    assert "access_token" not in refresh(zalo, "demo-refresh-token")


def test_a_grant_outlives_a_restart(
    zalo: Caller, simulator: SimulatorServer, start: Callable[..., SimulatorServer]
) -> None:
    pair = refresh(zalo, "demo-refresh-token")
    simulator.stop()
    again = Caller(start().url)
    again.control("users", user_ids=[USER])
    assert send_error(again, pair["access_token"]) == 0
    assert "access_token" in refresh(again, pair["refresh_token"])
