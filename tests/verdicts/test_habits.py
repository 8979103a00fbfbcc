"""A history that plainly follows another habit gets one finding for all its names."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import pytest

from revgate.cli import main

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

TEXT = (
    "revision = {key!r}\ndown_revision = {parent!r}\n\n\n"
    "def upgrade():\n    op.create_table('t')\n\n\ndef downgrade():\n    op.drop_table('t')\n"
)
HASHES = [hashlib.sha256(bytes([at])).hexdigest()[:12] for at in range(60)]
STAMPS = [f"202501{at + 1:02}000000" for at in range(30)]
Names = list[tuple[str, str]]
"""Each id, and the file name."""


def hashed(number: int, start: int = 0) -> Names:
    return [(key, f"{key}_add_it.py") for key in HASHES[start : start + number]]


def stamped(number: int) -> Names:
    return [(key, f"{key}_add_it.py") for key in STAMPS[:number]]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Names], Path]:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    root = tmp_path / "root"
    versions = root / "migrations" / "versions"
    versions.mkdir(parents=True)
    (root / "alembic.ini").write_text("[alembic]\nscript_location = migrations\n")
    (root / "migrations" / "env.py").write_text("")
    monkeypatch.chdir(root)

    def project(names: Names) -> Path:
        parents = [None, *(key for key, _ in names)]
        for (key, name), parent in zip(names, parents, strict=False):
            (versions / name).write_text(TEXT.format(key=key, parent=parent))
        return root

    return project


def check(capsys: pytest.CaptureFixture[str], *words: str) -> list[dict[str, Any]]:
    code = main(["check", "--format", "json", "--no-cache", *words])
    found: list[dict[str, Any]] = json.loads(capsys.readouterr().out)["findings"]
    assert code == bool(found)
    return found


DATED = [(key, f"2025_01_{at + 1:02}_1200-{key}_add.py") for at, key in enumerate(HASHES[:9])]
NUMBERED = [(f"{at:04}", f"{at:04}_add_it.py") for at in range(9)]
UNLIKE = [(key, f"2025010100{at:04}_add_it.py") for at, key in enumerate(HASHES[:9])]
DIGITS = [("993456789012", "993456789012_add.py"), *hashed(8)]


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (hashed(60), "of 60 of 60 revisions do not match `YYYYMMDDHHMMSS_description.py`: they"),
        (hashed(60), "they follow `<id>_description.py`"),
        (hashed(5), "of 5 of 5 revisions"),
        (DATED, "they follow `YYYY_MM_DD_HHMM-<id>_description.py`"),
        (NUMBERED, "they follow `NNNN_description.py`"),
        (DIGITS, "they follow `<id>_description.py`"),
        ([*hashed(20), *stamped(30)], "of 20 of 50 revisions"),
        ([*hashed(9), (HASHES[30], "odd.py")], "10 of 10 revisions do not match `YYYYMMDDHHMMSS_"),
        ([*hashed(9), (HASHES[30], "odd.py")], "9 follow `<id>_description.py`"),
    ],
)
def test_a_habit_is_one_finding(
    names: Names,
    message: str,
    project: Callable[[Names], Path],
    capsys: pytest.CaptureFixture[str],
) -> None:
    project(names)
    (found,) = check(capsys)
    assert found["rule"] == "file-name"
    assert message in found["message"]
    assert "revgate init" in found["help"]
    assert "rename" not in found["help"]


def test_ids_other_than_timestamps_are_one_finding(
    project: Callable[[Names], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    project(UNLIKE)
    (found,) = check(capsys)
    assert found["rule"] == "revision-id"
    assert "the ids of 9 of 9 revisions" in found["message"]
    assert "revgate init" in found["help"]


@pytest.mark.parametrize(
    "names", [hashed(4), [*stamped(20), *hashed(6)], [*stamped(9), ("abc", "add.py")]]
)
def test_a_few_wrong_names_are_reported_one_by_one(
    names: Names, project: Callable[[Names], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    project(names)
    wrong = sum(not name.startswith("2025") for _, name in names)
    assert [each["rule"] for each in check(capsys)] == ["file-name"] * wrong


def test_both_ways_out_pass(
    project: Callable[[Names], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    root = project(hashed(9))
    (found,) = check(capsys)
    pattern = found["help"].partition("file-name = '")[2].partition("'`")[0]
    baseline = found["help"].partition('baseline = "')[2].partition('"`')[0]
    for line in (f"file-name = '{pattern}'", f'baseline = "{baseline}"'):
        (root / "revgate.toml").write_text(f"{line}\n")
        assert check(capsys) == []
        capsys.readouterr()
        assert main(["new", "add more"]) == 0
        added = root / capsys.readouterr().out.strip()
        assert check(capsys) == []
        added.unlink()


def test_an_allowed_name_is_not_counted(
    project: Callable[[Names], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    root = project(hashed(9))
    path = root / "migrations" / "versions" / hashed(1)[0][1]
    path.write_text(f"# revgate: allow[file-name] a very old one\n{path.read_text()}")
    (found,) = check(capsys)
    assert "8 of 9 revisions" in found["message"]
