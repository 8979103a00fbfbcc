"""Writes a set of file edits: all of them, or none."""

from __future__ import annotations

import contextlib
import os
import stat
from typing import TYPE_CHECKING

from revgate.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from revgate.repair.edits import FileEdit

_NEW = 0o644
"""The mode of a new file: what git uses for one that is not executable."""


def write(root: str, changes: Sequence[FileEdit]) -> None:
    """Write edits; each file through a temporary one that replaces it.

    Args:
        root: The repository root, an absolute path.
        changes: Edits of different files.

    Raises:
        UsageError: One of them cannot be written, and none is changed; or another file already
            has the new name.
    """
    temporaries: list[str] = []
    done: list[FileEdit] = []
    try:
        for change in changes:
            _check(root, change)
            temporaries.append(_prepared(root, change.path, change.after, is_new=change.is_new))
        for change, temporary in zip(changes, temporaries, strict=True):
            _check(root, change)
            done.append(change)
            _replace(root, change, temporary)
    except BaseException as error:
        left = [each.path for each in reversed(done) if not _restored(root, each)]
        if isinstance(error, OSError):
            raise UsageError(_said(error, left)) from None
        raise
    finally:
        for temporary in temporaries:
            with contextlib.suppress(OSError):
                os.unlink(temporary)


def _said(error: OSError, left: list[str]) -> str:
    what = f"{error.filename or 'a file'} cannot be written: {error.strerror or error}"
    if left:
        return f"{what}; these could not be restored, see `git diff`: {', '.join(left)}"
    return f"{what}; nothing was changed"


def _check(root: str, change: FileEdit) -> None:
    path, new_path = (os.path.join(root, each) for each in (change.path, change.new_path))
    if change.is_new:
        if os.path.lexists(path):
            raise UsageError(f"{change.path} already exists: nothing was changed")
        if not _is_inside(root, path):
            raise UsageError(f"{change.path} is outside the repository: nothing was changed")
        return
    if os.path.islink(path):
        raise UsageError(f"{change.path} is a link: nothing was changed; edit its target")
    if _bytes(path) != change.before:
        raise UsageError(
            f"{change.path} was modified in the meantime: nothing was changed; run this again"
        )
    if new_path != path and os.path.lexists(new_path):
        raise UsageError(f"{change.new_path} already exists: nothing was changed")


def _is_inside(root: str, path: str) -> bool:
    """Whether a path stays below the root, also if a folder on the way is a link."""
    folder, root = os.path.realpath(os.path.dirname(path)), os.path.realpath(root)
    return os.path.commonpath([folder, root]) == root


def _bytes(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()


def _prepared(root: str, path: str, data: bytes, *, is_new: bool = False) -> str:
    """Write a temporary file next to a file, with its mode; Alembic does not load it."""
    import tempfile

    place = os.path.join(root, path)
    if is_new:
        os.makedirs(os.path.dirname(place), exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=os.path.dirname(place), prefix=".revgate-")
    try:
        with open(descriptor, "wb") as file:
            file.write(data)
        os.chmod(temporary, _NEW if is_new else stat.S_IMODE(os.stat(place).st_mode))
    except BaseException:
        os.unlink(temporary)
        raise
    return temporary


def _replace(root: str, change: FileEdit, temporary: str) -> None:
    path, new_path = (os.path.join(root, each) for each in (change.path, change.new_path))
    if new_path == path:
        os.replace(temporary, path)
        return
    os.rename(path, new_path)
    os.replace(temporary, new_path)


def _restored(root: str, change: FileEdit) -> bool:
    """Restore a file; return whether it is as before, under its old name only."""
    path, new_path = (os.path.join(root, each) for each in (change.path, change.new_path))
    try:
        if change.is_new:
            if os.path.lexists(path):
                os.unlink(path)
            return True
        if new_path != path and not os.path.lexists(path):
            os.rename(new_path, path)
        if _bytes(path) != change.before:
            os.replace(_prepared(root, change.path, change.before), path)
    except OSError:
        return False
    return True
