"""Fixtures for tests on a real PostgreSQL and on small Alembic projects.

- `server`: a throwaway server for the whole session, started by our own code.
- `empty_database`: the URL of a fresh database on it, dropped afterwards.
- `project`: writes an Alembic project into a folder of its own; see `Project`.
"""

from __future__ import annotations

import getpass
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest
from hypothesis import settings

from revgate.environments import Environment
from revgate.history.revision import Revision
from revgate.text import count

if TYPE_CHECKING:
    from revgate.postgres.server import Server
    from revgate.roundtrip import RoundTrip

# CI tries the same examples in every run: a new one must not fail an unrelated change.
# No deadline: a loaded machine is not a defect.
settings.register_profile("local", deadline=None)
settings.register_profile("ci", derandomize=True, deadline=None)
settings.load_profile("ci" if os.environ.get("CI") else "local")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say at the end what was skipped because this machine has no browser."""
    skipped = terminalreporter.stats.get("skipped", ())
    number = sum("no browser found" in str(each.longrepr) for each in skipped)
    if number:
        terminalreporter.write_line(
            f"no browser found: skipped {count(number, 'test')} of the HTML report."
            " To run them: apt-get install chromium",
            yellow=True,
        )


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove the folder of pytest's temporary folders if no failed test needs one of them."""
    if not hasattr(config, "workerinput"):
        with suppress(OSError):
            Path(tempfile.gettempdir(), f"pytest-of-{getpass.getuser()}").rmdir()


SYNC_ENV = """
from alembic import context
from sqlalchemy import engine_from_config, pool

connectable = engine_from_config(
    context.config.get_section(context.config.config_ini_section),
    prefix="sqlalchemy.",
    poolclass=pool.NullPool,
)
with connectable.connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
"""
"""Alembic's own template, for every synchronous driver."""

ASYNC_ENV = """
import asyncio

from alembic import context
from sqlalchemy import pool
from sqlalchemy.ext.asyncio import create_async_engine


def run(connection):
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()


async def run_async():
    url = context.config.get_main_option("sqlalchemy.url")
    connectable = create_async_engine(url, poolclass=pool.NullPool)
    async with connectable.connect() as connection:
        await connection.run_sync(run)
    await connectable.dispose()


asyncio.run(run_async())
"""
"""Alembic's template for asyncpg and other asynchronous drivers."""

NOWHERE = "postgresql+psycopg2://user:secret@192.0.2.1:5432/production"
"""An address without a host (RFC 5737): a connection to it never succeeds or fails."""


class Project(NamedTuple):
    """An Alembic project in a folder of its own.

    The file of a revision is `migrations/versions/<id>.py`; its body is what `project` was given,
    below a header of four lines, so the first line of a body is line 5 of its file.
    """

    root: Path
    chain: tuple[Revision, ...]
    environment: Environment
    server_url: str
    rows: bool = True
    """Whether revisions also run on populated tables, which takes a third of the time."""

    def run(self, **options: object) -> RoundTrip:
        """Make the round trip with any of `Options`, by default on the session's server."""
        from revgate.roundtrip import Options, run

        plain = Options(str(self.root), database_url=self.server_url, rows=self.rows)
        return run(self.environment, self.chain, plain._replace(**options))  # type: ignore[arg-type]


ProjectMaker = Callable[..., Project]


# Alembic, run in this process, would write compiled files into the repositories of tests.
sys.dont_write_bytecode = True


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """Run a throwaway server for the session, and what agents are copied from."""
    from revgate.postgres.server import throwaway
    from revgate.roundtrip.agent_process import AgentCommand, preload

    # Started within a run, it would end with that run.
    preload(AgentCommand(sys.executable, os.getcwd(), os.environ, sealed=True))
    with throwaway(None) as running:
        yield running


@pytest.fixture
def empty_database(server: Server) -> Iterator[str]:
    """Return the URL of a fresh database, with user and password, for SQLAlchemy and psycopg2."""
    address = server.create_database()
    yield address.url("postgresql+psycopg2")
    server.drop_database(address)


@pytest.fixture
def project(tmp_path: Path, server: Server, request: pytest.FixtureRequest) -> ProjectMaker:
    """Return a function that writes a project; `ROWS = False` in a module runs it without rows.

    It takes the bodies of the revisions in upgrade order (`upgrade` and `downgrade`, where `op` and
    `sa` are imported), and by name `env` (the text of env.py), `url` and `ini` (more lines for the
    section [alembic]). A revision's id is its number: `r1`, `r2`, ...
    """

    def make(*bodies: str, env: str = SYNC_ENV, url: str = NOWHERE, ini: str = "") -> Project:
        versions = tmp_path / "migrations" / "versions"
        versions.mkdir(parents=True)
        (tmp_path / ".git").mkdir()
        (tmp_path / "alembic.ini").write_text(
            f"[alembic]\nscript_location = migrations\nsqlalchemy.url = {url}\n{ini}\n"
        )
        (tmp_path / "migrations" / "env.py").write_text(env)
        (tmp_path / "migrations" / "script.py.mako").write_text("")
        ids = [f"r{number}" for number in range(1, len(bodies) + 1)]
        parents = [None, *ids]
        for id_, parent, body in zip(ids, parents, bodies, strict=False):
            header = f"import sqlalchemy as sa\nfrom alembic import op\nrevision = {id_!r}\n"
            header += f"down_revision = {parent!r}\n"
            (versions / f"{id_}.py").write_text(header + textwrap.dedent(body).lstrip("\n"))
        chain = tuple(
            Revision(f"migrations/versions/{id_}.py", id_, (parent,) if parent else ())
            for id_, parent in zip(ids, parents, strict=False)
        )
        environment = Environment(
            "migrations", "alembic.ini", "migrations", ("migrations/versions",)
        )
        rows = getattr(request.module, "ROWS", True)
        return Project(tmp_path, chain, environment, server.address.url(), rows)

    return make


@pytest.fixture
def sync_env() -> str:
    """Return the text of an env.py for synchronous drivers, as `project` writes it."""
    return SYNC_ENV


@pytest.fixture
def async_env() -> str:
    """Return the text of an env.py for asynchronous drivers."""
    return ASYNC_ENV


@pytest.fixture
def default_signals() -> Iterator[None]:
    """Start child processes with the default for SIGINT and SIGHUP, under `nohup` too.

    A process inherits what its parent ignores, but not its parent's handlers.
    """
    both = (signal.SIGINT, signal.SIGHUP)
    ignored = [each for each in both if signal.getsignal(each) is signal.SIG_IGN]
    for number in ignored:
        signal.signal(number, lambda *_: None)
    yield
    for number in ignored:
        signal.signal(number, signal.SIG_IGN)


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """Keep what the developer's shell says about databases out of the tests."""
    for name in list(os.environ):
        if name.startswith("PG") or name in ("DATABASE_URL", "REVGATE_DATABASE_URL"):
            monkeypatch.delenv(name)
    monkeypatch.delenv("VIRTUAL_ENV", raising=False)
    # Where a module is about schemas, each snapshot of what changed is compared with a whole one.
    if getattr(request.module, "COMPARES_SNAPSHOTS", False):
        monkeypatch.setenv("REVGATE_COMPARE_SNAPSHOTS", "1")


ENVIRONMENTS = {
    "oldest": ("alembic==1.9.*", "sqlalchemy==1.4.*", "psycopg2-binary", "asyncpg", "pg8000"),
    "sqlalchemy2.0": ("alembic", "sqlalchemy==2.0.*", "psycopg2-binary", "psycopg[binary]",
                      "asyncpg", "pg8000", "greenlet"),
    "sqlalchemy2.1": ("alembic", "sqlalchemy==2.1.*", "psycopg2-binary", "psycopg[binary]",
                      "asyncpg", "pg8000", "greenlet"),
    "flask": ("flask-migrate", "flask-sqlalchemy", "sqlalchemy==2.0.*", "psycopg2-binary",
              "pydantic-settings", "python-dotenv"),
}  # fmt: skip
"""The Pythons that users have, each with all drivers that its SQLAlchemy knows."""


@pytest.fixture(scope="session")
def interpreter() -> Callable[[str], str]:
    """Return a function that gives the interpreter of one of `ENVIRONMENTS`, made where needed.

    They are kept in REVGATE_TEST_ENVIRONMENTS, else in `.venv/agents` of the repository.
    """
    root = Path(__file__).resolve().parent.parent
    kept = Path(os.environ.get("REVGATE_TEST_ENVIRONMENTS") or root / ".venv" / "agents")

    def find(name: str) -> str:
        requirements = ENVIRONMENTS[name]
        base = _oldest_python() if name == "oldest" else sys.executable
        key = hashlib.sha256("\n".join((base, *requirements)).encode()).hexdigest()[:12]
        folder = kept / f"{name}-{key}"
        python = folder / "bin" / "python"
        if not (folder / "complete").exists():
            _make_environment(base, folder, requirements)
            (folder / "complete").touch()
        return str(python)

    return find


def _oldest_python() -> str:
    """Return a Python 3.9, the oldest that the agent knows; ours where there is none."""
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    for candidate in ("python3.9", *sorted(map(str, pyenv.glob("3.9.*/bin/python")))):
        found = shutil.which(candidate)
        if found and subprocess.run([found, "--version"], capture_output=True).returncode == 0:
            return found
    return sys.executable


def _make_environment(base: str, folder: Path, requirements: tuple[str, ...]) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    uv = shutil.which("uv")
    python = str(folder / "bin" / "python")
    make, fill = [base, "-m", "venv", str(folder)], [python, "-m", "pip", "install", "-q"]
    if uv:
        make = [uv, "venv", "-q", "--python", base, str(folder)]
        fill = [uv, "pip", "install", "-q", "--python", python]
    subprocess.run(make, check=True)
    subprocess.run([*fill, *requirements], check=True)
