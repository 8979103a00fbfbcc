"""The reference application: Alembic's commands, the schema as text, a copy to write in."""

from __future__ import annotations

import io
import logging
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, make_url, pool

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).resolve().parents[2]
# `models` is not installed: Alembic finds it through prepend_sys_path, the tests through this.
sys.path.insert(0, str(ROOT))

Rows = list[tuple[object, ...]]


@pytest.fixture
def root() -> Path:
    return ROOT


@pytest.fixture
def _quiet_logging() -> Iterator[None]:
    """Give the root logger back its handlers: env.py configures logging for a command line."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level


@pytest.fixture
def alembic(monkeypatch: pytest.MonkeyPatch, _quiet_logging: None) -> Callable[..., str]:
    """Run a command of Alembic inside this process; return what it wrote."""

    def run(url: str, name: str, *arguments: str, **options: object) -> str:
        monkeypatch.setenv("DATABASE_URL", url)
        written = io.StringIO()
        config = Config(ROOT / "alembic.ini", output_buffer=written, stdout=written)
        getattr(command, name)(config, *arguments, **options)
        return written.getvalue()

    return run


@pytest.fixture
def query() -> Callable[[str, str], Rows]:
    """Run SQL on a database; return its rows, if it has any."""

    def run(url: str, sql: str) -> Rows:
        # Without parameters, so that a percent sign is one.
        engine = create_engine(
            url, poolclass=pool.NullPool, execution_options={"no_parameters": True}
        )
        with engine.begin() as connection:
            result = connection.exec_driver_sql(sql)
            return [tuple(row) for row in result] if result.returns_rows else []

    return run


@pytest.fixture
def dump() -> Callable[[str], str]:
    """Return the schema of a database as `pg_dump` writes it, without Alembic's own table."""

    def run(url: str) -> str:
        text = _output(
            "pg_dump", "--schema-only", "--exclude-table=alembic_version", "--dbname", _libpq(url)
        )
        # The key of \restrict is new in every dump.
        return "\n".join(line for line in text.splitlines() if not line.startswith("\\"))

    return run


@pytest.fixture
def psql() -> Callable[[str, str], None]:
    """Run a script on a database; any error in it is an error."""

    def run(url: str, script: str) -> None:
        _output("psql", "-qX", "-v", "ON_ERROR_STOP=1", "--dbname", _libpq(url), given=script)

    return run


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the application that a test may change."""
    skipped = shutil.ignore_patterns("__pycache__")
    for folder in ("models", "migrations"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=skipped)
    shutil.copy(ROOT / "alembic.ini", tmp_path)
    return tmp_path


@pytest.fixture
def command_line(copy: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run `alembic` in the copy, with no variables of ours but the ones given."""

    def run(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith("DATABASE_")
        }
        return subprocess.run(
            [sys.executable, "-W", "error", "-m", "alembic", *arguments],
            cwd=copy,
            env={**kept, "PYTHONDONTWRITEBYTECODE": "1", **variables},
            capture_output=True,
            text=True,
            check=False,
        )

    return run


def _libpq(url: str) -> str:
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


def _output(program: str, *arguments: str, given: str | None = None) -> str:
    path = shutil.which(program)
    assert path, f"{program} is not on PATH"
    done = subprocess.run(
        [path, *arguments], input=given, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
