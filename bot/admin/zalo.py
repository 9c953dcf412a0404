"""/admin/zalo: how the official account is connected, and granting the app anew."""

from __future__ import annotations

import datetime as dt
import hashlib
import logging
from dataclasses import dataclass
from urllib.parse import urlsplit

import redis
from flask import current_app, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from bot import alarms, auth
from bot.admin.views import blueprint
from bot.channels.zalo.events import CHANNEL
from bot.channels.zalo.grant import Consent, Grant
from bot.database import session_scope, utcnow
from bot.errors import ConsentRefused, LostRace, TokenError
from bot.services import audit, open_work, tokens
from bot.services.tokens import Account, TokenState
from bot.settings import Settings

log = logging.getLogger(__name__)

READERS = ("admin", "auditor")
ENDS_SOON = dt.timedelta(hours=4)  # an hour after the renewal was due
STATES = {  # what a connection is called, and the colour of its badge
    "active": ("Đang hoạt động", "good"),
    "ends_soon": ("Sắp hết hạn", "warn"),
    "expired": ("Đã hết hạn, chưa gia hạn được", "bad"),
    "lost": ("Mất quyền", "bad"),
    "unreadable": ("Không đọc được mã đã lưu", "bad"),
    "none": ("Chưa kết nối", "warn"),
}
REFUSALS = {
    "state_missing": "Liên kết này không do trang quản trị tạo ra nên không được nhận.",
    "state_unknown": "Lượt cấp quyền này đã dùng rồi hoặc đã quá 10 phút.",
    "state_foreign": "Lượt cấp quyền này do một phiên đăng nhập khác bắt đầu.",
    "no_code": "Zalo không gửi mã cấp quyền: có thể anh/chị chưa bấm đồng ý.",
    "exchange": "Zalo không nhận mã cấp quyền.",
    "unreachable": "Chưa hỏi được máy chủ cấp quyền của Zalo. Mời anh/chị thử lại sau ít phút.",
    "store": "Hệ thống đang bận nên chưa bắt đầu được. Mời anh/chị thử lại sau ít phút.",
    "raced": "Một tiến trình khác vừa đổi mã. Mời anh/chị xem lại trạng thái rồi thử lại.",
    "no_address": "Chưa đặt PUBLIC_URL nên chưa biết địa chỉ nhận kết quả.",
}


@dataclass(frozen=True)
class Connection:
    """What the page tells of the account."""

    account_id: str
    state: str  # a key of STATES
    kept: TokenState | None
    waiting: int


@blueprint.get("/zalo")
@auth.allow(*READERS)
def zalo() -> ResponseReturnValue:
    """The state of the connection."""
    return _page()


@blueprint.get("/zalo/consent")
@auth.allow("admin")
def consent_question() -> ResponseReturnValue:
    """Ask whether the app should really be granted anew."""
    settings = _settings()
    page = make_response(
        render_template(
            "admin/zalo_consent.html", connection=_connection(), callback=_callback_address()
        )
    )
    # The posted form is led on to Zalo, which the usual policy of our pages would forbid.
    parts = urlsplit(settings.zalo_oauth_url)
    allowed = auth.PAGE_POLICY.replace(
        "form-action 'self'", f"form-action 'self' {parts.scheme}://{parts.netloc}"
    )
    page.headers["Content-Security-Policy"] = allowed
    return page


@blueprint.post("/zalo/consent")
@auth.allow("admin")
def consent() -> ResponseReturnValue:
    """Begin a consent: off to Zalo's page."""
    callback = _callback_address()
    if not callback:
        return _page("no_address", code=409)
    try:
        target = _grant().begin(_session_key(), callback)
    except redis.RedisError:
        return _page("store", code=503)
    _audit("zalo_consent_started")
    return redirect(target, 303)


@blueprint.get("/zalo/callback")
@auth.allow("admin")
def callback() -> ResponseReturnValue:
    """The browser is back from Zalo's page."""
    given = _consent_of(request.args)
    grant = _grant()
    if not given.state and grant.fixed_challenge:
        # Without a state nobody knows who began this; a person of ours has to say so by a form.
        try:
            grant.check(given)
        except ConsentRefused as refused:
            return _refused(refused)
        return render_template("admin/zalo_confirm.html", given=given, connection=_connection())
    return _complete(given)


@blueprint.post("/zalo/callback")
@auth.allow("admin")
def confirm_callback() -> ResponseReturnValue:
    """A consent that began in Zalo's console, confirmed by the person who brings it."""
    return _complete(_consent_of(request.form))


def _complete(given: Consent) -> ResponseReturnValue:
    grant = _grant()
    try:
        verifier = grant.verifier_for(given, _session_key())
        grant.check(given)
        woken = grant.connect(given.code, verifier)
    except ConsentRefused as refused:
        return _refused(refused)
    except LostRace:
        return _refused(ConsentRefused("raced"))
    except (TokenError, redis.RedisError) as error:
        log.error("the consent could not be completed: %s", error)
        return _refused(ConsentRefused("unreachable"))
    _audit("zalo_connected", woken=woken)
    alarms.forget()
    # After the commit: the waiting replies are due now, and the sweep finds them anyway.
    current_app.extensions["queue"].enqueue("sweep")
    flash(f"Đã kết nối lại Zalo OA. {woken} tin đang chờ được gửi tiếp ngay bây giờ.")
    return redirect(url_for("admin.zalo"), 303)


def _refused(refused: ConsentRefused) -> ResponseReturnValue:
    _audit("zalo_connect_refused", reason=refused.code, zalo=refused.detail)
    log.warning("a Zalo consent was refused: %s", refused)
    return _page(refused.code, detail=refused.detail, code=400)


def _page(refused: str = "", *, detail: str = "", code: int = 200) -> ResponseReturnValue:
    connection = _connection()
    said = REFUSALS.get(refused, "")
    if refused == "other_account":
        said = f"Tài khoản OA vừa cấp quyền không phải là {connection.account_id}."
    page = render_template(
        "admin/zalo.html",
        connection=connection,
        words=STATES[connection.state],
        refused=said,
        detail=detail,
        callback=_callback_address(),
        challenge=_grant().fixed_challenge,
        may_act=auth.signed_in().role == "admin",
    )
    return page, code


def _connection() -> Connection:
    settings = _settings()
    account = Account(CHANNEL, settings.zalo_oa_id)
    with session_scope(current_app.extensions["sessions"], readonly=True) as session:
        kept = tokens.state_of(session, account)
        waiting = open_work.waiting_for_token(session, CHANNEL)
        try:
            tokens.read(session, account, tokens.make_cipher(settings))
            readable = True
        except TokenError:
            readable = False
    return Connection(settings.zalo_oa_id, _state(kept, readable), kept, waiting)


def _state(kept: TokenState | None, readable: bool) -> str:
    if kept is None:
        return "none"
    if not readable:
        return "unreadable"
    if kept.lost_at is not None:
        return "lost"
    left = kept.expires_at - utcnow()
    if left <= dt.timedelta():
        return "expired"
    return "ends_soon" if left < ENDS_SOON else "active"


def _callback_address() -> str:
    """Where Zalo sends the browser back to; "" when a real account has no PUBLIC_URL.

    Only the demo believes the request's own host: a forged one would lead a code elsewhere.
    """
    settings = _settings()
    base = settings.public_url or (request.host_url.rstrip("/") if settings.demo else "")
    return base + url_for("admin.callback") if base else ""


def _consent_of(values: object) -> Consent:
    def text(name: str) -> str:
        return str(values.get(name, ""))[:2000]  # type: ignore[attr-defined]

    return Consent(text("code"), text("oa_id"), text("state"))


def _session_key() -> str:
    return hashlib.sha256(auth.session_token().encode()).hexdigest()


def _audit(action: str, **detail: str | int) -> None:
    told = {name: value for name, value in detail.items() if value != ""}
    with session_scope(current_app.extensions["sessions"]) as session:
        audit.record(session, auth.signed_in().id, action, "account", _settings().zalo_oa_id, told)


def _grant() -> Grant:
    known = current_app.extensions
    return Grant(known["settings"], known["sessions"], known["store"])


def _settings() -> Settings:
    settings: Settings = current_app.extensions["settings"]
    return settings
