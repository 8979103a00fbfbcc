"""An env.py with several databases: each gets a throwaway of its own, and is checked."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from revgate.cli import commands

if TYPE_CHECKING:
    from pathlib import Path

    from revgate.postgres.server import Server

ProjectMaker = Callable[..., Any]
ROWS = False


REVISION = """
revision = "{0}"
down_revision = {1!r}

from alembic import op


def upgrade(engine_name):
    globals()["upgrade_" + engine_name]()


def downgrade(engine_name):
    globals()["downgrade_" + engine_name]()


def upgrade_engine1():
    op.execute("CREATE TABLE first_{0} (a int)")


def downgrade_engine1():
    op.execute("DROP TABLE first_{0}")


def upgrade_engine2():
    op.execute("CREATE TABLE second_{0} (a int)")


def downgrade_engine2():
    op.execute("DROP TABLE second_{0}")
"""


class Multidb:
    """A project as `alembic init -t multidb` writes it, with two revisions."""

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir()
        run = [sys.executable, "-m", "alembic", "init", "-t", "multidb", "migrations"]
        subprocess.run(run, cwd=root, check=True, capture_output=True)
        ini = root / "alembic.ini"
        ini.write_text(ini.read_text().replace("driver://", "postgresql+psycopg2://"))
        subprocess.run(["git", "init", "-q", "."], cwd=root, check=True)
        (root / "revgate.toml").write_text('file-name = "any"\nignore = ["revision-id"]\n')
        for number, parent in (("1", None), ("2", "1")):
            self.write(number, REVISION.format(number, parent))

    def file(self, number: str) -> Path:
        return self.root / "migrations" / "versions" / f"{number}.py"

    def write(self, number: str, text: str) -> None:
        self.file(number).write_text(text)

    def edit(self, number: str, before: str, after: str) -> None:
        text = self.file(number).read_text()
        assert before in text
        self.write(number, text.replace(before, after))


@pytest.fixture
def multidb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: Server) -> Multidb:
    made = Multidb(tmp_path / "project")
    monkeypatch.chdir(made.root)
    monkeypatch.setenv("REVGATE_DATABASE_URL", server.address.url())
    return made


def _run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, Any]:
    code = commands.main(["roundtrip", "--format", "json", *words])
    said = capsys.readouterr()
    assert said.out, said.err
    return code, json.loads(said.out)


def test_two_databases_are_migrated_apart(
    multidb: Multidb, capsys: pytest.CaptureFixture[str]
) -> None:
    code, told = _run(capsys)
    assert (code, told["findings"]) == (0, [])
    assert [each["tables"] for each in told["roundtrip"]["passes"]] == [2, 0, 2, 2]


def test_the_expected_number_of_tables_is_that_of_the_first_database(
    multidb: Multidb, capsys: pytest.CaptureFixture[str]
) -> None:
    with (multidb.root / "revgate.toml").open("a") as settings:
        settings.write("expect-tables = 2\n")
    multidb.edit(
        "2",
        'op.execute("CREATE TABLE second_2',
        'op.execute("CREATE TABLE extra (); CREATE TABLE second_2',
    )
    multidb.edit(
        "2", 'op.execute("DROP TABLE second_2', 'op.execute("DROP TABLE extra; DROP TABLE second_2'
    )
    code, told = _run(capsys)
    assert (code, told["findings"]) == (0, [])


def test_both_phases_of_a_commit_are_one_where_nothing_is_prepared(
    multidb: Multidb, capsys: pytest.CaptureFixture[str]
) -> None:
    env = multidb.root / "migrations" / "env.py"
    env.write_text(env.read_text().replace("USE_TWOPHASE = False", "USE_TWOPHASE = True"))
    code, told = _run(capsys)
    assert (code, told["findings"]) == (0, [])


def test_residue_in_the_second_is_reported(
    multidb: Multidb, capsys: pytest.CaptureFixture[str]
) -> None:
    multidb.edit("2", 'op.execute("DROP TABLE second_2")', "pass")
    code, told = _run(capsys)
    (finding,) = [each for each in told["findings"] if each["rule"] == "downgrade-residue"]
    assert code == 1
    assert "leaves the table `second_2` behind" in finding["message"]
    assert finding["message"].endswith("in the database `localhost:5432/dbname2`")
    assert finding["revision"] == "2"


def test_a_failure_in_the_second_is_reported_with_its_line(
    multidb: Multidb, capsys: pytest.CaptureFixture[str]
) -> None:
    multidb.edit("1", 'op.execute("DROP TABLE second_1")', 'op.execute("DROP TABLE second_0")')
    code, told = _run(capsys)
    (finding,) = [each for each in told["findings"] if each["rule"] == "downgrade-fails"]
    assert code == 1
    assert "dbname2" in finding["message"]
    assert finding["line"] == multidb.file("1").read_text().splitlines().index(
        '    op.execute("DROP TABLE second_0")'
    ) + 1  # fmt: skip


def test_an_upgrade_that_fails_only_in_the_second_is_reported(
    multidb: Multidb, capsys: pytest.CaptureFixture[str]
) -> None:
    multidb.edit("2", "CREATE TABLE second_2 (a int)", "CREATE TABLE second_2 (a number)")
    code, told = _run(capsys)
    assert code == 1
    assert {each["rule"] for each in told["findings"]} == {"upgrade-fails"}
    assert "dbname2" in told["findings"][0]["message"]


def test_two_names_for_one_place_are_one_database(
    project: ProjectMaker, sync_env: str, server: Server
) -> None:
    env = (
        """
import sqlalchemy
first = sqlalchemy.create_engine("postgresql://a:b@localhost:5432/shop")
second = sqlalchemy.create_engine("postgresql://c@127.0.0.1/shop")
third = sqlalchemy.create_engine("postgresql://c@127.0.0.1/stock")
with first.begin() as connection:
    connection.exec_driver_sql("CREATE TABLE seen (a int)")
with second.begin() as connection:
    connection.exec_driver_sql("DROP TABLE seen")
with third.begin() as connection:
    assert connection.exec_driver_sql("SELECT to_regclass('alembic_version')").scalar() is None
"""
        + sync_env
    )
    body = (
        "def upgrade():\n    op.execute('CREATE TABLE t ()')\n\n"
        "def downgrade():\n    op.execute('DROP TABLE t')\n"
    )
    made = project(body, env=env, url="postgresql://u@db.example.com/shop")
    observed = made.run()
    assert observed.failures == ()
    assert [each.tables for each in observed.passes] == [1, 0, 1, 1]
    assert observed.other_contexts == ()


def test_tenants_in_schemas_of_one_database_are_checked_one_by_one(
    project: ProjectMaker, sync_env: str
) -> None:
    env = """
from alembic import context
from sqlalchemy import create_engine, text

with create_engine("postgresql://u@db.example.com/shop").connect() as connection:
    for tenant in ("one", "two"):
        connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {tenant}"))
        connection.execute(text(f"SET search_path TO {tenant}"))
        connection.commit()
        connection.dialect.default_schema_name = tenant
        context.configure(connection=connection, version_table_schema=tenant)
        with context.begin_transaction():
            context.run_migrations()
"""
    body = (
        "def upgrade():\n    op.execute('CREATE TABLE t ()')\n\n"
        "def downgrade():\n    op.execute('DROP TABLE IF EXISTS one.t')\n"
    )
    first = "def upgrade():\n    pass\n\n\ndef downgrade():\n    pass\n"
    observed = project(first, body, env=env).run(new=frozenset(("r2",)))
    assert observed.failures == ()
    assert observed.after_downgrade == ()
    for each in (observed, *observed.other_contexts):
        assert [step.revision.id for step in each.pending_steps()] == ["r2"]
    assert [each.context for each in observed.other_contexts] == ["the schema `two`"]
    (left, gone) = sorted(each.change.how for each in observed.other_contexts[0].after_downgrade)
    assert (left, gone) == ("gone", "left")


# Each driver and each SQLAlchemy; test_agent.py has them all.
COMBINATIONS = [
    ("oldest", "psycopg2"),
    ("oldest", "asyncpg"),
    ("sqlalchemy2.0", "pg8000"),
    ("sqlalchemy2.1", "psycopg"),
    ("sqlalchemy2.1", "asyncpg"),
]
SYNC = """
from sqlalchemy import create_engine, pool


def each(url, work):
    with create_engine(url, poolclass=pool.NullPool).connect() as connection:
        work(connection)
"""
ASYNC = """
import asyncio

from sqlalchemy import pool
from sqlalchemy.ext.asyncio import create_async_engine


async def connected(url, work):
    engine = create_async_engine(url, poolclass=pool.NullPool)
    async with engine.connect() as connection:
        await connection.run_sync(work)
    await engine.dispose()


def each(url, work):
    asyncio.run(connected(url, work))
"""
TWO = """
import os
from alembic import context


def migrate(connection):
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()


each(os.environ["SHOP_URL"], migrate)
each("postgresql+DRIVER://u:p@192.0.2.2:6543/stock", migrate)
"""


@pytest.mark.parametrize(("environment", "driver"), COMBINATIONS)
def test_two_databases_are_distinguished_with_every_driver(
    project: ProjectMaker,
    interpreter: Callable[[str], str],
    environment: str,
    driver: str,
) -> None:
    env = (ASYNC if driver == "asyncpg" else SYNC) + TWO.replace("DRIVER", driver)
    body = """
def upgrade():
    name = op.get_bind().exec_driver_sql("SELECT current_database()").scalar()
    op.execute("CREATE TABLE t (a int)")
    if name.count("_") == 3:
        op.execute("CREATE SEQUENCE only_in_stock")


def downgrade():
    op.execute("DROP TABLE t")
"""
    observed = project(body, env=env).run(
        python=interpreter(environment),
        env=(("SHOP_URL", f"postgresql+{driver}://u:p@192.0.2.1/shop"),),
    )
    assert observed.failures == observed.after_downgrade == ()
    assert [each.tables for each in observed.passes] == [1, 0, 1, 1]
    (stock,) = observed.other_contexts
    assert stock.context == "the database `192.0.2.2:6543/stock`"
    assert [each.change.name for each in stock.after_downgrade] == ["only_in_stock"]
