"""Where bytes come from: what every source answers, and the files as they lie on disk.

Knows files, folders and what git tracks; nothing of Alembic or of Python's syntax. What git itself
keeps, the index and commits, is `tree`'s. Paths are relative to the repository root, with forward
slashes.
"""

from __future__ import annotations

import os
import stat
import time
from typing import TYPE_CHECKING

from revgate.errors import CannotJudgeError
from revgate.git import git
from revgate.source import Content

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

CONFIGURATIONS = ("alembic.ini", "pyproject.toml")
# Folders that nobody searches for an alembic.ini of their own, where there is no git to say so.
_NOT_SEARCHED = {"node_modules", "site-packages", "__pycache__", "venv", "env", "build", "dist"}


class WorkTree:
    """The files as they lie on disk, tracked or not: what Alembic would load."""

    name = "the work tree"

    def __init__(self, root: str, *, is_repository: bool, cached: bool = False) -> None:
        """Open a work tree.

        Args:
            root: The repository root, an absolute path.
            is_repository: Whether git knows it.
            cached: Whether what earlier runs learnt may be used, and kept.
        """
        self.root = root
        self.is_repository = is_repository
        self.cached = cached

    def configurations(self) -> list[str]:
        """Ask git, so that nothing ignored counts; walk where there is no git."""
        if not self.is_repository:
            return sorted(self._walk())
        found = self._tracked()
        # Looking for untracked files walks the whole work tree: only where nothing is tracked yet.
        found = found or self._known_to_git("--others", "--exclude-standard")
        # Once each, though git has three entries for a file in conflict.
        return sorted({path for path in found if self.has_file(path)})

    def _tracked(self) -> list[str]:
        """Ask git what it tracks; not again, where its index is the very same file as before."""
        from revgate.history.cache import RACY_NS, Cache

        started = time.time_ns()
        index = os.path.join(self.root, ".git", "index")
        signature = None
        if not any(name in os.environ for name in ("GIT_INDEX_FILE", "GIT_DIR")):
            signature = self.signatures([".git/index"])[0] if os.path.isfile(index) else None
        cache = Cache(f"configurations\n{self.root}", enabled=self.cached)
        saved = cache.load() if signature else {}
        if signature and saved.get("index") == signature:
            paths: list[str] = saved["paths"]
            return paths
        found = self._known_to_git("--cached")
        if isinstance(signature, tuple) and max(signature[1], signature[2]) < started - RACY_NS:
            cache.save({"index": signature, "paths": found})
        return found

    def _known_to_git(self, *which: str) -> list[str]:
        return paths_in(git(self.root, "ls-files", "-z", *which, "--", *configuration_globs()))

    def _walk(self) -> Iterator[str]:
        for folder, folders, files in os.walk(self.root):
            folders[:] = [
                name for name in folders if name not in _NOT_SEARCHED and not name.startswith(".")
            ]
            for name in CONFIGURATIONS:
                if name in files:
                    path = os.path.relpath(os.path.join(folder, name), self.root)
                    yield path.replace(os.sep, "/")

    def has_folder(self, path: str) -> bool:
        """Whether there is such a folder."""
        return os.path.isdir(os.path.join(self.root, path))

    def lies(self, path: str) -> str:
        """Return the path: the system follows links by itself."""
        return path

    def files(self, folder: str, *, recursive: bool) -> list[str]:
        """List a folder, as Alembic does: links followed to files, not into folders.

        Raises:
            CannotJudgeError: A folder cannot be listed.
        """
        found: list[str] = []
        waiting = [folder]
        while waiting:
            here = waiting.pop()
            prefix = "" if here in ("", ".") else f"{here}/"
            entries = self._listed(here)
            folders = _folders(entries)
            if folders and recursive:
                waiting += [prefix + entry.name for entry in folders if _is_searched(entry)]
            names = {entry.name for entry in folders}
            found += [prefix + entry.name for entry in entries if entry.name not in names]
        return sorted(found)

    def _listed(self, folder: str) -> list[os.DirEntry[str]]:
        try:
            with os.scandir(os.path.join(self.root, folder)) as entries:
                return list(entries)
        except OSError as error:
            raise CannotJudgeError(
                f"the folder {folder} cannot be listed: {error.strerror}"
            ) from None

    def has_file(self, path: str) -> bool:
        """Whether there is such a file."""
        return os.path.isfile(os.path.join(self.root, path))

    def signatures(self, paths: Sequence[str]) -> list[object]:
        """Return size, modification and change time (ns) and inode of each file."""
        found: list[object] = []
        opened = _Opened(self.root)
        for path in paths:
            try:
                status = os.stat(opened.name(path), dir_fd=opened.folder)
            except (OSError, ValueError):  # ValueError: a null byte in a path somebody wrote
                found.append(None)
            else:
                times = status.st_mtime_ns, status.st_ctime_ns
                found.append((status.st_size, *times, status.st_ino))
        opened.close()
        return found

    def read(self, paths: Sequence[str]) -> Iterator[Content]:
        """Read files one by one; a link that leads nowhere or a device is an error, not a wait."""
        opened = _Opened(self.root)
        try:
            for path in paths:
                try:
                    content = Content(path, _read_regular(opened.name(path), opened.folder))
                except OSError as error:
                    content = Content(path, error=error.strerror or str(error))
                except ValueError as error:  # a null byte in a path that somebody wrote
                    content = Content(path, error=str(error))
                yield content
        finally:  # also where nobody asks for the rest
            opened.close()


class _Opened:
    """The folder whose files are asked about just now: names within it are found faster."""

    def __init__(self, root: str) -> None:
        self.root = root
        self.folder: int | None = None
        """Descriptor of the folder; None where this system asks by whole paths."""
        self._path: str | None = None

    def name(self, path: str) -> str:
        """Open the folder of a path below the root; return what the file is called within.

        Raises:
            OSError: There is no such folder.
        """
        folder, _, name = path.rpartition("/")
        if folder == self._path:
            return name
        if not {os.stat, os.open} <= os.supports_dir_fd:  # Windows
            return os.path.join(self.root, path)
        self.close()
        # O_PATH: a folder that may be passed through need not be readable.
        flags = getattr(os, "O_PATH", os.O_RDONLY)
        self.folder = os.open(os.path.join(self.root, folder), flags)
        self._path = folder
        return name

    def close(self) -> None:
        """Close what is open."""
        if self.folder is not None:
            os.close(self.folder)
        self._path = self.folder = None


def _folders(entries: list[os.DirEntry[str]]) -> list[os.DirEntry[str]]:
    try:
        return [entry for entry in entries if entry.is_dir()]
    except OSError:
        return [entry for entry in entries if _is_folder(entry)]


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link that leads to itself
        return False


def _is_searched(entry: os.DirEntry[str]) -> bool:
    """Whether Alembic looks into a folder that lies among the revisions."""
    return not entry.is_symlink() and not entry.name.endswith("__pycache__")


# O_NONBLOCK: opening a FIFO would otherwise wait for a writer for ever.
_READ = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0)


def _read_regular(path: str, folder: int | None) -> bytes:
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


def configuration_globs() -> Iterable[str]:
    """Yield what git calls every file that may configure an environment."""
    for name in CONFIGURATIONS:
        yield name
        yield f":(glob)**/{name}"


def paths_in(output: bytes) -> list[str]:
    """Split what git printed with `-z`; bytes that are no UTF-8 survive the way back."""
    return os.fsdecode(output).split("\0")[:-1]
