"""Dry runs write nothing, and a write that fails leaves everything as it was."""

from __future__ import annotations

import os
import stat
from typing import Any

import pytest

from revgate.errors import UsageError
from revgate.repair.edits import FileEdit
from revgate.repair.write import write

VERSIONS = "migrations/versions"


def stamp(number: int) -> str:
    return f"202501{number:02}000000"


@pytest.mark.parametrize("restamp", [False, True])
@pytest.mark.parametrize(
    "name",
    [
        f"{stamp(11)}_plain.py",
        f"{stamp(11)}_ünï.py",
        'with "quotes" and \\.py',
        "with a space.py",
        "tab\tand\x1b[2J.py",
    ],
)
def test_a_dry_run_shows_what_git_can_apply(fork: Any, name: str, restamp: bool) -> None:
    repository = fork()
    first = f"{VERSIONS}/{stamp(10)}_r.py"
    text = repository.text(f"{stamp(10)}_r.py")
    (repository.root / first).write_bytes(text.rstrip("\n").replace("\n", "\r\n").encode())
    if not restamp or name.startswith(stamp(11)):
        second = text.replace(f'"{stamp(10)}"', f'"{stamp(11)}"').replace("é", "e")
        repository.put(f"{VERSIONS}/{name}", second)
    before = repository.files()
    outcome = repository.rebase(onto="main", restamp=restamp, dry_run=True)
    assert repository.files() == before
    assert not any(line.startswith("next:") for line in outcome.lines)
    patch = repository.put("../patch", outcome.diff.encode())
    repository.rebase(onto="main", restamp=restamp)
    after = repository.files()
    for path in after:
        (repository.root / path).unlink()
    for path, data in before.items():
        repository.put(path, data)
    repository.git("apply", "--whitespace=nowarn", str(patch))
    assert repository.files() == after != before


def test_modes_are_kept_and_nothing_is_left_next_to_it(fork: Any) -> None:
    repository = fork()
    path = repository.root / VERSIONS / f"{stamp(10)}_r.py"
    path.chmod(0o750)
    repository.rebase(onto="main", restamp=True)
    fresh = repository.root / VERSIONS / "20260102030405_r.py"
    assert stat.S_IMODE(fresh.stat().st_mode) == 0o750
    assert not [each for each in os.listdir(fresh.parent) if each.startswith(".")]


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
@pytest.mark.parametrize("function", ["replace", "rename", "chmod"])
@pytest.mark.parametrize("fails_at", [1, 2, 3])
@pytest.mark.parametrize("restamp", [False, True])
def test_a_write_that_fails_is_taken_back(
    tmp_path: Any,
    monkeypatch: pytest.MonkeyPatch,
    error: BaseException,
    function: str,
    fails_at: int,
    restamp: bool,
) -> None:
    changes = []
    for number in range(3):
        (tmp_path / f"{number}.py").write_bytes(b"before")
        new = f"new{number}.py" if restamp else f"{number}.py"
        changes.append(FileEdit(f"{number}.py", b"before", new, b"after"))
    real, calls = getattr(os, function), 0

    def failing(*arguments: Any) -> None:
        nonlocal calls
        calls += 1
        if calls == fails_at:
            raise error
        real(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(os, function, failing)
        if function == "rename" and not restamp:
            write(str(tmp_path), changes)  # nothing is renamed
            return
        with pytest.raises((UsageError, KeyboardInterrupt)) as caught:
            write(str(tmp_path), changes)
    if isinstance(error, OSError):
        assert "nothing was changed" in str(caught.value)
    found = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert found == {f"{number}.py": b"before" for number in range(3)}


def test_a_file_that_changed_meanwhile(tmp_path: Any) -> None:
    (tmp_path / "a.py").write_bytes(b"other")
    with pytest.raises(UsageError, match=r"a\.py was modified"):
        write(str(tmp_path), [FileEdit("a.py", b"before", "a.py", b"after")])
    assert (tmp_path / "a.py").read_bytes() == b"other"


def test_a_link_is_not_replaced(tmp_path: Any) -> None:
    (tmp_path / "there.py").write_bytes(b"before")
    (tmp_path / "a.py").symlink_to("there.py")
    with pytest.raises(UsageError, match=r"a\.py is a link"):
        write(str(tmp_path), [FileEdit("a.py", b"before", "a.py", b"after")])
    assert (tmp_path / "a.py").is_symlink()
