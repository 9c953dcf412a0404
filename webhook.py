"""The web application: settings, database, queue, blueprints."""

from __future__ import annotations

from flask import Flask, current_app, render_template, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException
from werkzeug.middleware.proxy_fix import ProxyFix

from bot import alarms, auth, streams, templating
from bot.admin.pages import blueprint as admin
from bot.channels import keeping
from bot.channels.web import script as web_script
from bot.channels.web import views as web
from bot.channels.zalo import refusals
from bot.channels.zalo import views as zalo
from bot.database import make_engine, make_sessions, session_scope
from bot.desk.pages import blueprint as desk
from bot.health import check
from bot.metrics import Metrics, render
from bot.queue import Queue, connect, make_broker
from bot.services import open_work
from bot.settings import Settings

QUEUE_SECONDS = 0.5  # Zalo waits two; a slow store must not use them up
MAX_BODY = 2 * 1024 * 1024

MESSAGES = {
    400: "Yêu cầu chưa đúng, mời anh/chị thử lại.",
    403: "Anh/chị không có quyền xem nội dung này.",
    404: "Không tìm thấy trang này. Anh/chị kiểm tra lại địa chỉ giúp ạ.",
    405: "Địa chỉ này không nhận yêu cầu kiểu đó.",
    413: "Nội dung gửi lên quá lớn.",
    429: "Anh/chị thao tác nhanh quá, mời thử lại sau ít phút.",
    500: "Hệ thống gặp lỗi. Mời anh/chị thử lại sau ít phút.",
}


def create_app(settings: Settings | None = None) -> Flask:
    """The application, ready for any WSGI server."""
    settings = settings or Settings.from_env()
    app = Flask(__name__, template_folder="bot/templates", static_folder="bot/static")
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY
    store = connect(settings.redis_url, timeout=QUEUE_SECONDS)
    sessions = make_sessions(make_engine(settings.database_url))
    app.extensions |= {
        "settings": settings,
        "sessions": sessions,
        "store": store,
        "queue": Queue(make_broker(settings.redis_url, timeout=QUEUE_SECONDS)),
        "metrics": Metrics(store),
    }
    app.extensions["web_script"] = web_script.build(settings)
    if settings.trusted_proxies:
        proxies = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=proxies, x_proto=0)  # type: ignore[method-assign]
    keeping.init_app(app)
    streams.init_app(app, settings)
    templating.init_app(app)
    auth.init_app(app, settings)
    alarms.init_app(app)
    for pages in (zalo.blueprint, web.blueprint, desk, admin):
        app.register_blueprint(pages)
    app.add_url_rule("/", view_func=home)
    app.add_url_rule("/health/live", view_func=live)
    app.add_url_rule("/health/ready", view_func=ready)
    app.add_url_rule("/metrics", view_func=metrics)
    app.register_error_handler(HTTPException, explain)
    return app


def home() -> ResponseReturnValue:
    """A plain page that names the service."""
    return render_template("home.html", settings=current_app.extensions["settings"])


def live() -> ResponseReturnValue:
    """The process is up."""
    return {"status": "ok"}


def ready() -> ResponseReturnValue:
    """Every party that an answer needs, by name; 503 when one of them is down."""
    known = current_app.extensions
    parties = check(known["settings"], known["sessions"], known["store"])
    well = all(word == "ok" for word in parties.values())
    return {"status": "ok" if well else "unavailable", **parties}, 200 if well else 503


def metrics() -> ResponseReturnValue:
    """Prometheus text over all processes."""
    known = current_app.extensions
    known["metrics"].flush()
    with session_scope(known["sessions"], readonly=True) as session:
        gauges = open_work.gauges(session)
    gauges["channel_refusals"] = refusals.blocked(known["store"])
    return render(known["store"], gauges), {"Content-Type": "text/plain; version=0.0.4"}


def explain(error: HTTPException) -> ResponseReturnValue:
    """An error in plain words: a page for a browser, JSON for a program."""
    code = error.code or 500
    said = MESSAGES.get(code, MESSAGES[500 if code >= 500 else 400])
    if request.accept_mimetypes.best_match(["application/json", "text/html"]) == "text/html":
        return render_template("error.html", message=said, code=code), code
    return {"error": said}, code
