"""The cache changes how long a run takes, and nothing else."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import pytest

from revgate import settings
from revgate.checking import history as history_checks
from revgate.checking.selection import Choice
from revgate.history import cache as cache_module
from revgate.history import parse as parse_module
from revgate.history.parse import parse
from revgate.history.source import WorkTree

if TYPE_CHECKING:
    from pathlib import Path

    from revgate.result import Result

REVISION = """\
revision = "{id}"
down_revision = {parent!r}


def upgrade():
    op.create_table("x")


def downgrade():
    {down}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("REVGATE_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def root(tmp_path: Path, folder: Path) -> Path:
    root = tmp_path / "repository"
    (root / "migrations" / "versions").mkdir(parents=True)
    (root / "alembic.ini").write_text("[alembic]\nscript_location = migrations\n")
    write(root, "20250101000000", None)
    write(root, "20250102000000", "20250101000000", down="pass")
    return root


def write(root: Path, key: str, parent: str | None, down: str = "op.drop_table('x')") -> Path:
    path = root / "migrations" / "versions" / f"{key}_x.py"
    path.write_text(REVISION.format(id=key, parent=parent, down=down))
    old = time.time() - 3600
    os.utime(path, (old, old))
    return path


def check(root: Path, *, cached: bool = True) -> Result:
    loaded = settings.load(str(root))
    source = WorkTree(str(root), is_repository=False)
    return history_checks.check(source, loaded, Choice(loaded), cached=cached)[0]


def rules(result: Result) -> list[str]:
    return [finding.rule for finding in result.findings]


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The paths of the files that were parsed, not taken from the cache."""
    seen: list[str] = []

    def counting(path: str, data: bytes) -> object:
        seen.append(path)
        return parse(path, data)

    monkeypatch.setattr(parse_module, "parse", counting)
    return seen


def test_a_second_run_parses_nothing_and_says_the_same(root: Path, parsed: list[str]) -> None:
    first = check(root)
    assert rules(first) == ["empty-downgrade"]
    assert len(parsed) == 2
    assert check(root) == first
    assert len(parsed) == 2


def test_without_the_cache_everything_is_parsed_and_nothing_kept(
    root: Path, folder: Path, parsed: list[str]
) -> None:
    assert check(root, cached=False) == check(root, cached=False)
    assert len(parsed) == 4
    assert not folder.exists()


def test_a_changed_file_is_seen(root: Path, parsed: list[str]) -> None:
    check(root)
    write(root, "20250102000000", "20250101000000")
    assert rules(check(root)) == []
    assert len(parsed) == 3


def test_a_change_of_equal_size_within_the_same_second_is_seen(root: Path) -> None:
    path = root / "migrations" / "versions" / "20250101000000_x.py"
    text = path.read_text()
    path.write_text(text)
    check(root)
    path.write_text(text.replace("down_revision = None", "down_revision = 'aa'"))
    assert "missing-parent" in rules(check(root))


def test_a_removed_file_is_seen(root: Path) -> None:
    check(root)
    (root / "migrations" / "versions" / "20250101000000_x.py").unlink()
    assert "missing-parent" in rules(check(root))


def test_a_renamed_file_is_judged_by_its_new_name(root: Path) -> None:
    check(root)
    path = root / "migrations" / "versions" / "20250101000000_x.py"
    path.rename(path.with_name("x.py"))
    assert "file-name" in rules(check(root))


def test_settings_are_not_cached(root: Path) -> None:
    check(root)
    (root / "revgate.toml").write_text('ignore = ["empty-downgrade"]\nfile-name = "any"\n')
    assert rules(check(root)) == []


def test_what_may_be_judged_otherwise_tomorrow_is_not_kept(root: Path, parsed: list[str]) -> None:
    write(root, "29990101000000", "20250102000000")
    assert "future-timestamp" in rules(check(root))
    assert "future-timestamp" in rules(check(root))
    assert len(parsed) == 4


def test_an_unreadable_file_is_reported_from_the_cache_too(root: Path, parsed: list[str]) -> None:
    path = root / "migrations" / "versions" / "20250103000000_x.py"
    path.write_text("def broken(:\n")
    first = check(root)
    assert "unreadable-revision" in rules(first)
    assert check(root) == first
    assert len(parsed) == 3


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: b"",
        lambda data: data[:-1],
        lambda data: data[:30],
        lambda data: data[:-5] + b"\0" + data[-4:],
        lambda data: b"\0" * len(data),
        lambda data: os.urandom(len(data)),
    ],
    ids=["empty", "cut", "cut early", "flipped", "zeroed", "noise"],
)
def test_a_damaged_cache_costs_time_only(root: Path, folder: Path, damage: object) -> None:
    first = check(root)
    (table,) = folder.iterdir()
    assert callable(damage)
    table.write_bytes(damage(table.read_bytes()))
    assert check(root) == first
    assert check(root) == first


def test_a_cache_that_cannot_be_written_costs_time_only(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("REVGATE_CACHE_DIR", str(tmp_path / "file"))
    assert rules(check(root)) == ["empty-downgrade"]
    assert (tmp_path / "file").read_text() == ""


def test_the_cache_is_bounded(root: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache_module, "LARGEST_FOLDER", 1000)
    folder.mkdir()
    (folder / "old.facts").write_bytes(b"x" * 2000)
    os.utime(folder / "old.facts", (1, 1))
    check(root)
    names = [path.name for path in folder.iterdir()]
    assert "old.facts" not in names
    assert len(names) == 1


def test_concurrent_runs_do_not_meet(root: Path, folder: Path) -> None:
    expected = check(root, cached=False)
    children = []
    for _ in range(6):
        child = os.fork()
        if child == 0:
            same = all(check(root) == expected for _ in range(5))
            os._exit(0 if same else 1)
        children.append(child)
    assert [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children] == [0] * 6
    assert [path.suffix for path in folder.iterdir()] == [".facts"]


def test_compiled_revisions_that_alembic_would_load_are_said_to_be_unread(root: Path) -> None:
    assert check(root).notes == ()
    with (root / "alembic.ini").open("a") as file:
        file.write("sourceless = true\n")
    (note,) = check(root).notes
    assert note.startswith("alembic.ini: `sourceless` is true")


def test_a_pipe_or_a_device_in_the_cache_folder(root: Path, folder: Path) -> None:
    cache = cache_module.Cache("any")
    folder.mkdir()
    for make in (os.mkfifo, os.mkdir, lambda path: os.symlink("/dev/zero", path)):
        make(cache.path)
        assert cache.load() == {}
        if make is not os.mkdir:
            cache.save({"a": 1})
            assert cache.load() == {"a": 1}
            os.unlink(cache.path)
        else:
            os.rmdir(cache.path)


def test_a_pipe_in_place_of_a_temporary_file(root: Path, folder: Path) -> None:
    cache = cache_module.Cache("any")
    folder.mkdir()
    os.mkfifo(f"{cache.path}.{os.getpid()}")
    cache.save({"a": 1})
    assert cache.load() == {"a": 1}


def test_a_file_that_is_too_large_is_not_read(
    root: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = cache_module.Cache("any")
    cache.save({"a": 1})
    monkeypatch.setattr(cache_module, "LARGEST_FOLDER", 3)
    assert cache.load() == {}
