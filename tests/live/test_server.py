"""Throwaway servers of each kind, and that nothing of them is left: no process, no file."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import revgate
from revgate.errors import CannotJudgeError, UsageError
from revgate.postgres import process as own_process
from revgate.postgres.connect import Address, connect, parse_address
from revgate.postgres.server import Server, throwaway

if TYPE_CHECKING:
    from collections.abc import Iterator

ProjectMaker = Callable[..., Any]
SOURCE = str(Path(revgate.__file__).parents[1])
CONTRIB = ("citext", "pg_trgm", "uuid-ossp", "hstore", "btree_gist", "pgcrypto", "ltree")

CHILD = """
import sys
from revgate.environments import Environment
from revgate.history.revision import Revision
from revgate.roundtrip import Options, run
run(
    Environment("m", "alembic.ini", "migrations", ("migrations/versions",)),
    [Revision("migrations/versions/r1.py", "r1")],
    Options(sys.argv[1]),
)
print("done", flush=True)
"""
WAITS = """
def upgrade():
    open({0!r}, "w").close()
    op.execute("SELECT pg_sleep({1})")


def downgrade():
    {2}
"""


@pytest.fixture(params=["local", "embedded"])
def kind(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("REVGATE_SERVER", request.param)
    return str(request.param)


def test_each_kind_of_server_starts_and_goes(kind: str) -> None:
    with throwaway(None) as server:
        assert server.facts.kind == kind
        assert server.version_number >= 140000
        address = server.create_database()
        connection = connect(address)
        with connection.cursor() as cursor:
            cursor.execute("SHOW data_directory")
            folder = Path(cursor.fetchone()[0])
        pid = int((folder / "postmaster.pid").read_text().splitlines()[0])
        assert address.password not in repr(address)
    assert not folder.parent.exists()
    assert not _runs(pid)


def test_the_embedded_server_has_contrib_extensions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REVGATE_SERVER", "embedded")
    with throwaway(None) as server:
        connection = connect(server.create_database())
        with connection.cursor() as cursor:
            for name in CONTRIB:
                cursor.execute(f'CREATE EXTENSION "{name}"')
            cursor.execute("SELECT uuid_generate_v4() <> uuid_nil()")
            assert cursor.fetchone() == (True,)
            cursor.execute("SELECT uuid_generate_v3(uuid_ns_dns(), 'www.example.com')::text")
            assert cursor.fetchone() == ("5df41881-3aed-3515-88a7-2f4a814cf09e",)
        connection.close()


def test_the_fallback_of_the_embedded_server_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    from revgate.postgres import embedded
    from revgate.postgres.process import own_server

    programs = embedded._pgserver()
    assert programs
    with own_server(programs) as address:
        connect(address).close()


def test_a_named_server_gets_a_database_of_ours_and_loses_it(server: Server) -> None:
    with throwaway(server.address.url("postgresql+asyncpg")) as named:
        assert named.facts.kind == "url"
        address = named.create_database()
        assert address.database != server.address.database
        connect(address).close()
    with pytest.raises(CannotJudgeError, match="does not exist"):
        connect(address)


def test_without_the_right_to_create_databases_the_grant_is_printed(server: Server) -> None:
    server.execute("CREATE ROLE poor LOGIN PASSWORD 'poor'")
    url = server.address._replace(user="poor", password="poor").url()
    try:
        with throwaway(url) as named, pytest.raises(CannotJudgeError) as caught:
            named.create_database()
    finally:
        server.execute("DROP ROLE poor")
    assert 'ALTER ROLE "poor" CREATEDB' in str(caught.value)


def test_a_server_that_does_not_answer_is_reported_without_its_password() -> None:
    with (
        pytest.raises(CannotJudgeError) as caught,
        throwaway("postgresql://me:very-secret@127.0.0.1:1/x"),
    ):
        pass
    assert "127.0.0.1:1" in str(caught.value)
    assert "very-secret" not in str(caught.value)


def test_a_url_without_a_password_brings_no_warning_of_libpq(
    capfd: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(CannotJudgeError), throwaway("postgresql://me@127.0.0.1:1/x"):
        pass
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    "url", ["postgres://u:p%40w@h:1/d", "postgresql+asyncpg://u:p%40w@h:1/d?x=1"]
)
def test_urls_of_every_spelling(url: str) -> None:
    assert parse_address(url) == Address("h", 1, "u", "p@w", "d")


@pytest.mark.parametrize(
    "url", ["mysql://u:secret@h/d", "host=h password=secret", "postgresql://h:x/"]
)
def test_an_invalid_url_is_reported_without_its_password(url: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_address(url)
    assert "secret" not in str(caught.value)


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _alive_in(folder: Path) -> list[str]:
    """Return the command lines of processes that work in a folder or know of it."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            at = str((process / "cwd").readlink())
        except OSError:
            continue
        if str(folder) in f"{command} {at}":
            found.append(command)
    return found


@pytest.fixture
def start(
    project: ProjectMaker, tmp_path: Path, default_signals: None
) -> Iterator[Callable[..., tuple[subprocess.Popen[str], Path]]]:
    """Start a round trip in a process of its own; wait until its first upgrade runs."""
    started = []

    def run(
        seconds: float, downgrade: str = "pass", wrapper: tuple[str, ...] = ()
    ) -> tuple[subprocess.Popen[str], Path]:
        flag = tmp_path / "flag"
        made = project(WAITS.format(str(flag), seconds, downgrade))
        # Not below tmp_path: another user than root has to reach the server's folder.
        temporary = Path(tempfile.mkdtemp(prefix="test-"))
        temporary.chmod(0o755)
        process = subprocess.Popen(
            [*wrapper, sys.executable, "-c", CHILD, str(made.root)],
            env={**os.environ, "PYTHONPATH": SOURCE, "TMPDIR": str(temporary)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        started.append((process, temporary))
        until = time.monotonic() + 60
        while not flag.exists() and process.poll() is None and time.monotonic() < until:
            time.sleep(0.05)
        assert flag.exists(), process.communicate(timeout=1)
        return process, temporary

    yield run
    for process, temporary in started:
        if process.poll() is None:
            process.kill()
        process.communicate()
        shutil.rmtree(temporary, ignore_errors=True)


@pytest.mark.parametrize("how", ["SIGINT", "SIGTERM", "SIGHUP", "SIGKILL"])
def test_nothing_is_left_after_a_signal(
    start: Callable[..., tuple[subprocess.Popen[str], Path]], tmp_path: Path, how: str
) -> None:
    process, temporary = start(60)
    assert len(list(temporary.glob("revgate-*"))) == 1
    process.send_signal(getattr(signal, how))
    process.communicate(timeout=30)

    if how == "SIGINT":
        assert process.returncode in (1, -signal.SIGINT)  # a traceback here, the CLI has a word
    else:
        assert process.returncode == -getattr(signal, how)
    _nothing_left(temporary, tmp_path)


def test_nohup_protects_from_a_hangup(
    start: Callable[..., tuple[subprocess.Popen[str], Path]],
) -> None:
    process, _ = start(1, wrapper=("nohup",))
    process.send_signal(signal.SIGHUP)
    said, errors = process.communicate(timeout=120)

    assert (process.returncode, said) == (0, "done\n"), errors


@pytest.mark.parametrize("downgrade", ["pass", "raise ValueError('no')"])
def test_nothing_is_left_after_success_and_failure(
    start: Callable[..., tuple[subprocess.Popen[str], Path]], tmp_path: Path, downgrade: str
) -> None:
    process, temporary = start(0, downgrade)
    said, errors = process.communicate(timeout=120)

    assert said == "done\n", errors
    assert process.returncode == 0
    _nothing_left(temporary, tmp_path)


def _nothing_left(temporary: Path, project: Path) -> None:
    until = time.monotonic() + 20  # the watchdog of a killed process needs a moment
    while (list(temporary.iterdir()) or _alive_in(temporary)) and time.monotonic() < until:
        time.sleep(0.1)
    assert list(temporary.iterdir()) == []
    assert _alive_in(temporary) == []
    assert _alive_in(project) == []  # the agent, whose folder is the project's


def test_its_files_are_in_memory_unless_the_user_names_a_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("TMPDIR", "TEMP", "TMP"):
        monkeypatch.delenv(name, raising=False)
    roomy = tmp_path / "roomy"
    roomy.mkdir()
    monkeypatch.setattr(own_process, "_ROOM", 1)
    monkeypatch.setattr(own_process, "_IN_MEMORY", str(roomy))
    assert own_process.temporary_folder() == str(roomy)

    monkeypatch.setattr(own_process, "_IN_MEMORY", str(tmp_path / "missing"))
    assert own_process.temporary_folder() == tempfile.gettempdir()

    monkeypatch.setattr(own_process, "_IN_MEMORY", str(roomy))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    assert own_process.temporary_folder() != str(roomy)
