"""Alembic's entry point: migrates the database named by the caller or by the settings."""

from alembic import context

import bot.models  # noqa: F401  (registers every table)
from bot.database import Base, make_engine
from bot.settings import Settings

url = context.config.attributes.get("database_url") or Settings.from_env().database_url

with make_engine(url).connect() as connection:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=connection.dialect.name == "sqlite",
        compare_type=True,
    )
    with context.begin_transaction():
        context.run_migrations()
