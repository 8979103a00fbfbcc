"""What is offered to other repositories, as pre-commit and prek take it."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.hooks.conftest import BIN, FIRST, ROOT, SECOND, THIRD, Repository, blocked

from revgate.roundtrip.interpreter import find_python
from revgate.setup.hooks import CATALOGUE, manifest

ENV = """
import own_of_project
from alembic import context
from sqlalchemy import create_engine

engine = create_engine("postgresql+psycopg2://user:secret@192.0.2.1/production")
with engine.connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
"""
ROUNDTRIP = "revgate-roundtrip"


def read(name: str) -> Any:
    return yaml.safe_load((ROOT / name).read_text())


def test_the_file_says_what_the_catalogue_says() -> None:
    hooks = read(".pre-commit-hooks.yaml")
    assert [each["id"] for each in hooks] == [each.id for each in CATALOGUE]
    assert manifest(["a>=1", "b"]).count("additional_dependencies") == 1


def test_the_live_hook_brings_what_the_extra_brings() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    (live,) = (each for each in read(".pre-commit-hooks.yaml") if each["id"] == ROUNDTRIP)
    assert live["additional_dependencies"] == project["optional-dependencies"]["live"]


# The round trip, which is installed for the hook alone, and runs env.py in the project's Python.


def environment(folder: Path) -> None:
    """Make a virtual environment with our packages and a module that env.py imports."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    (packages,) = folder.glob("lib/python*/site-packages")
    (ours,) = Path(sys.prefix).glob("lib/python*/site-packages")
    for each in ours.iterdir():
        if not (packages / each.name).exists():
            (packages / each.name).symlink_to(each)
    (packages / "own_of_project.py").write_text("")


@pytest.fixture(scope="session")
def installed(
    tmp_path_factory: pytest.TempPathFactory, published: Repository, runner: str
) -> Repository:
    """Make a project with the live hook; its environment is made once."""
    repository = Repository(tmp_path_factory.mktemp(runner) / "live", published.env)
    repository.path.mkdir()
    (repository.path / ".pre-commit-config.yaml").write_text(
        "repos:\n"
        f"  - repo: {published.path.as_uri()}\n"
        f"    rev: {published.git('rev-parse', 'HEAD')}\n"
        "    hooks:\n"
        f"      - id: {ROUNDTRIP}\n"
    )
    (repository.path / ".gitignore").write_text(".venv\n")
    repository.start()
    (repository.path / "migrations" / "env.py").write_text(ENV)
    repository.git("add", "--all")
    repository.git("commit", "--quiet", "--no-verify", "-m", "env.py")
    return repository


def run_hook(repository: Repository, runner: str, *words: str) -> subprocess.CompletedProcess[str]:
    return repository.run(runner, "run", ROUNDTRIP, *words, "--verbose")


def test_a_commit_does_not_wait_for_it(installed: Repository, runner: str) -> None:
    done = run_hook(installed, runner, "--all-files")
    assert "tables" not in done.stdout


def test_it_runs_when_asked_for(installed: Repository, runner: str) -> None:
    """In the project's `.venv`, and nowhere else is the module that env.py imports."""
    manual = ("--hook-stage", "manual")
    done = run_hook(installed, runner, *manual)
    assert blocked(done, "own_of_project"), done.stdout
    environment(installed.path / ".venv")
    done = run_hook(installed, runner, *manual)
    assert done.returncode == 0, done.stdout
    assert "2 revisions" in done.stdout
    file = installed.file(SECOND)
    file.write_text(file.read_text().replace(f'op.drop_table("t{SECOND}")', "op.execute('no')"))
    installed.git("add", "--all")
    assert blocked(run_hook(installed, runner, *manual), "downgrade-fails")
    installed.git("reset", "--quiet", "--hard")
    installed.add(THIRD, FIRST)
    assert blocked(run_hook(installed, runner, *manual), "multiple-heads")
    installed.git("reset", "--quiet", "--hard")


def test_it_runs_in_the_environment_that_is_active(
    installed: Repository, runner: str, tmp_path: Path
) -> None:
    """The runner activates the hook's own; the user's is left on PATH only."""
    active = tmp_path / "active"
    environment(active)
    hidden = installed.path / ".venv"
    if hidden.exists():
        hidden.rename(tmp_path / "hidden")
    path = f"{active / 'bin'}{os.pathsep}{os.environ['PATH']}"
    user = Repository(installed.path, {**installed.env, "PATH": path, "VIRTUAL_ENV": str(active)})
    done = run_hook(user, str(BIN / runner), "--hook-stage", "manual")
    assert done.returncode == 0, done.stdout


def test_the_environment_of_the_runner_does_not_belong_to_the_project(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """pre-commit may be installed in one of its own, which stands on PATH and has no Alembic."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(tmp_path)], check=True)
    monkeypatch.setenv("PRE_COMMIT", "1")
    monkeypatch.setenv("VIRTUAL_ENV", sys.prefix)
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:/usr/bin")
    assert find_python(None, ()) == sys.executable


def test_the_hooks_environment_is_not_the_projects(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    environment(tmp_path / ".venv")
    own = str(tmp_path / ".venv/bin/python")
    monkeypatch.setenv("VIRTUAL_ENV", sys.prefix)
    monkeypatch.setenv("PATH", f"{sys.prefix}/bin:/usr/bin")
    monkeypatch.delenv("PRE_COMMIT", raising=False)
    assert find_python(None, (str(tmp_path),)) == f"{sys.prefix}/bin/python"
    monkeypatch.setenv("PRE_COMMIT", "1")
    assert find_python(None, (str(tmp_path),)) == own
    monkeypatch.setenv("VIRTUAL_ENV", str(tmp_path / ".venv"))
    assert find_python(None, ()) == own
