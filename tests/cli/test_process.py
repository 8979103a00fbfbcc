"""What only a process of its own can show."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    import subprocess

Spawn = Callable[..., "subprocess.Popen[bytes]"]
Add = Callable[..., Path]


def finish(process: subprocess.Popen[bytes]) -> tuple[int, bytes, bytes]:
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err


def test_a_bare_environment(spawn: Spawn) -> None:
    code, out, err = finish(spawn("check", "--format", "json"))
    assert (code, err) == (0, b"")
    assert json.loads(out)["summary"]["revisions"] == 2


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("check",), 1),
        (("check", "--select", "file-name"), 0),
        (("check", "--nope"), 2),
        (("check", "--at", "HEAD"), 2),
        (("check", "--config", "empty/alembic.ini"), 3),
        (("gate", "--nope"), 2),
    ],
)
def test_exit_codes(
    arguments: tuple[str, ...], expected: int, spawn: Spawn, add: Add, repository: Path
) -> None:
    add("20250103000000", "20250101000000")
    (repository / "empty").mkdir()
    (repository / "empty" / "alembic.ini").write_text("[alembic]\nscript_location = gone\n")
    if "--config" not in arguments:
        (repository / "empty" / "alembic.ini").unlink()
    code, _, err = finish(spawn(*arguments))
    assert code == expected, err
    assert b"Traceback" not in err


def test_nothing_of_the_project_is_imported_or_run(spawn: Spawn, repository: Path) -> None:
    for name in ("alembic", "sqlalchemy", "json", "argparse", "sitecustomize2"):
        (repository / f"{name}.py").write_text(f"open('ran-{name}', 'w')\n")
    for path in (repository / "migrations" / "versions").iterdir():
        path.write_text("open('ran-revision', 'w')\n" + path.read_text())
    code, _, _ = finish(spawn("check", env={"PYTHONSAFEPATH": "1"}))
    assert code == 0
    assert not [name for name in os.listdir(repository) if name.startswith("ran-")]


def test_no_package_outside_the_standard_library(spawn: Spawn) -> None:
    code, _, err = finish(spawn("check", env={"PYTHONVERBOSE": "1"}))
    assert code == 0
    loaded = {line.split()[1] for line in err.splitlines() if line.startswith(b"import ")}
    assert b"'revgate.environments'" in loaded
    assert not [name for name in loaded if name.startswith((b"'alembic", b"'sqlalchemy"))]


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_an_output_that_cannot_show_everything(encoding: str, spawn: Spawn, add: Add) -> None:
    add("20250103000000", "20250101000000", name="20250103000000_ünï_日本.py")
    code, out, err = finish(spawn("check", env={"PYTHONIOENCODING": encoding}))
    assert (code, err) == (1, b"")
    assert out.decode(encoding)
    wide = "_日本" if encoding == "utf-8" else "_\\u65e5\\u672c"
    assert wide in out.decode(encoding)


def test_complaints_that_cannot_be_shown(spawn: Spawn) -> None:
    code, _, err = finish(spawn("explain", "日本", env={"PYTHONIOENCODING": "ascii"}))
    assert code == 2
    assert b"\\u65e5\\u672c" in err
    assert b"Traceback" not in err


def test_a_reader_that_goes_away(spawn: Spawn) -> None:
    process = spawn("rules")
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    err = process.stderr.read()
    process.stderr.close()
    assert (process.wait(60), err) == (0, b"")


def test_an_interrupt(spawn: Spawn, repository: Path, tmp_path: Path) -> None:
    (repository / ".git").mkdir()
    git = tmp_path / "bin" / "git"
    git.parent.mkdir()
    git.write_text(f"#!/bin/sh\ntouch '{tmp_path}/waiting'\nexec sleep 30\n")
    git.chmod(0o755)
    # Python leaves the program that it waited for to the signal, and warns of that on request.
    path = f"{git.parent}:{os.environ['PATH']}"
    process = spawn("check", env={"PATH": path, "PYTHONWARNINGS": "ignore"})
    for _ in range(600):
        if (tmp_path / "waiting").exists():
            break
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    code, out, err = finish(process)
    assert (code, out) == (130, b"")
    assert err == b"revgate: interrupted\n"
