"""With `head-file`, git refuses a second head, and `rebase` and `new` keep the file right."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from revgate.repair.head_file import head_edit

HEAD = "migrations/HEAD"
FIRST, SECOND, THIRD, TENTH = "20250101000000", "20250102000000", "20250103000000", "20250110000000"


def revgate(repository: Any, *words: str, code: int = 0) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "revgate", *words],
        cwd=repository.root,
        env={**os.environ, **repository.environment},
        capture_output=True,
        check=False,
        text=True,
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def forked(fork: Any) -> Any:
    """Return a repository with one new revision on each side, and a head file on both."""
    repository = fork()
    setting = f'head-file = "{HEAD}"\n'
    repository.put("revgate.toml", setting)
    repository.put(HEAD, f"{TENTH}\n")
    repository.commit()
    repository.switch("main")
    repository.put("revgate.toml", setting)
    repository.put(HEAD, f"{THIRD}\n")
    repository.commit()
    repository.switch("feature")
    return repository


def head(repository: Any) -> str:
    return str((repository.root / HEAD).read_text())


def test_git_refuses_a_fork_and_a_rebase_resolves_it(forked: Any) -> None:
    forked.git("merge", "main", code=1)
    assert "<<<<<<<" in head(forked)
    out = revgate(forked, "rebase", "--onto", "main")
    assert f"{HEAD}: now `{TENTH}`" in out
    assert head(forked) == f"{TENTH}\n"
    finish(forked, out)
    assert forked.line() == [FIRST, SECOND, THIRD, TENTH]


@pytest.mark.parametrize("words", [(), ("--restamp",)], ids=["", "restamp"])
def test_a_rebase_before_the_merge(forked: Any, words: tuple[str, ...]) -> None:
    out = revgate(forked, "rebase", "--onto", "main", *words)
    assert revgate(forked, "check", "--against", "main")
    finish(forked, out)
    *_, last = forked.line()
    assert head(forked) == f"{last}\n"
    assert (last == TENTH) is not words


def finish(repository: Any, out: str) -> None:
    """Run what the command says comes next; then nothing may be left to do."""
    command = out.partition("next: ")[2].splitlines()[0]
    done = subprocess.run(
        ["sh", "-c", command],
        cwd=repository.root,
        env={**os.environ, **repository.environment},
        capture_output=True,
        check=False,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert repository.git("status", "--porcelain") == ""
    revgate(repository, "check")
    revgate(repository, "check", "--against", "main")


def test_new_writes_it(forked: Any) -> None:
    path = revgate(forked, "new", "add invoices").strip()
    key = path.rpartition("/")[2].partition("_")[0]
    assert head(forked) == f"{key}\n"
    revgate(forked, "check")


def test_the_help_of_the_rule_is_followed(forked: Any) -> None:
    forked.put(HEAD, f"{FIRST}\n")
    out = revgate(forked, "check", "--format=json", code=1)
    (found,) = json.loads(out)["findings"]
    assert found["rule"] == "stale-head-file"
    command = found["help"].partition("run `")[2].partition("`")[0]
    subprocess.run(["sh", "-c", command], cwd=forked.root, check=True)
    revgate(forked, "check")


def test_it_stays_as_it_is_where_it_is_right(tmp_path: Any) -> None:
    (tmp_path / "HEAD").write_bytes(b"b\r\na\r\n")
    assert head_edit(str(tmp_path), "HEAD", ["a", "b"]) is None
    assert head_edit(str(tmp_path), None, ["a"]) is None


@pytest.mark.parametrize("path", ["/HEAD", "../HEAD", "."])
def test_a_place_outside_is_refused(forked: Any, path: str) -> None:
    forked.put("revgate.toml", f'head-file = "{path}"\n')
    assert revgate(forked, "check", code=2) == ""


def test_two_environments_cannot_share_it(forked: Any) -> None:
    forked.put("billing/alembic.ini", "[alembic]\nscript_location = %(here)s\n")
    forked.put(
        f"billing/versions/{FIRST}_r.py", f"""revision = '{FIRST}'\ndown_revision = None\n"""
    )
    forked.git("add", "-A")
    assert revgate(forked, "check", code=2) == ""
