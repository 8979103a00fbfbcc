"""Formats file edits as a diff that `git apply` accepts."""

from __future__ import annotations

import difflib
import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from revgate.repair.edits import FileEdit

_NO_END = "\\ No newline at end of file\n"


def diff(changes: Iterable[FileEdit]) -> str:
    """Return a unified diff of changes, with what git says of renamed files."""
    return "".join(line for change in changes for line in _lines(change))


def _lines(change: FileEdit) -> Iterator[str]:
    old, new = _quoted(f"a/{change.path}"), _quoted(f"b/{change.new_path}")
    yield f"diff --git {old} {new}\n"
    if change.path != change.new_path:
        yield f"rename from {_quoted(change.path)}\n"
        yield f"rename to {_quoted(change.new_path)}\n"
    if change.is_new:
        yield "new file mode 100644\n"
        old = "/dev/null"
    before, after = _text(change.before), _text(change.after)
    hunks = list(difflib.unified_diff(before, after, old, new))
    for number, line in enumerate(hunks):
        # A name with a space ends with a tab, so that tools see where it ends.
        if number < 2 and " " in line.rstrip("\n")[4:]:
            yield line.rstrip("\n") + "\t\n"
        else:
            yield line if line.endswith("\n") else f"{line}\n{_NO_END}"


def _text(data: bytes) -> list[str]:
    """Return lines as git counts them: only a line feed ends one."""
    text = data.decode("utf-8", "surrogateescape")
    return list(io.StringIO(text, newline="\n"))


def _quoted(path: str) -> str:
    """Quote a path as git does, where it holds what would be taken for something else."""
    if path.isprintable() and not {*'"\\'} & {*path}:
        return path
    escaped = "".join(
        f"\\{each}"
        if each in '"\\'
        else each
        if each.isprintable()
        else "".join(f"\\{byte:03o}" for byte in each.encode("utf-8", "surrogateescape"))
        for each in path
    )
    return f'"{escaped}"'
