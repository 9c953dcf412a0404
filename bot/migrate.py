"""Brings the tables that this project owns up to date."""

from __future__ import annotations

from alembic import command
from alembic.config import Config

from bot.settings import ROOT


def upgrade(database_url: str) -> None:
    """Run every migration that the database has not seen."""
    command.upgrade(alembic_config(database_url), "head")


def alembic_config(database_url: str) -> Config:
    """Alembic's configuration for one database; there is no alembic.ini."""
    config = Config()
    config.set_main_option("script_location", str(ROOT / "migrations"))
    config.attributes["database_url"] = database_url
    return config
