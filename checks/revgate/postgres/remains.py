"""Ends the server of a folder, and removes what it left outside of that folder."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from contextlib import suppress

from revgate.postgres import descendants


def end_server(folder: str) -> None:
    """End the server of a folder and all of PostgreSQL's programs that work there."""
    data = os.path.join(folder, "data")
    lines = _lock_file(data)
    pid = abs(int(lines[0])) if lines and lines[0].lstrip("-").isdigit() else 0
    until = time.monotonic() + 10
    if pid and _serves(pid, data):
        os.kill(pid, signal.SIGQUIT)
    while pid and _serves(pid, data) and time.monotonic() < until:
        time.sleep(0.02)
    while (left := _programs_in(folder)) and time.monotonic() < until + 5:
        for each in left:
            _kill_with_segments(each)
        time.sleep(0.02)
    _remove_shared_memory(_lock_file(data) or lines)


def _kill_with_segments(process: descendants.Process) -> None:
    """Kill a program that still has the POSIX segments with which `initdb` runs it."""
    with suppress(OSError):
        os.kill(process.pid, signal.SIGSTOP)
        with open(f"/proc/{process.pid}/maps", encoding="utf-8", errors="replace") as file:
            segments = set(re.findall(r"/dev/shm/PostgreSQL\.\d+", file.read()))  # noqa: S108
        descendants.kill(process)
        for each in segments:
            os.unlink(each)


def _lock_file(data: str) -> list[str]:
    try:
        with open(os.path.join(data, "postmaster.pid"), encoding="ascii") as file:
            return file.read().splitlines()
    except (OSError, ValueError):
        return []


_PROGRAMS = ("initdb", "postgres")


def _programs_in(folder: str) -> list[descendants.Process]:
    """Return PostgreSQL's processes whose current folder is in a folder: Linux only.

    `initdb` leaves its child behind when it is killed, and so does a killed server.
    """
    if sys.platform != "linux":
        return []
    found = []
    for each in descendants.all_processes():
        try:
            program = os.path.basename(os.readlink(f"/proc/{each.pid}/exe"))
            place = os.readlink(f"/proc/{each.pid}/cwd")
        except OSError:
            continue
        inside = f"{place}/".startswith(f"{os.path.realpath(folder)}/")
        if inside and program.partition(" ")[0] in _PROGRAMS and not each.is_zombie:
            found.append(each)
    return found


_KEY_LINE = 6
"""The line of `postmaster.pid`, from 0, with the key and the id of the shared memory."""


def _remove_shared_memory(lines: list[str]) -> None:
    """Remove the System V segment of a server that could not do so itself: Linux only."""
    numbers = lines[_KEY_LINE].split() if len(lines) > _KEY_LINE else []
    with suppress(OSError, ImportError), open("/proc/sysvipc/shm", encoding="ascii") as file:
        for row in map(str.split, file):
            key, segment, _, _, creator, _, attached, *_ = row
            ours = [key, segment] == numbers and creator == lines[0].lstrip("-")
            if ours and attached == "0":
                import ctypes

                ctypes.CDLL(None).shmctl(int(segment), _REMOVE, None)


_REMOVE = 0


def _serves(pid: int, data: str) -> bool:
    """Return whether a process is the server of a folder; process ids are reused."""
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
