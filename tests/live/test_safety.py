"""Only the throwaway is reached: a second server that env.py names sees no connection."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from tests.live.conftest import Production

from revgate.errors import CannotJudgeError
from revgate.postgres.connect import connect

if TYPE_CHECKING:
    from revgate.postgres.server import Server

Interpreter = Callable[[str], str]
ProjectMaker = Callable[..., Any]

BODY = """
def upgrade():
    op.create_table("users", sa.Column("id", sa.Integer))


def downgrade():
    op.drop_table("users")
"""


@pytest.fixture
def production(production_server: Server) -> Production:
    return Production(production_server)


def test_the_log_would_tell_of_a_visit(production: Production) -> None:
    assert production.visits() == 0
    connect(production.address).close()
    time.sleep(0.2)
    assert production.visits() == 1


@pytest.mark.parametrize("driver", ["psycopg2", "psycopg", "asyncpg", "pg8000"])
def test_what_env_py_names_is_never_reached(
    project: ProjectMaker,
    interpreter: Interpreter,
    production: Production,
    sync_env: str,
    async_env: str,
    monkeypatch: pytest.MonkeyPatch,
    driver: str,
) -> None:
    monkeypatch.setenv("DATABASE_URL", production.url(driver))
    monkeypatch.setenv("PGHOST", production.address.host)
    monkeypatch.setenv("PGPORT", str(production.address.port))
    env = async_env if driver == "asyncpg" else sync_env
    made = project(BODY, env=env, url=production.url(driver).replace("%", "%%"))
    observed = made.run(python=interpreter("sqlalchemy2.0"))

    assert observed.failures == ()
    assert [each.tables for each in observed.passes] == [1, 0, 1, 1]
    assert production.visits() == 0


def test_connect_args_take_it_nowhere_else(
    project: ProjectMaker, production: Production, sync_env: str
) -> None:
    address = production.address
    arguments = {"host": address.host, "port": address.port, "password": address.password,
                 "dsn": address.url(), "options": "-csearch_path=public"}  # fmt: skip
    env = sync_env.replace(
        "    poolclass=pool.NullPool,",
        f"    poolclass=pool.NullPool, connect_args={arguments!r},",
    )
    assert project(BODY, env=env).run().failures == ()
    assert production.visits() == 0


REFUSED = "was refused: only the throwaway database may be reached"
WAYS = {
    "psycopg2": "lambda: psycopg2.connect(URL)",
    "psycopg2 by keywords": "lambda: psycopg2.connect(host=HOST, port=PORT, user=USER)",
    "psycopg2's class": "lambda: psycopg2.extensions.connection(URL)",
    "psycopg2's other class": "lambda: psycopg2.extras.RealDictConnection(URL)",
    "psycopg2's factory": "lambda: psycopg2.connect(URL, "
    "connection_factory=psycopg2.extras.LoggingConnection)",
    "psycopg2's inner function": "lambda: psycopg2._psycopg._connect(URL)",
    "psycopg": "lambda: psycopg.connect(URL)",
    "psycopg's class": "lambda: psycopg.Connection.connect(URL)",
    "psycopg, asynchronous": "lambda: asyncio.run(psycopg.AsyncConnection.connect(URL))",
    "psycopg's libpq": "lambda: psycopg.pq.PGconn.connect(URL.encode())",
    "asyncpg": "lambda: asyncio.run(asyncpg.connect(URL))",
    "asyncpg's pool": "lambda: asyncio.run(in_pool())",
    "pg8000": "lambda: pg8000.connect(USER, host=HOST, port=PORT, password='x')",
    "pg8000 native": "lambda: pg8000.native.Connection(USER, host=HOST, port=PORT)",
    "a service": "lambda: psycopg2.connect('service=production')",
    "another database there": "lambda: psycopg2.connect(dbname='postgres')",
}


def _attempts(production: Production, how: str) -> str:
    address = production.address
    return f"""
import asyncio
import psycopg2, psycopg2.extras, psycopg, asyncpg, pg8000, pg8000.native
URL, HOST, PORT, USER = {address.url()!r}, {address.host!r}, {address.port!r}, {address.user!r}
async def in_pool():
    async with asyncpg.create_pool(URL) as made:
        await made.fetch("SELECT 1")
attempt = {WAYS[how]}
"""


def test_a_driver_that_env_py_calls_is_refused(
    project: ProjectMaker, interpreter: Interpreter, production: Production, sync_env: str
) -> None:
    """Each way in one env.py, since an agent takes longer than all of them."""
    attempts = "".join(f"{_attempts(production, how)}attempted({how!r})\n" for how in WAYS)
    env = f"""
said = {{}}
def attempted(how):
    try:
        attempt()
    except Exception as error:
        said[how] = str(error)
{attempts}
raise KeyError(*[how for how in {[*WAYS]!r} if {REFUSED!r} not in said.get(how, "")], "all")
{sync_env}"""
    with pytest.raises(CannotJudgeError) as caught:
        project(BODY, env=env).run(python=interpreter("sqlalchemy2.1"))

    assert "KeyError: 'all'" in str(caught.value)
    assert production.address.password not in str(caught.value)
    assert production.visits() == 0


@pytest.mark.parametrize("how", ["psycopg2", "psycopg", "asyncpg", "pg8000"])
def test_a_driver_in_a_revision_is_refused(
    project: ProjectMaker, interpreter: Interpreter, production: Production, how: str
) -> None:
    body = (
        _attempts(production, how)
        + "\n\n"
        + BODY.replace("    op.create_table", "    attempt()\n    op.create_table")
    )
    observed = project(body).run(python=interpreter("sqlalchemy2.0"))

    (failure,) = observed.failures
    assert failure.error == "Refused"
    assert str(production.address.port) in failure.message
    assert production.address.password not in failure.message
    assert production.visits() == 0


def test_a_driver_may_reach_the_throwaway(project: ProjectMaker) -> None:
    body = "import psycopg2, os\n" + BODY.replace(
        "    op.create_table", "    psycopg2.connect('').close()\n    op.create_table"
    )
    assert project(body).run().failures == ()


def test_the_named_database_is_never_written_to(
    project: ProjectMaker, server: Server, production_server: Server
) -> None:
    connection = connect(production_server.address)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_class")
        before = cursor.fetchone()
        observed = project(BODY).run(database_url=production_server.address.url("postgres"))
        cursor.execute("SELECT count(*) FROM pg_class")
        assert cursor.fetchone() == before
        cursor.execute("SELECT count(*) FROM pg_database WHERE datname LIKE 'revgate%%'")
        assert cursor.fetchone() == (0,)
    connection.close()

    assert observed.server.kind == "url"
    assert observed.failures == ()


ASKS = """
import http.server, threading, urllib.request
handler = http.server.SimpleHTTPRequestHandler
handler.log_message = lambda *arguments: None
web = http.server.HTTPServer(("127.0.0.1", 0), handler)
threading.Thread(target=web.serve_forever, daemon=True).start()
urllib.request.urlopen("http://127.0.0.1:%d/" % web.server_port).read()
"""


def test_http_of_env_py_passes_where_the_settings_open_the_network(
    project: ProjectMaker, sync_env: str
) -> None:
    observed = project(BODY, env=ASKS + sync_env).run(network=True)
    assert (observed.failures, observed.isolation) == ((), "guards")
    assert any("`network = true`" in note for note in observed.notes)


def test_http_of_env_py_is_refused_with_the_setting_that_opens_it(
    project: ProjectMaker, sync_env: str
) -> None:
    with pytest.raises(CannotJudgeError, match="`network = true`"):
        project(BODY, env=ASKS + sync_env).run()
