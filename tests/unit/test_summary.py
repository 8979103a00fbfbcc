"""What pytest says at the end of a run of these tests."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_what_was_skipped_for_want_of_a_browser(tmp_path: Path) -> None:
    tests = ROOT / "tests" / "reports" / "test_browser.py"
    options = ["--quiet", "--numprocesses=0", "-k", "printed", "-p", "no:cacheprovider"]
    bare = {"PATH": "/nowhere", "HOME": str(tmp_path), "PLAYWRIGHT_BROWSERS_PATH": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, str(tests)],
        cwd=ROOT,
        env={"TMPDIR": str(tmp_path), "LANG": os.environ.get("LANG", "C.UTF-8"), **bare},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "no browser found: skipped 1 test of the HTML report" in done.stdout, done.stdout
    assert list(tmp_path.iterdir()) == []
