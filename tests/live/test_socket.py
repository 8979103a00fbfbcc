"""A server that listens on a Unix socket only, as a machine's own often does."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from revgate.postgres.embedded import find_embedded
from revgate.postgres.programs import find_local

Interpreter = Callable[[str], str]
ProjectMaker = Callable[..., Any]

BODY = """
import os, subprocess, psycopg2


def upgrade():
    op.execute("CREATE TABLE t (a int)")
    psycopg2.connect(os.environ["DATABASE_URL"].replace("+pg8000", "")).close()
    subprocess.run(["psql", "-c", "SELECT 1"], check=True)


def downgrade():
    op.execute("DROP TABLE t")
"""


@pytest.fixture(scope="module")
def socket_url() -> Iterator[str]:
    """Run a server without TCP; return its URL."""
    programs = find_local() or find_embedded()
    assert programs
    folder = Path(tempfile.mkdtemp(prefix="Socket-"))  # with a capital, unlike a host name
    user: dict[str, Any] = {}
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres")
        user = {"user": "postgres"}
    data = str(folder / "data")
    subprocess.run(
        [f"{programs}/initdb", "-D", data, "-U", "postgres", "-A", "trust", "--no-sync"],
        check=True, capture_output=True, cwd=folder, **user,
    )  # fmt: skip
    options = ["-k", str(folder), "-p", "5433", "-c", "listen_addresses=", "-c", "fsync=off"]
    command = [f"{programs}/postgres", "-D", data, *options]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, stderr=log, **user)
    while "ready to accept" not in (folder / "log").read_text():
        assert process.poll() is None, (folder / "log").read_text()
    yield f"postgresql://postgres@/postgres?host={folder}&port=5433"
    process.terminate()
    process.wait()
    shutil.rmtree(folder)


@pytest.mark.parametrize(
    ("environment", "driver"),
    [("sqlalchemy2.0", "psycopg2"), ("sqlalchemy2.1", "psycopg"), ("sqlalchemy2.0", "asyncpg"),
     ("sqlalchemy2.1", "pg8000"), ("oldest", "psycopg2"), ("oldest", "asyncpg")],
)  # fmt: skip
def test_every_driver_comes_through_the_socket(
    project: ProjectMaker,
    interpreter: Interpreter,
    socket_url: str,
    sync_env: str,
    async_env: str,
    environment: str,
    driver: str,
) -> None:
    env = async_env if driver == "asyncpg" else sync_env
    made = project(BODY, env=env, url=f"postgresql+{driver}://u:p@192.0.2.1/shop")
    observed = made.run(database_url=socket_url, python=interpreter(environment))
    assert observed.failures == observed.after_downgrade == ()
    assert [each.tables for each in observed.passes] == [1, 0, 1, 1]
