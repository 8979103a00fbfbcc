"""A work tree with edits that are not written yet."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from revgate.history.source import WorkTree
from revgate.source import Content

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from revgate.repair.edits import FileEdit


class Overlay(WorkTree):
    """The files on disk, as they will be after some edits."""

    def __init__(self, root: str) -> None:
        super().__init__(root, is_repository=True)
        self._edits: dict[str, FileEdit] = {}
        """By the path that the file has on disk."""

    def edit(self, changes: Iterable[FileEdit]) -> None:
        """Apply edits of files as they are here, on top of earlier ones."""
        for change in changes:
            first = next((each for each in self.changes() if each.new_path == change.path), change)
            merged = change._replace(
                path=first.path, before=first.before, is_new=first.is_new or change.is_new
            )
            self._edits[merged.path] = merged

    def changes(self) -> list[FileEdit]:
        """Return one edit for each file that is not as on disk."""
        return [
            each
            for each in self._edits.values()
            if each.is_new or (each.path, each.before) != (each.new_path, each.after)
        ]

    def state(self) -> dict[str, FileEdit]:
        """Return what `restore` takes."""
        return dict(self._edits)

    def restore(self, state: dict[str, FileEdit]) -> None:
        """Take back the edits since a state."""
        self._edits = dict(state)

    def _now(self) -> dict[str, bytes]:
        return {each.new_path: each.after for each in self._edits.values()}

    def files(self, folder: str, *, recursive: bool) -> list[str]:
        """List a folder as it will be."""
        gone = {each.path for each in self._edits.values()}
        there = {path for path in super().files(folder, recursive=recursive) if path not in gone}
        prefix = "" if folder in ("", ".") else f"{folder}/"
        there |= {
            path
            for path in self._now()
            if path.startswith(prefix) and (recursive or posixpath.dirname(path) == folder)
        }
        return sorted(there)

    def has_file(self, path: str) -> bool:
        """Whether the file will exist."""
        gone = any(each.path == path for each in self._edits.values())
        return path in self._now() or (not gone and super().has_file(path))

    def signatures(self, paths: Sequence[str]) -> list[object]:
        """Return None for an edited file, so that no cache knows it."""
        now = self._now()
        found = super().signatures(paths)
        return [None if path in now else each for path, each in zip(paths, found, strict=True)]

    def read(self, paths: Sequence[str]) -> Iterator[Content]:
        """Read files as they will be."""
        now = self._now()
        for path, content in zip(paths, super().read(paths), strict=True):
            yield Content(path, now[path]) if path in now else content
