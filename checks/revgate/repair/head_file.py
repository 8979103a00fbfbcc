"""Edits the head file, which the setting `head-file` names: one line for each head."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from revgate.errors import UsageError
from revgate.repair.edits import FileEdit
from revgate.source import read_regular

if TYPE_CHECKING:
    from collections.abc import Sequence


def head_edit(root: str, path: str | None, heads: Sequence[str]) -> FileEdit | None:
    """Return the edit after which the head file holds the heads; None if there is none to make.

    Args:
        root: The repository root, an absolute path.
        path: The head file, relative to the root; None if the settings name none.
        heads: The ids that it has to hold.

    Raises:
        UsageError: The file cannot be read.
    """
    if path is None:
        return None
    try:
        before = read_regular(os.path.join(root, path))
    except FileNotFoundError:
        return FileEdit(path, b"", path, _text(heads), is_new=True)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from None
    if sorted(before.decode(errors="replace").split()) == sorted(heads):
        return None
    return FileEdit(path, before, path, _text(heads))


def _text(heads: Sequence[str]) -> bytes:
    return "".join(f"{head}\n" for head in sorted(heads)).encode()
