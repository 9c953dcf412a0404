"""Settings: read once from the environment (or `.env`), frozen, secrets out of `repr`."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from dotenv import dotenv_values

from bot.errors import SettingError

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Settings:
    """Every setting of the project; README.md lists them."""

    var_dir: Path
    database_url: str = field(repr=False)
    redis_url: str = field(repr=False)
    onestop_config: Path
    rasa_urls: tuple[str, ...]
    actions_url: str
    rasa_token: str = field(repr=False)
    host: str
    port: int
    secret_key: str = field(repr=False)
    zalo_app_id: str
    zalo_app_secret: str = field(repr=False)
    zalo_oa_id: str
    zalo_oa_secret_key: str = field(repr=False)
    zalo_access_token: str = field(repr=False)
    zalo_refresh_token: str = field(repr=False)
    zalo_code_verifier: str = field(repr=False)
    zalo_site_verification: str
    zalo_api_url: str
    zalo_oauth_url: str
    zalo_zbs_url: str
    zalo_file_hosts: tuple[str, ...]
    zalo_rate_per_minute: int  # calls of this account's package; 0: what the platform tells
    zalo_paid_messages: bool  # between 48 hours and 7 days the platform charges
    simulator_port: int
    valkey_port: int
    embedded_store: bool
    hotline: str
    province: str
    public_url: str
    web_chat_origins: tuple[str, ...]  # of the sites that may embed the chat; "*": any
    handoff_silent_minutes: int  # without a reply of staff, then somebody else is asked
    web_threads: int  # of each web process; most of them may hold an open stream
    trusted_proxies: int  # whose X-Forwarded-For tells the client's address

    @property
    def demo(self) -> bool:
        """Whether this is the demo: no real Zalo app is configured."""
        return not self.zalo_app_id or self.zalo_app_id == DEMO_APP_ID

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> Settings:
        """Read the settings; raises SettingError naming the one that is wrong.

        The process environment wins over `.env` in the project's folder.
        """
        if environ is None:
            env_file = Path(os.environ.get("ENV_FILE", ROOT / ".env"))
            merged = {k: v for k, v in dotenv_values(env_file).items() if v is not None}
            environ = {**merged, **os.environ}
        read = _Reader(environ)
        var_dir = Path(read.text("VAR_DIR", str(ROOT / "var"))).resolve()
        demo = not read.text("ZALO_APP_ID", "") or read.text("ZALO_APP_ID", "") == DEMO_APP_ID
        simulator_port = read.port("SIMULATOR_PORT", 8100)
        simulator = f"http://127.0.0.1:{simulator_port}"
        valkey_port = read.port("VALKEY_PORT", 6380)
        settings = cls(
            var_dir=var_dir,
            database_url=read.text("DATABASE_URL", f"sqlite:///{var_dir / 'bot.db'}"),
            redis_url=read.text("REDIS_URL", f"redis://127.0.0.1:{valkey_port}/0"),
            onestop_config=Path(read.text("ONESTOP_CONFIG", str(var_dir / "onestop.yml"))),
            rasa_urls=tuple(
                u.strip().rstrip("/")
                for u in read.text("RASA_URL", "http://127.0.0.1:5005").split(",")
                if u.strip()
            ),
            actions_url=read.text("ACTIONS_URL", "http://127.0.0.1:5055/webhook"),
            rasa_token=read.text("RASA_TOKEN", ""),
            host=read.text("HOST", "127.0.0.1"),
            port=read.port("PORT", 8000),
            secret_key=read.text("SECRET_KEY", ""),
            zalo_app_id=read.text("ZALO_APP_ID", DEMO_APP_ID if demo else ""),
            zalo_app_secret=read.text("ZALO_APP_SECRET", "demo-app-secret" if demo else ""),
            zalo_oa_id=read.text("ZALO_OA_ID", DEMO_OA_ID if demo else ""),
            zalo_oa_secret_key=read.text("ZALO_OA_SECRET_KEY", "demo-oa-secret" if demo else ""),
            zalo_access_token=read.text("ZALO_ACCESS_TOKEN", "demo-access-token" if demo else ""),
            zalo_refresh_token=read.text(
                "ZALO_REFRESH_TOKEN", "demo-refresh-token" if demo else ""
            ),
            zalo_code_verifier=read.text("ZALO_CODE_VERIFIER", ""),
            zalo_site_verification=read.text("ZALO_SITE_VERIFICATION", ""),
            zalo_api_url=read.text(
                "ZALO_API_URL", simulator if demo else "https://openapi.zalo.me"
            ).rstrip("/"),
            zalo_oauth_url=read.text(
                "ZALO_OAUTH_URL", simulator if demo else "https://oauth.zaloapp.com"
            ).rstrip("/"),
            zalo_zbs_url=read.text(
                "ZALO_ZBS_URL", simulator if demo else "https://business.openapi.zalo.me"
            ).rstrip("/"),
            zalo_file_hosts=read.hosts("ZALO_FILE_HOSTS", "zdn.vn,zadn.vn,zalo.me"),
            zalo_rate_per_minute=read.number("ZALO_RATE_PER_MINUTE", 0, least=0),
            zalo_paid_messages=read.yes_or_no("ZALO_PAID_MESSAGES", default=True),
            simulator_port=simulator_port,
            valkey_port=valkey_port,
            embedded_store=not read.text("REDIS_URL", ""),
            hotline=read.text("HOTLINE", "1022"),
            province=read.text("PROVINCE", "Bắc Ninh"),
            public_url=read.text("PUBLIC_URL", "").rstrip("/"),
            web_chat_origins=read.origins("WEB_CHAT_ORIGINS"),
            handoff_silent_minutes=read.number("HANDOFF_SILENT_MINUTES", 10, least=1),
            web_threads=read.number("WEB_THREADS", 64, least=4),
            trusted_proxies=read.number("TRUSTED_PROXIES", 0, least=0),
        )
        if settings.zalo_code_verifier and not _VERIFIER.fullmatch(settings.zalo_code_verifier):
            raise SettingError("ZALO_CODE_VERIFIER must be exactly 43 letters and digits")
        if settings.public_url and not _is_address(settings.public_url):
            raise SettingError("PUBLIC_URL must be an address like https://tro-ly.example.vn")
        if not settings.demo:
            for name in ("ZALO_APP_SECRET", "ZALO_OA_ID", "ZALO_OA_SECRET_KEY", "SECRET_KEY"):
                if not getattr(settings, name.lower()):
                    raise SettingError(f"{name} is required when ZALO_APP_ID is set")
        return settings


# The simulator's well-known identity; never a secret of anybody.
DEMO_APP_ID = "1234567890123456789"
DEMO_OA_ID = "3333333333333333333"

_VERIFIER = re.compile(r"[A-Za-z0-9]{43}")


def _is_address(url: str) -> bool:
    """Whether this is scheme and host, and nothing behind them."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    bare = not (parts.path or parts.query or parts.fragment or parts.username)
    return parts.scheme in ("http", "https") and bool(parts.hostname) and bare


class _Reader:
    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ

    def text(self, name: str, default: str) -> str:
        value = self._environ.get(name, "").strip()
        return value or default

    def yes_or_no(self, name: str, *, default: bool) -> bool:
        value = self.text(name, "yes" if default else "no").lower()
        if value not in ("yes", "no"):
            raise SettingError(f"{name} must be yes or no, not {value!r}")
        return value == "yes"

    def number(self, name: str, default: int, *, least: int) -> int:
        value = self.text(name, str(default))
        if not (value.isascii() and value.isdigit()) or not least <= int(value) <= 10_000:
            raise SettingError(f"{name} must be a number of at least {least}, not {value!r}")
        return int(value)

    def origins(self, name: str) -> tuple[str, ...]:
        given = [part.strip().rstrip("/").lower() for part in self.text(name, "").split(",")]
        for origin in filter(None, given):
            parts = urlsplit(origin)
            whole = f"{parts.scheme}://{parts.netloc}"
            if origin != "*" and (parts.scheme not in ("http", "https") or origin != whole):
                raise SettingError(
                    f"{name} must hold origins such as https://www.example.vn, not {origin!r}"
                )
        return tuple(filter(None, given))

    def port(self, name: str, default: int) -> int:
        value = self.text(name, str(default))
        if not value.isdigit() or not 0 < int(value) < 65536:
            raise SettingError(f"{name} must be a port number between 1 and 65535, not {value!r}")
        return int(value)

    def hosts(self, name: str, default: str) -> tuple[str, ...]:
        given = [host.strip().lower() for host in self.text(name, default).split(",")]
        hosts = tuple(host for host in given if host)
        if not hosts or not all(_HOST.fullmatch(host) for host in hosts):
            raise SettingError(f"{name} must list host names like zdn.vn, separated by commas")
        return hosts


# At least two labels: a whole country's names are nobody's hosts.
_HOST = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]")
