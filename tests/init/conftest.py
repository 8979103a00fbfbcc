"""Real git repositories of several shapes, for `revgate init`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

REVISION = '''"""make {id}

Revision ID: {id}
Revises: {revises}
Create Date: {date} 00:00:00

"""
import sqlalchemy as sa
from alembic import op

revision = {id!r}
down_revision = {parents!r}
branch_labels = {labels!r}
depends_on = None


def upgrade() -> None:
    op.create_table("t_{id}", sa.Column("id", sa.Integer, primary_key=True))


def downgrade() -> None:
    {downgrade}
'''
INI = "[alembic]\nscript_location = migrations\npath_separator = os\n"
Parents = str | tuple[str, ...] | None


class Repository:
    """A git repository, untouched by the configuration around, and revgate run in it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir(parents=True)
        self.environment = {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(root.parent),
            "XDG_CACHE_HOME": str(root.parent / "cache"),
            "LANG": "C.UTF-8",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_NOSYSTEM": "1",
        }
        self.run("git", "init", "-q", "-b", "main")

    def run(self, *command: str, inside: str = ".", code: int | None = 0) -> str:
        done = subprocess.run(
            command,
            cwd=self.root / inside,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
        said = (done.stdout + done.stderr).decode()
        assert code in (None, done.returncode), said
        return said

    def revgate(self, *words: str, inside: str = ".", code: int = 0) -> str:
        command = (sys.executable, "-m", "revgate", *words)
        return self.run(*command, inside=inside, code=code)

    def put(self, path: str, text: str) -> None:
        place = self.root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(text.encode())

    def text(self, path: str) -> str:
        return (self.root / path).read_bytes().decode()

    def environment_at(self, folder: str, ini: str | None = None) -> None:
        self.put(ini or "alembic.ini", INI.replace("= migrations", f"= {folder}"))
        self.put(f"{folder}/env.py", "")

    def add(
        self,
        name: str,
        key: str,
        parents: Parents = None,
        *,
        folder: str = "migrations",
        labels: tuple[str, ...] | None = None,
        downgrade: str = "",
    ) -> None:
        """Write a revision, by default with a correct downgrade."""
        revises = parents if isinstance(parents, str) else ", ".join(parents or ())
        text = REVISION.format(
            id=key,
            date=f"{key[:4]}-{key[4:6]}-{key[6:8]}" if key.isdigit() else "2025-01-01",
            revises=revises,
            parents=parents,
            labels=labels,
            downgrade=downgrade or f'op.drop_table("t_{key}")',
        )
        self.put(f"{folder}/versions/{name}", text)

    def files(self) -> dict[str, bytes]:
        return {
            str(path.relative_to(self.root)): path.read_bytes()
            for path in sorted(self.root.rglob("*"))
            if path.is_file() and ".git" not in path.relative_to(self.root).parts
        }


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "root")


@pytest.fixture
def straight(repository: Repository) -> Repository:
    """Make a project in which no rule finds anything."""
    repository.environment_at("migrations")
    repository.add("20250101000000_one.py", "20250101000000")
    repository.add("20250102000000_two.py", "20250102000000", "20250101000000")
    return repository
