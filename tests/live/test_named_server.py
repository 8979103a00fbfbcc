"""A server that was named: as an ordinary user, with odd names, and what is said where it fails."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import revgate
from revgate.errors import CannotJudgeError
from revgate.postgres.connect import Address, connect, parse_address

if TYPE_CHECKING:
    from revgate.postgres.server import Server

Interpreter = Callable[[str], str]
ProjectMaker = Callable[..., Any]
ROWS = False
SOURCE = str(Path(revgate.__file__).parents[1])

BODY = """
def upgrade():
    op.execute("CREATE EXTENSION citext")
    op.execute("CREATE SCHEMA app")
    op.execute("CREATE TABLE app.t (a citext PRIMARY KEY, b int DEFAULT 1)")
    op.execute("CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'")


def downgrade():
    op.execute("DROP FUNCTION f()")
    op.execute("DROP TABLE app.t")
    op.execute("DROP SCHEMA app")
    op.execute("DROP EXTENSION citext")
"""
ODD = "p@s:s/w?rd%20 é'\"\\"


@pytest.fixture
def ordinary(server: Server) -> Iterator[Address]:
    """Return an address of a user who may create databases, and nothing else."""
    password = ODD.replace("'", "''")
    server.execute(f"""CREATE ROLE "o'dd us@r" LOGIN CREATEDB PASSWORD '{password}'""")
    yield server.address._replace(user="o'dd us@r", password=ODD)
    server.execute("""DROP ROLE "o'dd us@r" """)


@pytest.mark.parametrize(
    ("environment", "driver"),
    [("sqlalchemy2.0", "psycopg2"), ("sqlalchemy2.1", "psycopg"), ("oldest", "pg8000"),
     ("sqlalchemy2.0", "asyncpg")],
)  # fmt: skip
def test_a_user_who_may_create_databases_needs_nothing_else(
    project: ProjectMaker,
    interpreter: Interpreter,
    ordinary: Address,
    sync_env: str,
    async_env: str,
    environment: str,
    driver: str,
) -> None:
    url = f"postgresql+{driver}://u:p@192.0.2.1/production"
    made = project(BODY, env=async_env if driver == "asyncpg" else sync_env, url=url)
    observed = made.run(database_url=ordinary.url(), python=interpreter(environment))
    assert observed.failures == ()
    assert observed.after_downgrade == observed.after_again == ()
    assert [each.tables for each in observed.passes] == [1, 0, 1, 1]


def test_a_url_with_odd_characters_is_read_as_it_was_written(ordinary: Address) -> None:
    assert parse_address(ordinary.url()) == ordinary
    connect(parse_address(ordinary.url())).close()


def test_a_database_that_is_not_there_is_reported(project: ProjectMaker, server: Server) -> None:
    with pytest.raises(CannotJudgeError, match='database "no_such" does not exist'):
        project(BODY).run(database_url=server.address._replace(database="no_such").url())


def test_a_server_that_is_not_there_is_reported_soon(project: ProjectMaker) -> None:
    with pytest.raises(CannotJudgeError, match=r"127\.0\.0\.1:1"):
        project(BODY).run(database_url="postgresql://u:secret-word@127.0.0.1:1/x")


def test_no_report_has_a_password(project: ProjectMaker, ordinary: Address) -> None:
    body = (
        "import os\n\n\ndef upgrade():\n"
        "    op.execute(\"CREATE TABLE t (password text DEFAULT 'hunter2-or-so')\")\n"
        "    print(os.environ['DATABASE_URL'])\n"
        "    raise ValueError(os.environ['DATABASE_URL'], os.environ['PGPASSWORD'],"
        " os.environ['DB_PASSWORD'])\n\n\n"
        "def downgrade():\n    op.drop_table('t')\n"
    )
    made = project(body)
    forms = ("json", "github", "junit", "sarif", "html", "markdown")
    reports = [f"--report={form}={made.root / form}" for form in forms]
    answer = _cli(made.root, ordinary.url(), "roundtrip", *reports)
    assert answer.returncode == 1, answer.stdout
    printed = [answer.stdout + answer.stderr, *((made.root / form).read_text() for form in forms)]
    for said in printed:
        assert "ValueError" in said
        for part in (ODD, "correct-horse", ordinary.url().split(":")[2].split("@")[0]):
            assert part not in said


def _cli(root: Path, url: str, *words: str) -> subprocess.CompletedProcess[str]:
    subprocess.run(["git", "init", "-q", "."], cwd=root, check=True)
    return subprocess.run(
        [sys.executable, "-m", "revgate", *words],
        cwd=root,
        env={**os.environ, "PYTHONPATH": SOURCE, "REVGATE_DATABASE_URL": url,
             "DB_PASSWORD": "correct-horse"},
        capture_output=True,
        text=True,
    )  # fmt: skip


def test_no_process_has_a_password_on_its_command_line(
    project: ProjectMaker, ordinary: Address
) -> None:
    body = (
        "import subprocess\n\n\ndef upgrade():\n"
        "    said = subprocess.run(['ps', '-ww', '-eo', 'args'], capture_output=True, text=True)\n"
        f"    assert {ODD!r} not in said.stdout and {ordinary.url()!r} not in said.stdout\n\n\n"
        "def downgrade():\n    pass\n"
    )
    assert project(body).run(database_url=ordinary.url()).failures == ()
