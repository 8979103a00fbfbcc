"""`gate` keeps what the text shows, and writes its reports, when env.py cannot run."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

from revgate.cli import main

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    ProjectMaker = Callable[..., Any]

BODY = 'def upgrade():\n    op.create_table("t")\n\n\ndef downgrade():\n    pass\n'


def test_static_findings_stay(
    project: ProjectMaker, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    made = project(BODY, env="import nowhere_to_be_found\n")
    (made.root / ".git").rmdir()
    subprocess.run(["git", "init", "-q"], cwd=made.root, check=True)
    subprocess.run(["git", "add", "."], cwd=made.root, check=True)
    monkeypatch.chdir(made.root)
    code = main(["gate", "--database-url", made.server_url, "--report", "json=report.json"])
    said = capsys.readouterr()

    assert code == 3
    assert "error[empty-downgrade]" in said.out
    assert "the round trip could not run" in said.out.splitlines()[-1]
    assert "nowhere_to_be_found" in said.err
    told = json.loads((made.root / "report.json").read_text())
    assert "empty-downgrade" in {each["rule"] for each in told["findings"]}
    assert any("nowhere_to_be_found" in note for note in told["notes"])
    assert told["roundtrip"] is None
