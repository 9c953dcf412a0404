"""The Flask application and the server that runs it, also inside a test's own process."""

from __future__ import annotations

import threading
from types import TracebackType

from flask import Flask, Response

from simulator.zalo.api import send_blueprint
from simulator.zalo.chat import chat_blueprint
from simulator.zalo.control import control_blueprint
from simulator.zalo.courier import DeliverySettings
from simulator.zalo.errors import ApiError, BadRequest
from simulator.zalo.httpd import BODY_LIMIT, Server
from simulator.zalo.identity import Identity
from simulator.zalo.oauth import oauth_blueprint
from simulator.zalo.platform import Options, Platform
from simulator.zalo.uploads import Uploads, upload_blueprint
from simulator.zalo.users import account_blueprint, tag_blueprint, user_blueprint
from simulator.zalo.wire import answer, refusal
from simulator.zalo.zbs import zbs_blueprint

_POLICY = "default-src 'self'; img-src 'self' data: https: http:; frame-ancestors 'none'"


def create_app(platform: Platform) -> Flask:
    """The platform's endpoints and pages."""
    app = Flask(__name__)
    app.config["MAX_CONTENT_LENGTH"] = BODY_LIMIT
    uploads = Uploads(platform.clock)
    for blueprint in (
        send_blueprint(platform, uploads),
        upload_blueprint(platform, uploads),
        user_blueprint(platform),
        tag_blueprint(platform),
        account_blueprint(platform),
        oauth_blueprint(platform),
        zbs_blueprint(platform),
        control_blueprint(platform),
        chat_blueprint(platform),
    ):
        app.register_blueprint(blueprint)

    @app.errorhandler(ApiError)
    def refused(error: ApiError) -> Response:
        return answer(refusal(error), headers=platform.rate.headers())

    @app.errorhandler(BadRequest)
    def bad(error: BadRequest) -> Response:
        return answer({"error": str(error)}, 400)

    @app.after_request
    def guard(response: Response) -> Response:
        if response.mimetype == "text/html":
            response.headers["Content-Security-Policy"] = _POLICY
            response.headers["X-Content-Type-Options"] = "nosniff"
        return response

    return app


class SimulatorServer:
    """One simulator on one port; `with SimulatorServer(…) as simulator` in tests.

    `port` 0 takes a free one; `url` tells which. `stop` cuts every connection.
    """

    def __init__(
        self,
        webhook_url: str = "",
        *,
        identity: Identity | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
        quiet: bool = False,
        log: bool = False,
        retry_scale: float = 1.0,
        retry_any_failure: bool = True,
        time_limit: float = 2.0,
    ) -> None:
        delivery = DeliverySettings(webhook_url, retry_scale, retry_any_failure, time_limit)
        self.platform = Platform(identity or Identity(), Options(delivery, quiet))
        self._server = Server(host, port, create_app(self.platform), log=log)
        self.port: int = self._server.server_port
        self.url = f"http://{host}:{self.port}"
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Serve from a thread of its own."""
        self._thread = threading.Thread(target=self.serve, name="simulator", daemon=True)
        self._thread.start()

    def serve(self) -> None:
        """Serve until `stop` is called from elsewhere."""
        self._server.serve_forever(poll_interval=0.05)

    def stop(self) -> None:
        """Stop serving and delivering."""
        self._server.stop()
        self.platform.courier.close()
        if self._thread is not None:
            self._thread.join(5)

    def __enter__(self) -> SimulatorServer:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
