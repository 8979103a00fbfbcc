"""Compares the round trip with Alembic alone and with pytest-alembic, on one running server.

Each tool gets a database that is there already; ours creates its own. What each looks at is
explained below the table, since they do not do the same work.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from benchmarks.histories import write_history

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Measure = Callable[..., Any]

_ENVIRONMENT = """\
import os

from alembic import context
from sqlalchemy import create_engine, pool

connectable = context.config.attributes.get("connection")
if connectable is None:
    url = os.environ.get("BENCH_PLAIN") or context.config.get_main_option("sqlalchemy.url")
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
_DEFAULT = "from pytest_alembic.tests import test_single_head_revision, test_upgrade"
_TESTS = {
    "test_default.py": f"{_DEFAULT}, test_up_down_consistency\n",
    "test_experimental.py": (
        "from pytest_alembic.tests.experimental import test_downgrade_leaves_no_trace\n"
    ),
}
_PACKAGES = ("pytest-alembic", "alembic", "sqlalchemy", "psycopg2-binary", "pytest")
_NAMES = ("test_single_head_revision", "test_upgrade", "test_up_down_consistency",
          "test_downgrade_leaves_no_trace")  # fmt: skip
_QUADRATIC = 200
"""Revisions above which the experimental test takes minutes, and is left out."""
_PLAIN = (
    "for to in 'upgrade head' 'downgrade base' 'upgrade head' 'downgrade base'; do {} $to; done"
)
_WHAT = """\
In brackets: the time of Alembic alone, divided by this one. Alembic runs `upgrade head`, `downgrade
base`, and both again, in four processes. pytest-alembic's default tests upgrade, downgrade and
upgrade again, and fail if that raises; its experimental test compares, after each downgrade, what
autogenerate sees. `revgate roundtrip` runs all revisions up, down and up again one by one, and once
as production does, and compares the whole catalog after every step; with rows, it runs them once
more on populated tables."""


class _History(NamedTuple):
    """A generated history, and the databases that other tools run it on."""

    folder: Path
    size: int
    title: str
    variables: dict[str, str]


def table(work: Path, sizes: list[int], measure: Measure, revgate: list[str]) -> list[str]:
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
    columns: list[tuple[str, dict[str, float | None]]] = []
    with throwaway(None) as server:
        for size in sizes:
            for mixed in (False, True):
                title = f"{size:,} revisions, {'mixed' if mixed else 'a table each'}"
                databases = {name: server.create_database() for name in (*_NAMES, "plain")}
                urls = {
                    f"BENCH_{name.upper()}": each.url("postgresql+psycopg2")
                    for name, each in databases.items()
                }
                history = _History(work / f"roundtrip-{size}-{mixed}", size, title, urls)
                _write(history.folder, size, mixed=mixed)
                ours = [*revgate, "roundtrip", "--no-cache", "--database-url", server.address.url()]
                columns.append((title, _figures(history, measure, python, ours)))
                for each in databases.values():
                    server.drop_database(each)
    return _written(columns)


def _figures(
    history: _History, measure: Measure, python: str, ours: list[str]
) -> dict[str, float | None]:
    """Return the seconds of each tool; None for one that was left out."""
    folder, variables = history.folder, history.variables
    alembic = Path(python).parent / "alembic"
    plain = measure(["/bin/sh", "-ec", _PLAIN.format(alembic)], folder, 2, **variables).seconds

    def tested(*names: str) -> float:
        command = [python, "-m", "pytest", "-q", "-p", "no:cacheprovider", *names]
        # Its tests leave the database upgraded, so each is measured once.
        return float(measure(command, folder, 1, **variables).seconds)

    default = tested("test_default.py")
    few = history.size <= _QUADRATIC
    return {
        "Alembic alone, up, down, up, down": plain,
        "pytest-alembic, default tests": default,
        "pytest-alembic, with the experimental one": (
            default + tested("test_experimental.py") if few else None
        ),
        "`revgate roundtrip --no-rows`": measure([*ours, "--no-rows"], folder, 2).seconds,
        "`revgate roundtrip`": measure(ours, folder, 1).seconds,
    }


def _written(columns: Sequence[tuple[str, dict[str, float | None]]]) -> list[str]:
    names = list(columns[0][1])
    lines = [
        "| round trip | " + " | ".join(title for title, _ in columns) + " |",
        "| --- |" + " --- |" * len(columns),
    ]
    for name in names:
        cells = []
        for _, figures in columns:
            seconds, floor = figures[name], figures[names[0]]
            cells.append(f"{seconds:.1f} s ({(floor or 0) / seconds:.1f}x)" if seconds else "")
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return [*lines, "", *_WHAT.splitlines()]


def _environment(work: Path) -> str:
    """Create an environment for pytest-alembic; return its Python."""
    folder = work / "pytest-alembic"
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    python = str(folder / "bin" / "python")
    install = [python, "-m", "pip", "install", "--quiet", *_PACKAGES]
    subprocess.run(install, check=True, stderr=subprocess.DEVNULL)
    return python


def _write(folder: Path, size: int, *, mixed: bool) -> None:
    folder.mkdir()
    subprocess.run(["git", "init", "-q"], cwd=folder, check=True)
    write_history(folder, size, "postgresql+psycopg2://nobody@127.0.0.1:1/none", mixed=mixed)
    (folder / "migrations" / "env.py").write_text(_ENVIRONMENT)
    (folder / "conftest.py").write_text(_CONFIGURATION)
    for name, text in _TESTS.items():
        (folder / name).write_text(text)
