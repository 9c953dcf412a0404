"""What the action server's threads share: settings, the database, the one-stop databases."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from sqlalchemy.orm import Session, sessionmaker

from bot.database import make_engine, make_sessions
from bot.onestop import OneStopFile
from bot.settings import ROOT, Settings

LOOKUPS = ROOT / "data" / "lookups"


class Resources:
    """Made on first use, once per process; tests make their own."""

    def __init__(self, settings: Settings | None = None) -> None:
        self._given = settings

    @cached_property
    def settings(self) -> Settings:
        """The settings of this process."""
        return self._given or Settings.from_env()

    @cached_property
    def sessions(self) -> sessionmaker[Session]:
        """The session factory of the one engine."""
        return make_sessions(make_engine(self.settings.database_url))

    @cached_property
    def titles(self) -> dict[str, Any]:
        """Titles of buttons."""
        return read_yaml(LOOKUPS / "button_titles.yml")

    @cached_property
    def office_hours(self) -> dict[str, Any]:
        """The configured working hours."""
        return read_yaml(LOOKUPS / "office_hours.yml")

    @cached_property
    def onestop(self) -> OneStopFile:
        """The one-stop sources; asking one raises OneStopUnavailable when it does not answer."""
        return OneStopFile(self.settings.onestop_config)


def read_yaml(path: Path) -> dict[str, Any]:
    """A table that staff can edit, as plain values."""
    data = YAML(typ="safe").load(path.read_text(encoding="utf-8"))
    if not isinstance(data, dict):
        raise ValueError(f"{path.name} should hold a table")
    return data
