"""Runs the migrations, against a database or into a script.

The database is `DATABASE_URL`, from the environment or else from the `.env` file beside
`alembic.ini`; `DATABASE_ECHO=true` shows the SQL. A URL with the driver asyncpg is as good as one
with psycopg2. `alembic upgrade head --sql` needs neither database nor URL.
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
from models import Base
from sqlalchemy import URL, Connection, create_engine, make_url, pool
from sqlalchemy.exc import ArgumentError

config = context.config
LOCK_TIMEOUT = "5s"
"""A revision that cannot have a lock gives up: waiting, it would keep everybody else waiting."""
COMPARISON: dict[str, Any] = {
    "target_metadata": Base.metadata,
    "compare_type": True,
    "compare_server_default": True,
}


def read_settings() -> dict[str, str]:
    """Return the variables of `.env`, overruled by those of the real environment."""
    beside = Path(config.config_file_name or "alembic.ini").with_name(".env")
    lines = beside.read_text(encoding="utf-8").splitlines() if beside.is_file() else []
    pairs = [line.split("=", 1) for line in map(str.strip, lines) if _is_assignment(line)]
    written = {name.removeprefix("export ").strip(): _unquoted(value) for name, value in pairs}
    return {**written, **os.environ}


def _is_assignment(line: str) -> bool:
    return "=" in line and not line.startswith("#")


def _unquoted(value: str) -> str:
    """Strip quotes, or else a comment; nothing is expanded, so a URL stays as it was written."""
    value = value.strip()
    quote = value[:1]
    if quote in {'"', "'"} and (end := value.find(quote, 1)) > 0:
        return value[1:end]
    return value.partition(" #")[0].rstrip()


def database_url(settings: dict[str, str]) -> URL:
    """Return the URL of `DATABASE_URL`; without one, say how to set it."""
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
    # What a URL without a driver means changed between versions of SQLAlchemy.
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
    """Run the migrations through an asynchronous driver."""
    # Needs greenlet, which those who use psycopg2 may not have.
    from sqlalchemy.ext.asyncio import create_async_engine

    arguments = {"server_settings": {"lock_timeout": LOCK_TIMEOUT}}
    engine = create_async_engine(url, poolclass=pool.NullPool, connect_args=arguments)
    try:
        async with engine.connect() as connection:
            await connection.run_sync(run_on)
    finally:
        await engine.dispose()


def run_online() -> None:
    """Run the migrations on the database of `DATABASE_URL`."""
    settings = read_settings()
    url = database_url(settings)
    if settings.get("DATABASE_ECHO", "").lower() == "true":
        # Not `echo=True`: that has a handler of its own, so every line would come twice, and the
        # one on stdout would mingle with what `alembic current` prints.
        logging.getLogger("sqlalchemy.engine").setLevel(logging.INFO)
    if url.get_dialect().is_async:
        asyncio.run(run_async(url))
        return
    arguments = {"options": f"-c lock_timeout={LOCK_TIMEOUT}"}
    engine = create_engine(url, poolclass=pool.NullPool, connect_args=arguments)
    with engine.connect() as connection:
        run_on(connection)


if config.config_file_name is not None:
    # Loggers of the program that runs us, a test runner perhaps, stay as they are.
    fileConfig(config.config_file_name, disable_existing_loggers=False)

if context.is_offline_mode():
    run_offline()
else:
    run_online()
