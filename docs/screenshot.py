"""Takes the picture of the html report for the README: `.venv/bin/python docs/screenshot.py`.

Judges a copy of the reference application with one revision more, whose downgrade leaves a type
behind, and opens the page in Chromium. Needs what the tests need: PostgreSQL and Chromium.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parent.parent
PICTURE = ROOT / "docs" / "pictures" / "report.png"
SIZE = {"width": 1100, "height": 860}
TICKETS = '''"""Add tickets.

Revision ID: 20251118120000
Revises: 20251117000000
Create Date: 2025-11-18 12:00:00
"""

import sqlalchemy as sa
from alembic import op

revision = "20251118120000"
down_revision = "20251117000000"


def upgrade() -> None:
    op.create_table(
        "tickets",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("status", sa.Enum("open", "closed", name="ticket_status"), nullable=False),
    )
    op.create_index("ix_tickets_status", "tickets", ["status"])


def downgrade() -> None:
    op.drop_index("ix_tickets_status", "tickets")
    op.drop_table("tickets")
'''


def write_project(folder: Path) -> None:
    """Copy the reference application, and add the revision."""
    for name in ("migrations", "models"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, folder / name, ignore=ignored)
    shutil.copy(ROOT / "alembic.ini", folder)
    (folder / "revgate.toml").write_text('baseline = "efaa6e584823"\n')
    versions = folder / "migrations" / "versions"
    (versions / "20251118120000_add_tickets.py").write_text(TICKETS)


def judge(folder: Path) -> Path:
    """Run the gate, which finds something, and return the page."""
    page = folder / "report.html"
    command = [sys.executable, "-m", "revgate", "gate", "--no-cache", "--report", f"html={page}"]
    code = subprocess.run(command, cwd=folder).returncode
    if code != 1:
        message = f"the gate ended with {code}, and the picture is to show a finding"
        raise SystemExit(message)
    return page


def take(page: Path) -> None:
    """Open the page with its newest revision unfolded."""
    with sync_playwright() as playwright:
        found = shutil.which("chromium") or shutil.which("google-chrome")
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        shown = browser.new_page(viewport=SIZE, color_scheme="light")  # type: ignore[arg-type]  # a plain dict
        shown.goto(page.as_uri())
        shown.click("details.r >> nth=0")
        shown.mouse.move(0, 0)
        shown.screenshot(path=PICTURE)
        browser.close()


def main() -> int:
    """Take the picture."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_project(folder)
        take(judge(folder))
    print(PICTURE.relative_to(ROOT), f"{PICTURE.stat().st_size:,} bytes")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
