"""Where bytes come from: the work tree, the git index, or a commit.

Knows files, folders and git; nothing of Alembic or of Python's syntax. All three answer the same
four questions, with paths relative to the repository root and forward slashes.
"""

import os
import posixpath
import stat
import time
from typing import TYPE_CHECKING, NamedTuple, Protocol

from revgate.errors import CannotJudgeError, UsageError
from revgate.git import GitRefusedError, git

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

CONFIGURATIONS = ("alembic.ini", "pyproject.toml")
_MOST_LINKS = 10
# What git calls a file without content, by SHA-1 and by SHA-256.
_EMPTY = (
    "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391",
    "473a0f4c3be8a93681a267e3b1e9a7dcda1185436fe141f7749120a303721813",
)
_PACKAGE = "__init__.py"
# Folders that nobody searches for an alembic.ini of their own, where there is no git to say so.
_NOT_SEARCHED = {"node_modules", "site-packages", "__pycache__", "venv", "env", "build", "dist"}


class Content(NamedTuple):
    """One file's bytes, or why they cannot be had."""

    path: str
    data: bytes = b""
    error: str | None = None

    def id(self) -> str:
        """Return git's name for the content: one key for the work tree, the index and commits."""
        import hashlib

        head = b"blob %d\0" % len(self.data)
        return hashlib.sha1(head + self.data, usedforsecurity=False).hexdigest()


class Source(Protocol):
    """What a stage further on may ask."""

    name: str
    """As a sentence names it: `the work tree`."""
    root: str
    """The repository root, an absolute path."""

    def configurations(self) -> list[str]:
        """Paths of every alembic.ini and pyproject.toml, sorted."""

    def has_folder(self, path: str) -> bool:
        """Whether there is such a folder."""

    def lies(self, path: str) -> str:
        """Return where git has what it keeps as links: the path itself where none is on the way."""

    def files(self, folder: str, *, recursive: bool) -> list[str]:
        """Paths of what lies in a folder, sorted; with those below it where recursive."""

    def has_file(self, path: str) -> bool:
        """Whether there is such a file."""

    def signatures(self, paths: "Sequence[str]") -> list[object]:
        """Return what tells that a file is unchanged, without reading it.

        A content id, as text; or size, times and number of the file, as a tuple; or None.
        """

    def read(self, paths: "Sequence[str]") -> "Iterator[Content]":
        """Read files, in the order asked for."""


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
        return _paths(git(self.root, "ls-files", "-z", *which, "--", *_configuration_globs()))

    def _walk(self) -> "Iterator[str]":
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

    def _listed(self, folder: str) -> "list[os.DirEntry[str]]":
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

    def signatures(self, paths: "Sequence[str]") -> list[object]:
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

    def read(self, paths: "Sequence[str]") -> "Iterator[Content]":
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


def _folders(entries: "list[os.DirEntry[str]]") -> "list[os.DirEntry[str]]":
    try:
        return [entry for entry in entries if entry.is_dir()]
    except OSError:
        return [entry for entry in entries if _is_folder(entry)]


def _is_folder(entry: "os.DirEntry[str]") -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link that leads to itself
        return False


def _is_searched(entry: "os.DirEntry[str]") -> bool:
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


class GitTree:
    """Files as git has them, read from its objects: the index, or a commit."""

    def __init__(self, root: str, revision: str | None = None) -> None:
        self.root = root
        self.revision = revision
        """The commit; None for the index."""
        self.name = "the git index" if revision is None else f"commit {revision}"
        self._blobs: dict[str, str] = {}
        self._links: dict[str, str] = {}
        """Content ids of symbolic links, whose content is where they lead."""
        self._targets: dict[str, str] = {}
        """Where links lead, once somebody has asked."""
        self._conflicts: set[str] = set()
        self._listings: dict[tuple[str, ...], list[str]] = {}

    @classmethod
    def at(cls, root: str, revision: str) -> "GitTree":
        """Open a commit.

        Raises:
            UsageError: git knows no such commit.
        """
        wanted = ("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
        try:
            found = git(root, *wanted)
        except GitRefusedError as error:
            if error.said:
                raise
            raise UsageError(f"git knows no commit {revision!r}{_shallow(root)}") from None
        tree = cls(root, found.decode().strip())
        tree.name = f"commit {revision}"
        return tree

    def configurations(self) -> list[str]:
        """Every alembic.ini and pyproject.toml."""
        if self.revision is None:
            return sorted(self._entries(*_configuration_globs()))
        # ls-tree knows no globs.
        return sorted(path for path in self._entries() if path.rpartition("/")[2] in CONFIGURATIONS)

    def has_folder(self, path: str) -> bool:
        """Whether git has anything below such a folder, or where it leads as a link."""
        if path in ("", "."):
            return True
        real = self.lies(path)
        return real == "." or (_inside(real) and bool(self._entries(_literal(real) + "/")))

    def lies(self, path: str) -> str:
        """Return where a folder lies, links on the way followed."""
        is_plain = not _inside(path) or bool(self._entries(_literal(path) + "/"))
        return path if is_plain else self._followed(path)

    def files(self, folder: str, *, recursive: bool) -> list[str]:
        """List what git has in a folder; by the name that was asked for, where that is a link."""
        real = folder if folder in ("", ".") else self.lies(folder)
        found = self._files(real, recursive=recursive)
        if self.revision is None:
            found = self._without_announced(found)
        if real == folder:
            return found
        size = 0 if real == "." else len(real) + 1
        return [f"{folder}/{path[size:]}" for path in found]

    def _files(self, folder: str, *, recursive: bool) -> list[str]:
        prefix = "" if folder in ("", ".") else f"{folder}/"
        found = self._entries(*([_literal(prefix)] if prefix else []))
        size = len(prefix)
        return sorted(
            [
                path
                for path in found
                if path.startswith(prefix)
                and (path.find("/", size) < 0 or _is_listed(path[size:], recursive=recursive))
            ]
        )

    def has_file(self, path: str) -> bool:
        """Whether git has such a file."""
        return _inside(path) and path in self._entries(_literal(path))

    def signatures(self, paths: "Sequence[str]") -> list[object]:
        """Return the content id of each file; None for what git has not."""
        return [self._blobs.get(path) for path in paths]

    def read(self, paths: "Sequence[str]") -> "Iterator[Content]":
        """Read files by one `git cat-file --batch`.

        Raises:
            CannotJudgeError: One of them is in conflict, so there is no saying which text counts.
        """
        self._look_up(paths)
        known = self._blobs
        blobs = [known.get(path) or self._blob(path) for path in paths]
        wanted = "".join(f"{blob}\n" for blob in blobs if blob).encode()
        batch = ("cat-file", "--batch", "--buffer")  # no write, and no read here, for each file
        output = git(self.root, *batch, stdin=wanted) if wanted else b""
        at = 0
        for path, blob in zip(paths, blobs, strict=True):
            if not blob:
                what = "it is a link, and where it leads is " if path in self._links else ""
                yield Content(path, error=f"{what}not in {self.name}")
                continue
            end = output.index(b"\n", at)
            words = output[at:end].split()
            if words[-1] == b"missing":
                yield Content(path, error=f"its content {blob} is not in this clone")
                at = end + 1
                continue
            size = int(words[2])
            yield Content(path, output[end + 1 : end + 1 + size])
            at = end + size + 2

    def _blob(self, path: str) -> str:
        """Return the content id of what is no plain file, or lies behind a link; else nothing."""
        real = self._followed(path)
        if path in self._conflicts or real in self._conflicts:
            raise CannotJudgeError(
                f"{path} is in conflict: resolve it, `git add` it, and run this again"
            )
        return self._blobs.get(real, "")

    def _look_up(self, paths: "Iterable[str]") -> None:
        for path in paths:
            if not self._knows(path) and _inside(path):
                self._entries(_literal(path))

    def _knows(self, path: str) -> bool:
        return path in self._blobs or path in self._links or path in self._conflicts

    def _followed(self, path: str) -> str:
        """Return where symbolic links lead, the path's own and those of the folders above."""
        for _ in range(_MOST_LINKS):
            link = next((each for each in (path, *_above(path)) if self._is_link(each)), None)
            if link is None:
                break
            if link not in self._targets:
                target = git(self.root, "cat-file", "blob", self._links[link])
                self._targets[link] = os.fsdecode(target)
            beside = posixpath.join(posixpath.dirname(link), self._targets[link])
            path = posixpath.normpath(f"{beside}/{path[len(link) :]}")
        return path

    def _is_link(self, path: str) -> bool:
        self._look_up([path])
        return path in self._links

    def _entries(self, *specs: str) -> list[str]:
        """Return the paths of what the path specs name, and note the content of each."""
        if specs not in self._listings:
            self._listings[specs] = self._within(specs) or self._listed(specs)
        return self._listings[specs]

    def _within(self, specs: tuple[str, ...]) -> list[str] | None:
        """Return what an earlier listing of a folder above says of one folder."""
        if len(specs) != 1 or not specs[0].endswith("/"):
            return None
        for earlier, paths in self._listings.items():
            if len(earlier) == 1 and earlier[0].endswith("/") and specs[0].startswith(earlier[0]):
                folder = specs[0].removeprefix(_literal(""))
                return [path for path in paths if path.startswith(folder)]
        return None

    def _listed(self, specs: tuple[str, ...]) -> list[str]:
        found = []
        blobs = self._blobs
        # index: mode id stage; tree: mode type id.
        at, end = (7, -2) if self.revision is None else (12, None)
        for entry in _paths(self._listing(specs)):
            facts, _, path = entry.partition("\t")
            # Nearly every entry is a plain file without conflict; ten thousand should cost little.
            if facts.startswith("100") and (end is None or facts.endswith("0")):
                blobs[path] = facts[at:end]
            elif not self._note(facts, path):
                continue
            found.append(path)
        return list(dict.fromkeys(found))

    def _without_announced(self, paths: list[str]) -> list[str]:
        """Leave out what `git add -N` only announces: it is in the index, and in no commit.

        git lists it as an empty file. An empty `__init__.py`, which many have and no revision is,
        is taken for a file, so that nobody waits for a second answer.
        """
        blobs = self._blobs
        empty = [path for path in paths if blobs.get(path) in _EMPTY and path[-11:] != _PACKAGE]
        if not empty:
            return paths
        tree = git(self.root, "hash-object", "-t", "tree", "--stdin", stdin=b"").decode().strip()
        words = ("diff-index", "--cached", "--ita-invisible-in-index", "--name-only", "-z")
        specs = (_literal(path) for path in empty)
        announced = {*empty}.difference(_paths(git(self.root, *words, tree, "--", *specs)))
        return [path for path in paths if path not in announced]

    def _listing(self, specs: tuple[str, ...]) -> bytes:
        if self.revision is None:
            return git(self.root, "ls-files", "--stage", "-z", "--", *specs)
        return git(
            self.root,
            *("ls-tree", "-r", "-z", "--full-tree", self.revision, "--", *specs),
        )

    def _note(self, facts: str, path: str) -> bool:
        """Note an entry that is no plain file; return whether it is one to be read at all."""
        if self.revision is None and not facts.endswith("0"):
            # Whether that matters shows when somebody wants to read it.
            self._conflicts.add(path)
        elif facts.startswith("120000"):
            self._links[path] = facts.split(" ")[1 if self.revision is None else 2]
        else:
            return False  # a submodule
        return True


def _shallow(root: str) -> str:
    """Say that a commit may be missing only here."""
    if git(root, "rev-parse", "--is-shallow-repository").strip() != b"true":
        return ""
    return "; this clone is shallow: `git fetch --unshallow` brings all commits"


def _inside(path: str) -> bool:
    """Whether a path can be one of the repository: git refuses to be asked for others."""
    return bool(path) and path != ".." and not path.startswith(("../", "/")) and "\0" not in path


def _above(path: str) -> "Iterator[str]":
    """Yield the folders above a path, the nearest first."""
    while path := path.rpartition("/")[0]:
        yield path


def _is_listed(path: str, *, recursive: bool) -> bool:
    folders = path.split("/")[:-1]
    return not folders or (
        recursive and not any(folder.endswith("__pycache__") for folder in folders)
    )


def _literal(path: str) -> str:
    return f":(literal){path}"


def _configuration_globs() -> "Iterable[str]":
    for name in CONFIGURATIONS:
        yield name
        yield f":(glob)**/{name}"


def _paths(output: bytes) -> list[str]:
    """Split what git printed with `-z`; bytes that are no UTF-8 survive the way back."""
    return os.fsdecode(output).split("\0")[:-1]
