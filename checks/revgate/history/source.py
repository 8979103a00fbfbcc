"""The work tree as a source of files."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from revgate.errors import CannotJudgeError
from revgate.git import git
from revgate.source import Content, read_regular

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

CONFIGURATIONS = ("alembic.ini", "pyproject.toml")
# Folders to skip when searching for alembic.ini outside of a git repository.
_NOT_SEARCHED = {"node_modules", "site-packages", "__pycache__", "venv", "env", "build", "dist"}


class WorkTree:
    """The files on disk, tracked or not: what Alembic would load."""

    name = "the work tree"

    def __init__(self, root: str, *, is_repository: bool, cached: bool = False) -> None:
        """Open a work tree.

        Args:
            root: The repository root, an absolute path.
            is_repository: Whether it is a git repository.
            cached: Whether to use and update the cache.
        """
        self.root = root
        self.is_repository = is_repository
        self.cached = cached

    def configurations(self) -> list[str]:
        """Ask git, so that ignored files do not count; search the folders if there is no git."""
        if not self.is_repository:
            return sorted(self._walk())
        found = self._tracked()
        # Listing untracked files walks the whole work tree: only if nothing is tracked yet.
        found = found or self._known_to_git("--others", "--exclude-standard")
        # A set, since git has three entries for a file in conflict.
        return sorted({path for path in found if self.has_file(path)})

    def _tracked(self) -> list[str]:
        """Ask git what it tracks, unless its index is unchanged since the last time."""
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

    def names(self) -> list[str]:
        """Paths of all files that git tracks or does not ignore."""
        if not self.is_repository:
            return os.listdir(self.root)
        words = ("ls-files", "-z", "--cached", "--others", "--exclude-standard")
        return paths_in(git(self.root, *words))

    def submodule(self, path: str) -> None:
        """Files of submodules are on disk like others."""

    def has_folder(self, path: str) -> bool:
        """Whether the folder exists."""
        return os.path.isdir(os.path.join(self.root, path))

    def lies(self, path: str) -> str:
        """Return the path: the operating system follows links."""
        return path

    def files(self, folder: str, *, recursive: bool) -> list[str]:
        """List a folder as Alembic does, following links to files but not into folders.

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
        """Whether the file exists."""
        return os.path.isfile(os.path.join(self.root, path))

    def signatures(self, paths: Sequence[str]) -> list[object]:
        """Return size, modification and change time (ns) and inode of each file."""
        found: list[object] = []
        opened = _Opened(self.root)
        for path in paths:
            try:
                status = os.stat(opened.name(path), dir_fd=opened.folder)
            except (OSError, ValueError):  # ValueError: a null byte in a path
                found.append(None)
            else:
                times = status.st_mtime_ns, status.st_ctime_ns
                found.append((status.st_size, *times, status.st_ino))
        opened.close()
        return found

    def read(self, paths: Sequence[str]) -> Iterator[Content]:
        """Read files one by one; a broken link or a device is an error, and never blocks."""
        opened = _Opened(self.root)
        try:
            for path in paths:
                try:
                    content = Content(path, read_regular(opened.name(path), opened.folder))
                except OSError as error:
                    content = Content(path, error=error.strerror or str(error))
                except ValueError as error:  # a null byte in a path
                    content = Content(path, error=str(error))
                yield content
        finally:  # also if the caller stops early
            opened.close()


class _Opened:
    """Keeps the current folder open, since looking up names relative to it is faster."""

    def __init__(self, root: str) -> None:
        self.root = root
        self.folder: int | None = None
        """Descriptor of the folder; None if the system supports only whole paths."""
        self._path: str | None = None

    def name(self, path: str) -> str:
        """Open the folder of a path below the root; return the name of the file relative to it.

        Raises:
            OSError: The folder does not exist.
        """
        folder, _, name = path.rpartition("/")
        if folder == self._path:
            return name
        if not {os.stat, os.open} <= os.supports_dir_fd:  # Windows
            return os.path.join(self.root, path)
        self.close()
        # O_PATH: the folder need not be readable, only searchable.
        flags = getattr(os, "O_PATH", os.O_RDONLY)
        self.folder = os.open(os.path.join(self.root, folder), flags)
        self._path = folder
        return name

    def close(self) -> None:
        """Close the folder, if one is open."""
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
    except OSError:  # a link to itself
        return False


def _is_searched(entry: os.DirEntry[str]) -> bool:
    """Whether Alembic searches a folder inside the folder of the revisions."""
    return not entry.is_symlink() and not entry.name.endswith("__pycache__")


def configuration_globs() -> Iterable[str]:
    """Yield the pathspecs of all files that may configure an environment."""
    for name in CONFIGURATIONS:
        yield name
        yield f":(glob)**/{name}"


def paths_in(output: bytes) -> list[str]:
    """Split output of git with `-z`; bytes that are not UTF-8 survive a round trip."""
    return os.fsdecode(output).split("\0")[:-1]
