"""A server that listens on a Unix socket only, as a machine's own often does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from tests.live.conftest import postgres

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
    with postgres("listen_addresses=") as (address, folder):
        yield address._replace(host=str(folder)).url()


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
