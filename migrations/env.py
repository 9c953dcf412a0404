"""Alembic's entry point: migrates the database named by the caller or by the settings."""

from typing import Any

from alembic import context

import bot.models  # noqa: F401  (registers every table)
from bot.database import Base, UTCDateTime, make_engine
from bot.settings import Settings


def render_item(kind: str, item: Any, autogen_context: Any) -> Any:
    """Write our own column type by its name; anything else as Alembic does."""
    if kind == "type" and isinstance(item, UTCDateTime):
        autogen_context.imports.add("from bot.database import UTCDateTime")
        return "UTCDateTime()"
    return False


url = context.config.attributes.get("database_url") or Settings.from_env().database_url

with make_engine(url).connect() as connection:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=connection.dialect.name == "sqlite",
        render_item=render_item,
        compare_type=True,
    )
    with context.begin_transaction():
        context.run_migrations()
