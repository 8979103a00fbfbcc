"""Folders of runs that were killed together with their watchdogs, as when a container is stopped.

Knows by a lock whether the run that made a folder lives: the kernel frees it when the run ends,
however that happens. Folders of other users are never touched.
"""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from typing import IO

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
