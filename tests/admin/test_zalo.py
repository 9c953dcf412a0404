"""Granting the app anew from the admin console: both readings of PKCE, and who is turned away."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import redis
import requests
from sqlalchemy import select, update
from sqlalchemy.orm import Session, sessionmaker

from bot.channels.zalo import refusals
from bot.channels.zalo.grant import challenge_of, new_verifier
from bot.channels.zalo.tokens import Tokens
from bot.conversation.locks import Locks
from bot.database import session_scope, utcnow
from bot.errors import SettingError, TokenError
from bot.models.audit import AuditEntry
from bot.models.conversations import ChannelToken, Message
from bot.settings import DEMO_OA_ID, Settings
from simulator.zalo.server import SimulatorServer
from tests.consoles import Browser, Office, hidden
from webhook import create_app

only_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
VERIFIER = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJK012345"
CHALLENGE = "pKAWkiOGvqVK_keNKR5kAODNjS_Pr4Laj-dufKSvnJI"
LOST = "Zalo đang từ chối trợ lý"


@pytest.fixture
def simulator() -> Iterator[SimulatorServer]:
    with SimulatorServer() as server:
        yield server


@pytest.fixture
def environ(environ: dict[str, str], simulator: SimulatorServer) -> dict[str, str]:
    """The usual one, with the simulator in the place of Zalo."""
    return {**environ, "ZALO_API_URL": simulator.url, "ZALO_OAUTH_URL": simulator.url}


@pytest.fixture
def worker(settings: Settings, office: Office, store: redis.Redis[Any]) -> Tokens:
    """The tokens as a running worker holds them."""
    tokens = Tokens(settings, office.sessions, Locks(store))
    tokens.access_token()
    return tokens


def row(office: Office) -> ChannelToken:
    with office.sessions() as session:
        return session.execute(select(ChannelToken)).scalar_one()


def lose(office: Office) -> None:
    with session_scope(office.sessions) as session:
        session.execute(update(ChannelToken).values(lost_at=utcnow()))


def begin(browser: Browser) -> str:
    """Press the button; the address of the consent page."""
    answer = browser.post("/admin/zalo/consent")
    assert answer.status_code == 303
    return str(answer.location)


def agree(target: str) -> str:
    """Agree on the consent page; where it leads back to, path and query."""
    wanted = {name: values[0] for name, values in parse_qs(urlsplit(target).query).items()}
    address = target.split("?")[0]
    answer = requests.post(address, data=wanted, allow_redirects=False, timeout=10)
    back = urlsplit(answer.headers["Location"])
    return f"{back.path}?{back.query}"


def audited(office: Office) -> list[tuple[str, dict[str, Any]]]:
    with office.sessions() as session:
        rows = session.execute(select(AuditEntry).order_by(AuditEntry.id)).scalars()
        return [(entry.action, entry.detail) for entry in rows]


def jobs(store: redis.Redis[Any]) -> list[str]:
    return [json.loads(raw)["actor_name"] for raw in store.hvals("dramatiq:upkeep.msgs")]


def test_the_reference_vector_of_the_challenge() -> None:
    assert challenge_of(VERIFIER) == CHALLENGE


def test_a_verifier_is_random_and_has_43_letters_and_digits() -> None:
    made = {new_verifier() for _ in range(50)}
    assert len(made) == 50
    assert all(re.fullmatch(r"[A-Za-z0-9]{43}", verifier) for verifier in made)


def test_an_admin_grants_anew_and_what_waited_is_due(
    office: Office, worker: Tokens, store: redis.Redis[Any]
) -> None:
    citizen, browser = office.citizen(), office.browser("admin")
    lose(office)
    later = utcnow() + dt.timedelta(hours=1)
    held = {"direction": "out", "state": "queued", "attempts": 288, "not_before": later}
    errors = [
        str(TokenError("the grant is lost")),
        *(str(refusals.error_of(c)) for c in (-220, -223)),
    ]
    waiting = [office.says(citizen, "chờ", error=error, **held) for error in errors]
    other = office.says(citizen, "chờ", error=str(refusals.error_of(-200)), **held)
    assert LOST in browser.get("/admin/zalo").text
    target = begin(browser)
    asked = parse_qs(urlsplit(target).query)
    assert asked["redirect_uri"] == ["http://localhost/admin/zalo/callback"]
    answer = browser.get(agree(target), follow_redirects=True)
    assert "Đang hoạt động" in answer.text
    assert LOST not in answer.text
    assert (row(office).lost_at, row(office).version) == (None, 1)
    with office.sessions() as session:
        rows = {m.id: m for m in session.execute(select(Message)).scalars()}
    assert all(rows[i].not_before < utcnow() and rows[i].attempts == 0 for i in waiting)
    assert rows[other].not_before == later
    assert jobs(store) == ["sweep"]
    assert audited(office) == [("zalo_consent_started", {}), ("zalo_connected", {"woken": 3})]


def test_a_running_worker_takes_the_new_pair_up_without_a_restart(
    office: Office,
    worker: Tokens,
    simulator: SimulatorServer,
    settings: Settings,
    store: redis.Redis[Any],
) -> None:
    old = worker.access_token()
    browser = office.browser("admin")
    browser.get(agree(begin(browser)))
    new = worker.renew(old)  # as a send that was refused does
    simulator.platform.grant.check_access(new)
    assert worker.access_token() == new
    lose(office)  # and one that knew that the grant was lost
    no_first_pair = dataclasses.replace(settings, zalo_access_token="")
    told = Tokens(no_first_pair, office.sessions, Locks(store))
    last = told.access_token()
    with pytest.raises(TokenError):
        told.renew(last)
    browser.get(agree(begin(browser)))
    newest = told.renew(last)
    assert told.access_token() == newest
    assert newest not in (old, new)
    simulator.platform.grant.check_access(newest)


def test_a_consent_works_when_nothing_readable_is_stored(office: Office, worker: Tokens) -> None:
    browser = office.browser("admin")
    with session_scope(office.sessions) as session:
        session.execute(update(ChannelToken).values(access_token="x", refresh_token="y"))
    assert "Không đọc được" in browser.get("/admin/zalo").text
    browser.get(agree(begin(browser)))
    assert "Đang hoạt động" in browser.get("/admin/zalo").text
    with session_scope(office.sessions) as session:
        session.query(ChannelToken).delete()
    assert "Chưa kết nối" in browser.get("/admin/zalo").text
    browser.get(agree(begin(browser)))
    assert "Đang hoạt động" in browser.get("/admin/zalo").text


@only_sqlite
def test_a_consent_is_taken_once(office: Office, worker: Tokens) -> None:
    browser = office.browser("admin")
    back = agree(begin(browser))
    assert browser.get(back).status_code == 303
    again = browser.get(back)
    assert again.status_code == 400
    assert "đã dùng rồi" in again.text
    assert row(office).version == 1


@only_sqlite
def test_a_consent_of_another_session_or_without_a_state_is_refused(
    office: Office, worker: Tokens
) -> None:
    first, second = office.browser("admin"), office.browser("admin", name="Khác")
    back = agree(begin(first))
    assert "phiên đăng nhập khác" in second.get(back).text
    assert "đã dùng rồi" in first.get(back).text  # it was used up by the stranger
    bare = re.sub(r"&state=[^&]*", "", agree(begin(first)))
    answer = first.get(bare)
    assert answer.status_code == 400
    assert "không do trang quản trị tạo ra" in answer.text
    assert first.post("/admin/zalo/callback", {"code": "x", "oa_id": DEMO_OA_ID}).status_code == 400
    assert row(office).version == 0
    reasons = [detail.get("reason") for action, detail in audited(office) if "refused" in action]
    assert reasons == ["state_foreign", "state_unknown", "state_missing", "state_missing"]


@only_sqlite
def test_a_consent_that_took_too_long_is_refused(
    office: Office, worker: Tokens, store: redis.Redis[Any]
) -> None:
    browser = office.browser("admin")
    back = agree(begin(browser))
    [key] = store.keys("consent:*")
    assert 590 < store.ttl(key) <= 600
    store.pexpire(key, 0)
    assert "quá 10 phút" in browser.get(back).text


@only_sqlite
def test_another_account_and_an_empty_answer_are_refused(office: Office, worker: Tokens) -> None:
    browser = office.browser("admin")
    other = agree(begin(browser)).replace(DEMO_OA_ID, "777")
    assert f"không phải là {DEMO_OA_ID}" in browser.get(other).text
    empty = re.sub(r"code=[^&]*", "code=", agree(begin(browser)))
    assert "chưa bấm đồng ý" in browser.get(empty).text
    assert row(office).version == 0


@only_sqlite
def test_what_zalo_refuses_changes_nothing_and_is_told(
    office: Office, worker: Tokens, simulator: SimulatorServer
) -> None:
    browser = office.browser("admin")
    stranger = re.sub(r"code=[^&]*", "code=nobodys", agree(begin(browser)))
    told = browser.get(stranger).text
    assert "Invalid code" in told
    back = agree(begin(browser))
    simulator.stop()
    assert "Chưa hỏi được máy chủ" in browser.get(back).text
    assert (row(office).version, row(office).lost_at) == (0, None)


@only_sqlite
def test_no_page_shows_a_token_or_a_verifier(
    office: Office, worker: Tokens, caplog: pytest.LogCaptureFixture
) -> None:
    browser = office.browser("admin")
    answer = browser.get(agree(begin(browser)), follow_redirects=True)
    stored = worker._load()
    for secret in (stored.access, stored.refresh, "demo-access-token", "demo-refresh-token"):
        assert secret[:16] not in answer.text
        assert secret not in caplog.text


@pytest.fixture
def fixed(settings: Settings, sessions: sessionmaker[Session], environ: dict[str, str]) -> Office:
    """The office where the verifier is a setting."""
    given = Settings.from_env({**environ, "ZALO_CODE_VERIFIER": VERIFIER})
    return Office(create_app(given), sessions)


def link_of_the_console(simulator: SimulatorServer) -> str:
    """The link that Zalo's console makes from what is stored there: it has no state."""
    back = "http%3A%2F%2Flocalhost%2Fadmin%2Fzalo%2Fcallback"
    return (
        f"{simulator.url}/v4/oa/permission?app_id=1234567890123456789"
        f"&redirect_uri={back}&code_challenge={CHALLENGE}"
    )


@only_sqlite
def test_with_a_fixed_verifier_the_page_shows_what_to_copy(
    fixed: Office, simulator: SimulatorServer
) -> None:
    browser = fixed.browser("admin")
    page = browser.get("/admin/zalo").text
    assert CHALLENGE in page
    assert VERIFIER not in page
    assert "http://localhost/admin/zalo/callback" in page
    target = begin(browser)
    assert parse_qs(urlsplit(target).query)["code_challenge"] == [CHALLENGE]
    assert browser.get(agree(target)).status_code == 303
    assert row(fixed).version == 0  # the first pair that was ever stored


@only_sqlite
def test_a_link_from_the_console_connects_only_after_a_person_confirms(
    fixed: Office, simulator: SimulatorServer
) -> None:
    back = agree(link_of_the_console(simulator))
    browser = fixed.browser("admin")
    question = browser.get(back)
    assert "chính anh/chị" in question.text
    with fixed.sessions() as session:
        assert session.execute(select(ChannelToken)).first() is None
    form = {"code": hidden(question, "code"), "oa_id": hidden(question, "oa_id")}
    forged = browser.client.post("/admin/zalo/callback", data=form)
    assert forged.status_code == 400
    assert browser.post("/admin/zalo/callback", form).status_code == 303
    assert "Đang hoạt động" in browser.get("/admin/zalo").text


@only_sqlite
def test_who_is_not_signed_in_comes_back_after_signing_in(
    fixed: Office, simulator: SimulatorServer
) -> None:
    back = agree(link_of_the_console(simulator))
    answer = fixed.browser().get(back)
    assert answer.status_code == 302
    assert parse_qs(urlsplit(answer.location).query)["next"] == [back]
    assert fixed.browser("agent").get(back).status_code == 403


@only_sqlite
def test_everybody_is_warned_and_only_the_admin_is_sent_to_act(
    office: Office, worker: Tokens
) -> None:
    lose(office)
    for role, path in (("agent", "/desk/"), ("editor", "/admin/"), ("auditor", "/desk/feedback")):
        page = office.browser(role).get(path).text
        assert LOST in page
        assert "Xem và cấp quyền lại" not in page
    page = office.browser("admin").get("/desk/").text
    assert 'href="/admin/zalo">Xem và cấp quyền lại' in page
    assert "Cấp quyền lại</a></p>" not in office.browser("auditor").get("/admin/zalo").text


@only_sqlite
@pytest.mark.parametrize(
    ("left", "words"),
    [(3.0, "Sắp hết hạn"), (-1.0, "chưa gia hạn được"), (24.0, "Đang hoạt động")],
)
def test_the_state_is_told_in_words(
    office: Office, worker: Tokens, left: float, words: str
) -> None:
    with session_scope(office.sessions) as session:
        ends = utcnow() + dt.timedelta(hours=left)
        session.execute(update(ChannelToken).values(expires_at=ends))
    page = office.browser("auditor").get("/admin/zalo").text
    assert words in page
    assert (LOST in page) == (left < 0)


@only_sqlite
def test_a_real_account_needs_its_outside_address(office: Office, environ: dict[str, str]) -> None:
    real = {**environ, "ZALO_APP_ID": "7", "ZALO_APP_SECRET": "s", "ZALO_OA_ID": "9"}
    real["ZALO_OA_SECRET_KEY"] = "k"
    without = Office(create_app(Settings.from_env(real)), office.sessions).browser("admin")
    assert "PUBLIC_URL" in without.get("/admin/zalo").text
    assert without.post("/admin/zalo/consent").status_code == 409
    given = Settings.from_env({**real, "PUBLIC_URL": "https://tro-ly.example.vn/"})
    browser = Office(create_app(given), office.sessions).browser("admin", name="B")
    query = parse_qs(urlsplit(begin(browser)).query)
    assert query["redirect_uri"] == ["https://tro-ly.example.vn/admin/zalo/callback"]
    assert (
        f"form-action 'self' {given.zalo_oauth_url};"
        in (browser.get("/admin/zalo/consent").headers["Content-Security-Policy"])
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ZALO_CODE_VERIFIER", "x" * 42),
        ("ZALO_CODE_VERIFIER", "é" * 43),
        ("PUBLIC_URL", "tro-ly.example.vn"),
        ("PUBLIC_URL", "https://tro-ly.example.vn/path"),
    ],
)
def test_a_setting_that_cannot_work_is_named(name: str, value: str) -> None:
    with pytest.raises(SettingError, match=name):
        Settings.from_env({name: value})
