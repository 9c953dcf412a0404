"""Who gets in, who stays out, and what each role may open."""

from __future__ import annotations

import io

import pytest
import redis
from sqlalchemy import select
from sqlalchemy.orm import Session

from bot import auth, cli
from bot.database import make_engine, make_sessions, session_scope, utcnow
from bot.errors import StaffError
from bot.models.message_templates import MessageTemplate
from bot.models.staff import Staff, StaffSession
from bot.services import staff
from tests.consoles import PASSWORD, Browser, Office, hidden

only_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

WRITE = {"agent", "admin"}
DESK = {"agent", "admin", "auditor"}
ADMIN = {"editor", "approver", "admin", "auditor"}
EDIT = {"editor", "approver", "admin"}
CANNED = {"agent", "editor", "admin"}
WATCH = {"admin", "auditor"}
TABLE = [
    ("GET", "/desk/", DESK),
    ("GET", "/desk/mine", DESK),
    ("GET", "/desk/all", {"admin", "auditor"}),
    ("GET", "/desk/closed", DESK),
    ("GET", "/desk/tabs", DESK),
    ("GET", "/desk/events", DESK),
    ("POST", "/desk/presence", {"agent", "admin"}),
    ("GET", "/desk/handoffs/{handoff}", DESK),
    ("GET", "/desk/handoffs/{handoff}/thread", DESK),
    ("GET", "/desk/handoffs/{handoff}/search", WRITE),
    ("GET", "/desk/handoffs/{handoff}/text", WRITE),
    ("GET", "/desk/handoffs/{handoff}/files/1", DESK),
    ("POST", "/desk/handoffs/{handoff}/claim", WRITE),
    ("POST", "/desk/handoffs/{handoff}/take-over", {"admin"}),
    ("POST", "/desk/handoffs/{handoff}/release", WRITE),
    ("POST", "/desk/handoffs/{handoff}/transfer", WRITE),
    ("POST", "/desk/handoffs/{handoff}/close", WRITE),
    ("POST", "/desk/handoffs/{handoff}/note", WRITE),
    ("POST", "/desk/handoffs/{handoff}/ask-info", WRITE),
    ("POST", "/desk/handoffs/{handoff}/reply", WRITE),
    ("POST", "/desk/handoffs/{handoff}/suggest", WRITE),
    ("POST", "/desk/handoffs/{handoff}/taken", WRITE),
    ("POST", "/desk/handoffs/{handoff}/drafts/999/approve", WRITE),
    ("POST", "/desk/handoffs/{handoff}/drafts/999/dismiss", WRITE),
    ("GET", "/desk/board", {"admin", "auditor"}),
    ("GET", "/desk/board/0", {"admin", "auditor"}),
    ("POST", "/desk/conversations/{conversation}/take", WRITE),
    ("GET", "/desk/feedback", DESK),
    ("GET", "/desk/undelivered", DESK),
    ("POST", "/desk/undelivered/replay", {"agent", "admin"}),
    ("POST", "/desk/undelivered/dismiss", {"agent", "admin"}),
    ("GET", "/desk/undelivered/dismissed", DESK),
    ("POST", "/desk/undelivered/restore", WRITE),
    ("GET", "/desk/conversations/{conversation}", DESK),
    ("POST", "/desk/conversations/{conversation}/reply", {"agent", "admin"}),
    ("GET", "/desk/canned", CANNED),
    ("GET", "/desk/canned/new", CANNED),
    ("POST", "/desk/canned/new", CANNED),
    ("GET", "/desk/canned/999", CANNED),
    ("POST", "/desk/canned/999", CANNED),
    ("POST", "/desk/canned/999/delete", CANNED),
    ("GET", "/admin/staff", WATCH),
    ("POST", "/admin/staff", {"admin"}),
    ("GET", "/admin/staff/999", WATCH),
    ("POST", "/admin/staff/999/active", {"admin"}),
    ("POST", "/admin/staff/999/role", {"admin"}),
    ("POST", "/admin/staff/999/capacity", {"admin"}),
    ("POST", "/admin/staff/999/password", {"admin"}),
    ("POST", "/admin/staff/999/desks", {"admin"}),
    ("GET", "/admin/password", set(staff.ROLES)),
    ("POST", "/admin/password", set(staff.ROLES)),
    ("GET", "/admin/analytics", ADMIN),
    ("GET", "/admin/analytics.csv", ADMIN),
    ("GET", "/admin/analytics.xlsx", ADMIN),
    ("GET", "/admin/desks", WATCH),
    ("GET", "/admin/desks/999", WATCH),
    ("POST", "/admin/desks/999/active", {"admin"}),
    ("POST", "/admin/desks/999/drafts", {"admin"}),
    ("POST", "/admin/desks/999/target", {"admin"}),
    ("POST", "/admin/desks/999/members", {"admin"}),
    ("POST", "/admin/desks/999/members/999/remove", {"admin"}),
    ("GET", "/admin/templates", WATCH),
    ("GET", "/admin/templates/new", {"admin"}),
    ("POST", "/admin/templates/new", {"admin"}),
    ("GET", "/admin/templates/999", {"admin"}),
    ("POST", "/admin/templates/999", {"admin"}),
    ("GET", "/desk/conversations/{conversation}/templates/999", WRITE),
    ("POST", "/desk/conversations/{conversation}/templates/999", WRITE),
    ("GET", "/admin/", ADMIN),
    ("GET", "/admin/procedures/none", ADMIN),
    ("GET", "/admin/procedures/none/history", ADMIN),
    ("GET", "/admin/procedures/none/edit", EDIT),
    ("POST", "/admin/procedures/none/edit", EDIT),
    ("POST", "/admin/procedures/none/undo", EDIT),
    ("GET", "/admin/procedures/none/retire", EDIT),
    ("POST", "/admin/procedures/none/retire", EDIT),
    ("POST", "/admin/procedures/none/restore", EDIT),
    ("POST", "/admin/procedures/none/planned/999/cancel", EDIT),
    ("GET", "/admin/new", EDIT),
    ("POST", "/admin/new", EDIT),
    ("GET", "/admin/changes", ADMIN),
    ("GET", "/admin/coverage", ADMIN),
    ("GET", "/admin/audit", {"admin", "auditor"}),
    ("GET", "/admin/zalo", {"admin", "auditor"}),
    ("GET", "/admin/zalo/consent", {"admin"}),
    ("POST", "/admin/zalo/consent", {"admin"}),
    ("GET", "/admin/zalo/callback", {"admin"}),
    ("POST", "/admin/zalo/callback", {"admin"}),
    ("GET", "/admin/inbox", ADMIN),
    ("POST", "/admin/inbox/decide", EDIT),
    ("GET", "/admin/inbox/put-aside", ADMIN),
    ("GET", "/admin/inbox/groups/999", ADMIN),
    ("POST", "/admin/inbox/groups/999/decide", EDIT),
    ("POST", "/admin/inbox/groups/999/undo", EDIT),
    ("GET", "/admin/inbox/lessons", ADMIN),
    ("POST", "/admin/inbox/lessons/999/approve", {"approver", "admin"}),
    ("POST", "/admin/inbox/lessons/999/reject", {"approver", "admin"}),
    ("POST", "/admin/inbox/lessons/999/done", EDIT),
    ("GET", "/admin/import", EDIT),
    ("GET", "/admin/import/template.xlsx", EDIT),
    ("POST", "/admin/import", EDIT),
    ("POST", "/admin/import/confirm", EDIT),
    ("POST", "/admin/import/cancel", EDIT),
]
FORMS = {"/desk/conversations/{conversation}/reply": {"text": "Chào anh"}}


def address(office: Office, path: str) -> str:
    """The path about a citizen who waits for a person."""
    conversation = office.citizen()
    return path.format(conversation=conversation, handoff=office.hands_over(conversation))


def ask(browser: Browser, office: Office, method: str, path: str) -> int:
    full = address(office, path)
    if method == "GET":
        return browser.get(full).status_code
    return browser.post(full, FORMS.get(path)).status_code


@only_sqlite
@pytest.mark.parametrize(
    ("method", "path", "allowed"), TABLE, ids=[f"{m} {p}" for m, p, _ in TABLE]
)
def test_each_page_opens_to_its_roles_only(
    office: Office, method: str, path: str, allowed: set[str]
) -> None:
    answers = {r: ask(office.browser(r), office, method, path) for r in staff.ROLES}
    assert {role for role, code in answers.items() if code != 403} == allowed
    assert all(answers[role] < 500 and answers[role] != 302 for role in allowed)


@only_sqlite
@pytest.mark.parametrize(
    ("method", "path", "allowed"), TABLE, ids=[f"{m} {p}" for m, p, _ in TABLE]
)
def test_nobody_gets_in_without_signing_in(
    office: Office, method: str, path: str, allowed: set[str]
) -> None:
    browser = office.browser()
    full = address(office, path)
    answer = browser.get(full) if method == "GET" else browser.post(full)
    assert answer.status_code == 302
    assert answer.location.startswith("/login")


@only_sqlite
def test_the_table_names_every_staff_page(office: Office) -> None:
    rules = [r for r in office.app.url_map.iter_rules() if r.rule.startswith(("/desk", "/admin"))]
    ways = sum(len(rule.methods - {"HEAD", "OPTIONS"}) for rule in rules)
    assert ways == len(TABLE)


@only_sqlite
@pytest.mark.parametrize("path", [p for m, p, _ in TABLE if m == "POST"])
@pytest.mark.parametrize("token", ["", "x", "é"])
def test_a_form_from_elsewhere_is_refused(office: Office, path: str, token: str) -> None:
    browser = office.browser("admin")
    browser.csrf()
    full = address(office, path)
    answer = browser.client.post(full, data={"csrf_token": token, "text": "Chào"})
    assert answer.status_code == 400
    assert office.trail() == []


@only_sqlite
def test_an_empty_cookie_and_an_empty_field_are_no_match(office: Office) -> None:
    answer = office.browser().client.post("/login", data={"csrf_token": "", "email": "a@b.vn"})
    assert answer.status_code == 400


def sign_in(browser: Browser, email: str, password: str = PASSWORD, then: str = "") -> int:
    token = hidden(browser.get("/login"), "csrf_token")
    data = {"csrf_token": token, "email": email, "password": password, "next": then}
    answer = browser.client.post("/login", data=data)
    browser.client.location = answer.location  # type: ignore[attr-defined]
    return answer.status_code


def test_the_right_password_opens_a_session_that_signing_out_ends_everywhere(
    office: Office,
) -> None:
    office.hire("agent", email="an@example.vn")
    browser, copy = office.browser(), office.browser()
    assert sign_in(browser, " AN@example.vn ") == 303
    assert browser.get("/desk/").status_code == 200
    with browser.client.session_transaction() as cookie:
        stolen = dict(cookie)
    with copy.client.session_transaction() as cookie:
        cookie.update(stolen)
    assert copy.get("/desk/").status_code == 200
    assert browser.post("/logout").status_code == 303
    assert browser.get("/desk/").status_code == 302
    assert copy.get("/desk/").status_code == 302
    assert [action for action, _ in office.trail()] == ["login", "logout"]


def test_a_disabled_account_is_out_at_once_and_cannot_come_back(office: Office) -> None:
    browser = office.browser("agent", email="an@example.vn")
    assert browser.get("/desk/").status_code == 200
    with session_scope(office.sessions) as session:
        staff.set_active(session, browser.staff_id, False)
    assert browser.get("/desk/").status_code == 302
    assert sign_in(office.browser(), "an@example.vn") == 401


def test_a_session_ends_after_a_working_day(office: Office) -> None:
    browser = office.browser("agent")
    with session_scope(office.sessions) as session:
        session.execute(select(StaffSession)).scalar_one().expires_at = utcnow()
    assert browser.get("/desk/").status_code == 302


@only_sqlite
def test_five_wrong_passwords_close_the_door_for_a_quarter_of_an_hour(
    office: Office, store: redis.Redis[bytes]
) -> None:
    office.hire("agent", email="an@example.vn")
    office.hire("agent", email="binh@example.vn")
    browser = office.browser()
    tries = [sign_in(browser, "an@example.vn", "sai mật khẩu") for _ in range(5)]
    assert tries == [401] * 5
    assert sign_in(browser, "an@example.vn") == 429
    assert sign_in(office.browser(), "binh@example.vn") == 303
    [key] = store.keys("login:*")
    assert 0 < store.ttl(key) <= 15 * 60
    store.delete(key)  # the quarter of an hour is over
    assert sign_in(browser, "an@example.vn") == 303


@only_sqlite
def test_an_unknown_address_reads_like_a_wrong_password(office: Office) -> None:
    office.hire("agent", email="an@example.vn")
    pages = []
    for email in ("an@example.vn", "xx@example.vn"):
        browser = office.browser()
        token = hidden(browser.get("/login"), "csrf_token")
        data = {"csrf_token": token, "email": email, "password": "sai"}
        answer = browser.client.post("/login", data=data)
        pages.append(answer.text.replace(email, "").replace(token, ""))
    assert pages[0].split("<form")[0] == pages[1].split("<form")[0]


@only_sqlite
@pytest.mark.parametrize(
    ("then", "goes_to"),
    [
        ("/desk/feedback?page=2", "/desk/feedback?page=2"),
        ("", "/desk/"),
        ("https://evil.example/", "/desk/"),
        ("//evil.example/", "/desk/"),
        ("/\\evil.example/", "/desk/"),
        ("/\t/evil.example/", "/desk/"),
        ("javascript:alert(1)", "/desk/"),
        ("desk", "/desk/"),
    ],
)
def test_signing_in_leads_to_a_page_of_ours_only(office: Office, then: str, goes_to: str) -> None:
    office.hire("agent", email="an@example.vn")
    browser = office.browser()
    assert sign_in(browser, "an@example.vn", then=then) == 303
    assert browser.client.location == goes_to  # type: ignore[attr-defined]


@only_sqlite
def test_the_cookie_is_out_of_reach_of_scripts_and_of_plain_http(office: Office) -> None:
    client = office.app.test_client()
    here = client.get("/login", base_url="http://127.0.0.1:8000").headers["Set-Cookie"]
    assert "HttpOnly" in here
    assert "SameSite=Lax" in here
    assert "Secure" not in here
    there = office.app.test_client().get("/login", base_url="http://tro-ly.example.vn")
    assert "Secure" in there.headers["Set-Cookie"]


@only_sqlite
def test_staff_pages_run_no_foreign_code_and_are_not_kept_by_browsers(office: Office) -> None:
    headers = office.browser("agent").get("/desk/").headers
    assert "default-src 'self'" in headers["Content-Security-Policy"]
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Content-Type-Options"] == "nosniff"


def account(**changes: str) -> dict[str, str]:
    usual = {"email": "an@example.vn", "name": "An", "role": "agent", "password": PASSWORD}
    return {**usual, **changes}


@pytest.mark.parametrize(
    "changes",
    [{"password": "123456789"}, {"role": "boss"}, {"email": "an"}, {"name": " "}],
    ids=lambda changes: next(iter(changes)),
)
def test_an_unusable_account_is_not_made(session: Session, changes: dict[str, str]) -> None:
    with pytest.raises(StaffError):
        staff.create(session, **account(**changes))
    assert session.execute(select(Staff)).first() is None


def test_an_existing_account_is_never_overwritten(session: Session) -> None:
    staff.create(session, **account())
    with pytest.raises(StaffError, match="exists already"):
        staff.create(session, **account(email="AN@example.vn", password="another password"))
    assert staff.sign_in(session, "an@example.vn", PASSWORD) is not None
    assert staff.sign_in(session, "an@example.vn", "another password") is None


def test_only_digests_of_passwords_and_tokens_are_kept(session: Session) -> None:
    staff.create(session, **account())
    found = staff.sign_in(session, "an@example.vn", PASSWORD)
    assert found is not None
    row = session.execute(select(Staff)).scalar_one()
    kept = session.execute(select(StaffSession)).scalar_one()
    assert row.password_hash.startswith("scrypt:")
    assert found[1] not in kept.token_digest


def test_the_password_comes_from_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("mật khẩu dài\n"))
    assert cli._read_password(from_stdin=True) == "mật khẩu dài"


def test_local_addresses_are_told_from_others() -> None:
    assert auth.is_local("/desk/?page=2")
    assert not auth.is_local("/\n/evil")


def make_account(monkeypatch: pytest.MonkeyPatch, url: str, role: str = "agent") -> int:
    monkeypatch.setenv("DATABASE_URL", url)
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{PASSWORD}\n"))
    command = ["create-staff", "--email", "an@example.vn", "--name", "An", "--role", role]
    return cli.main([*command, "--password-stdin"])


def test_the_command_makes_an_account_in_an_empty_database_once(
    database_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert make_account(monkeypatch, database_url) == 0
    assert make_account(monkeypatch, database_url, role="admin") == 1
    printed = capsys.readouterr()
    assert "exists already" in printed.err
    assert PASSWORD not in printed.out + printed.err
    engine = make_engine(database_url)
    with make_sessions(engine)() as session:
        assert session.execute(select(Staff.role)).scalars().all() == ["agent"]
        session.execute(select(MessageTemplate)).all()  # its new columns are there
    engine.dispose()
