"""A squash is compared with what it replaces, each built on a real server."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from tests.live.test_scaled import git

from revgate.cli import main

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    ProjectMaker = Callable[..., Any]

COMPARES_SNAPSHOTS = True

ENV = """
import pathlib
assert pathlib.Path(".env").read_text() == "STAGE=test", "a file that git ignores"
"""
ACCOUNTS = """
def upgrade():
    op.execute("CREATE ROLE reader_of_squash")
    op.create_table("accounts", sa.Column("id", sa.Integer, primary_key=True),
                    sa.Column("email", sa.String(50)))
    op.execute("GRANT SELECT ON accounts TO reader_of_squash")


def downgrade():
    op.drop_table("accounts")
    op.execute("DROP ROLE reader_of_squash")
"""
INDEX = """
def upgrade():
    op.create_index("ix_email", "accounts", ["email"])
    op.add_column("accounts", sa.Column("name", sa.Text))


def downgrade():
    op.drop_column("accounts", "name")
    op.drop_index("ix_email")
"""
POSTS = """
def upgrade():
    op.create_table("posts", sa.Column("id", sa.Integer, primary_key=True))


def downgrade():
    op.drop_table("posts")
"""
RENAME = "ALTER INDEX ix_accounts_email RENAME TO ix_email"
SQUASH = """
def upgrade():
    op.execute("CREATE ROLE reader_of_squash")
    op.create_table("accounts", sa.Column("id", sa.Integer, primary_key=True),
                    sa.Column("name", sa.Text), sa.Column("email", sa.String(50), index=True))
    op.execute("ALTER INDEX ix_accounts_email RENAME TO ix_email")
    op.execute("GRANT SELECT ON accounts TO reader_of_squash")


def downgrade():
    op.drop_table("accounts")
    op.execute("DROP ROLE reader_of_squash")
"""
HEADER = "import sqlalchemy as sa\nfrom alembic import op\n"


def text(key: str, parent: str | None, body: str) -> str:
    return f"{HEADER}revision = {key!r}\ndown_revision = {parent!r}\n{body.lstrip()}"


class Squasher:
    """A repository whose `main` has r1, r2 and r3, and a branch that replaces r1 and r2."""

    def __init__(self, root: Path, url: str) -> None:
        self.versions = root / "migrations" / "versions"
        self.report = root / "report.json"
        self._words = ["--against", "main", "--database-url", url, "--no-rows"]
        (root / ".git").rmdir()
        (root / ".gitignore").write_text(".env\nreport.json\n")
        (root / ".env").write_text("STAGE=test")
        self._root = root
        self._settings('allow-squash = "r2"')
        git(root, "init", "-q", "-b", "main")
        git(root, "add", ".")
        git(root, "commit", "-qm", "base")
        git(root, "checkout", "-qb", "branch")
        self._settings()

    def _settings(self, *lines: str) -> None:
        common = ('file-name = "any"', 'ignore = ["revision-id"]', "expect-tables = 2")
        (self._root / "revgate.toml").write_text("\n".join((*common, *lines, "")))

    def on_main(self, key: str, line: str) -> None:
        """Commit another line of `upgrade` of a revision to `main`."""
        git(self._root, "checkout", "-q", "--force", "main")
        file = self.versions / f"{key}.py"
        file.write_text(
            file.read_text().replace("def upgrade():\n", f"def upgrade():\n    {line}\n")
        )
        git(self._root, "commit", "-qam", "more")
        git(self._root, "checkout", "-q", "-B", "branch")
        self._settings()

    def gate(self, key: str, body: str, command: str = "gate") -> tuple[int, dict[str, Any]]:
        """Replace r1 and r2 with one revision, and judge that."""
        for each in ("r1", "r2"):
            (self.versions / f"{each}.py").unlink(missing_ok=True)
        (self.versions / f"{key}.py").write_text(text(key, None, body))
        (self.versions / "r3.py").write_text(text("r3", key, POSTS))
        words = [command, *self._words, f"--report=json={self.report}"]
        code = main(words)
        return code, json.loads(self.report.read_text()) if code < 2 else {}


@pytest.fixture
def squasher(project: ProjectMaker, sync_env: str, monkeypatch: pytest.MonkeyPatch) -> Squasher:
    made = project(ACCOUNTS, INDEX, POSTS, env=f"{ENV}{sync_env}")
    monkeypatch.chdir(made.root)
    return Squasher(made.root, made.server_url)


def findings(report: dict[str, Any], rule: str) -> list[str]:
    return [
        f"{each['message'].rpartition(': ')[2]}; {each['help']}"
        for each in report["findings"]
        if each["rule"] == rule
    ]


def test_an_equal_squash_is_proved(squasher: Squasher) -> None:
    """Column order makes no difference, and what git ignores is there for both."""
    code, report = squasher.gate("r2", SQUASH)
    assert (code, report["findings"]) == (0, [])
    assert (
        "`r2` builds the same schema as the 2 revisions up to `r2`, which it replaces"
        in report["notes"]
    )
    steps = report["roundtrip"]["revisions"]
    assert [each["revision"] for each in steps if each["downgrade_ms"]] == ["r2", "r3"]


def test_an_unequal_squash_is_a_finding(squasher: Squasher) -> None:
    body = SQUASH.replace(", index=True", "").replace(RENAME, "CREATE SEQUENCE more")
    code, report = squasher.gate("s1", body, "roundtrip")
    assert code == 1
    index = "CREATE INDEX ix_email ON public.accounts USING btree (email)"
    missing, new = findings(report, "squash-differs")
    assert missing == (
        f'the index `ix_email` is missing; add to `upgrade()`: `op.execute("{index}")`'
    )
    assert new.startswith("the sequence `more` is new; create the sequence `more` in a revision")
    assert "do not edit it" not in findings(report, "downgrade-residue")[0]
    assert not any("builds the same" in note for note in report["notes"])


def test_a_squash_of_what_no_longer_runs_is_not_compared(squasher: Squasher) -> None:
    squasher.on_main("r1", 'raise RuntimeError("gone")')
    code, report = squasher.gate("r2", SQUASH, "roundtrip")
    assert code == 0
    (note,) = [each for each in report["notes"] if "not compared" in each and "squash" not in each]
    assert note == (
        "`r2` was not compared with the 2 revisions up to `r2`: `upgrade()` of `r1` fails: gone"
    )
