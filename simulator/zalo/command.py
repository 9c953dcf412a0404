"""`python -m simulator zalo`."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from collections.abc import Sequence

from simulator.zalo.identity import Identity
from simulator.zalo.server import SimulatorServer

WEBHOOK_URL = "http://127.0.0.1:8000/webhook/zalo"
DEMO_RETRY_SCALE = 1 / 30


def main(argv: Sequence[str]) -> int:
    """Run the simulator until it is told to stop; returns the exit status."""
    options = _parser().parse_args(argv)
    identity = Identity(
        app_id=options.app_id,
        app_secret=options.app_secret,
        oa_id=options.oa_id,
        oa_secret_key=options.oa_secret_key,
        access_token=options.access_token,
        refresh_token=options.refresh_token,
        oa_name=options.oa_name,
    )
    try:
        server = SimulatorServer(
            options.webhook_url,
            identity=identity,
            host=options.host,
            port=options.port,
            quiet=options.quiet,
            log=not options.quiet,
            retry_scale=options.retry_scale,
            retry_any_failure=not options.retry_connection_failures_only,
        )
    except OSError as error:
        sys.stderr.write(f"port {options.port} cannot be opened: {error.strerror}\n")
        return 1
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    server.start()
    sys.stderr.write(f"Zalo simulator: {server.url}/ delivering to {options.webhook_url or '-'}\n")
    stopped.wait()
    server.stop()
    return 0


def _parser() -> argparse.ArgumentParser:
    known = Identity()
    parser = argparse.ArgumentParser(
        prog="python -m simulator zalo", description="A stand-in for the Zalo platform."
    )
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8100)
    parser.add_argument("--webhook-url", default=WEBHOOK_URL, help="empty: deliver nothing")
    parser.add_argument("--app-id", default=known.app_id)
    parser.add_argument("--app-secret", default=known.app_secret)
    parser.add_argument("--oa-id", default=known.oa_id)
    parser.add_argument("--oa-secret-key", default=known.oa_secret_key)
    parser.add_argument("--oa-name", default=known.oa_name)
    parser.add_argument("--access-token", default=known.access_token)
    parser.add_argument("--refresh-token", default=known.refresh_token)
    parser.add_argument(
        "--retry-scale",
        type=float,
        default=DEMO_RETRY_SCALE,
        help="share of the real waiting times between retries (1: 30 s to 1 h; default 1/30)",
    )
    parser.add_argument(
        "--retry-connection-failures-only",
        action="store_true",
        help="do not try again after an answer other than 200",
    )
    parser.add_argument(
        "--quiet",
        action="store_true",
        help="for load: no echoes, receipts, bubbles, log or rate limit; any recipient is known",
    )
    return parser
