"""Describes the first conflict in a file that git could not merge."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from revgate.history.revision import Problem
from revgate.text import count, truncate

if TYPE_CHECKING:
    from collections.abc import Iterable

_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?(?::|$)")
_OURS, _BASE, _MIDDLE, _THEIRS = "<<<<<<< ", "|||||||", "=======", ">>>>>>> "


class _Conflict(NamedTuple):
    """One conflict, by the lines of the file with markers."""

    ours: str
    """The name after the first marker."""
    theirs: str
    first: int
    base: int | None
    """The line of the marker before the common ancestor's lines, if those are shown."""
    middle: int
    last: int


def conflict_in(data: bytes) -> Problem | None:
    """Return the first conflict in a file; None if it has none."""
    lines = data.decode("utf-8", "replace").splitlines()
    found = _first(lines)
    if found is None:
        return None
    own = _said(lines[found.first : (found.base or found.middle) - 1])
    other = _said(lines[found.middle : found.last - 1])
    if _COMMIT.match(found.ours):
        # Of a merge in memory: the reader has a file without markers.
        return Problem(
            f"merging leaves a conflict in this file: {own} on the branch, {other} on the target"
            " branch",
            "merge the target branch into this one, and resolve the conflict there",
            (found.first, 1),
        )
    return Problem(
        f"the file has a conflict: {own} from `{found.ours}`, {other} from `{found.theirs}`",
        "resolve it: keep what is right of both sides, and remove the lines with markers",
        (found.first, 1),
    )


def _first(lines: list[str]) -> _Conflict | None:
    first = _next(lines, (_OURS,), 0)
    if first is None:
        return None
    base = None
    middle = _next(lines, (_BASE, _MIDDLE), first)
    if middle is not None and lines[middle - 1].startswith(_BASE):
        base, middle = middle, _next(lines, (_MIDDLE,), middle)
    last = None if middle is None else _next(lines, (_THEIRS,), middle)
    if middle is None or last is None:
        return None
    ours, theirs = (lines[each - 1].partition(" ")[2] for each in (first, last))
    return _Conflict(ours, theirs, first, base, middle, last)


def _next(lines: list[str], markers: Iterable[str], after: int) -> int | None:
    """Return the number of the next line that begins with a marker."""
    starts = tuple(markers)
    return next(
        (
            number
            for number, line in enumerate(lines, 1)
            if number > after and line.startswith(starts)
        ),
        None,
    )


def _said(lines: list[str]) -> str:
    written = [line.strip() for line in lines if line.strip()]
    if not written:
        return "nothing"
    more = f" and {count(len(written) - 1, 'more line')}" if len(written) > 1 else ""
    return f"`{truncate(written[0], 60, '...')}`{more}"
