"""Results of earlier runs, in the user's cache folder.

A cache that is missing, damaged or read-only costs time and nothing else.
"""

from __future__ import annotations

import marshal
import os
import stat
import sys
import zlib
from functools import cache
from typing import Any

LARGEST_FOLDER = 256 * 1024 * 1024
"""Bytes that all tables may take together; the least recently used are deleted first."""

Table = dict[str, Any]


RACY_NS = 2_000_000_000
"""A file written this shortly before it was examined may change again unnoticed."""


def folder() -> str:
    """Return the folder of all tables, by the conventions of the platform."""
    if chosen := os.environ.get("REVGATE_CACHE_DIR"):
        return chosen
    home = os.path.expanduser("~")
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or os.path.join(home, "AppData", "Local")
    elif sys.platform == "darwin":
        base = os.path.join(home, "Library", "Caches")
    else:
        base = os.environ.get("XDG_CACHE_HOME") or os.path.join(home, ".cache")
    return os.path.join(base, "revgate")


class Cache:
    """One table on disk."""

    def __init__(self, name: str, *, enabled: bool = True) -> None:
        """Open the table with a name, which may be any text."""
        written = name.encode("utf-8", "surrogatepass")
        # The file repeats the whole name: two names with the same checksum only cost time.
        self.path = os.path.join(folder(), f"{zlib.crc32(written):08x}-{len(written)}.facts")
        self.enabled = enabled
        self._stamp = marshal.dumps((written, _sources()), 2)

    def load(self) -> Table:
        """Return the table that this version of revgate and Python saved; else an empty one."""
        if not self.enabled:
            return {}
        try:
            data = read_file(self.path)
            size = len(self._stamp)
            payload = memoryview(data)[size + 4 :]
            if data[: size + 4] != self._stamp + _checksum(payload):
                return {}
            table = marshal.loads(payload)  # noqa: S302 - our own file, with its checksum
        except (OSError, ValueError, EOFError, TypeError):
            return {}
        return table if isinstance(table, dict) else {}

    def save(self, table: Table) -> None:
        """Replace the table atomically, even if other processes write it too."""
        if not self.enabled:
            return
        payload = marshal.dumps(table)
        temporary = f"{self.path}.{os.getpid()}"
        try:
            os.makedirs(folder(), mode=0o700, exist_ok=True)
            with open(temporary, "wb", opener=_new_file) as file:
                file.write(self._stamp + _checksum(memoryview(payload)) + payload)
            os.replace(temporary, self.path)
            _prune(keep=self.path)
        except OSError:
            with _ignored():
                os.unlink(temporary)


def read_file(path: str) -> bytes:
    """Read a regular file of a sensible size; opening anything else must not block."""
    with open(path, "rb", opener=_without_waiting) as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode) or status.st_size > LARGEST_FOLDER:
            return b""
        return file.read()


def _without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _new_file(path: str, flags: int) -> int:
    """Create a file, instead of whatever an earlier process left under its name."""
    with _ignored():
        os.unlink(path)
    return os.open(path, flags | os.O_EXCL, 0o600)


def _checksum(payload: memoryview) -> bytes:
    return zlib.crc32(payload).to_bytes(4, "big")


def _ignored() -> Any:
    from contextlib import suppress

    return suppress(OSError)


@cache
def _sources() -> tuple[Any, ...]:
    """Return what identifies this Python and these sources."""
    package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    found = []
    for name in ("", "history", "rules", "checking"):
        with os.scandir(os.path.join(package, name)) as entries:
            for entry in entries:
                if entry.name.endswith(".py"):
                    status = entry.stat()
                    found.append((entry.name, status.st_size, status.st_mtime_ns))
    return sys.version, tuple(sorted(found))


def _prune(keep: str) -> None:
    with os.scandir(folder()) as entries:
        found = [(entry.stat().st_mtime, entry.stat().st_size, entry.path) for entry in entries]
    total = sum(size for _, size, _ in found)
    for _, size, path in sorted(found):
        if total <= LARGEST_FOLDER:
            return
        if path != keep:
            os.unlink(path)
            total -= size
