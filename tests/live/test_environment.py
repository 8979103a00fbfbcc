"""Variables, `.env` files and command lines that name a second server, which stays unvisited."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from tests.live.conftest import Production

from revgate.errors import CannotJudgeError
from revgate.postgres.connect import connect
from revgate.postgres.server import throwaway
from revgate.roundtrip.agent.target import Target
from revgate.roundtrip.agent.variables import point_at, rewritten

if TYPE_CHECKING:
    from revgate.postgres.server import Server

ProjectMaker = Callable[..., Any]
ROWS = False


# -- what a variable may look like ---------------------------------------------------------------


def _target(**more: Any) -> Target:
    facts = {"host": "127.0.0.1", "port": 1234, "user": "me", "password": "p w",
             "database": "ours", "parameters": []}  # fmt: skip
    return Target({**facts, **more}, lambda _name: None)


@pytest.mark.parametrize(
    "value",
    [
        "",
        "postgres",
        "postgresql",
        "https://user:password@example.com/postgresql",
        "redis://:secret@cache:6379/0",
        "mysql+pymysql://a:b@db/shop",
        "sqlite:///shop.db",
        "host=db",
        "name=value other=thing",
        "HOST=db DBNAME=x",
        "see postgresql.org//",
        "/usr/lib/postgresql/15/bin:/usr/bin",
    ],
)
def test_a_value_that_names_no_database_stays(value: str) -> None:
    assert rewritten(_target(), value) == value


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("postgres://u:p@db/shop", "postgres://me:p%20w@127.0.0.1:1234/ours"),
        ("postgresql+asyncpg://db", "postgresql+asyncpg://me:p%20w@127.0.0.1:1234/ours"),
        ("postgresql://", "postgresql://me:p%20w@127.0.0.1:1234/ours"),
        ("postgresql:///shop", "postgresql://me:p%20w@127.0.0.1:1234/ours"),
        (
            "postgresql://u:a'b \"c@d/e?f@h1:1,h2:2/shop?sslmode=require&application_name=x",
            "postgresql://me:p%20w@127.0.0.1:1234/ours?application_name=x",
        ),
        (
            "postgresql:///shop?host=/var/run/postgresql&options=-csearch_path%3Dapp",
            "postgresql://me:p%20w@127.0.0.1:1234/ours?options=-csearch_path%3Dapp",
        ),
        ("postgresql://[2001:db8::1]:5432/shop", "postgresql://me:p%20w@127.0.0.1:1234/ours"),
        ('"postgres://u:p@db/shop"', "postgres://me:p%20w@127.0.0.1:1234/ours"),
        ("db+postgresql://u:p@db/shop", "db+postgresql://me:p%20w@127.0.0.1:1234/ours"),
        ("jdbc:postgresql://db:5432/shop", "jdbc:postgresql://me:p%20w@127.0.0.1:1234/ours"),
        (
            '{"default": "postgres://u:p@db/shop", "cache": "redis://c"}',
            '{"default": "postgres://me:p%20w@127.0.0.1:1234/ours", "cache": "redis://c"}',
        ),
        (
            "host=db.example.com dbname=shop password='a b' connect_timeout=3",
            "connect_timeout=3 host=127.0.0.1 port=1234 user=me password='p w' dbname=ours",
        ),
    ],
)
def test_a_value_that_names_a_database_names_ours(value: str, expected: str) -> None:
    target = _target()
    assert rewritten(target, value) == expected
    assert rewritten(target, expected) == expected, "once more changes nothing"


def test_two_databases_are_distinguished_and_two_names_of_one_are_not() -> None:
    target = _target()
    environ = {
        "A_URL": "postgresql://u@db/stock",
        "DATABASE_URL": "postgresql://u@db.example.com/shop",
        "POSTGRES_URL": "postgres://other@DB.example.com:5432/shop",
        "PGHOST": "db.example.com",
        "PGOPTIONS": "-c search_path=x",
        "PGAPPNAME": "kept",
        "PATH": "/bin",
    }
    point_at(target, environ)
    assert environ["DATABASE_URL"].endswith("@127.0.0.1:1234/ours")
    assert environ["POSTGRES_URL"].endswith("@127.0.0.1:1234/ours")
    assert environ["A_URL"].endswith("@127.0.0.1:1234/ours_1")
    assert environ["PGHOST"] == "127.0.0.1"
    assert (environ["PGAPPNAME"], environ["PATH"]) == ("kept", "/bin")
    assert "PGOPTIONS" not in environ
    again = dict(environ)
    point_at(target, again)
    assert again == environ


def test_a_server_behind_a_socket_or_with_tls_is_named_as_such() -> None:
    behind = _target(host="/run/postgresql")
    assert rewritten(behind, "postgresql://db/x") == (
        "postgresql://me:p%20w@localhost:1234/ours?host=/run/postgresql"
    )
    secured = _target(parameters=[["sslmode", "require"]])
    assert rewritten(secured, "postgresql://db/x").endswith("/ours?sslmode=require")
    assert rewritten(secured, "postgresql+asyncpg://db/x").endswith("/ours?ssl=require")


READS_THE_URL = """
import os
from urllib.parse import urlsplit

URL = os.environ["DATABASE_URL"]
PARTS = urlsplit(URL.replace("+psycopg2", ""))
assert PARTS.hostname and PARTS.port and "%" not in URL
context.config.set_main_option("sqlalchemy.url", URL)
"""
PARSED = """
import asyncio, os
from urllib.parse import urlsplit
import psycopg2, psycopg, asyncpg, pg8000

PARTS = urlsplit(os.environ["DATABASE_URL"].replace("+psycopg2", ""))
WORDS = dict(host=PARTS.hostname, port=PARTS.port, user=PARTS.username, password=PARTS.password)
NAME = PARTS.path[1:]


async def by_asyncpg():
    await (await asyncpg.connect(PARTS.geturl())).close()
    await (await asyncpg.connect(database=NAME, **WORDS)).close()
    await (await psycopg.AsyncConnection.connect(dbname=NAME, **WORDS)).close()


def upgrade():
    psycopg2.connect(PARTS.geturl()).close()
    psycopg2.connect(dbname=NAME, **WORDS).close()
    psycopg.connect(PARTS.geturl()).close()
    psycopg.connect(dbname=NAME, **WORDS).close()
    pg8000.connect(database=NAME, **WORDS).close()
    asyncio.run(by_asyncpg())


def downgrade():
    pass
"""


@pytest.mark.parametrize("named", [False, True])
def test_the_url_of_the_throwaway_is_read_as_any_other(
    project: ProjectMaker,
    interpreter: Callable[[str], str],
    sync_env: str,
    monkeypatch: pytest.MonkeyPatch,
    named: bool,
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql+psycopg2://u:p@192.0.2.1/shop")
    env = "from alembic import context\n" + READS_THE_URL + sync_env
    options = {} if named else {"database_url": None}
    python = interpreter("sqlalchemy2.0")
    assert project(PARSED, env=env).run(python=python, rows=False, **options).failures == ()


# -- programs ------------------------------------------------------------------------------------


@pytest.fixture
def production(production_server: Server, monkeypatch: pytest.MonkeyPatch) -> Production:
    made = Production(production_server)
    monkeypatch.setenv("DATABASE_URL", made.address.url("postgres"))
    monkeypatch.setenv("POSTGRES_URL", made.address.url())
    monkeypatch.setenv("SQLALCHEMY_DATABASE_URI", made.address.url("postgresql+psycopg2"))
    monkeypatch.setenv("PGHOST", made.address.host)
    monkeypatch.setenv("PGHOSTADDR", made.address.host)
    monkeypatch.setenv("PGPORT", str(made.address.port))
    monkeypatch.setenv("PGUSER", made.address.user)
    monkeypatch.setenv("PGPASSWORD", made.address.password)
    monkeypatch.setenv("PGSERVICE", "production")
    return made


CHILD = (
    "import os, psycopg2, sys; c = psycopg2.connect(os.environ.get(sys.argv[1], ''));"
    " c.autocommit = True; c.cursor().execute(sys.argv[2])"
)
RUNNERS = {
    "psql by URL": 'subprocess.run(["psql", os.environ["DATABASE_URL"], "-c", sql], check=True)',
    "psql by itself": 'subprocess.run(["psql", "-c", sql], check=True)',
    "a shell": """os.system('psql "$POSTGRES_URL" -c "%s"' % sql)""",
    "a shell by subprocess": (
        "subprocess.run('echo \"%s\" | psql --quiet -v ON_ERROR_STOP=1' % sql, shell=True,"
        " check=True)"
    ),
    "a python with DATABASE_URL": (
        f'subprocess.run([sys.executable, "-c", {CHILD!r}, "DATABASE_URL", sql], check=True)'
    ),
    "a python with another name": (
        f'subprocess.run([sys.executable, "-c", {CHILD!r}, "POSTGRES_URL", sql], check=True)'
    ),
    "a python by libpq's variables": (
        f'subprocess.run([sys.executable, "-c", {CHILD!r}, "NO_SUCH", sql], check=True)'
    ),
    "an environment of its own": (
        f'subprocess.run([sys.executable, "-c", {CHILD!r}, "X", sql],'
        ' env={**os.environ, "X": PRODUCTION, "PGHOSTADDR": HOST}, check=True)'
    ),
    "an environment set on the way": (
        "os.environ.update(DATABASE_URL=PRODUCTION, PGHOSTADDR=HOST, PGPORT=PORT);"
        f' subprocess.run([sys.executable, "-c", {CHILD!r}, "DATABASE_URL", sql], check=True)'
    ),
    "exec": (
        'pid = os.fork() or os.execvp("psql", ["psql", "-c", sql]); '
        "assert os.waitpid(pid, 0)[1] == 0"
    ),
    "posix_spawn": (
        'pid = os.posix_spawnp("psql", ["psql", "-c", sql], os.environ); '
        "assert os.waitpid(pid, 0)[1] == 0"
    ),
    "a raw driver": (
        'c = psycopg2.connect(os.environ["POSTGRES_URL"]); c.autocommit = True;'
        " c.cursor().execute(sql); c.close()"
    ),
    "a raw driver after a change": (
        'os.environ.update(PGHOSTADDR=HOST, PGPORT=PORT); c = psycopg2.connect("");'
        " c.autocommit = True; c.cursor().execute(sql); c.close()"
    ),
}
BODY = """
import os, subprocess, sys
import psycopg2
PRODUCTION, HOST, PORT = {production!r}, {host!r}, {port!r}


def run(sql):
    {runner}


def upgrade():
    run("CREATE TABLE made (a int)")


def downgrade():
    run("DROP TABLE made")
"""


def _body(production: Production, runner: str) -> str:
    address = production.address
    return BODY.format(
        production=address.url(), host=address.host, port=str(address.port), runner=runner
    )


@pytest.fixture(autouse=True)
def _psql_on_path(monkeypatch: pytest.MonkeyPatch) -> None:
    assert shutil.which("psql")


@pytest.mark.parametrize("how", RUNNERS)
def test_what_is_started_reaches_the_throwaway_only(
    project: ProjectMaker, production: Production, how: str
) -> None:
    observed = project(_body(production, RUNNERS[how])).run()
    assert observed.failures == ()
    assert [each.tables for each in observed.passes] == [1, 0, 1, 1]
    assert production.visits() == 0


@pytest.mark.parametrize(
    "how", ["psql by URL", "a python with DATABASE_URL", "an environment of its own"]
)
def test_an_old_python_starts_nothing_that_goes_elsewhere(
    project: ProjectMaker, interpreter: Callable[[str], str], production: Production, how: str
) -> None:
    observed = project(_body(production, RUNNERS[how])).run(python=interpreter("oldest"))
    assert observed.failures == ()
    assert [each.tables for each in observed.passes] == [1, 0, 1, 1]
    assert production.visits() == 0


def test_libpq_itself_is_refused(project: ProjectMaker, production: Production) -> None:
    runner = 'import ctypes; ctypes.CDLL("libpq.so.5")'
    (failure,) = project(_body(production, runner)).run(rows=False).failures
    assert failure.error == "Refused"


@pytest.mark.parametrize("override", [False, True])
def test_env_files_name_the_throwaway(
    project: ProjectMaker,
    production: Production,
    sync_env: str,
    monkeypatch: pytest.MonkeyPatch,
    override: bool,
) -> None:
    for name in ("DATABASE_URL", "POSTGRES_URL", "SQLALCHEMY_DATABASE_URI"):
        monkeypatch.delenv(name)
    reader = f"""
import os
for line in open(".env"):
    name, _, value = line.strip().partition("=")
    if {override} or name not in os.environ:
        os.environ[name] = value.strip('"')
"""
    runner = f'subprocess.run([sys.executable, "-c", {CHILD!r}, "SHOP_DSN", sql], check=True)'
    made = project(_body(production, runner), env=reader + sync_env)
    (made.root / ".env").write_text(
        f'SHOP_DSN="{production.address.url()}"\nPGHOSTADDR={production.address.host}\n'
        f"PGPORT={production.address.port}\nDEBUG=1\n"
    )
    observed = made.run()
    assert observed.failures == ()
    assert [each.tables for each in observed.passes] == [1, 0, 1, 1]
    assert production.visits() == 0


def test_variables_of_the_settings_are_pointed_at_ours_too(
    project: ProjectMaker, production: Production
) -> None:
    runner = f'subprocess.run([sys.executable, "-c", {CHILD!r}, "SHOP_DSN", sql], check=True)'
    made = project(_body(production, runner))
    observed = made.run(env=(("SHOP_DSN", production.address.url()),))
    assert observed.failures == ()
    assert production.visits() == 0


def test_a_second_database_of_the_environment_is_one_of_its_own(
    project: ProjectMaker, production: Production, monkeypatch: pytest.MonkeyPatch
) -> None:
    stock = production.address._replace(database="stock").url()
    monkeypatch.setenv("STOCK_URL", stock)
    runner = f'subprocess.run([sys.executable, "-c", {CHILD!r}, "STOCK_URL", sql], check=True)'
    observed = project(_body(production, runner)).run()
    assert observed.failures == ()
    assert [each.tables for each in observed.passes] == [0, 0, 0, 0]
    assert production.visits() == 0


def test_an_address_in_the_environment_of_revgate_itself_is_ignored(
    production: Production, server: Server
) -> None:
    with throwaway(server.address.url()) as named:
        connect(named.create_database()).close()
    assert production.visits() == 0


def test_passwords_of_the_environment_are_in_no_message(
    project: ProjectMaker, production: Production
) -> None:
    env = (
        "import os\nprint(os.environ['DATABASE_URL'], os.environ['PGPASSWORD'])\n"
        f"raise KeyError({production.address.url()!r}, 'password={production.address.password}')\n"
    )
    with pytest.raises(CannotJudgeError) as caught:
        project(_body(production, "pass"), env=env).run()
    said = str(caught.value)
    assert production.address.password not in said
    assert not re.search(r"[0-9a-f]{32}", said), "the throwaway's own"


CONNECTORS = {
    "psycopg2": "import psycopg2; c = psycopg2.connect(settings.URL)",
    "psycopg": "import psycopg; c = psycopg.connect(settings.URL)",
    "pg8000": "import pg8000; c = pg8000.connect(**settings.WORDS)",
    "asyncpg": "import asyncio, asyncpg; asyncio.run(asyncpg.connect(settings.URL))",
    "psql of a python": "import subprocess; subprocess.run(['psql', settings.URL], check=True)",
}


def _child_of(production: Production, how: str) -> str:
    address = production.address
    words = {"user": address.user, "host": address.host, "port": address.port, "password": "x"}
    child = (
        "import types; settings = types.SimpleNamespace("
        f"URL={address.url()!r}, WORDS={words!r}); {how}"
    )
    return f'run_child({child!r}.replace("SQL", sql))'


PREAMBLE = """
import subprocess, sys


def run_child(code):
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-400:]
"""


@pytest.mark.parametrize("how", CONNECTORS)
def test_a_python_that_has_its_own_idea_of_the_server_is_refused(
    project: ProjectMaker, interpreter: Callable[[str], str], production: Production, how: str
) -> None:
    body = PREAMBLE + _body(production, _child_of(production, CONNECTORS[how]))
    (failure,) = project(body).run(python=interpreter("sqlalchemy2.0"), rows=False).failures
    assert production.address.password not in failure.message
    assert production.visits() == 0
