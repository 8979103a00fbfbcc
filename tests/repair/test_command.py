"""The command line of `revgate rebase`."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

VERSIONS = "migrations/versions"
PATH = f"{VERSIONS}/20250110000000_r.py"


def run(repository: Any, *arguments: str) -> tuple[int, str, str]:
    done = subprocess.run(
        [sys.executable, "-m", "revgate", "rebase", *arguments],
        cwd=repository.root,
        env={**os.environ, **repository.environment},
        capture_output=True,
        check=False,
        text=True,
    )
    assert "Traceback" not in done.stderr
    return done.returncode, done.stdout, done.stderr


def test_rebase(fork: Any) -> None:
    repository = fork()
    code, out, _ = run(repository, "--onto", "main")
    assert code == 0
    assert out.splitlines()[1] == f"{PATH}: parent `20250102000000` -> `20250103000000`"
    assert run(repository)[:2] == (
        0,
        (
            "onto main (the default base; use --onto to change it)\n"
            "nothing to do: 1 new revision already after the head `20250103000000`\n"
            "next: git merge --no-commit main && git add -A -- migrations/versions && git commit\n"
            "this gets 1 revision of main; until then, `revgate check` reports a missing parent\n"
        ),
    )


def test_a_dry_run(fork: Any) -> None:
    repository = fork()
    before = repository.files()
    code, out, _ = run(repository, "--dry-run", "--restamp")
    assert code == 0
    assert f"\nrename from {PATH}\n" in out
    assert '\n-down_revision: str | None = "20250102000000"\n' in out
    assert repository.files() == before


def test_a_base_that_is_not_here(fork: Any) -> None:
    code, _, said = run(fork(), "--onto", "origin/nowhere")
    assert code == 3
    assert "origin/nowhere" in said


def test_what_is_refused(fork: Any) -> None:
    repository = fork()
    (repository.root / VERSIONS / "20250101000000_r.py").unlink()
    code, _, said = run(repository)
    assert code == 2
    assert "this branch removed `20250101000000`" in said


def test_nothing_of_the_repository_is_executed(fork: Any) -> None:
    repository = fork()
    with (repository.root / PATH).open("a") as file:
        file.write("raise SystemExit(9)\n")
    repository.put("sitecustomize.py", "raise SystemExit(9)\n")
    repository.put("migrations/env.py", "raise SystemExit(9)\n")
    assert run(repository)[0] == 0


def test_names_cannot_steer_a_terminal(fork: Any) -> None:
    repository = fork()
    text = repository.text("20250110000000_r.py").replace("20250110", "20250111")
    repository.put(f"{VERSIONS}/\x1b[2J.py", text)
    code, out, _ = run(repository)
    assert code == 0
    assert "\x1b" not in out
    assert "\\x1b[2J.py" in out
