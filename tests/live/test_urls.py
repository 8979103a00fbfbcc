"""Engines of env.py get a driver that is installed and fits, whatever their URL says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Interpreter = Callable[[str], str]
ProjectMaker = Callable[..., Any]
ROWS = False

TABLE = """
def upgrade():
    op.execute("CREATE TABLE t (a int)")


def downgrade():
    op.execute("DROP TABLE t")
"""
ENV = """
import asyncio, importlib.util, os, sys
from alembic import context
from sqlalchemy import create_engine, engine_from_config
from sqlalchemy.ext.asyncio import create_async_engine

# A machine that has only these drivers.
class Missing:
    def find_spec(self, name, *_):
        if name in MISSING:
            raise ModuleNotFoundError(name, name=name)
sys.meta_path.insert(0, Missing())
find = importlib.util.find_spec
importlib.util.find_spec = lambda name, *more: None if name in MISSING else find(name, *more)

def refuse():
    raise AssertionError("the creator of production was called")

async def connect(engine):
    async with engine.connect():
        return engine.dialect.driver

drivers = [
    engine.connect().engine.dialect.driver
    for engine in (
        create_engine("postgresql://u:p@192.0.2.1/shop"),
        engine_from_config(context.config.get_section("alembic")),
        create_engine("postgresql+psycopg2://", creator=refuse),
    )
]
drivers.append(asyncio.run(connect(create_async_engine(os.environ["DATABASE_URL"]))))
drivers.append(asyncio.run(connect(create_async_engine("postgresql+psycopg2://h/d"))))
assert drivers == EXPECTED, drivers
assert context.config.attributes.get("connection") is None
connection = context.config.attributes["connection"]
context.configure(connection=connection)
with context.begin_transaction():
    context.run_migrations()
"""


@pytest.mark.parametrize(
    ("version", "missing", "sync", "asynchronous"),
    [
        ("sqlalchemy2.1", ("psycopg", "pg8000"), "psycopg2", "asyncpg"),
        ("sqlalchemy2.0", ("psycopg2", "asyncpg", "pg8000"), "psycopg", "psycopg"),
    ],
)
def test_a_driver_that_is_installed_and_fits(
    project: ProjectMaker,
    interpreter: Interpreter,
    version: str,
    missing: tuple[str, ...],
    sync: str,
    asynchronous: str,
) -> None:
    expected = [sync] * 3 + [asynchronous] * 2
    env = ENV.replace("EXPECTED", repr(expected)).replace("MISSING", repr(missing))
    made = project(TABLE, env=env, url="driver://user:pass@localhost/dbname")
    observed = made.run(python=interpreter(version), rows=False)
    assert observed.failures == observed.after_downgrade == ()
    assert [each.tables for each in observed.passes] == [1, 0, 1, 1]
    usual = "psycopg" if version == "sqlalchemy2.1" else "psycopg2"
    fact = (
        f"the driver `{usual}` is not installed or does not fit, so env.py connected with `{sync}`"
    )
    assert any(note.startswith(fact) for note in observed.notes), observed.notes
