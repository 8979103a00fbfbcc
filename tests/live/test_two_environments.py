"""A repository with two environments: each has its round trip, and reports show both."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from revgate.cli import main

if TYPE_CHECKING:
    from collections.abc import Callable

    ProjectMaker = Callable[..., Any]

TABLE = """
def upgrade():
    op.create_table("users", sa.Column("id", sa.Integer, primary_key=True))


def downgrade():
    op.drop_table("users")
"""


@pytest.fixture
def words(project: ProjectMaker, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    made = project(TABLE)
    (made.root / ".git").rmdir()
    subprocess.run(["git", "init", "-q"], cwd=made.root, check=True)
    billing = made.root / "billing"
    shutil.copytree(made.root / "migrations", billing / "migrations")
    shutil.copy(made.root / "alembic.ini", billing / "alembic.ini")
    first = billing / "migrations" / "versions" / "r1.py"
    text = first.read_text().replace("'r1'", "'b1'").replace("users", "invoices")
    first.with_name("b1.py").write_text(text + "\n\n# no downgrade of the second\n")
    first.unlink()
    subprocess.run(["git", "add", "."], cwd=made.root, check=True)
    monkeypatch.chdir(made.root)
    return ["roundtrip", "--database-url", made.server_url]


def test_both_are_run_and_reported(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*words, "--format", "json"]) == 0
    told = json.loads(capsys.readouterr().out)["roundtrip"]

    names = [each["environment"] for each in told["passes"]]
    assert len(set(names)) == 2
    assert names.count(names[0]) == names.count(names[-1]) == 4
    assert {each["revision"]: each["environment"] for each in told["revisions"]} == {
        "r1": "migrations",
        "b1": "billing/migrations",
    }


def test_the_text_says_whose_pass_it_is(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 0
    out = capsys.readouterr().out

    assert "billing/migrations: downgrade" in out
    # Each has a note on its own env.py.
    assert "note: migrations: env.py names no" in out
    assert "note: billing/migrations: env.py names no" in out
    assert "  migrations: production" in out
