"""One schema per tenant: an env.py that migrates each of them is judged per schema."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import psycopg2
import pytest

from revgate.cli import commands

if TYPE_CHECKING:
    from tests.live.conftest import Repository

ENV = """
import os

from alembic import context
from sqlalchemy import create_engine, text

with create_engine(os.environ["TENANTS_URL"]).connect() as connection:
    for tenant in ("one", "Two"):
        connection.execute(text(f'CREATE SCHEMA IF NOT EXISTS "{tenant}"'))
        connection.execute(text(f'SET search_path TO "{tenant}"'))
        connection.commit()
        connection.dialect.default_schema_name = tenant
        context.configure(connection=connection)
        with context.begin_transaction():
            context.run_migrations()
"""


@pytest.mark.parametrize(
    ("more", "spoil", "says"),
    [
        (
            "",
            'DROP TABLE "Two".u',
            "✗ the schema `Two` differs from `one` in 2 objects: `u`, `u.a`",
        ),
        (
            ", version_table_schema=tenant",
            """UPDATE "Two".alembic_version SET version_num = 'a0'""",
            "✗ the schema `Two` is stamped `a0`, unlike `one`",
        ),
    ],
)
def test_each_tenant_has_a_schema_of_its_own(
    repository: Repository,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    empty_database: str,
    more: str,
    spoil: str,
    says: str,
) -> None:
    monkeypatch.setenv("TENANTS_URL", empty_database)
    env = ENV.replace("connection=connection", f"connection=connection{more}")
    repository.write("migrations/env.py", env)
    repository.write(
        "revgate.toml", 'file-name = "any"\nignore = ["revision-id"]\nexpect-tables = 2\n'
    )
    repository.revision("a0", None, "CREATE TABLE t (a int)", "DROP TABLE t")
    repository.revision("b1", "a0", "CREATE TABLE u (a int)", "DROP TABLE u")
    judged = repository.judge("gate", "--no-rows")
    assert (judged.code, judged.findings, judged.tables) == (0, [], [2, 0, 2, 2])
    upgrade = [sys.executable, "-m", "alembic", "upgrade", "head"]
    subprocess.run(upgrade, check=True, capture_output=True)
    assert commands.main(["doctor", "--database-url", empty_database]) == 0
    report = capsys.readouterr().out
    assert "✓ the database is at the head, `b1`" in report
    assert "✓ 2 tables, as expected" in report
    assert "✓ the schema `Two` has what `one` has" in report
    with psycopg2.connect(empty_database.replace("+psycopg2", "")) as connection:
        connection.cursor().execute(spoil)
    connection.close()
    assert commands.main(["doctor", "--database-url", empty_database]) == 1
    assert says in capsys.readouterr().out


def test_tenants_are_upgraded_and_reset(
    repository: Repository,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    empty_database: str,
) -> None:
    monkeypatch.setenv("TENANTS_URL", empty_database)
    repository.write(
        "migrations/env.py",
        ENV.replace("connection=connection", "connection=connection, version_table_schema=tenant"),
    )
    repository.write("revgate.toml", 'file-name = "any"\nignore = ["revision-id"]\n')
    repository.revision("a0", None, "CREATE TABLE t (a int)", "DROP TABLE t")
    upgrade = [sys.executable, "-m", "alembic", "upgrade", "head"]
    subprocess.run(upgrade, check=True, capture_output=True)
    repository.revision("b1", "a0", "CREATE TABLE u (a int)", "DROP TABLE u")
    name = empty_database.partition("?")[0].rpartition("/")[2]
    yes = ["--database-url", empty_database, "--yes", name]
    assert commands.main(["upgrade", *yes, "--no-backup"]) == 0
    said = capsys.readouterr().out
    assert "table-count" not in said
    assert "✓ the schema `Two` has what `one` has" in said

    assert commands.main(["doctor", "--reset", *yes]) == 0
    said = capsys.readouterr().out
    assert "  table one.u\n" in said
    assert 'Of other tenants, to be kept; drop them by hand:\n  schema "Two"\n' in said
    assert commands.main(["doctor", "--database-url", empty_database]) == 1
    assert "✗ the schema `Two` is stamped `b1`, unlike `one`" in capsys.readouterr().out
