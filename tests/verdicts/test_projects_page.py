"""The page on projects: its settings are valid, and its checks run in the monorepo it names."""

from __future__ import annotations

import re
import shlex
import subprocess
import tomllib
from pathlib import Path

import pytest

from revgate import settings
from revgate.cli import main

PAGE = (Path(__file__).parents[2] / "docs" / "pages" / "projects.md").read_text()
SETTINGS = re.findall(r"^```toml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
COMMANDS = re.findall(r"^\$ revgate (check[^\n]*)$", PAGE, re.MULTILINE)
REVISION = 'revision = "20250101000000"\ndown_revision = None\n\n\ndef upgrade():\n    pass\n'


@pytest.mark.parametrize("text", SETTINGS)
def test_its_settings_are_valid(text: str) -> None:
    table = tomllib.loads(text)["tool"]["revgate"]
    assert settings.from_table(table, "pyproject.toml").path == "pyproject.toml"


@pytest.mark.parametrize("command", COMMANDS)
def test_its_checks_run(
    command: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for service in ("billing", "shop"):
        folder = tmp_path / "services" / service
        (folder / "migrations" / "versions").mkdir(parents=True)
        (folder / "alembic.ini").write_text("[alembic]\nscript_location = %(here)s/migrations\n")
        path = folder / "migrations" / "versions" / "20250101000000_begin.py"
        path.write_text(f"{REVISION}\n\ndef downgrade():\n    pass\n")
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    subprocess.run(["git", "add", "."], cwd=tmp_path, check=True)
    monkeypatch.chdir(tmp_path)
    assert main(shlex.split(command)) == 0
    both = command == "check"
    assert capsys.readouterr().out.count("1 revision,") == (2 if both else 1)
