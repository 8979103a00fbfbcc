"""Small repositories for the command line, and two ways to call it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from revgate.cli import main

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

CHECKS = Path(__file__).parent.parent.parent / "checks"
VERSIONS = "migrations/versions"


def revision(
    key: str, parent: str | tuple[str, ...] | None, downgrade: str = 'op.drop_table("t")'
) -> str:
    return (
        "from alembic import op\n\n"
        f"revision = {key!r}\ndown_revision = {parent!r}\n\n\n"
        'def upgrade():\n    op.create_table("t")\n\n\n'
        f"def downgrade():\n    {downgrade}\n"
    )


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A history of two revisions that nothing is wrong with; the current folder."""
    root = tmp_path / "root"
    (root / VERSIONS).mkdir(parents=True)
    (root / "alembic.ini").write_text("[alembic]\nscript_location = migrations\n")
    (root / "migrations" / "env.py").write_text("raise SystemExit('executed')\n")
    for key, parent in (("20250101000000", None), ("20250102000000", "20250101000000")):
        (root / VERSIONS / f"{key}_step.py").write_text(revision(key, parent))
    monkeypatch.chdir(root)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for name in [name for name in os.environ if name.startswith(("GIT_", "REVGATE_"))]:
        monkeypatch.delenv(name)
    monkeypatch.delenv("NO_COLOR", raising=False)
    return root


@pytest.fixture
def add(repository: Path) -> Callable[..., Path]:
    """Add a revision file, `None` for the file name: made of the id."""

    def add(
        key: str,
        parent: str | tuple[str, ...] | None,
        name: str | None = None,
        downgrade: str = "x()",
    ) -> Path:
        path = repository / VERSIONS / (name or f"{key}_step.py")
        path.write_text(revision(key, parent, downgrade))
        return path

    return add


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Call the command line in this process: exit code, what it printed, what it complained."""

    def run(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        code = main(arguments)
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


@pytest.fixture
def spawn(
    repository: Path, tmp_path: Path, default_signals: None
) -> Callable[..., subprocess.Popen[bytes]]:
    """Start the command line as a process of its own, in an environment that is bare."""

    def spawn(*arguments: str, env: Mapping[str, str] = {}) -> subprocess.Popen[bytes]:
        bare = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PYTHONPATH": str(CHECKS)}
        bare["PYTHONWARNINGS"] = "error"
        return subprocess.Popen(
            [sys.executable, "-m", "revgate", *arguments],
            cwd=repository,
            env={**bare, **env},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    return spawn
