"""Compares the round trip with Alembic alone and with pytest-alembic, on one running server.

Each tool gets a database that is there already; ours creates its own. What each looks at is
explained below the table, since they do not do the same work.
"""

from __future__ import annotations

import re
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from benchmarks.histories import write_history, write_revision

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
_QUADRATIC = 50
"""Revisions above which the experimental test takes minutes, and is left out."""
_OTHERS = 200
"""Revisions of the histories that `others` measures."""
_EVERY = 4
"""Of these revisions, the downgrade of one fails."""
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


def others(work: Path, measure: Measure, git: Callable[..., None], revgate: list[str]) -> list[str]:
    """Measure failing downgrades, one new revision on a target branch, and the reference gate.

    Args:
        work: A folder of our own.
        measure: As for `table`.
        git: Runs git in a folder.
        revgate: The command.
    """
    from revgate.postgres.server import throwaway

    with throwaway(None) as server:
        here = ["--database-url", server.address.url()]
        folder = work / "failing"
        _write(folder, _OTHERS, mixed=False)
        command = [*revgate, "roundtrip", "--no-rows", "--no-cache", "--fail-on", "never", *here]
        whole = measure(command, folder, 2).seconds
        files = sorted((folder / "migrations" / "versions").glob("*.py"))
        for path in files[::_EVERY]:
            text = path.read_text(encoding="utf-8")
            path.write_text(text + "\n\ndef downgrade():\n    op.drop_table('absent')\n")
        failing = measure(command, folder, 1).seconds

        folder = work / "against"
        _write(folder, _OTHERS, mixed=False)
        git(folder, "add", "-A")
        git(folder, "commit", "-qm", "history")
        git(folder, "branch", "published")
        versions = folder / "migrations" / "versions"
        write_revision(versions, _OTHERS, max(versions.glob("*.py")).name[:14])
        git(folder, "add", "-A")
        git(folder, "commit", "-qm", "one more")
        gate = [*revgate, "gate", "--against", "published", "--fail-on", "never", *here]
        measure(gate, folder, 1)
        against = measure(gate, folder, 3).seconds
    project = Path(__file__).resolve().parent.parent
    reference = measure(["make", "-s", "gate"], project, 3).seconds
    fails = (
        f"`revgate roundtrip --no-rows`, {len(files[::_EVERY])} of {_OTHERS} downgrades fail:"
        f" {failing:.1f} s, {failing / whole:.1f} times as long as if none does."
    )
    gates = (
        f"`revgate gate --against` with one new revision on {_OTHERS}, which an earlier run on the"
        f" server has built: {against:.1f} s. `make gate` on the reference application:"
        f" {reference:.1f} s."
    )
    return [fails, "", gates]


def memory(work: Path, revgate: list[str], size: int) -> str:
    """Measure what all processes of a round trip take together, without PostgreSQL's.

    Args:
        work: A folder of our own, in which `table` has written a history of this size.
        revgate: The command.
        size: The number of revisions.
    """
    from revgate.postgres.descendants import all_processes

    folder = work / f"roundtrip-{size}-False"
    words = [*revgate, "roundtrip", "--no-cache", "--no-rows"]
    process = subprocess.Popen(words, cwd=folder, stdout=subprocess.DEVNULL)
    most = 0.0
    while process.poll() is None:
        ours = {process.pid}
        for each in sorted(all_processes(), key=lambda one: one.started):
            if each.parent in ours:
                ours.add(each.pid)
        most = max(most, sum(map(_megabytes, ours)))
        time.sleep(0.1)
    if process.returncode:
        message = f"{words} ended with {process.returncode}"
        raise RuntimeError(message)
    return (
        f"All processes of `revgate roundtrip --no-rows` with {size:,} revisions, without"
        f" PostgreSQL's, had {most:.0f} MB at the most."
    )


def _megabytes(pid: int) -> float:
    """Return the memory of a process, its part of what it shares included; 0 for PostgreSQL's."""
    try:
        if Path(f"/proc/{pid}/comm").read_text(encoding="ascii").startswith("postgres"):
            return 0.0
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
    except OSError:  # it has ended
        return 0.0
    (found,) = re.findall(r"^Pss: +(\d+) kB", rollup, re.MULTILINE) or ("0",)
    return int(found) / 1024


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
