"""Draws the pictures in docs/pictures from what the program prints: `make pictures`.

`make lint` runs it with `--check`, which draws nothing and fails if the text behind a picture has
changed. Each picture carries its text: fork.svg is text, and report.png has it in a chunk.
"""

from __future__ import annotations

import difflib
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import screenshot
import terminal

ROOT = Path(__file__).resolve().parent.parent
PICTURES = ROOT / "docs" / "pictures"
BASELINE, HEAD = "efaa6e584823", "20251117000000"
REVISION = '''"""Add {table}.

Revision ID: {revision}
Revises: {parent}
Create Date: {date}
"""

import sqlalchemy as sa
from alembic import op

revision = "{revision}"
down_revision = "{parent}"


def upgrade() -> None:
    op.create_table(
        "{table}",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("status", sa.Enum("open", "closed", name="{table}_status"), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("{table}")
'''


def copy_application(folder: Path) -> None:
    """Copy the reference application, with the settings that it needs on its own."""
    for name in ("migrations", "models"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, folder / name, ignore=ignored)
    shutil.copy(ROOT / "alembic.ini", folder)
    (folder / "revgate.toml").write_text(f'baseline = "{BASELINE}"\n')


def add_revision(folder: Path, table: str, hour: int) -> None:
    """Add a revision that creates a table; its downgrade leaves the table's type behind."""
    revision, date = f"20251118{hour}0000", f"2025-11-18 {hour}:00:00"
    text = REVISION.format(table=table, revision=revision, parent=HEAD, date=date)
    (folder / "migrations" / "versions" / f"{revision}_add_{table}.py").write_text(text)


def fork(folder: Path) -> str:
    """Return the picture of a commit that the hook refuses, because it would fork the history."""
    copy_application(folder)
    terminal.git(folder, "init", "--quiet", "--initial-branch=main")
    add_revision(folder, "invoices", hour=12)
    terminal.git(folder, "add", ".")
    terminal.git(folder, "commit", "--quiet", "--message=Add invoices")
    hook = folder / ".git" / "hooks" / "pre-commit"
    hook.write_text(
        f'#!/bin/sh\nexec "{sys.executable}" -I -S "{ROOT}/hooks/revgate" check --staged\n'
    )
    hook.chmod(0o755)
    add_revision(folder, "receipts", hour=13)
    terminal.git(folder, "add", ".")
    command = "git commit --message 'Add receipts'"
    return terminal.draw(command, terminal.run(folder, command, expect=1))


def report(folder: Path) -> Path:
    """Return the html report of a gate that finds a type left behind by a downgrade."""
    copy_application(folder)
    add_revision(folder, "tickets", hour=12)
    page = folder / "report.html"
    command = [sys.executable, "-m", "revgate", "gate", "--no-cache", "--report", f"html={page}"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if done.returncode != 1:
        raise SystemExit(
            f"the gate exited with {done.returncode}, not 1:\n{done.stdout}{done.stderr}"
        )
    return page


def draw(scratch: Path) -> None:
    """Draw all pictures."""
    (PICTURES / "fork.svg").write_text(fork(_folder(scratch, "fork")), encoding="utf-8")
    screenshot.take(report(_folder(scratch, "shop")), PICTURES / "report.png")
    for path in sorted(PICTURES.iterdir()):
        print(path.relative_to(ROOT), f"{path.stat().st_size:,} bytes")


def check(scratch: Path) -> int:
    """Print how the text behind each picture differs from today's; return 1 if any does."""
    svg, png = PICTURES / "fork.svg", PICTURES / "report.png"
    texts = [
        (svg, svg.read_text("utf-8"), fork(_folder(scratch, "fork"))),
        (png, screenshot.text_in(png), screenshot.text_of(report(_folder(scratch, "shop")))),
    ]
    stale = [(path, drawn, today) for path, drawn, today in texts if drawn != today]
    for path, drawn, today in stale:
        print(f"{path.relative_to(ROOT)} is stale: run `make pictures`")
        print(
            *difflib.unified_diff(
                drawn.splitlines(), today.splitlines(), "drawn", "today", n=0, lineterm=""
            ),
            sep="\n",
        )
    return 1 if stale else 0


def _folder(scratch: Path, name: str) -> Path:
    folder = scratch / name
    folder.mkdir()
    return folder


def main() -> int:
    """Draw the pictures, or check them."""
    with tempfile.TemporaryDirectory() as name:
        if "--check" in sys.argv[1:]:
            return check(Path(name))
        draw(Path(name))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
