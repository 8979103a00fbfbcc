"""Compares the round trip with pytest-alembic, on the same history and kind of server.

pytest-alembic gets what favours it: a server that runs already, and a database each that is there.
Ours starts its server, makes three passes more, and compares the whole catalogue.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.histories import write_history

if TYPE_CHECKING:
    from collections.abc import Callable

_ENVIRONMENT = """\
from alembic import context
from sqlalchemy import create_engine, pool

connectable = context.config.attributes.get("connection")
if connectable is None:
    url = context.config.get_main_option("sqlalchemy.url")
    connectable = create_engine(url, poolclass=pool.NullPool)
with connectable.connect() as connection:
    context.configure(connection=connection, target_metadata=None)
    with context.begin_transaction():
        context.run_migrations()
"""
_CONFIGURATION = """\
import os

import pytest
from sqlalchemy import create_engine


@pytest.fixture
def alembic_engine(request):
    return create_engine(os.environ["BENCH_" + request.node.name.upper()])
"""
_TESTS = """\
from pytest_alembic.tests import test_up_down_consistency
from pytest_alembic.tests.experimental import test_downgrade_leaves_no_trace
"""
_PACKAGES = ("pytest-alembic", "alembic", "sqlalchemy", "psycopg2-binary", "pytest")
_NAMES = ("test_up_down_consistency", "test_downgrade_leaves_no_trace")


def table(
    work: Path, sizes: list[int], measure: Callable[..., Any], revgate: list[str]
) -> list[str]:
    """Measure histories of several sizes.

    Args:
        work: A folder of our own.
        sizes: Numbers of revisions.
        measure: Runs a command in a folder, with variables, and returns the least time.
        revgate: The command.
    """
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "checks"))
    from revgate.postgres.server import throwaway

    python = _environment(work)
    lines = [
        "| round trip | " + " | ".join(f"{size:,} revisions" for size in sizes) + " |",
        "| --- |" + " --- |" * len(sizes),
    ]
    theirs, ours, rows = [], [], []
    with throwaway(None) as server:
        for size in sizes:
            folder = work / f"roundtrip-{size}"
            _write(folder, size)
            databases = {f"BENCH_{name.upper()}": server.create_database() for name in _NAMES}
            urls = {name: each.url("postgresql+psycopg2") for name, each in databases.items()}
            command = [python, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
            # Its tests leave the database upgraded, so each is measured once.
            theirs.append(measure(command, folder, 1, **urls).seconds)
            for each in databases.values():
                server.drop_database(each)
            plain = [*revgate, "roundtrip", "--no-cache"]
            ours.append(measure([*plain, "--no-rows"], folder, 3).seconds)
            rows.append(measure(plain, folder, 3).seconds)
    for name, figures in (
        ("pytest-alembic, up-down and no-trace", theirs),
        ("`revgate roundtrip --no-rows`", ours),
        ("`revgate roundtrip`", rows),
    ):
        cells = [
            f"{figure:.1f} s ({base / figure:.1f}x)"
            for figure, base in zip(figures, theirs, strict=True)
        ]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return [*lines, "", "In brackets: how many times faster than pytest-alembic."]


def _environment(work: Path) -> str:
    """Create an environment for pytest-alembic; return its Python."""
    folder = work / "pytest-alembic"
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    python = str(folder / "bin" / "python")
    install = [python, "-m", "pip", "install", "--quiet", *_PACKAGES]
    subprocess.run(install, check=True, stderr=subprocess.DEVNULL)
    return python


def _write(folder: Path, size: int) -> None:
    folder.mkdir()
    subprocess.run(["git", "init", "-q"], cwd=folder, check=True)
    write_history(folder, size, "postgresql+psycopg2://nobody@127.0.0.1:1/none")
    (folder / "migrations" / "env.py").write_text(_ENVIRONMENT)
    (folder / "conftest.py").write_text(_CONFIGURATION)
    (folder / "test_migrations.py").write_text(_TESTS)
