"""Faults of the server and of the machine leave no verdict: exit code 3 and the cause."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import revgate
from revgate.errors import CannotJudgeError

if TYPE_CHECKING:
    from revgate.postgres.server import Server

ProjectMaker = Callable[..., Any]
HOOK = Path(revgate.__file__).parents[2] / "hooks" / "revgate"

SLEEPS = """
def upgrade():
    connection = op.get_bind()
    facts = "SELECT pg_backend_pid(), current_database(), current_setting('data_directory')"
    with open({flag!r}, "w") as file:
        file.write(" ".join(map(str, connection.exec_driver_sql(facts).one())) + "\\n")
    try:
        connection.exec_driver_sql("SELECT pg_sleep({seconds})")
    except Exception:
        if not {caught}:
            raise
    connection.exec_driver_sql("CREATE TABLE t (a int)")


def downgrade():
    op.execute("DROP TABLE t")
"""


class Asleep:
    """What a sleeping migration wrote about its session, once it sleeps."""

    def __init__(self, flag: Path) -> None:
        until = time.monotonic() + 60
        while not (flag.exists() and flag.read_text().endswith("\n")):
            assert time.monotonic() < until
            time.sleep(0.02)
        self.pid, self.database, data = flag.read_text().split()
        self.folder = Path(data)
        time.sleep(0.2)  # it begins to sleep right after that


def _kill_server(asleep: Asleep) -> None:
    postmaster = (asleep.folder / "postmaster.pid").read_text().splitlines()[0]
    os.kill(int(postmaster), signal.SIGKILL)


def _kill_backend(asleep: Asleep) -> None:
    os.kill(int(asleep.pid), signal.SIGKILL)


def _injected(
    project: ProjectMaker, tmp_path: Path, fault: Callable[[Asleep], None], **options: Any
) -> str:
    """Run a project while a fault happens in its migration; return why there is no verdict."""
    flag = tmp_path / "flag"
    caught, seconds = options.pop("caught", False), options.pop("seconds", 60)
    made = project(SLEEPS.format(flag=str(flag), caught=caught, seconds=seconds))
    failed: list[BaseException] = []

    def inject() -> None:
        try:
            fault(Asleep(flag))
        except BaseException as error:  # noqa: BLE001 - reported below
            failed.append(error)

    thread = threading.Thread(target=inject)
    thread.start()
    with pytest.raises(CannotJudgeError) as raised:
        made.run(**options)
    thread.join()
    assert not failed
    return str(raised.value)


@pytest.mark.parametrize(
    ("fault", "cause"),
    [
        (_kill_server, "its process is gone"),
        (_kill_backend, "was terminated by signal 9"),
    ],
)
def test_a_server_that_ends(
    project: ProjectMaker, tmp_path: Path, fault: Callable[[Asleep], None], cause: str
) -> None:
    said = _injected(project, tmp_path, fault, database_url=None, jobs=1)
    assert "the throwaway server ended during the run" in said
    assert cause in said
    assert "during `upgrade()` of `r1`" in said


@pytest.mark.parametrize("caught", [False, True])
def test_a_session_that_is_ended_from_outside(
    project: ProjectMaker, server: Server, tmp_path: Path, caught: bool
) -> None:
    def end(asleep: Asleep) -> None:
        server.execute(f"SELECT pg_terminate_backend({asleep.pid})")

    said = _injected(project, tmp_path, end, caught=caught, jobs=1)
    assert "during `upgrade()` of `r1`" in said
    assert "the server ended the session" in said or "the connection to the server was lost" in said


def test_all_sessions_of_the_database_are_ended(
    project: ProjectMaker, server: Server, tmp_path: Path
) -> None:
    def end(asleep: Asleep) -> None:
        server.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            f" WHERE datname = '{asleep.database}' AND pid <> {asleep.pid}"
        )

    # The session that reads the catalog is gone, while the migration goes on.
    said = _injected(project, tmp_path, end, seconds=1, jobs=1)
    assert "this says nothing about the revisions" in said


OWN_FAULT = """
def upgrade():
    op.execute({statement!r})


def downgrade():
    pass
"""


def test_a_migration_that_ends_its_own_session_is_a_finding(project: ProjectMaker) -> None:
    statement = "SELECT pg_terminate_backend(pg_backend_pid())"
    observed = project(OWN_FAULT.format(statement=statement)).run(rows=False)
    assert [each.step.revision.id for each in observed.failures[:1]] == ["r1"]


FILLS = """
from alembic import op
revision = "r1"
down_revision = None
def upgrade():
    op.execute("CREATE TABLE t (a text)")
    op.execute("ALTER TABLE t ALTER a SET STORAGE plain")
    op.execute("INSERT INTO t SELECT repeat('x', 7000) FROM generate_series(1, 12000)")
def downgrade():
    op.execute("DROP TABLE t")
"""
INNOCENT = FILLS.replace("12000", "1")


def _command_line(
    root: Path, body: str, before: Callable[[], None] | None = None, **variables: str
) -> subprocess.CompletedProcess[str]:
    (root / "migrations" / "versions" / "r1.py").write_text(body)
    (root / ".git").rmdir()
    subprocess.run(["git", "init", "-q", str(root)], check=True)
    return subprocess.run(
        [sys.executable, str(HOOK), "roundtrip", "--no-rows", "--python", sys.executable],
        cwd=root, capture_output=True, text=True, check=False, timeout=60, preexec_fn=before,
        env={**os.environ, **variables},
    )  # fmt: skip


def _says_why(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 3, done.stdout + done.stderr
    assert "upgrade-fails" not in done.stdout
    assert "internal error" not in done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr


def test_files_that_cannot_grow(project: ProjectMaker) -> None:
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (20 << 20, 20 << 20))

    root = project("").root
    said = _says_why(_command_line(root, FILLS, limit))
    assert "the disk is full during `upgrade()` of `r1`: could not extend file" in said


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Callable[[int], Path]]:
    """Return a function that mounts a file system of so many MiB; None if only root can."""
    mounted: list[Path] = []

    def mount(size: int) -> Path | None:
        folder = Path("/tmp") / f"small-{os.getpid()}-{size}"  # noqa: S108 - short, for the socket
        folder.mkdir()
        words = ["mount", "-t", "tmpfs", "-o", f"size={size}m,mode=1777", "none", str(folder)]
        if subprocess.run(words, capture_output=True, check=False).returncode:
            folder.rmdir()
            return None
        mounted.append(folder)
        return folder

    yield mount  # type: ignore[misc]
    for folder in mounted:
        subprocess.run(["umount", "-l", str(folder)], check=True)
        folder.rmdir()


def test_a_disk_that_is_full(
    project: ProjectMaker, small_disk: Callable[[int], Path | None]
) -> None:
    root = project("").root
    folder = small_disk(110)
    if folder is None:  # only root can mount; limits on files show the same
        return
    said = _says_why(_command_line(root, FILLS, TMPDIR=str(folder)))
    assert "the disk is full during `upgrade()` of `r1`" in said
    assert list(folder.iterdir()) == []


def test_few_open_files(project: ProjectMaker) -> None:
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (16, 16))

    begun = time.monotonic()
    said = _says_why(_command_line(project("").root, INNOCENT, limit))
    assert "open files" in said or "file descriptors" in said
    assert time.monotonic() - begun < 30


RAISES = """
class Huge(Exception):
    def __str__(self):
        return "x" * 100_000_000

def upgrade():
    raise Huge()

def downgrade():
    pass
"""


def test_an_exception_with_a_huge_message(project: ProjectMaker) -> None:
    begun = time.monotonic()
    observed = project(RAISES).run(rows=False)
    (failure, *_) = observed.failures
    assert (failure.step.revision.id, failure.line) == ("r1", 10)
    assert failure.message.startswith("xxx")
    assert len(failure.message) < 20_000
    assert time.monotonic() - begun < 30


def test_a_revision_that_writes_to_the_pipe(project: ProjectMaker) -> None:
    body = """
    def upgrade():
        import os
        for number in range(3, 12):
            try:
                os.write(number, b"nonsense\\n")
            except OSError:
                pass

    def downgrade():
        pass
    """
    with pytest.raises(CannotJudgeError, match="wrote into the pipe to revgate"):
        project(body).run()
