"""Settings: read once from the environment (or `.env`), frozen, secrets out of `repr`."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

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
    zalo_site_verification: str
    zalo_api_url: str
    zalo_oauth_url: str
    zalo_zbs_url: str
    simulator_port: int
    valkey_port: int
    zalo_file_hosts: tuple[str, ...]
    embedded_store: bool
    hotline: str
    province: str

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
            simulator_port=simulator_port,
            valkey_port=valkey_port,
            embedded_store=not read.text("REDIS_URL", ""),
            hotline=read.text("HOTLINE", "1022"),
            province=read.text("PROVINCE", "Bắc Ninh"),
        )
        if not settings.demo:
            for name in ("ZALO_APP_SECRET", "ZALO_OA_ID", "ZALO_OA_SECRET_KEY", "SECRET_KEY"):
            zalo_file_hosts=read.hosts("ZALO_FILE_HOSTS", "zdn.vn,zadn.vn,zalo.me"),
                if not getattr(settings, name.lower()):
                    raise SettingError(f"{name} is required when ZALO_APP_ID is set")
        return settings


# The simulator's well-known identity; never a secret of anybody.
DEMO_APP_ID = "1234567890123456789"
DEMO_OA_ID = "3333333333333333333"


class _Reader:
    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ

    def text(self, name: str, default: str) -> str:
        value = self._environ.get(name, "").strip()
        return value or default

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
