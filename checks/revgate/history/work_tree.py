"""Turns the work tree into a commit that no reference points to, because git merges only commits.

The commit is written through a temporary copy of the index: the real one stays as it is.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from typing import TYPE_CHECKING

from revgate import environments
from revgate.errors import RevgateError
from revgate.git import git
from revgate.history.merge import commit_index
from revgate.history.source import paths_in
from revgate.history.tree import GitTree
from revgate.settings import FILES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from revgate.environments import Environment
    from revgate.settings import Settings
    from revgate.source import Source

# No warning about line ends may stop the copy.
_ADD = ("-c", "core.safecrlf=false", "-c", "advice.addIgnoredFile=false")


def commit_work_tree(source: Source, settings: Settings) -> GitTree:
    """Return the work tree as a commit: what git tracks, and what Alembic would load besides.

    Raises:
        CannotJudgeError: git cannot read a file, or there is no repository.
    """
    root = source.root
    with tempfile.TemporaryDirectory(prefix="revgate-") as folder:
        index = os.path.join(folder, "index")
        _copy_index(root, index)
        variables = {"GIT_INDEX_FILE": index}
        git(root, *_ADD, "add", "--update", "--", ":/", variables=variables)
        if untracked := [*_untracked(source, settings, variables)]:
            names = "".join(f"{path}\0" for path in untracked)
            words = ("update-index", "--add", "-z", "--stdin")
            git(root, *_ADD, *words, stdin=os.fsencode(names), variables=variables)
        tree = GitTree(root, commit_index(root, index))
    tree.name = source.name
    return tree


def _copy_index(root: str, path: str) -> None:
    """Copy the index with its times, by which git knows which of its entries to compare again."""
    own = os.fsdecode(git(root, "rev-parse", "--git-path", "index")).rstrip("\n")
    if os.path.exists(place := os.path.join(root, own)):
        shutil.copy2(place, path)


def _untracked(source: Source, settings: Settings, variables: dict[str, str]) -> Iterator[str]:
    """Yield the files that git does not track, ignored or not, and that Alembic would load."""
    found = _environments(source, settings)
    named = {*FILES, *source.configurations(), *(each.config for each in found)}
    folders = [(each, folder) for each in found for folder in each.version_locations]
    # Only these places: ignored folders elsewhere may hold any number of files.
    places = sorted(named | {real for _, each in folders if (real := _real(source.root, each))})
    words = ("ls-files", "--others", "-z", "--", *(f":(literal){each}" for each in places))
    untracked = paths_in(git(source.root, *words, variables=variables))
    if not untracked:
        return
    for each, folder in folders:
        if source.has_folder(folder):
            files = source.files(folder, recursive=each.recursive)
            named.update(_really_at(source.root, folder, files))
    yield from (path for path in untracked if path in named)


def _environments(source: Source, settings: Settings) -> list[Environment]:
    try:
        return environments.find(source, settings)
    except RevgateError:  # the check itself says what is wrong
        return []


def _real(root: str, folder: str) -> str:
    """Return where a folder really is, relative to the root; empty if it is elsewhere."""
    place = os.path.relpath(os.path.realpath(os.path.join(root, folder)), os.path.realpath(root))
    return "" if place.startswith(os.pardir) else place


def _really_at(root: str, folder: str, files: Iterable[str]) -> Iterator[str]:
    """Yield where revision files really are: git looks at nothing behind a link."""
    place = _real(root, folder)
    if not place:
        return
    for path in files:
        if path.endswith(".py"):
            name = path if folder in ("", ".") else path[len(folder) + 1 :]
            yield os.path.normpath(os.path.join(place, name)).replace(os.sep, "/")
