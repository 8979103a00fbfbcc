"""Small git repositories with Alembic histories, and Alembic itself as the judge of the result."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from alembic.script import ScriptDirectory

from revgate import settings
from revgate.repair.rebase import Outcome, RebaseOptions, rebase

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
VERSIONS = "migrations/versions"
FORM = '''\
"""{title}

Revision ID: {id}
Revises: {revises}
Create Date: {date} 00:00:00.123456

"""
from alembic import op

# revision identifiers, used by Alembic.
revision: str = "{id}"
down_revision: str | None = {parent}
branch_labels = None
depends_on = {depends_on}


def upgrade() -> None:
    op.create_table("t{id}")


def downgrade() -> None:
    op.drop_table("t{id}")
'''


def form(key: str, parent: str | None, depends_on: object = None) -> str:
    """Return a revision file as Alembic's template writes it."""
    date = f"{key[:4]}-{key[4:6]}-{key[6:8]}"
    written = "None" if parent is None else f'"{parent}"'
    return FORM.format(
        title=f"make {key}",
        id=key,
        date=date,
        revises=parent or "",
        parent=written,
        depends_on=depends_on,
    )


class Repository:
    """A git repository with `main` checked out, untouched by the configuration around."""

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir(parents=True, exist_ok=True)
        self.environment = {
            **{key: value for key, value in os.environ.items() if not key.startswith("GIT_")},
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_EDITOR": "true",
            **{
                f"GIT_{who}_{what}": said
                for who in ("AUTHOR", "COMMITTER")
                for what, said in (("NAME", "someone"), ("EMAIL", "someone@example.org"))
            },
        }
        self.git("init", "-q", "-b", "main")
        self.put("alembic.ini", "[alembic]\nscript_location = migrations\npath_separator = os\n")

    def git(self, *arguments: str, code: int = 0) -> str:
        command = ["git", *arguments]
        done = subprocess.run(
            command, cwd=self.root, env=self.environment, capture_output=True, check=False
        )
        assert done.returncode == code, (done.stdout + done.stderr).decode()
        return os.fsdecode(done.stdout).strip()

    def put(self, path: str, content: str | bytes) -> Path:
        place = self.root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content.encode() if isinstance(content, str) else content)
        return place

    def add(self, key: str, parent: str | None, depends_on: object = None) -> Path:
        """Write a revision whose id is its file's timestamp."""
        return self.put(f"{VERSIONS}/{key}_r.py", form(key, parent, depends_on))

    def commit(self, message: str = "more") -> None:
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message)

    def switch(self, branch: str) -> None:
        known = self.git("branch", "--format=%(refname:short)").split()
        self.git("switch", "-q", *([] if branch in known else ["-c"]), branch)

    def rebase(self, **wanted: Any) -> Outcome:
        """Run `revgate rebase` on the work tree."""
        root = str(self.root)
        return rebase(root, settings.load(root), RebaseOptions(**wanted), NOW)

    def text(self, name: str) -> str:
        return (self.root / VERSIONS / name).read_bytes().decode()

    def files(self) -> dict[str, bytes]:
        """Return every file of the work tree."""
        return {
            str(path.relative_to(self.root)): path.read_bytes()
            for path in sorted(self.root.rglob("*"))
            if path.is_file() and not {".git", "__pycache__"} & {*path.relative_to(self.root).parts}
        }

    def line(self) -> list[str]:
        """Return the ids as Alembic orders them, base first; it must be one straight line."""
        script = ScriptDirectory(str(self.root / "migrations"))
        assert len(script.get_heads()) == 1
        found = list(script.walk_revisions())[::-1]
        assert [each.down_revision for each in found[1:]] == [each.revision for each in found[:-1]]
        assert found[0].down_revision is None
        return [each.revision for each in found]


def stamp(number: int) -> str:
    return f"202501{number:02}000000"


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """Return a repository with revisions 1 and 2 on `main`."""
    made = Repository(tmp_path / "root")
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    for name in ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_NOSYSTEM"):
        monkeypatch.setenv(name, made.environment[name])
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    made.add(stamp(1), None)
    made.add(stamp(2), stamp(1))
    made.commit()
    return made


Fork = Callable[..., Repository]


@pytest.fixture
def fork(repository: Repository) -> Fork:
    """Return a function that makes a branch, and lets `main` go on by revision 3.

    `feature` is checked out, with a revision 10 behind 2 and, for each further number, one behind
    the one before.
    """

    def fork(*further: int) -> Repository:
        repository.switch("feature")
        parent = 2
        for number in (10, *further):
            repository.add(stamp(number), stamp(parent))
            parent = number
        repository.commit("feature")
        repository.switch("main")
        repository.add(stamp(3), stamp(2))
        repository.commit("main goes on")
        repository.switch("feature")
        return repository

    return fork
