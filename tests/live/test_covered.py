"""What the baseline covers of a round trip: `gate` passes after `init`, and judges what is new."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from tests.live.test_models import COMPARE, MODELS, SAME, env
from tests.live.test_scaled import git

from revgate.cli import main

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    ProjectMaker = Callable[..., Any]

COMPARES_SNAPSHOTS = True

# Its downgrade leaves a column behind, and its upgrade scans a table under a lock.
LEAVES = """
def upgrade():
    op.add_column("posts", sa.Column({0!r}, sa.Text))
    op.create_index("ix_{0}", "users", ["age"])


def downgrade():
    op.drop_index("ix_{0}")
"""
OLD_DRIFT = MODELS.replace("title = Column(Text", "title = Column(Integer").replace(
    "class Post(Base)",
    "class Visit(Base):\n    __tablename__ = 'visits'\n"
    "    id = Column(Integer, primary_key=True)\n\n\nclass Post(Base)",
)


class Adopted:
    """A project with old defects that has just run `init`."""

    def __init__(self, root: Path, url: str) -> None:
        self.root = root
        self._url = url
        (root / ".git").rmdir()
        (root / ".gitignore").write_text("report.json\n__pycache__\n")
        (root / "shop.py").write_text(OLD_DRIFT)
        git(root, "init", "-q", "-b", "main")
        self.commit()
        assert main(["init", "--yes"]) == 0

    def commit(self) -> None:
        git(self.root, "add", ".")
        git(self.root, "commit", "-qm", "more")

    def add(self, key: str, parent: str, body: str) -> None:
        header = f"import sqlalchemy as sa\nfrom alembic import op\nrevision = {key!r}\n"
        text = f"{header}down_revision = {parent!r}\n{body}"
        (self.root / "migrations" / "versions" / f"{key}.py").write_text(text)

    def gate(self) -> tuple[int, list[tuple[str, str, str]], list[str]]:
        """Return the exit code, rule, severity and revision of each finding, and the notes."""
        report = self.root / "report.json"
        code = main(["gate", "--database-url", self._url, "--report", f"json={report}"])
        result = json.loads(report.read_text())
        findings = [
            (each["rule"], each["severity"], each["revision"]) for each in result["findings"]
        ]
        return code, findings, result["notes"]


@pytest.fixture
def adopted(project: ProjectMaker, sync_env: str, monkeypatch: pytest.MonkeyPatch) -> Adopted:
    made = project(SAME, LEAVES.format("mood"), env=env(sync_env, COMPARE))
    monkeypatch.chdir(made.root)
    return Adopted(made.root, made.server_url)


def test_gate_passes_after_init_and_judges_what_is_new(adopted: Adopted) -> None:
    code, findings, notes = adopted.gate()
    assert code == 0
    assert {severity for _, severity, _ in findings} == {"warning"}
    assert {rule for rule, *_ in findings} == {"missing-table", "model-drift"}
    assert any("about revisions up to the baseline `r2`" in each for each in notes)

    adopted.commit()
    adopted.add("r3", "r2", LEAVES.format("more"))
    text = (adopted.root / "shop.py").read_text()
    (adopted.root / "shop.py").write_text(
        text.replace("    mood =", "    name = Column(Text)\n    mood =")
        + "\n\nclass Fresh(Base):\n    __tablename__ = 'fresh'\n"
        "    id = Column(Integer, primary_key=True)\n"
    )
    code, findings, _ = adopted.gate()
    assert code == 1
    errors = [(rule, revision) for rule, severity, revision in findings if severity == "error"]
    assert sorted(rule for rule, _ in errors) == [
        "downgrade-residue", "missing-table", "model-drift",
    ]  # fmt: skip
    assert ("downgrade-residue", "r3") in errors
    assert ("blocking-lock", "warning", "r3") in findings


def test_many_old_errors_come_with_the_way_to_accept_them(
    project: ProjectMaker, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    empty = (
        "def upgrade():\n    op.execute('CREATE TABLE t{0} ()')\n\n\ndef downgrade():\n    pass\n"
    )
    made = project(*(empty.format(number) for number in range(5)))
    monkeypatch.chdir(made.root)
    (made.root / ".git").rmdir()
    git(made.root, "init", "-q")
    (made.root / "revgate.toml").write_text('file-name = "any"\nignore = ["revision-id"]\n')
    words = ("gate", "--database-url", made.server_url, "--no-rows")
    assert main([*words]) == 1
    (line,) = (each for each in capsys.readouterr().out.splitlines() if "--against REF" in each)
    assert 'set `baseline = "r5"`' in line

    with (made.root / "revgate.toml").open("a") as settings:
        settings.write('baseline = "r5"\n')
    assert main([*words]) == 0
    assert "not shown: " in capsys.readouterr().out
