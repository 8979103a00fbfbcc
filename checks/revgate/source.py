"""The interface to a tree of files: the work tree, the git index, or a commit.

Paths are relative to the repository root, with forward slashes.
"""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


class Content(NamedTuple):
    """The bytes of one file, or the reason why it cannot be read."""

    path: str
    data: bytes = b""
    error: str | None = None

    def id(self) -> str:
        """Return git's id for the content: one key for the work tree, the index and commits."""
        import hashlib

        head = b"blob %d\0" % len(self.data)
        return hashlib.sha1(head + self.data, usedforsecurity=False).hexdigest()


# A FIFO without a writer must not block.
_READ = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0)


def read_regular(path: str, folder: int | None = None) -> bytes:
    """Return the bytes of a regular file; a device or a pipe would block, or never end.

    Args:
        path: Absolute, or relative to `folder`.
        folder: The descriptor of an open folder.

    Raises:
        OSError: It cannot be read, or is not a regular file.
    """
    descriptor = os.open(path, _READ, dir_fd=folder)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(0, "not a regular file")
        data = os.read(descriptor, status.st_size + 1)
        while len(data) > status.st_size and (more := os.read(descriptor, 65536)):
            data += more  # it has grown since
        return data
    finally:
        os.close(descriptor)


class Source(Protocol):
    """A tree of files: the work tree, the git index, or a commit."""

    name: str
    """As a sentence names it: `the work tree`."""
    root: str
    """The repository root, an absolute path."""

    def configurations(self) -> list[str]:
        """Paths of every alembic.ini and pyproject.toml, sorted."""

    def names(self) -> list[str]:
        """Paths of all files; without git, only of those in the root."""

    def submodule(self, path: str) -> str | None:
        """Return the submodule that a path is in, if git has only its commit here."""

    def has_folder(self, path: str) -> bool:
        """Whether the folder exists."""

    def lies(self, path: str) -> str:
        """Return where a folder that git stores as a link really is; else the path itself."""

    def files(self, folder: str, *, recursive: bool) -> list[str]:
        """Paths of the files in a folder, sorted; including subfolders if recursive."""

    def has_file(self, path: str) -> bool:
        """Whether the file exists."""

    def signatures(self, paths: Sequence[str]) -> list[object]:
        """Return a value for each file that changes with its content, without reading it.

        A content id, as text; or size, times and inode of the file, as a tuple; or None.
        """

    def read(self, paths: Sequence[str]) -> Iterator[Content]:
        """Read files, in the given order."""


def listed(folder: str) -> list[str]:
    """Return the names in a folder, sorted; none if it cannot be listed."""
    try:
        return sorted(os.listdir(folder))
    except OSError:
        return []


def missing(source: Source, folder: str) -> str:
    """Return the message for a missing folder; for a link, with its target."""
    if submodule := source.submodule(folder):
        return (
            f"the folder {folder} is in the submodule {submodule}, of which {source.name} has only"
            " the commit: run this in the submodule, or check the work tree without --against"
        )
    real = source.lies(folder)
    if real == folder:
        return f"the folder {folder} is missing in {source.name}"
    return f"the folder {folder} is a link to {real}, which is missing in {source.name}"
