"""Runs a PostgreSQL server in a temporary folder, and removes it when the run ends.

Durability is switched off, since nothing outlives the run. A watchdog process cleans up after a run
that was killed, and each run removes what earlier ones left behind.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import closing, contextmanager, suppress
from functools import cache
from typing import IO, TYPE_CHECKING

from revgate.errors import CannotJudgeError
from revgate.postgres import descendants, isolation
from revgate.postgres.account import account_for, environment, failed, reachable
from revgate.postgres.cluster import USER, KeptCluster, initdb
from revgate.postgres.connect import Address, connect, try_connect
from revgate.postgres.remains import end_server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from revgate.postgres.account import Account

PREFIX = "revgate-"
_LOCK = "owner"
_SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "restart_after_crash": "off",
    "dynamic_shared_memory_type": "mmap",  # in the folder, not in /dev/shm
    "jit": "off",
    "max_connections": "40",
    "max_locks_per_transaction": "1024",
    "max_prepared_transactions": "20",
    "shared_buffers": "64MB",
}
_PORT = 5432
"""Only part of the name of the socket, which is in a folder of its own."""
_FOLDER_VARIABLES = ("TMPDIR", "TEMP", "TMP")
_IN_MEMORY = "/dev/shm"  # noqa: S108 - mkdtemp's
_ROOM = 2 << 30
_LONGEST = 60
"""The longest path of a temporary folder that leaves room for a socket, within 103 characters."""
_START_SECONDS = 60.0

# Waits until our end of the pipe closes, which even kill -9 causes; then does what the next run
# would do.
_WATCHDOG = """
trap '' INT TERM HUP
while read -r line; do
    if [ "$line" = done ]; then exit 0; fi
done
exec "$1" -I -S -c "$2"
"""
_SOURCE = os.path.abspath(os.path.join(os.path.dirname(__file__), *[os.pardir] * 2))
_REMOVE_LEFTOVERS = (
    f"import sys; sys.path.insert(0, {_SOURCE!r});"
    " from revgate.postgres.process import remove_leftovers; remove_leftovers()"
)

_GROUP_WATCHDOG = 'trap "" INT TERM HUP; read -r line; kill -9 "-$1" 2>/dev/null'


class GroupWatch:
    """Ends a process group once this process is gone, even by kill -9 or while its leader hangs."""

    def __init__(self, leader: int) -> None:
        self._process = _pipe_to([_GROUP_WATCHDOG, "revgate-watchdog", str(leader)])

    def close(self) -> None:
        """End the watchdog first, since the id of a group that has ended may be reused."""
        self._process.kill()
        self._process.communicate()


def _pipe_to(script: list[str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        ["/bin/sh", "-c", *script],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        env=descendants.unmarked(),
    )


@contextmanager
def own_server(programs: str, *, cached: bool = True) -> Iterator[Address]:
    """Run a server for the duration of the block.

    Args:
        programs: The folder of PostgreSQL's programs.
        cached: Whether what `initdb` made in an earlier run may be used, or kept for later ones.

    Raises:
        CannotJudgeError: It cannot be created or does not start; with PostgreSQL's message.
    """
    with private_folder() as folder:
        account, kept = account_for(folder), KeptCluster(programs, enabled=cached)
        programs = reachable(programs, folder, account)
        server, address = _running(programs, folder, account, kept)
        try:
            yield address
        finally:
            _stop(server)


def _running(
    programs: str, folder: str, account: Account, kept: KeptCluster
) -> tuple[subprocess.Popen[bytes], Address]:
    """Start a server on a kept data folder, or else on a new one."""
    data = os.path.join(folder, "data")
    if password := kept.restore(data, account):
        with suppress(CannotJudgeError):
            return _with_new_password(*_start(programs, folder, password, account))
        kept.forget()
    shutil.rmtree(data, ignore_errors=True)
    password = os.urandom(16).hex()
    kept.keep(initdb(programs, folder, password, account), password)
    return _start(programs, folder, password, account)


def _with_new_password(
    server: subprocess.Popen[bytes], address: Address
) -> tuple[subprocess.Popen[bytes], Address]:
    """Replace the password, which servers of other runs had too."""
    password = os.urandom(16).hex()
    try:
        connection = connect(address)
        with closing(connection), connection.cursor() as cursor:
            cursor.execute(f"ALTER ROLE {USER} PASSWORD '{password}'")
    except BaseException:
        _stop(server)
        raise
    return server, address._replace(password=password)


def _start(
    programs: str, folder: str, password: str, account: Account
) -> tuple[subprocess.Popen[bytes], Address]:
    log, data = os.path.join(folder, "log"), os.path.join(folder, "data")
    settings = {**_SETTINGS, "unix_socket_directories": folder, "port": str(_PORT)}
    command = [os.path.join(programs, "postgres"), "-D", data]
    command += [part for item in settings.items() for part in ("-c", "=".join(item))]
    with open(log, "wb") as output:
        server = subprocess.Popen(
            isolation.command(command, **_isolation(data, account)),
            cwd=folder,
            env=environment(programs),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        address = Address(folder, _PORT, USER, password, "postgres")
        if _ready(server, address):
            return server, address
    except BaseException:
        _stop(server)
        raise
    _stop(server)
    with open(log, encoding="utf-8", errors="replace") as output_text:
        said = output_text.read()
    raise CannotJudgeError(failed("the throwaway server did not start", programs, said))


def _isolation(data: str, account: Account) -> dict[str, str]:
    """Return the options of `isolation.command` for the server."""
    options = {}
    if account.owner is not None:
        user, group = account.owner
        options = {"user": str(user), "group": str(group)}
    with open(os.path.join(data, "PG_VERSION"), encoding="ascii") as file:
        if file.read().strip() == _SPEAKS_UDP:
            options["datagrams"] = "loopback"
    return options


_SPEAKS_UDP = "14"
"""The version that sends its statistics over UDP."""


def _ready(server: subprocess.Popen[bytes], address: Address) -> bool:
    until = time.monotonic() + _START_SECONDS
    while server.poll() is None and time.monotonic() < until:
        connection = try_connect(address)
        if connection is not None:
            connection.close()
            return True
        time.sleep(0.02)
    return False


def _stop(server: subprocess.Popen[bytes]) -> None:
    """Stop at once: SIGQUIT, since no checkpoint is needed; SIGKILL if even that hangs."""
    if server.poll() is None:
        server.send_signal(3)
        try:
            server.wait(timeout=10)
        except subprocess.TimeoutExpired:
            server.kill()
    server.wait()


class _Watch:
    """The pipe to the watchdog, which removes what is left once this process is gone."""

    def __init__(self) -> None:
        words = [_WATCHDOG, "revgate-watchdog", sys.executable, _REMOVE_LEFTOVERS]
        self._process = _pipe_to(words)

    def close(self) -> None:
        """End the watchdog, after everything has been cleaned up."""
        self._process.communicate(b"done\n")


@contextmanager
def private_folder() -> Iterator[str]:
    """Create a private folder, and a watchdog that removes it if this process is killed."""
    folder = tempfile.mkdtemp(prefix=own_prefix(), dir=temporary_folder())
    watch = _Watch()
    try:
        with claim(folder):
            yield folder
    finally:
        _empty(folder)
        watch.close()


def _empty(folder: str) -> None:
    """End the server of a folder, and remove it with its shared memory."""
    end_server(folder)
    shutil.rmtree(folder, ignore_errors=True)


_LAST_WORDS = re.compile(
    r"PANIC:|terminated by signal|shutdown request|No space left|File too large|exited with exit"
)
_MOST_WORDS = 3


def last_words(folder: str) -> list[str]:
    """Return the lines of a server's log that say why it ended; else that its process is gone."""
    with suppress(OSError), open(os.path.join(folder, "log"), "rb") as file:
        file.seek(-min(os.fstat(file.fileno()).st_size, _LOG_END), os.SEEK_END)
        lines = file.read().decode("utf-8", "replace").splitlines()
        found = [line for line in lines if _LAST_WORDS.search(line)]
        if found:
            return found[-_MOST_WORDS:]
    return ["its process is gone, and its log says nothing: it may have been killed"]


_LOG_END = 1 << 16


def temporary_folder() -> str:
    """Return the folder for servers and sockets: in memory if there is room.

    Creating a database creates three hundred files. A folder that the user named comes first; one
    whose path is too long for a socket is replaced by `/tmp`.
    """
    if not any(os.environ.get(name) for name in _FOLDER_VARIABLES) and _is_roomy(_IN_MEMORY):
        return _IN_MEMORY
    folder = tempfile.gettempdir()
    return folder if len(os.fsencode(folder)) <= _LONGEST else "/tmp"  # noqa: S108 - mkdtemp's


@cache
def _is_roomy(folder: str) -> bool:
    """Return whether a folder can hold a server and, for root, a copy of its programs."""
    try:
        facts = os.statvfs(folder)
    except OSError:
        return False
    executable = not facts.f_flag & os.ST_NOEXEC and os.access(folder, os.W_OK | os.X_OK)
    return executable and facts.f_bavail * facts.f_frsize >= _ROOM


def own_prefix() -> str:
    """Return what the names of this process's folders start with."""
    return f"{PREFIX}{os.getpid()}-"


def claim(folder: str) -> IO[str]:
    """Lock a folder as ours until the returned file is closed or this process ends."""
    path = os.path.join(folder, _LOCK)
    file = open(f"{path}.new", "x", encoding="ascii")  # noqa: SIM115 - it is the lock
    _lock(file)
    # It is renamed once locked: otherwise another run could take the folder for an abandoned one.
    os.rename(f"{path}.new", path)
    return file


def _lock(file: IO[str]) -> bool:
    try:
        import fcntl
    except ImportError:  # Windows, where no server of ours runs
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def remove_leftovers() -> None:
    """End the processes of runs that no longer exist, and remove their folders."""
    for above in {temporary_folder(), tempfile.gettempdir()}:
        for name in os.listdir(above):
            folder = os.path.join(above, name)
            if name.startswith(PREFIX) and not os.path.islink(folder):
                _remove_unless_owned(folder)
    descendants.end_abandoned()


def _remove_unless_owned(folder: str) -> None:
    try:
        file = os.fdopen(os.open(os.path.join(folder, _LOCK), os.O_RDWR | os.O_NOFOLLOW), "r+")
    except OSError:
        return  # not ours, another user's, or being created right now
    with file:
        if os.fstat(file.fileno()).st_uid == os.geteuid() and _lock(file):
            _empty(folder)
