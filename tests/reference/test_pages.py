"""What docs/pages quotes is what the program prints."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parents[2]
PAGES = ROOT / "docs" / "pages"
# What differs from one machine and one run to the next.
VARIES = (r"postgresql\S+", r"PostgreSQL [\d.]+", r"\d+ ms", r"(?:DATABASE_URL|--database-url)")


def comparable(text: str) -> list[str]:
    for pattern in VARIES:
        text = re.sub(pattern, "…", text)
    return [line.strip() for line in text.splitlines()]


def revgate(*words: str, inside: Path = ROOT, url: str = "", code: int = 0) -> str:
    variables = {**os.environ, "PYTHONPATH": str(ROOT / "checks"), "DATABASE_URL": url}
    done = subprocess.run(
        [sys.executable, "-m", "revgate", *words],
        cwd=inside,
        env=variables,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout


def test_the_upgrade_and_the_doctor(
    empty_database: str, alembic: Callable[..., str], tmp_path: Path
) -> None:
    alembic(empty_database, "upgrade", "20251114120000")
    page = (PAGES / "workflow.md").read_text("utf-8")
    backup = f"--backup={tmp_path / 'before.dump'}"
    name = urlsplit(empty_database).path.strip("/")
    said = comparable(revgate("upgrade", "--yes", name, backup, url=empty_database))
    (pending,) = re.findall(r"```text\n(.*?)```", page, re.DOTALL)
    assert [line for line in comparable(pending) if line not in said and line != "…"] == []

    (tests,) = re.findall(r"\$ revgate doctor\n(✓.*?)```", page, re.DOTALL)
    assert comparable(tests) == comparable(revgate("doctor", url=empty_database))


def test_two_heads(tmp_path: Path) -> None:
    page = (PAGES / "adopt.md").read_text("utf-8")
    (quoted,) = re.findall(r"```text\n(.*multiple-heads.*\n.*\n.*\n)```", page)
    other, newest, common = re.findall(r"`([0-9a-f]{12})`", quoted)
    versions = tmp_path / "migrations" / "versions"
    versions.mkdir(parents=True)
    subprocess.run(["git", "init", "--quiet", tmp_path], check=True)
    (tmp_path / "alembic.ini").write_text("[alembic]\nscript_location = migrations\n")
    (tmp_path / "migrations" / "env.py").touch()
    for key, name, parent in (
        (common, "add_t497", None),
        (other, "add_t498", common),
        (newest, "add_t499", common),
    ):
        text = f"revision = {key!r}\ndown_revision = {parent!r}\ndef upgrade():\n    pass\n"
        (versions / f"{key}_{name}.py").write_text(text)
    said = revgate("check", "--select", "multiple-heads", inside=tmp_path, code=1)
    places = re.compile(r":\d+")
    shown = places.sub("", said).splitlines()
    assert {*places.sub("", quoted).splitlines()} <= {*shown}
