"""A PostgreSQL server process of our own: made in a temporary folder, gone with us.

Knows initdb and postgres, given the folder of its programs. Durability is switched off: nothing
here outlives the run.
"""

from __future__ import annotations

import glob
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any, NamedTuple

from revgate.errors import CannotJudgeError
from revgate.postgres.connect import Address, try_connect

if TYPE_CHECKING:
    from collections.abc import Iterator

USER = "revgate"
_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "jit": "off",
    "max_connections": "40",
    "max_locks_per_transaction": "1024",
    "max_prepared_transactions": "20",
    "shared_buffers": "64MB",
}
_ATTEMPTS = 5
_START_SECONDS = 60.0

# Waits for the end of our pipe, which even kill -9 brings about; then removes what is left of us.
_WATCHDOG = """
trap '' INT TERM HUP
pid=
while read -r line; do
    if [ "$line" = done ]; then exit 0; fi
    pid=$line
done
if [ -n "$pid" ]; then
    kill -QUIT "$pid" 2>/dev/null
    tries=0
    while kill -0 "$pid" 2>/dev/null && [ $tries -lt 50 ]; do sleep 0.1; tries=$((tries + 1)); done
fi
rm -rf "$1"
"""

_GROUP_WATCHDOG = 'trap "" INT TERM HUP; read -r line; kill -9 "-$1" 2>/dev/null'


class GroupWatch:
    """Ends a process group when we are gone, even by kill -9; its leader may hang in anything."""

    def __init__(self, leader: int) -> None:
        self._process = _pipe_to([_GROUP_WATCHDOG, "revgate-watchdog", str(leader)])

    def close(self) -> None:
        """End the watchdog first, as the number of a group that has ended may come again."""
        self._process.kill()
        self._process.communicate()


def _pipe_to(script: list[str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        ["/bin/sh", "-c", *script],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


class _Account(NamedTuple):
    """Whom PostgreSQL's programs run as: it refuses to run as root."""

    arguments: dict[str, Any]
    uid: int | None


@contextmanager
def own_server(programs: str) -> Iterator[Address]:
    """Run a server of our own for the time of the block.

    Raises:
        CannotJudgeError: It cannot be made or does not start; with what PostgreSQL says.
    """
    remove_remains()
    with _temporary_folder() as (folder, watch):
        account = _account(folder)
        programs = _reachable(programs, folder, account)
        password = os.urandom(16).hex()
        _initdb(programs, folder, password, account)
        server, address = _start(programs, folder, password, account, watch)
        try:
            yield address
        finally:
            _stop(server)


def _account(folder: str) -> _Account:
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return _Account({}, None)
    import pwd

    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        os.chown(folder, entry.pw_uid, entry.pw_gid)
        arguments = {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
        return _Account(arguments, entry.pw_uid)
    raise CannotJudgeError(
        "PostgreSQL refuses to run as root, and this machine has neither a user `postgres` nor"
        " `nobody` to run it as\nrun revgate as another user, or pass `--database-url`"
    )


def _reachable(programs: str, folder: str, account: _Account) -> str:
    """Return where the other user can run the programs: copied where a folder above bars it."""
    if account.uid is None:
        return programs
    probe = subprocess.run(
        ["/bin/sh", "-c", '"$1/postgres" --version', "sh", programs],
        capture_output=True,
        cwd=folder,
        env=_environment(programs),
        check=False,
        **account.arguments,
    )
    if probe.returncode == 0:
        return programs
    return _copied(programs, folder)


def _copied(programs: str, folder: str) -> str:
    """Copy the installation of these programs, and the libraries that a wheel keeps beside it.

    auditwheel puts them into `<package>.libs`, which programs find relative to themselves.
    """
    installation = os.path.dirname(programs)
    package = os.path.dirname(installation)
    copy = os.path.join(folder, os.path.basename(package), os.path.basename(installation))
    shutil.copytree(installation, copy, symlinks=True)
    if os.path.isdir(package + ".libs"):
        libraries = os.path.basename(package) + ".libs"
        shutil.copytree(package + ".libs", os.path.join(folder, libraries))
    return os.path.join(copy, "bin")


def _environment(programs: str) -> dict[str, str]:
    """Return the environment without PG*, and with the libraries that came with the programs."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    libraries = [os.path.join(os.path.dirname(programs), "lib"), kept.get("LD_LIBRARY_PATH", "")]
    kept["LD_LIBRARY_PATH"] = ":".join(filter(None, libraries))
    return {**kept, "LC_ALL": "C", "TZ": "UTC"}


def _initdb(programs: str, folder: str, password: str, account: _Account) -> None:
    secret = os.path.join(folder, "secret")
    with open(os.open(secret, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(password)
    if account.uid is not None:
        os.chown(secret, account.uid, -1)
    command = [os.path.join(programs, "initdb"), "-D", os.path.join(folder, "data")]
    command += ["-U", USER, "--pwfile", secret, "-A", "scram-sha-256", "-E", "UTF8"]
    command += ["--locale=C", "--no-sync", "--no-instructions"]
    answer = subprocess.run(
        command,
        cwd=folder,
        env=_environment(programs),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        start_new_session=True,
        check=False,
        **account.arguments,
    )
    os.remove(secret)
    if answer.returncode:
        raise CannotJudgeError(_failed("`initdb` failed", programs, answer.stderr))


def _start(
    programs: str, folder: str, password: str, account: _Account, watch: _Watch
) -> tuple[subprocess.Popen[bytes], Address]:
    log = os.path.join(folder, "log")
    for _ in range(_ATTEMPTS):
        port = _free_port()
        with open(log, "wb") as output:
            server = subprocess.Popen(
                [os.path.join(programs, "postgres"), "-D", os.path.join(folder, "data")]
                + [part for item in _SETTINGS.items() for part in ("-c", "=".join(item))]
                + ["-p", str(port)],
                cwd=folder,
                env=_environment(programs),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                **account.arguments,
            )
        watch(server.pid)
        try:
            address = Address("127.0.0.1", port, USER, password, "postgres")
            if _ready(server, address):
                return server, address
        except BaseException:
            _stop(server)
            raise
        _stop(server)
        with open(log, encoding="utf-8", errors="replace") as output_text:
            said = output_text.read()
        if "already in use" not in said:
            break
    raise CannotJudgeError(_failed("the throwaway server does not start", programs, said))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


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
    """Stop at once: SIGQUIT, as nothing is worth a checkpoint; SIGKILL where even that hangs."""
    if server.poll() is None:
        server.send_signal(3)
        try:
            server.wait(timeout=10)
        except subprocess.TimeoutExpired:
            server.kill()
    server.wait()


class _Watch:
    """The pipe to the watchdog, which is told whom to end once we are gone."""

    def __init__(self, folder: str) -> None:
        self._process = _pipe_to([_WATCHDOG, "revgate-watchdog", folder])

    def __call__(self, word: int | str) -> None:
        """Tell the watchdog the process to end, or that all is `done`."""
        if self._process.stdin:
            self._process.stdin.write(f"{word}\n".encode())
            self._process.stdin.flush()

    def close(self) -> None:
        """End the watchdog: what it watched over has been cleaned up."""
        self("done")
        self._process.communicate()


@contextmanager
def _temporary_folder() -> Iterator[tuple[str, _Watch]]:
    folder = tempfile.mkdtemp(prefix=PREFIX)
    watch = _Watch(folder)
    try:
        with claim(folder):
            yield folder, watch
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        watch.close()


def _failed(what: str, programs: str, said: str) -> str:
    lines = [line for line in said.strip().splitlines() if line.strip()][-5:]
    return "\n".join([f"{what} (programs in {programs})", *lines])


NEEDED = ("initdb", "postgres")
_FOLDERS = (
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/usr/lib/postgresql*/bin",
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
    "/Applications/Postgres.app/Contents/Versions/*/bin",
    "/usr/local/pgsql/bin",
)
OLDEST = 14


def find_local() -> str | None:
    """Return the folder of PostgreSQL's programs; None where this machine has none.

    What stands on PATH was chosen by somebody, so it comes first; of versioned folders, the newest.
    """
    for folder in (*_on_path(), *_versioned()):
        if _usable(folder):
            return folder
    return None


def major_version(folder: str, program: str = "postgres") -> int:
    """Return the major version of the programs in a folder; 0 where the one named does not run."""
    try:
        answer = subprocess.run(
            [os.path.join(folder, program), "--version"],
            capture_output=True,
            text=True,
            timeout=20,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return 0
    found = re.search(r"(\d+)", answer.stdout)
    return int(found[1]) if found else 0


def _on_path() -> list[str]:
    found = shutil.which("initdb")
    folders = [os.path.dirname(os.path.realpath(found))] if found else []
    if shutil.which("pg_config"):
        try:
            answer = subprocess.run(
                ["pg_config", "--bindir"], capture_output=True, text=True, timeout=20, check=True
            )
        except (OSError, subprocess.SubprocessError):
            return folders
        folders.append(answer.stdout.strip())
    return folders


def _versioned() -> list[str]:
    found = [folder for pattern in _FOLDERS for folder in glob.glob(pattern)]
    return sorted(found, key=_numbers, reverse=True)


def _numbers(folder: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", folder)]


def _usable(folder: str) -> bool:
    complete = all(os.access(os.path.join(folder, name), os.X_OK) for name in NEEDED)
    return complete and major_version(folder) >= OLDEST


PREFIX = "revgate-"
_LOCK = "owner"


def claim(folder: str) -> IO[str]:
    """Lock a folder as ours for as long as the returned file is open, or this process lives."""
    path = os.path.join(folder, _LOCK)
    file = open(f"{path}.new", "x", encoding="ascii")  # noqa: SIM115 - it is the lock
    _lock(file)
    # It gets its name when it is locked: without, another run would take the folder for nobody's.
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


def remove_remains() -> None:
    """End the servers whose runs are gone, and remove their folders."""
    above = tempfile.gettempdir()
    for name in os.listdir(above):
        folder = os.path.join(above, name)
        if name.startswith(PREFIX) and not os.path.islink(folder):
            _remove_unless_owned(folder)


def _remove_unless_owned(folder: str) -> None:
    try:
        file = os.fdopen(os.open(os.path.join(folder, _LOCK), os.O_RDWR | os.O_NOFOLLOW), "r+")
    except OSError:
        return  # not ours, another user's, or half made this very moment
    with file:
        if os.fstat(file.fileno()).st_uid == os.geteuid() and _lock(file):
            _end_server(folder)
            shutil.rmtree(folder, ignore_errors=True)


def _end_server(folder: str) -> None:
    data = os.path.join(folder, "data")
    try:
        with open(os.path.join(data, "postmaster.pid"), encoding="ascii") as file:
            pid = int(file.readline())
    except (OSError, ValueError):
        return
    until = time.monotonic() + 10
    if _serves(pid, data):
        os.kill(pid, signal.SIGQUIT)
    while _serves(pid, data):
        time.sleep(0.05)
        if time.monotonic() > until:
            os.kill(pid, signal.SIGKILL)


def _serves(pid: int, data: str) -> bool:
    """Tell whether a process is the server of a folder; numbers of processes come again."""
    return f"-D {data} " in _command(pid)


def _command(pid: int) -> str:
    if os.path.isdir("/proc/self"):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                return os.fsdecode(file.read().replace(b"\0", b" "))
        except OSError:
            return ""
    words = ["ps", "-o", "args=", "-p", str(pid)]
    return subprocess.run(words, capture_output=True, text=True, check=False).stdout
