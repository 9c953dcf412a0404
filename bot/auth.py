"""Who may do what on the staff pages: sign-in, sessions, roles, forged forms, headers."""

from __future__ import annotations

import functools
import hashlib
import hmac
import secrets
from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import urlsplit

import redis
from flask import (
    Blueprint,
    Flask,
    Response,
    abort,
    current_app,
    flash,
    g,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask.sessions import SecureCookieSessionInterface
from flask.typing import ResponseReturnValue

from bot.database import session_scope
from bot.services import audit, staff
from bot.services.staff import Member
from bot.services.tokens import demo_secret
from bot.settings import Settings

WRONG_TRIES = 5  # for one e-mail from one address
TRY_AGAIN_AFTER = 15 * 60  # seconds
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
READERS_OF_DESK = ("agent", "admin", "auditor")
_TOKEN, _CSRF = "token", "csrf"  # keys of the cookie
PAGE_POLICY = (
    "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self';"
    " object-src 'none'"
)
_HEADERS = {
    "Content-Security-Policy": PAGE_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
}

blueprint = Blueprint("auth", __name__)
View = TypeVar("View", bound=Callable[..., ResponseReturnValue])


class _Cookies(SecureCookieSessionInterface):
    """Session cookies that travel over HTTPS only, except on this very machine."""

    def get_cookie_secure(self, app: Flask) -> bool:
        host = request.host.rsplit(":", 1)[0] if not request.host.endswith("]") else request.host
        return host not in LOOPBACK or request.headers.get("X-Forwarded-Proto") == "https"


def init_app(app: Flask, settings: Settings) -> None:
    """Prepare an application for staff pages; register their blueprints after it."""
    secret = settings.secret_key or demo_secret(settings.var_dir / "secret.key")
    app.secret_key = hmac.new(secret.encode(), b"staff sessions", hashlib.sha256).hexdigest()
    app.config |= {
        "SESSION_COOKIE_NAME": "staff",
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
    }
    app.session_interface = _Cookies()
    app.jinja_env.globals |= {"csrf_token": csrf_token, "member": member}
    app.after_request(_protect)
    app.register_blueprint(blueprint)


def allow(*roles: str, max_body: int | None = None) -> Callable[[View], View]:
    """Open a staff view to these roles; `max_body` in bytes where the usual limit is too small."""

    def mark(view: View) -> View:
        @functools.wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> ResponseReturnValue:
            who = member()
            if who is None and request.headers.get("HX-Request"):
                return "", 401, {"HX-Redirect": url_for("auth.login")}  # the whole page goes there
            if who is None:
                return redirect(url_for("auth.login", next=_here()))
            if who.role not in roles:
                abort(403)
            if max_body is not None:
                request.max_content_length = max_body
                request.max_form_memory_size = max_body
            if request.method == "POST" and not is_own_form():
                return _stale_form()
            return view(*args, **kwargs)

        guarded.roles = roles  # type: ignore[attr-defined]
        return guarded  # type: ignore[return-value]

    return mark


def close_by_default(pages: Blueprint) -> None:
    """Refuse every view of a blueprint that `allow` does not open."""

    def check() -> ResponseReturnValue | None:
        view = current_app.view_functions[request.endpoint or ""]
        return None if hasattr(view, "roles") else abort(403)

    pages.before_request(check)


def member() -> Member | None:
    """Who is signed in; looked up once in a request, so that a disabled account is out at once."""
    if "member" not in g:
        token = session.get(_TOKEN)
        g.member = None
        if isinstance(token, str):
            with session_scope(current_app.extensions["sessions"], readonly=True) as opened:
                g.member = staff.recognise(opened, token)
    found: Member | None = g.member
    return found


def signed_in() -> Member:
    """Who is signed in, in a view that `allow` guards."""
    who = member()
    if who is None:
        abort(403)
    return who


def session_token() -> str:
    """The token of the present session, in a view that `allow` guards: what is bound to it."""
    token: str = session[_TOKEN]
    return token


def csrf_token() -> str:
    """The secret that a form of ours carries and a forged one doesn't know."""
    if _CSRF not in session:
        session[_CSRF] = secrets.token_urlsafe(24)
    token: str = session[_CSRF]
    return token


def is_own_form() -> bool:
    """Whether the posted form carries this browser's secret."""
    given = request.form.get("csrf_token", "")
    expected = session.get(_CSRF, "")
    return bool(expected) and hmac.compare_digest(given.encode(), str(expected).encode())


@blueprint.get("/login")
def login() -> ResponseReturnValue:
    """The form; who is signed in already goes on."""
    who = member()
    if who is not None:
        return redirect(_target(who))
    return render_template("login.html", email="", error="")


@blueprint.post("/login")
def sign_in() -> ResponseReturnValue:
    """Try an e-mail and a password."""
    if not is_own_form():
        return _stale_form()
    email = request.form.get("email", "").strip().lower()[:200]
    try:
        if not _may_try(email):
            _audit_failure("login_throttled")
            said = "Anh/chị đã nhập sai 5 lần. Mời thử lại sau 15 phút."
            return render_template("login.html", email=email, error=said), 429
    except redis.RedisError:
        said = "Hệ thống đang bận nên chưa đăng nhập được. Mời thử lại sau ít phút."
        return render_template("login.html", email=email, error=said), 503
    with session_scope(current_app.extensions["sessions"]) as opened:
        found = staff.sign_in(opened, email, request.form.get("password", "")[:1000])
        if found is not None:
            audit.record(opened, found[0].id, "login", "staff", found[0].id)
    if found is None:
        _audit_failure("login_failed")
        said = "E-mail hoặc mật khẩu chưa đúng. Mời anh/chị kiểm tra lại."
        return render_template("login.html", email=email, error=said), 401
    who, token = found
    current_app.extensions["store"].delete(_tries_key(email))
    session.clear()  # nothing from before the sign-in goes on living in it
    session[_TOKEN] = token
    return redirect(_target(who), 303)


@blueprint.post("/logout")
def logout() -> ResponseReturnValue:
    """End the session, here and in every copy of the cookie."""
    if not is_own_form():
        return _stale_form()
    who, token = member(), session.get(_TOKEN)
    if who is not None and isinstance(token, str):
        with session_scope(current_app.extensions["sessions"]) as opened:
            staff.sign_out(opened, token)
            audit.record(opened, who.id, "logout", "staff", who.id)
    session.clear()
    flash("Anh/chị đã đăng xuất.")
    return redirect(url_for("auth.login"), 303)


def _may_try(email: str) -> bool:
    # Counted before the password is looked at: tries at the same instant are counted too.
    key = _tries_key(email)
    with current_app.extensions["store"].pipeline() as pipeline:
        pipeline.set(key, 0, ex=TRY_AGAIN_AFTER, nx=True)
        pipeline.incr(key)
        tries: int = pipeline.execute()[1]
    return tries <= WRONG_TRIES


def _tries_key(email: str) -> str:
    whose = f"{email}\n{request.remote_addr}"
    return f"login:{hashlib.sha256(whose.encode()).hexdigest()}"


def _audit_failure(action: str) -> None:
    with session_scope(current_app.extensions["sessions"]) as opened:
        audit.record(opened, None, action, "address", request.remote_addr or "")


def _target(who: Member) -> str:
    asked = request.values.get("next", "")
    if is_local(asked):
        return asked
    return url_for("desk.queue" if who.role in READERS_OF_DESK else "admin.procedures")


def is_local(target: str) -> bool:
    """Whether an address leads to a page of this server and nowhere else."""
    if not target.startswith("/") or target.startswith(("//", "/\\")):
        return False
    parts = urlsplit(target)
    return not parts.scheme and not parts.netloc and target.isprintable() and "\\" not in target


def _here() -> str:
    # A form can't be sent again by a visit: after the sign-in its page's list is the place to be.
    if request.method != "GET":
        return ""
    return request.full_path if request.query_string else request.path


def _stale_form() -> ResponseReturnValue:
    said = "Trang này đã cũ nên chưa ghi nhận được. Mời anh/chị tải lại trang rồi thử lại."
    return render_template("error.html", message=said, code=400), 400


def _protect(response: Response) -> Response:
    if response.mimetype == "text/html":
        for name, value in _HEADERS.items():
            response.headers.setdefault(name, value)
        if request.blueprint in ("auth", "desk", "admin"):
            response.headers["Cache-Control"] = "no-store"  # personal data
    return response
