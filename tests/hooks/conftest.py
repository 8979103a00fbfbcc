"""Real repositories whose commits a hook guards, through pre-commit and through prek."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.revisions import revision

ROOT = Path(__file__).parents[2]
HOOK = ROOT / "hooks" / "revgate"
BIN = Path(sys.executable).parent
FIRST, SECOND, THIRD = "20250101000000", "20250102000000", "20250103000000"


_INSTALLERS = ("PIP_", "UV_", "SSL_", "REQUESTS_", "HTTP", "http", "NO_PROXY", "no_proxy")


@dataclass(frozen=True)
class Repository:
    path: Path
    env: dict[str, str]

    def run(
        self, *command: str, inside: str = ".", stdin: str = ""
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            cwd=self.path / inside,
            env=self.env,
            input=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )

    def git(self, *arguments: str, stdin: str = "") -> str:
        done = self.run("git", *arguments, stdin=stdin)
        assert done.returncode == 0, done.stdout
        return done.stdout.strip()

    def commit(self, *arguments: str, inside: str = ".") -> subprocess.CompletedProcess[str]:
        return self.run("git", "commit", "-m", "change", *arguments, inside=inside)

    def file(self, key: str) -> Path:
        return self.path / "migrations" / "versions" / f"{key}_add.py"

    def write(self, key: str, down: str | None) -> None:
        self.file(key).write_text(revision(key, down))

    def add(self, key: str, down: str | None) -> None:
        self.write(key, down)
        self.git("add", "--all", "migrations")

    def start(self) -> None:
        """Commit a first revision, and a second one that follows it."""
        self.file(FIRST).parent.mkdir(parents=True)
        (self.path / "alembic.ini").write_text("[alembic]\nscript_location = migrations\n")
        (self.path / "notes.txt").write_text("as it was\n")
        self.git("init", "--quiet", "--initial-branch=main")
        self.write(FIRST, None)
        self.write(SECOND, FIRST)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--no-verify", "-m", "start")


def blocked(done: subprocess.CompletedProcess[str], rule: str) -> bool:
    return done.returncode != 0 and rule in done.stdout


@pytest.fixture(scope="session")
def env(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    home = tmp_path_factory.mktemp("home")
    return {
        "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(home),
        "PRE_COMMIT_HOME": str(home / "pre-commit"),
        "PREK_HOME": str(home / "prek"),
        # From where packages come is a matter of the machine.
        **{key: value for key, value in os.environ.items() if key.startswith(_INSTALLERS)},
        "LANG": "C.UTF-8",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        **{f"GIT_{who}_NAME": "Ada" for who in ("AUTHOR", "COMMITTER")},
        **{f"GIT_{who}_EMAIL": "ada@example.org" for who in ("AUTHOR", "COMMITTER")},
    }


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory, env: dict[str, str]) -> Repository:
    """Commit what a user of the hook clones, as it is in this work tree, to a repository."""
    path = tmp_path_factory.mktemp("published")
    for name in ("hooks", "checks"):
        shutil.copytree(ROOT / name, path / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in (".pre-commit-hooks.yaml", ".gitignore", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, path)
    repository = Repository(path, env)
    repository.git("init", "--quiet", "--initial-branch=main")
    repository.git("add", "--all")
    repository.git("commit", "--quiet", "-m", "as it is")
    return repository


@pytest.fixture(scope="session", params=["pre-commit", "prek"])
def runner(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture(scope="session")
def hooked(
    tmp_path_factory: pytest.TempPathFactory, published: Repository, runner: str
) -> Repository:
    """Make a project whose commits and merges the hook guards, for copying."""
    repository = Repository(tmp_path_factory.mktemp(runner) / "project", published.env)
    repository.path.mkdir()
    (repository.path / ".pre-commit-config.yaml").write_text(
        "default_install_hook_types: [pre-commit, pre-merge-commit, pre-push]\n"
        "repos:\n"
        f"  - repo: {published.path.as_uri()}\n"
        f"    rev: {published.git('rev-parse', 'HEAD')}\n"
        "    hooks:\n"
        "      - id: revgate-check\n"
    )
    repository.start()
    installed = repository.run(runner, "install", "--install-hooks")
    assert installed.returncode == 0, installed.stdout
    return repository


@pytest.fixture
def project(hooked: Repository, tmp_path: Path) -> Repository:
    path = tmp_path / "project"
    shutil.copytree(hooked.path, path, symlinks=True)
    return Repository(path, hooked.env)


@pytest.fixture
def plain(env: dict[str, str], tmp_path: Path) -> Repository:
    """Make a project without any hook."""
    repository = Repository(tmp_path / "plain", env)
    repository.path.mkdir()
    repository.start()
    return repository
