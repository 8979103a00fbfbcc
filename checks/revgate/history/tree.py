"""The git index, or a commit, as a source of files."""

from __future__ import annotations

import os
import posixpath
from typing import TYPE_CHECKING

from revgate.errors import CannotJudgeError, UsageError
from revgate.git import git, is_shallow, resolve
from revgate.history.source import CONFIGURATIONS, configuration_globs, paths_in
from revgate.source import Content

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

_MOST_LINKS = 10
# The id of an empty file, by SHA-1 and by SHA-256.
_EMPTY = (
    "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391",
    "473a0f4c3be8a93681a267e3b1e9a7dcda1185436fe141f7749120a303721813",
)
_PACKAGE = "__init__.py"


class GitTree:
    """The files of the index or of a commit, read from git's objects."""

    def __init__(self, root: str, revision: str | None = None) -> None:
        self.root = root
        self.revision = revision
        """The commit; None for the index."""
        self.name = "the git index" if revision is None else f"commit {revision}"
        self._blobs: dict[str, str] = {}
        self._links: dict[str, str] = {}
        """Content ids of symbolic links; the content of a link is its target."""
        self._targets: dict[str, str] = {}
        """Targets of links, as far as they were needed."""
        self._conflicts: set[str] = set()
        self._listings: dict[tuple[str, ...], list[str]] = {}

    @classmethod
    def at(cls, root: str, revision: str) -> GitTree:
        """Open a commit.

        Raises:
            UsageError: The commit does not exist.
        """
        found = resolve(root, revision)
        if found is None:
            raise UsageError(f"git knows no commit {revision!r}{_way_to(root, revision)}")
        tree = cls(root, found)
        tree.name = f"commit {revision}"
        return tree

    def configurations(self) -> list[str]:
        """Every alembic.ini and pyproject.toml."""
        if self.revision is None:
            return sorted(self._entries(*configuration_globs()))
        # ls-tree has no globs.
        return sorted(path for path in self._entries() if path.rpartition("/")[2] in CONFIGURATIONS)

    def names(self) -> list[str]:
        """Paths of all files."""
        words = ["ls-files", "-z"]
        if self.revision is not None:
            words = ["ls-tree", "-r", "-z", "--full-tree", "--name-only", self.revision]
        return paths_in(git(self.root, *words))

    def submodule(self, path: str) -> str | None:
        """Return the submodule that a path is in."""
        for each in (path, *_above(path)):
            if _inside(each) and self._listing((_literal(each),)).startswith(b"160000 "):
                return each
        return None

    def has_folder(self, path: str) -> bool:
        """Whether git has any file in the folder, or in the target if it is a link."""
        if path in ("", "."):
            return True
        real = self.lies(path)
        return real == "." or (_inside(real) and bool(self._entries(_literal(real) + "/")))

    def lies(self, path: str) -> str:
        """Return where a folder really is, following links."""
        is_plain = not _inside(path) or bool(self._entries(_literal(path) + "/"))
        return path if is_plain else self._followed(path)

    def files(self, folder: str, *, recursive: bool) -> list[str]:
        """List the files in a folder; if it is a link, by its own name."""
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
        """Whether git has the file."""
        return _inside(path) and path in self._entries(_literal(path))

    def signatures(self, paths: Sequence[str]) -> list[object]:
        """Return the content id of each file; None for files that git does not have."""
        return [self._blobs.get(path) for path in paths]

    def read(self, paths: Sequence[str]) -> Iterator[Content]:
        """Read files by one `git cat-file --batch`.

        Raises:
            CannotJudgeError: One of them is in conflict, so that its content is undecided.
        """
        self._look_up(paths)
        known = self._blobs
        blobs = [known.get(path) or self._blob(path) for path in paths]
        wanted = "".join(f"{blob}\n" for blob in blobs if blob).encode()
        batch = ("cat-file", "--batch", "--buffer")  # no separate write and read per file
        output = git(self.root, *batch, stdin=wanted) if wanted else b""
        at = 0
        for path, blob in zip(paths, blobs, strict=True):
            if not blob:
                what = "it is a link, and its target is " if path in self._links else ""
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
        """Return the content id of a file behind links; empty if there is none."""
        real = self._followed(path)
        if path in self._conflicts or real in self._conflicts:
            raise CannotJudgeError(
                f"{path} is in conflict: resolve it, `git add` it, and run this again"
            )
        return self._blobs.get(real, "")

    def _look_up(self, paths: Iterable[str]) -> None:
        for path in paths:
            if not self._knows(path) and _inside(path):
                self._entries(_literal(path))

    def _knows(self, path: str) -> bool:
        return path in self._blobs or path in self._links or path in self._conflicts

    def _followed(self, path: str) -> str:
        """Return the target of a path, following links, including those of parent folders."""
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
        """Return the paths that match the pathspecs, and record their content ids."""
        if specs not in self._listings:
            found = self._within(specs)
            if found is None or not (found or () in self._listings):
                found = self._listed(specs)
            self._listings[specs] = found
        return self._listings[specs]

    def _within(self, specs: tuple[str, ...]) -> list[str] | None:
        """Return what an earlier listing, of everything or of a folder above, says of one path."""
        if len(specs) != 1:
            return None
        if (everything := self._listings.get(())) is not None:
            path = specs[0].removeprefix(_literal(""))
            if path.endswith("/"):
                return [each for each in everything if each.startswith(path)]
            return [path] if self._knows(path) else []
        if not specs[0].endswith("/"):
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
        for entry in paths_in(self._listing(specs)):
            facts, _, path = entry.partition("\t")
            # The fast path: nearly every entry is a regular file without a conflict.
            if facts.startswith("100") and (end is None or facts.endswith("0")):
                blobs[path] = facts[at:end]
            elif not self._note(facts, path):
                continue
            found.append(path)
        return list(dict.fromkeys(found))

    def _without_announced(self, paths: list[str]) -> list[str]:
        """Leave out what `git add -N` only announces: the next commit will not contain it.

        git lists it as an empty file. An empty `__init__.py`, which is common and never a
        revision, counts as a file, which saves another call of git.
        """
        blobs = self._blobs
        empty = [path for path in paths if blobs.get(path) in _EMPTY and path[-11:] != _PACKAGE]
        if not empty:
            return paths
        tree = git(self.root, "hash-object", "-t", "tree", "--stdin", stdin=b"").decode().strip()
        words = ("diff-index", "--cached", "--ita-invisible-in-index", "--name-only", "-z")
        specs = (_literal(path) for path in empty)
        announced = {*empty}.difference(paths_in(git(self.root, *words, tree, "--", *specs)))
        return [path for path in paths if path not in announced]

    def _listing(self, specs: tuple[str, ...]) -> bytes:
        if self.revision is None:
            return git(self.root, "ls-files", "--stage", "-z", "--", *specs)
        return git(
            self.root,
            *("ls-tree", "-r", "-z", "--full-tree", self.revision, "--", *specs),
        )

    def _note(self, facts: str, path: str) -> bool:
        """Record an entry that is not a regular file; return whether it can be read."""
        if self.revision is None and not facts.endswith("0"):
            # It matters only if the file is read.
            self._conflicts.add(path)
        elif facts.startswith("120000"):
            self._links[path] = facts.split(" ")[1 if self.revision is None else 2]
        else:
            return False  # a submodule
        return True


def _way_to(root: str, revision: str) -> str:
    """Return how to get a commit that git does not know here, to end a message."""
    shallow = is_shallow(root)
    if not shallow and "/" not in revision:
        return ""  # nothing says that it exists elsewhere
    from revgate.target_branch import explain_missing

    way = explain_missing(root, revision)
    return f"{'; this clone is shallow' if shallow else ''}: {way}" if way else ""


def _inside(path: str) -> bool:
    """Whether a path can be in the repository: git rejects others."""
    return bool(path) and path != ".." and not path.startswith(("../", "/")) and "\0" not in path


def _above(path: str) -> Iterator[str]:
    """Yield the parent folders of a path, nearest first."""
    while path := path.rpartition("/")[0]:
        yield path


def _is_listed(path: str, *, recursive: bool) -> bool:
    folders = path.split("/")[:-1]
    return not folders or (
        recursive and not any(folder.endswith("__pycache__") for folder in folders)
    )


def _literal(path: str) -> str:
    return f":(literal){path}"
