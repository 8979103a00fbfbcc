"""Runs the migrations on a database, or writes them as an SQL script.

The database is `DATABASE_URL`, from the environment or from the `.env` file next to `alembic.ini`;
`DATABASE_ECHO=true` logs the SQL. The driver is psycopg2 or asyncpg. `alembic upgrade head --sql`
needs neither database nor URL.
"""

from __future__ import annotations

import asyncio
import logging
import os
from logging.config import fileConfig
from pathlib import Path
from typing import Any

from alembic import context
from alembic.util import CommandError
from dotenv import dotenv_values
from models import Base
from sqlalchemy import URL, Connection, create_engine, make_url, pool
from sqlalchemy.exc import ArgumentError

config = context.config
LOCK_TIMEOUT = "5s"
"""A revision that cannot get a lock gives up: while it waits, every later query waits behind it."""
COMPARISON: dict[str, Any] = {
    "target_metadata": Base.metadata,
    "compare_type": True,
    "compare_server_default": True,
}


def read_settings() -> dict[str, str]:
    """Return the variables of `.env`, overridden by those of the real environment."""
    path = Path(config.config_file_name or "alembic.ini").with_name(".env")
    # Nothing is expanded, so a `$` in a password stays as it was written.
    written = dotenv_values(path, interpolate=False)
    return {**{name: value or "" for name, value in written.items()}, **os.environ}


def database_url(settings: dict[str, str]) -> URL:
    """Return the URL in `DATABASE_URL`, or raise with how to set it."""
    written = settings.get("DATABASE_URL", "")
    if not written:
        raise CommandError(
            "DATABASE_URL is not set: copy .env.example to .env and edit it, "
            "or set the variable in the environment"
        )
    try:
        url = make_url(written)
    except ArgumentError as error:
        # The value may hold a password, and an error ends up in logs: it is not shown.
        raise CommandError(
            "DATABASE_URL is not a database URL: see .env.example for the form"
        ) from error
    # Which driver a URL without one means depends on the version of SQLAlchemy.
    return url.set(drivername="postgresql+psycopg2") if url.drivername == "postgresql" else url


def run_offline() -> None:
    """Write the migrations as an SQL script."""
    context.configure(
        dialect_name="postgresql",
        literal_binds=True,
        dialect_opts={"paramstyle": "named"},
        **COMPARISON,
    )
    with context.begin_transaction():
        context.run_migrations()


def run_on(connection: Connection) -> None:
    """Run the migrations on an open connection."""
    context.configure(connection=connection, **COMPARISON)
    with context.begin_transaction():
        context.run_migrations()


async def run_async(url: URL) -> None:
    """Run the migrations with an asynchronous driver."""
    # Needs greenlet, which projects that use psycopg2 might not have installed.
    from sqlalchemy.ext.asyncio import create_async_engine

    arguments = {"server_settings": {"lock_timeout": LOCK_TIMEOUT}}
    engine = create_async_engine(url, poolclass=pool.NullPool, connect_args=arguments)
    try:
        async with engine.connect() as connection:
            await connection.run_sync(run_on)
    finally:
        await engine.dispose()


def run_online() -> None:
    """Run the migrations on the database that `DATABASE_URL` names."""
    settings = read_settings()
    url = database_url(settings)
    if settings.get("DATABASE_ECHO", "").lower() == "true":
        # Not `echo=True`: that adds its own handler, so every line would appear twice, once on
        # stdout in the middle of what `alembic current` prints.
        logging.getLogger("sqlalchemy.engine").setLevel(logging.INFO)
    if url.get_dialect().is_async:
        asyncio.run(run_async(url))
        return
    arguments = {"options": f"-c lock_timeout={LOCK_TIMEOUT}"}
    engine = create_engine(url, poolclass=pool.NullPool, connect_args=arguments)
    with engine.connect() as connection:
        run_on(connection)


if config.config_file_name is not None:
    # Leave the loggers of the calling program, such as a test runner, alone.
    fileConfig(config.config_file_name, disable_existing_loggers=False)

if context.is_offline_mode():
    run_offline()
else:
    run_online()
