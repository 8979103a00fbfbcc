"""An application of three revisions with its models, and a database of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from revgate.cli import main
from revgate.postgres.connect import connect, parse_address

if TYPE_CHECKING:
    from pathlib import Path

ProjectMaker = Callable[..., Any]

MODELS = """
import sqlalchemy as sa
from sqlalchemy.orm import declarative_base

Base = declarative_base()


class User(Base):
    __tablename__ = "users"
    id = sa.Column(sa.Integer, primary_key=True)
    mood = sa.Column(sa.Enum("low", "high", name="mood"))


class Post(Base):
    __tablename__ = "posts"
    id = sa.Column(sa.Integer, primary_key=True)
    user_id = sa.Column(sa.Integer, sa.ForeignKey("users.id"))
    title = sa.Column(sa.Text)
"""
USERS = """
def upgrade():
    op.create_table(
        "users",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("mood", sa.Enum("low", "high", name="mood")),
    )


def downgrade():
    op.drop_table("users")
    op.execute("DROP TYPE mood")
"""
POSTS = """
def upgrade():
    op.create_table(
        "posts",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("user_id", sa.Integer, sa.ForeignKey("users.id")),
    )


def downgrade():
    op.drop_table("posts")
"""
TITLES = """
def upgrade():
    op.add_column("posts", sa.Column("title", sa.Text))


def downgrade():
    op.drop_column("posts", "title")
"""


class Application(NamedTuple):
    """A project of three revisions, and a database for it."""

    root: Path
    url: str
    capsys: pytest.CaptureFixture[str]

    def alembic(self, *words: str) -> None:
        subprocess.run(
            [sys.executable, "-m", "alembic", *words],
            cwd=self.root,
            check=True,
            capture_output=True,
            env={**os.environ, "PYTHONPATH": str(self.root)},
        )

    def sql(self, statement: str) -> list[Any]:
        connection = connect(parse_address(self.url))
        with connection.cursor() as cursor:
            cursor.execute(statement)
            rows = cursor.fetchall() if cursor.description else []
        connection.close()
        return list(rows)

    def run(self, *words: str) -> tuple[int, str, str]:
        code = main(["doctor", "--database-url", self.url, *words])
        said = self.capsys.readouterr()
        return code, said.out, said.err

    def examine(self) -> dict[str, Any]:
        code, out, err = self.run("--format", "json")
        assert out, err
        told: dict[str, Any] = json.loads(out)
        assert told["passed"] == (code == 0)
        return told


@pytest.fixture
def application(
    project: ProjectMaker,
    sync_env: str,
    empty_database: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Application:
    env = "import sys\nsys.path.insert(0, '.')\nfrom shop import Base\n" + sync_env.replace(
        "connection=connection", "connection=connection, target_metadata=Base.metadata"
    )
    made = project(USERS, POSTS, TITLES, env=env, url=empty_database)
    (made.root / "shop.py").write_text(MODELS)
    (made.root / ".git").rmdir()
    subprocess.run(["git", "init", "-q"], cwd=made.root, check=True)
    monkeypatch.chdir(made.root)
    monkeypatch.setenv("REVGATE_DATABASE_URL", made.server_url)
    monkeypatch.setenv("REVGATE_CACHE_DIR", str(made.root / "cache"))
    return Application(made.root, empty_database, capsys)
