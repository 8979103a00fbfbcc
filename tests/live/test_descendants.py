"""Nothing outlives a run: no daemon, server, folder, shared memory, database or role."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

import revgate
from revgate.postgres.connect import connect

if TYPE_CHECKING:
    from revgate.postgres.server import Server

ProjectMaker = Callable[..., Any]
HOOK = Path(revgate.__file__).parents[2] / "hooks" / "revgate"
DESCENDANTS = Path(revgate.__file__).parent / "postgres" / "descendants.py"
MOMENTS = int(os.environ.get("REVGATE_TEST_MOMENTS", "3"))
"""How many moments each signal is tried at; more by the variable."""

# Daemons of each kind, from the migration and from the server: with and without the environment.
DETACHES = """
def upgrade():
    import os, subprocess, time
    for words in (["setsid", "sleep", {marker!r}],
                  ["setsid", "env", "-i", {sleep!r}, {marker!r}],
                  ["sh", "-c", "(setsid sleep {marker} &) &"]):
        subprocess.Popen(words, stdin=subprocess.DEVNULL)
    if {own_server}:
        program = "cat >/dev/null; setsid sleep {marker} >/dev/null 2>&1 &"
        op.execute(f"COPY (SELECT 1) TO PROGRAM '{{program}}'")
    op.execute("CREATE ROLE {role}")
    op.execute("CREATE TABLE t (a int)")
    time.sleep(0.3)
    open({flag!r}, "w").close()
    time.sleep({seconds})


def downgrade():
    op.execute("DROP TABLE t")
    op.execute("DROP ROLE {role}")
"""


class State(NamedTuple):
    """What a run could leave behind."""

    processes: frozenset[str]
    folders: frozenset[str]
    memory: frozenset[str]
    segments: frozenset[str]


class Runs:
    """Runs of the command line in a temporary folder of their own."""

    def __init__(self, root: Path, temporary: Path) -> None:
        self.root, self.temporary = root, temporary
        self.marker = str(random.randrange(10**6, 10**9))  # seconds of `sleep`  # noqa: S311
        self.flag = root / "flag"

    def write(
        self, seconds: float = 60, role: str = "made_by_a_test", *, own_server: bool = True
    ) -> None:
        versions = self.root / "migrations" / "versions"
        body = DETACHES.format(
            marker=self.marker, sleep="/usr/bin/sleep", flag=str(self.flag), seconds=seconds,
            role=role, own_server=own_server,
        )  # fmt: skip
        header = "from alembic import op\nrevision = 'r1'\ndown_revision = None\n"
        (versions / "r1.py").write_text(header + body)

    def start(self, url: str = "") -> subprocess.Popen[str]:
        words = [sys.executable, str(HOOK), "roundtrip", "--no-rows", "--python", sys.executable]
        if url:
            words += ["--database-url", url]
        return subprocess.Popen(
            words, cwd=self.root, env={**os.environ, "TMPDIR": str(self.temporary)},
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
        )  # fmt: skip

    def wait(self, process: subprocess.Popen[str]) -> None:
        """Wait until the migration has started its daemons."""
        until = time.monotonic() + 60
        while not self.flag.exists():
            assert process.poll() is None, process.communicate()[0]
            assert time.monotonic() < until
            time.sleep(0.02)

    def left(self) -> State:
        """Return what is there of these runs now."""
        return State(
            frozenset(_processes(self.marker, str(self.temporary), str(self.root))),
            frozenset(each.name for each in self.temporary.iterdir()),
            frozenset(_unused_memory()),
            frozenset(_unused_segments()),
        )

    def settled(self, before: State, but: str = "\0") -> State:
        """Return what is there besides what was, after a moment for the watchdog.

        Args:
            before: What was.
            but: In the command lines of processes that are not waited for.
        """
        until = time.monotonic() + 20
        while True:
            now = self.left()
            extra = State(*(there - earlier for there, earlier in zip(now, before, strict=True)))
            kept = frozenset(each for each in extra.processes if but not in each)
            extra = extra._replace(processes=kept)
            if not any(extra) or time.monotonic() > until:
                return extra
            time.sleep(0.1)


def _processes(*texts: str) -> Iterator[str]:
    """Yield processes whose command line or folder has one of some texts."""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            place = str((process / "cwd").readlink())
            is_zombie = "Z" in (process / "stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            continue
        if any(text in f"{command} {place}" for text in texts) and not is_zombie:
            yield f"{process.name} {command}"


def _unused_memory() -> set[str]:
    """Return the names of POSIX segments that no process uses; others run servers here, too."""
    found = {str(path) for path in Path("/dev/shm").glob("PostgreSQL.*")}  # noqa: S108
    for maps in Path("/proc").glob("[0-9]*/maps") if found else ():
        with suppress(OSError):
            text = maps.read_text(errors="replace")
            found = {each for each in found if each not in text}
    return found


def _unused_segments() -> Iterator[str]:
    for row in Path("/proc/sysvipc/shm").read_text().splitlines()[1:]:
        _, segment, _, _, _, _, attached, *_ = row.split()
        if attached == "0":
            yield segment


NOTHING = State(frozenset(), frozenset(), frozenset(), frozenset())


@pytest.fixture
def runs(project: ProjectMaker, default_signals: None) -> Iterator[Runs]:
    root = project("").root
    (root / ".git").rmdir()
    subprocess.run(["git", "init", "-q", str(root)], check=True)
    # Not below tmp_path: another user than root has to reach the server's folder.
    temporary = Path(tempfile.mkdtemp(prefix="test-"))
    temporary.chmod(0o755)
    made = Runs(root, temporary)
    yield made
    for line in _processes(made.marker):
        os.kill(int(line.split()[0]), signal.SIGKILL)
    subprocess.run(["rm", "-rf", str(temporary)], check=True)


def test_daemons_end_with_the_run(runs: Runs) -> None:
    runs.write(seconds=0)
    before = runs.left()
    process = runs.start()
    said, _ = process.communicate(timeout=120)
    now = runs.left()  # at once: nothing ends later
    assert runs.flag.exists(), said
    assert not now.processes, now
    assert not now.folders
    assert runs.settled(before) == NOTHING


@pytest.mark.parametrize("how", ["SIGINT", "SIGTERM", "SIGKILL"])
def test_daemons_end_with_a_run_that_is_ended(runs: Runs, how: str) -> None:
    runs.write()
    before = runs.left()
    process = runs.start()
    runs.wait(process)
    assert sum(runs.marker in each for each in runs.left().processes) >= 4  # positive control
    process.send_signal(getattr(signal, how))
    process.communicate(timeout=60)
    if how != "SIGKILL":
        assert not runs.left().processes
    assert runs.settled(before) == NOTHING


def _names(server: Server) -> set[str]:
    connection = connect(server.address)
    with connection.cursor() as cursor:
        cursor.execute("SELECT datname FROM pg_database UNION ALL SELECT rolname FROM pg_roles")
        found = {name for (name,) in cursor.fetchall()}
    connection.close()
    return found


def test_the_next_run_ends_what_is_left_where_the_watchdogs_died_too(
    runs: Runs, server: Server
) -> None:
    runs.write(own_server=False)
    before, names = runs.left(), _names(server)
    process = runs.start(server.address.url())
    runs.wait(process)
    os.kill(process.pid, signal.SIGSTOP)  # it cannot react to what follows
    for each in _children(process.pid):
        command = Path(f"/proc/{each}/cmdline").read_bytes()
        if b"--preload" in command:
            for fork_server in _children(each):
                os.kill(fork_server, signal.SIGKILL)
        if b"revgate-watchdog" in command or b"--preload" in command:
            os.kill(each, signal.SIGKILL)
    process.kill()
    process.communicate()
    time.sleep(0.5)
    left = runs.left()
    assert any(runs.marker in each for each in left.processes), "the orphans live"
    assert any("__main__.py" in each for each in left.processes), "and so does the agent"

    runs.flag.unlink()
    runs.write(seconds=0, role="made_by_another_test", own_server=False)
    following = runs.start(server.address.url())
    said, _ = following.communicate(timeout=120)
    assert "✓ no errors" in said
    # Without its environment and with nobody left to adopt it, one daemon is not recognized.
    assert runs.settled(before, f"/usr/bin/sleep {runs.marker}") == NOTHING
    assert _names(server) - names <= {"made_by_a_test"}
    server.execute("DROP ROLE IF EXISTS made_by_a_test")


def _children(parent: int) -> list[int]:
    words = ["ps", "-o", "pid=", "--ppid", str(parent)]
    answer = subprocess.run(words, capture_output=True, text=True, check=False)
    return [int(each) for each in answer.stdout.split()]


def test_processes_of_others_are_not_ended(runs: Runs) -> None:
    """A mark whose owner lives, or that another user or PID namespace made, ends nothing."""
    from revgate.postgres import descendants

    own = descendants.find(os.getpid())
    assert own
    mark = descendants.mark(own)
    abandoned = f"{mark.rpartition(':')[0]}:1"
    namespace, user, *_ = abandoned.rsplit(":", 4)
    marks = [
        mark,
        abandoned.replace(f":{user}:", f":{int(user) + 1}:", 1),
        abandoned.replace(namespace, "pid:[1]"),
        "nonsense",
    ]
    spared = [
        subprocess.Popen(["sleep", runs.marker], env={**os.environ, descendants.MARK: each})
        for each in marks
    ]
    ended = subprocess.Popen(
        ["sleep", runs.marker],
        env={**os.environ, descendants.MARK: abandoned},
    )
    descendants.end_abandoned()
    assert ended.wait(5) == -signal.SIGKILL
    assert [each.poll() for each in spared] == [None] * len(spared)
    with descendants.ending_descendants():
        orphan = ["sh", "-c", f"setsid sleep {runs.marker}7 &"]
        subprocess.run(orphan, stdout=subprocess.DEVNULL, check=True)
    assert not list(_processes(f"{runs.marker}7"))
    assert [each.poll() for each in spared] == [None] * len(spared), "children from before go on"
    for each in spared:
        each.kill()
        each.wait()


def test_containing_a_command(runs: Runs) -> None:
    """As the action runs the round trip: what a command leaves behind ends before it returns."""
    script = f"setsid sleep {runs.marker} >/dev/null 2>&1 & exit 7"
    words = [sys.executable, "-I", "-S", str(DESCENDANTS), "contain"]
    done = subprocess.run([*words, "sh", "-c", script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (7, "")
    assert not list(_processes(runs.marker))

    process = subprocess.Popen([*words, "sleep", runs.marker])
    while not list(_processes(f"sleep {runs.marker}")):
        time.sleep(0.01)
    time.sleep(0.2)
    process.terminate()
    assert process.wait(10) == 128 + signal.SIGTERM
    assert not list(_processes(runs.marker))


@pytest.mark.parametrize("how", ["SIGINT", "SIGTERM", "SIGKILL"])
def test_nothing_is_left_whenever_a_run_is_ended(runs: Runs, server: Server, how: str) -> None:
    """Signals at random moments: while it starts, during initdb, in its steps, while it ends."""
    moments = random.Random(how)  # noqa: S311 - the same in every run
    for number in range(MOMENTS):
        named = number % 3 == 2
        runs.write(seconds=0.2, own_server=not named)
        before, names = runs.left(), _names(server)
        process = runs.start(server.address.url() if named else "")
        time.sleep(moments.uniform(0.1, 2.5))
        process.send_signal(getattr(signal, how))
        process.communicate(timeout=60)
        assert runs.settled(before) == NOTHING, number
        if named:
            assert how == "SIGKILL" or not _names(server) - names
            server.execute("DROP ROLE IF EXISTS made_by_a_test")
