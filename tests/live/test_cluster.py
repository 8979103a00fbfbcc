"""A throwaway server begins as a copy of what `initdb` made in an earlier run."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest

from revgate.postgres.account import Account
from revgate.postgres.cluster import KeptCluster
from revgate.postgres.connect import connect
from revgate.postgres.programs import find_local
from revgate.postgres.server import throwaway

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

OURS = Account({}, None)


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a cache folder that a run has filled."""
    folder = tmp_path_factory.mktemp("filled")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("REVGATE_CACHE_DIR", str(folder))
        _start()
    return folder


@pytest.fixture
def cache(filled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Use a copy of that folder, and return the file of the data folder."""
    shutil.copytree(filled, tmp_path / "cache")
    monkeypatch.setenv("REVGATE_CACHE_DIR", str(tmp_path / "cache"))
    (file,) = (tmp_path / "cache").iterdir()
    return file


def _start(*, cached: bool = True) -> tuple[int, str]:
    """Start a server; return what `initdb` identifies its data by, and its password."""
    with throwaway(None, cached=cached) as server:
        connection = connect(server.create_database())
        with connection.cursor() as cursor:
            cursor.execute("SELECT system_identifier FROM pg_control_system()")
            (found,) = cursor.fetchone()
        connection.close()
        return found, server.address.password


def _kept() -> KeptCluster:
    programs = find_local()
    assert programs
    return KeptCluster(programs, enabled=True)


def test_two_servers_begin_alike_with_passwords_of_their_own(cache: Path) -> None:
    (one, password), (other, another) = _start(), _start()
    assert one == other
    assert len({password, another}) == 2
    assert password.encode() not in cache.read_bytes()


def test_without_the_cache_a_server_is_new(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REVGATE_CACHE_DIR", str(tmp_path / "none"))
    _start(cached=False)
    assert not (tmp_path / "none").exists()


def test_data_that_no_server_starts_on_are_replaced(cache: Path) -> None:
    kept = _kept()._cache
    table = kept.load()
    files = [(name, 0 if "pg_control" in name else size, b"" if "pg_control" in name else content)
             for name, size, content in table["files"]]  # fmt: skip
    kept.save({**table, "files": files})
    (one, _), (other, _) = _start(), _start()
    assert one == other


def _truncated(file: Path) -> None:
    os.truncate(file, file.stat().st_size // 2)


def _readable(file: Path) -> None:
    file.chmod(0o644)


def _writable(file: Path) -> None:
    file.parent.chmod(0o777)


def _linked(file: Path) -> None:
    file.rename(file.parent / "elsewhere")
    file.symlink_to("elsewhere")


def _of_another_shape(_file: Path) -> None:
    _kept()._cache.save({"password": "x", "folders": [], "files": [("a",)]})


@pytest.mark.parametrize("spoil", [_truncated, _readable, _writable, _linked, _of_another_shape])
def test_a_doubtful_file_is_not_used(
    cache: Path, tmp_path: Path, spoil: Callable[[Path], None]
) -> None:
    assert _kept().restore(str(tmp_path / "before"), OURS)
    spoil(cache)
    assert _kept().restore(str(tmp_path / "after"), OURS) == ""


def test_other_programs_have_data_of_their_own(cache: Path, tmp_path: Path) -> None:
    programs = tmp_path / "bin"
    shutil.copytree(find_local() or "", programs)
    assert KeptCluster(str(programs), enabled=True).restore(str(tmp_path / "data"), OURS) == ""
    assert cache.is_file()
