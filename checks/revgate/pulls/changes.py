"""Works out what a pull request changes by comparing git trees."""

from __future__ import annotations

import os
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from revgate.errors import CannotJudgeError
from revgate.git import git
from revgate.history.tree import GitTree

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence


class PathChange(NamedTuple):
    """One path that changed."""

    status: str
    """`A`, `M`, `D` or `T`, as git has them."""
    mode: str
    """Mode of the file after the change, such as `100644`."""
    old: str
    new: str
    """Content ids; all zeros if there is none."""

    @property
    def is_file(self) -> bool:
        """Whether it is now a regular file: not a link, a submodule, or deleted."""
        return self.mode.startswith("100")


class Changes:
    """The difference between a head and its common ancestor with the base."""

    def __init__(
        self, root: str, head: str, fork: str | None, paths: dict[str, PathChange]
    ) -> None:
        self.root = root
        self.head = head
        self.fork = fork
        """The common ancestor; None if there are several."""
        self.paths = paths

    def only_adds(self, paths: Sequence[str]) -> bool:
        """Whether the only change to some paths is that regular files are added."""
        changes = [self.paths[path] for path in paths]
        return self.fork is not None and all(
            each.status == "A" and each.is_file for each in changes
        )

    def contents(self, paths: Iterable[str]) -> Iterator[bytes]:
        """Yield the old and the new contents of some paths."""
        for path in paths:
            for blob in (self.paths[path].old, self.paths[path].new):
                if blob.strip("0"):
                    yield git(self.root, "cat-file", "blob", blob)

    @cached_property
    def names(self) -> set[str]:
        """Names of modules that changed files may belong to."""
        return {part.removesuffix(".py") for path in self.paths for part in path.split("/")}


class Changed(GitTree):
    """The files of a pull request that differ from the common ancestor."""

    def __init__(self, root: str, changes: Changes) -> None:
        super().__init__(root, changes.head)
        self._blobs.update(
            (path, change.new) for path, change in changes.paths.items() if change.is_file
        )

    def has_folder(self, path: str) -> bool:  # noqa: ARG002 - whichever is asked for
        """Whether a folder exists: a missing one has no files."""
        return True

    def _entries(self, *specs: str) -> list[str]:  # noqa: ARG002 - as above
        return list(self._blobs)


def changes_of(root: str, base: str, head: str) -> Changes:
    """Compare a head with its common ancestor with the base.

    Raises:
        CannotJudgeError: There is none in this clone.
    """
    forks = git(root, "merge-base", "--all", base, head, accept=(0, 1)).decode().split()
    if not forks:
        raise CannotJudgeError("it has no common ancestor with the base")
    words = ("diff-tree", "-r", "-z", "--raw", "--no-abbrev", "--no-renames")
    return Changes(
        root,
        head,
        forks[0] if len(forks) == 1 else None,
        _parsed(git(root, *words, forks[0], head)),
    )


def _parsed(output: bytes) -> dict[str, PathChange]:
    """Read what `diff-tree --raw -z` prints: `:mode mode id id status`, then the path."""
    fields = os.fsdecode(output).split("\0")[:-1]
    found = {}
    for facts, path in zip(fields[::2], fields[1::2], strict=True):
        _, mode, old, new, status = facts.split(" ")
        found[path] = PathChange(status, mode, old, new)
    return found


def added_since(root: str, fork: str, base: str, folders: Iterable[str]) -> set[str] | None:
    """Return the paths that were added to the base since an ancestor.

    None if the base changed in any other way below these folders.
    """
    words = ("diff-tree", "-r", "-z", "--raw", "--no-abbrev", "--no-renames")
    places = [folder for folder in folders if folder != "."]
    changes = _parsed(git(root, *words, fork, base, "--", *places))
    if any(each.status != "A" for each in changes.values()):
        return None
    return {*changes}
