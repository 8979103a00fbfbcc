"""Files and patterns that could hang a check get an answer instead."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from revgate.errors import UsageError
from revgate.history.names import Named, read_name
from revgate.settings import load

HOOK = Path(__file__).parents[2] / "hooks" / "revgate"
ENDLESS = "(?P<slug>(a+)+)b(?P<stamp>)"


def check(root: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-I", "-S", str(HOOK), "check"],
        cwd=root,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture
def project(tmp_path: Path) -> Path:
    versions = tmp_path / "migrations" / "versions"
    versions.mkdir(parents=True)
    (tmp_path / "alembic.ini").write_text("[alembic]\nscript_location = migrations\n")
    (tmp_path / "migrations" / "env.py").touch()
    (versions / f"{'a' * 60}.py").write_text(
        'revision = "1"\ndown_revision = None\ndef upgrade(): pass\ndef downgrade(): pass\n'
    )
    return tmp_path


@pytest.mark.parametrize("name", ["revgate.toml", "pyproject.toml"])
def test_settings_in_a_device_or_a_pipe(project: Path, name: str) -> None:
    settings = project / name
    settings.symlink_to("/dev/zero")
    with pytest.raises(UsageError, match=f"{name} cannot be read: not a regular file"):
        load(str(project))
    settings.unlink()
    os.mkfifo(settings)
    done = check(project)
    assert done.returncode == 2, done.stderr
    assert "not a regular file" in done.stderr


def test_a_configuration_that_is_a_device(project: Path) -> None:
    (project / "alembic.ini").unlink()
    (project / "alembic.ini").symlink_to("/dev/zero")
    done = check(project)
    assert done.returncode == 3, done.stdout
    assert "copy it to" not in done.stderr


def test_a_pattern_that_backtracks_is_stopped(project: Path) -> None:
    (project / "revgate.toml").write_text(f"file-name = '{ENDLESS}'\n")
    done = check(project)
    assert done.returncode == 2, done.stdout
    assert "without nested repetition" in done.stderr


def test_nested_repetition_that_does_not_backtrack_is_accepted() -> None:
    pattern = "(?P<stamp>\\d+)_(?P<slug>[a-z]+(?:_[a-z]+)*)"
    assert read_name("2025_add_a_table.py", pattern) == Named("2025", "add_a_table")
    assert read_name("2025-add.py", pattern) is None
