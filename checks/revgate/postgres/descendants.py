"""Ends what a run has started, even if it detached itself: Linux only.

While a run lasts, this process adopts the orphans among its descendants, and everything that it
starts carries a mark in its environment, by which the next run recognizes what a killed one left.
As a program (`contain COMMAND...`, `end`) it needs only the standard library and Python 3.9.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import zlib
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MARK = "REVGATE_RUN"
_SET_SUBREAPER, _GET_SUBREAPER = 36, 37
_SECONDS = 10.0
_IS_LINUX = sys.platform == "linux"


class Process(NamedTuple):
    """A process; its start time tells it from a later one with the same id."""

    pid: int
    parent: int
    started: int
    is_zombie: bool


def adopt_orphans(*, adopt: bool = True) -> bool:
    """Let the kernel make this process the parent of orphans among its descendants.

    Returns:
        Whether it was so before.
    """
    if not _IS_LINUX:
        return False
    try:
        import ctypes
    except ImportError:  # a Python that was built without libffi
        return False
    library = ctypes.CDLL(None, use_errno=True)
    before = ctypes.c_int(0)
    library.prctl(_GET_SUBREAPER, ctypes.byref(before), 0, 0, 0)
    library.prctl(_SET_SUBREAPER, ctypes.c_ulong(adopt), 0, 0, 0)
    return bool(before.value)


def find(pid: int) -> Process | None:
    """Return a process; None if there is none with this id."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            fields = file.read().rpartition(b")")[2].split()
    except OSError:
        return None
    return Process(pid, int(fields[1]), int(fields[19]), fields[0] in (b"Z", b"X"))


def all_processes() -> list[Process]:
    """Return all processes that this one can see."""
    found = (find(int(name)) for name in os.listdir("/proc") if name.isdigit())
    return [each for each in found if each]


def children() -> frozenset[tuple[int, int]]:
    """Return id and start time of this process's children."""
    if not _IS_LINUX:
        return frozenset()
    own = os.getpid()
    return frozenset((each.pid, each.started) for each in all_processes() if each.parent == own)


def kill(process: Process) -> None:
    """Kill a process, unless its id belongs to a later one by now."""
    try:
        descriptor = os.pidfd_open(process.pid)
    except OSError:  # it is gone; or the kernel is old, or refuses this
        if find(process.pid) == process:
            with suppress(OSError):
                os.kill(process.pid, signal.SIGKILL)
        return
    now = find(process.pid)
    if now and now.started == process.started:
        with suppress(OSError):
            signal.pidfd_send_signal(descriptor, signal.SIGKILL)
    os.close(descriptor)


def end_descendants(spared: frozenset[tuple[int, int]] = frozenset()) -> None:
    """Kill all descendants, and wait for their end.

    Args:
        spared: Children, as `children` returns them, that go on with all their descendants.
    """
    until = time.monotonic() + _SECONDS
    while _IS_LINUX and time.monotonic() < until:
        found = _descendants(spared)
        if not found:
            return
        for each in found:
            if not each.is_zombie:
                kill(each)
            elif each.parent == os.getpid():
                with suppress(ChildProcessError):
                    os.waitpid(each.pid, os.WNOHANG)
        time.sleep(0.005)


def _descendants(spared: frozenset[tuple[int, int]]) -> list[Process]:
    by_parent: dict[int, list[Process]] = {}
    for each in all_processes():
        by_parent.setdefault(each.parent, []).append(each)
    found: list[Process] = []
    pending = [each for each in by_parent.get(os.getpid(), []) if each[::2] not in spared]
    while pending:
        each = pending.pop()
        found.append(each)
        pending += by_parent.get(each.pid, [])
    return found


# -- marks ---------------------------------------------------------------------------------------


def mark(process: Process) -> str:
    """Return the mark of a run: its user, its folder for temporary files, and its process."""
    return f"{_scope()}{process.pid}:{process.started}"


def _scope() -> str:
    """Return what the mark of each run begins with whose leftovers are this one's business."""
    import tempfile

    folder = zlib.crc32(os.fsencode(tempfile.gettempdir()))
    return f"{_namespace()}:{os.geteuid()}:{folder:08x}:"


def _namespace() -> str:
    """Return the PID namespace, outside of which process ids mean something else."""
    try:
        return os.readlink("/proc/self/ns/pid")
    except OSError:
        return ""


def _marked() -> Iterator[tuple[Process, str]]:
    """Yield other processes of this user, or for root of every user, that carry a mark."""
    begin = f"{MARK}={_scope()}".encode()
    for each in all_processes():
        if each.pid == os.getpid():
            continue
        try:
            with open(f"/proc/{each.pid}/environ", "rb") as file:
                variables = file.read().split(b"\0")
        except OSError:
            continue
        for variable in variables:
            if variable.startswith(begin):
                yield each, variable.decode("ascii", "replace").partition("=")[2]


def end_abandoned() -> None:
    """Kill marked processes whose run has ended."""
    if not _IS_LINUX:
        return
    for process, text in _marked():
        *_, pid, started = text.rsplit(":", 2)
        if pid.isdigit() and started.isdigit():
            owner = find(int(pid))
            if owner is None or owner.is_zombie or owner.started != int(started):
                kill(process)


@contextmanager
def ending_descendants() -> Iterator[None]:
    """End whatever the block starts before the block ends, and mark it in case it cannot."""
    own = find(os.getpid()) if _IS_LINUX else None
    if own is None:
        yield
        return
    before, spared, outer = adopt_orphans(), children(), os.environ.get(MARK)
    os.environ[MARK] = mark(own)
    try:
        yield
    finally:
        end_descendants(spared)
        adopt_orphans(adopt=before)
        if outer is None:
            os.environ.pop(MARK, None)
        else:
            os.environ[MARK] = outer


def unmarked() -> dict[str, str]:
    """Return the environment without the mark, for what ends marked processes."""
    return {name: value for name, value in os.environ.items() if name != MARK}


# -- the command line ----------------------------------------------------------------------------


def main(arguments: Iterable[str]) -> int:
    """Run a command and end all that it leaves behind; or only end this process's descendants."""
    what, *command = arguments
    if what == "end":
        end_descendants()
        return 0
    adopt_orphans()
    child = subprocess.Popen(command)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _: child.send_signal(number))
    code = child.wait()
    end_descendants()
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
