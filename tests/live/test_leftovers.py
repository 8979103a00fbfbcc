"""Runs that were killed, and runs at the same time: each finds what nobody owns, and only that."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import revgate
from revgate.postgres.connect import connect
from revgate.postgres.server import Server, throwaway

if TYPE_CHECKING:
    from subprocess import Popen

ProjectMaker = Callable[..., Any]
SOURCE = str(Path(revgate.__file__).parents[1])

CHILD = """
import sys
from revgate.environments import Environment
from revgate.history.revision import Revision
from revgate.roundtrip import Options, run
observed = run(
    Environment("m", "alembic.ini", "migrations", ("migrations/versions",)),
    [Revision("migrations/versions/r1.py", "r1")],
    Options(sys.argv[1], database_url=sys.argv[2] or None),
)
print([each.tables for each in observed.passes], observed.failures, flush=True)
"""
WAITS = """
def upgrade():
    import os, time
    op.execute("CREATE TABLE t (a int)")
    open({0!r} + str(os.getpid()), "w").close()
    {1}


def downgrade():
    op.execute("DROP TABLE t")
"""


class Runs:
    """Round trips in processes of their own, which wait in their first upgrade."""

    def __init__(self, root: Path, temporary: Path) -> None:
        self.root = root
        self.temporary = temporary
        self.started: list[Popen[str]] = []

    def start(self, url: str = "") -> Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", CHILD, str(self.root), url],
            env={**os.environ, "PYTHONPATH": SOURCE, "TMPDIR": str(self.temporary)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self.started.append(process)
        return process

    def wait(self, number: int = 1) -> list[int]:
        """Return the agents' process numbers once so many are in their upgrades."""
        until = time.monotonic() + 60
        while len(flags := list(self.root.glob("flag*"))) < number:
            assert time.monotonic() < until, [p.communicate() for p in self.started if p.poll()]
            time.sleep(0.05)
        return [int(flag.name.removeprefix("flag")) for flag in flags]


@pytest.fixture
def runs(project: ProjectMaker) -> Iterator[Callable[[str], Runs]]:
    made: list[Runs] = []
    # Not below tmp_path: another user than root has to reach the server's folder.
    temporary = Path(tempfile.mkdtemp(prefix="test-"))
    temporary.chmod(0o755)

    def make(line: str) -> Runs:
        root = project().root
        flag = str(root / "flag")
        (root / "migrations" / "versions" / "r1.py").write_text(
            "from alembic import op\nrevision = 'r1'\ndown_revision = None\n"
            + WAITS.format(flag, line)
        )
        made.append(Runs(root, temporary))
        return made[-1]

    yield make
    for each in made:
        for process in each.started:
            if process.poll() is None:
                process.kill()
            process.communicate()
    with throwaway(None):
        pass
    subprocess.run(["rm", "-rf", str(temporary)], check=True)


def _names(server: Server) -> set[str]:
    connection = connect(server.address)
    with connection.cursor() as cursor:
        cursor.execute("SELECT datname FROM pg_database WHERE datname LIKE 'revgate%'")
        names = {name for (name,) in cursor.fetchall()}
    connection.close()
    return names


def _runs(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False


def _gone(pid: int) -> bool:
    until = time.monotonic() + 20
    while _runs(pid) and time.monotonic() < until:
        time.sleep(0.05)
    return not _runs(pid)


def test_what_others_made_stays(server: Server) -> None:
    server.execute('CREATE DATABASE "revgate_production"')
    server.execute('CREATE DATABASE "revgate_00000000000a_mine"')
    try:
        with throwaway(server.address.url()):
            pass
        assert {"revgate_production", "revgate_00000000000a_mine"} <= _names(server)
    finally:
        server.execute('DROP DATABASE "revgate_production"')
        server.execute('DROP DATABASE "revgate_00000000000a_mine"')


def test_a_run_leaves_the_databases_of_another_alone(server: Server) -> None:
    with throwaway(server.address.url("postgresql+asyncpg")) as first:
        databases = {first.create_database().database for _ in range(2)}
        with throwaway(server.address._replace(database="template1").url()) as second:
            databases.add(second.create_database().database)
            assert databases <= _names(server)
        assert databases & _names(server) == databases - {f"revgate_{second._run:012x}_1"}
    assert not databases & _names(server)


def test_the_next_run_drops_what_a_killed_one_left(
    server: Server, runs: Callable[[str], Runs]
) -> None:
    before = _names(server)
    made = runs('op.execute("SELECT pg_sleep(300)")')
    process = made.start(server.address.url())
    (agent,) = made.wait()
    process.kill()
    process.communicate()
    left = _names(server) - before
    assert left

    with throwaway(server.address.url()) as next_run:
        assert not left & _names(server)
        assert next_run.notes == []
    assert _gone(agent)


@pytest.mark.parametrize("line", ["time.sleep(300)", 'op.execute("SELECT pg_sleep(300)")'])
def test_a_killed_run_takes_its_agent_along(
    server: Server, runs: Callable[[str], Runs], line: str
) -> None:
    made = runs(f"import subprocess; subprocess.Popen(['sleep', '299']); {line}")
    process = made.start(server.address.url())
    (agent,) = made.wait()
    time.sleep(0.3)
    group = _group(agent)
    assert len(group) == 2
    process.kill()
    process.communicate()
    assert all(_gone(each) for each in group)


def _group(leader: int) -> list[int]:
    answer = subprocess.run(["ps", "-eo", "pid=,pgid="], capture_output=True, text=True, check=True)
    pairs = [map(int, line.split()) for line in answer.stdout.splitlines()]
    return [pid for pid, group in pairs if group == leader]


def test_the_next_run_removes_a_server_whose_watchdog_was_killed_too(
    runs: Callable[[str], Runs], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = runs("time.sleep(300)")
    process = made.start()
    made.wait()
    (folder,) = made.temporary.glob("revgate-*")
    postmaster = int((folder / "data" / "postmaster.pid").read_text().splitlines()[0])
    for watchdog in _watchdogs(process.pid):
        os.kill(watchdog, signal.SIGKILL)
    process.kill()
    process.communicate()
    time.sleep(0.5)
    assert folder.exists()
    assert _runs(postmaster)

    monkeypatch.setenv("TMPDIR", str(made.temporary))
    monkeypatch.setattr(tempfile, "tempdir", None)
    with throwaway(None) as following:
        assert not folder.exists()
        assert not _runs(postmaster)
        with throwaway(None) as other:  # which finds the folder of `following`, and its owner
            other.create_database()
        following.create_database()
    assert list(made.temporary.iterdir()) == []


def _watchdogs(parent: int) -> list[int]:
    answer = subprocess.run(
        ["ps", "-ww", "-o", "pid=", "--ppid", str(parent)], capture_output=True, text=True
    )
    children = map(int, answer.stdout.split())
    return [pid for pid in children if b"revgate-watchdog" in _command(pid)]


def _command(pid: int) -> bytes:
    return Path(f"/proc/{pid}/cmdline").read_bytes()


@pytest.mark.parametrize("named", [True, False])
def test_runs_at_the_same_time_do_not_meet(
    server: Server, runs: Callable[[str], Runs], named: bool
) -> None:
    before = _names(server)
    made = runs("time.sleep(0.5)")
    processes = [made.start(server.address.url() if named else "") for _ in range(3)]
    for process in processes:
        said, errors = process.communicate(timeout=120)
        assert said == "[1, 0, 1, 1] ()\n", errors
    assert _names(server) <= before  # one left by a test before this one is dropped
    assert list(made.temporary.iterdir()) == []


HOLDS = {
    "a prepared transaction": (
        "BEGIN; CREATE TABLE held (a int); PREPARE TRANSACTION 'held'",
        "ROLLBACK PREPARED 'held'",
    ),
    "a subscription": (
        (
            "CREATE SUBSCRIPTION held CONNECTION 'dbname=x' PUBLICATION p WITH (connect = false,"
            " slot_name = NONE)"
        ),
        "DROP SUBSCRIPTION held",
    ),
}


@pytest.mark.parametrize("what", HOLDS)
def test_what_keeps_a_database_from_being_dropped_is_ended(
    project: ProjectMaker, server: Server, what: str
) -> None:
    before = _names(server)
    made, ended = (f"for each in {text.split('; ')!r}: op.execute(each)" for text in HOLDS[what])
    if "BEGIN" in made:  # whole, for no transaction lasts from one statement to the next
        made = f"op.execute({HOLDS[what][0]!r})"
    body = f"""
def upgrade():
    with op.get_context().autocommit_block():
        {made}


def downgrade():
    with op.get_context().autocommit_block():
        {ended}
"""
    observed = project(body).run(timeout=60.0)
    assert observed.failures == observed.after_downgrade == ()
    assert not [note for note in observed.notes if "could not be dropped" in note]
    assert _names(server) <= before, "the production pass left it, and it was dropped"


def test_a_folder_is_never_seen_without_its_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from revgate.postgres import process

    real = process._lock
    seen: list[list[str]] = []

    def look(file: Any) -> bool:
        seen.append(sorted(path.name for path in tmp_path.iterdir()))
        return real(file)

    monkeypatch.setattr(process, "_lock", look)
    with process.claim(str(tmp_path)):
        assert seen == [["owner.new"]]
        assert (tmp_path / "owner").exists()
        process._remove_unless_owned(str(tmp_path))
        assert tmp_path.exists()
    process._remove_unless_owned(str(tmp_path))
    assert not tmp_path.exists()
