"""Shows the source lines that a finding is about, with the place underlined."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from revgate.reports.wrapping import columns
from revgate.text import printable, truncate

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_LONGEST = 100
# A string, or the rest of the line without a comment.
_MARKED = re.compile(
    r"""(?P<long>[rbuRBU]{0,2}(?:\"{3}|'{3}).*)"""
    r"""|(?P<string>[rbuRBU]{0,2}(?P<quote>["'])(?:(?!(?P=quote)).)*(?P=quote))"""
    r"""|(?P<rest>(?:"[^"]*"|'[^']*'|[^#"'])*)"""
)


def excerpt(
    lines: Sequence[str], line: int, column: int | None, width: int | None
) -> Iterator[str]:
    """Yield a line of a file with its number; nothing if the file has no such line.

    Args:
        lines: Those of the file.
        line: The one to show, from 1.
        column: Where to begin to underline, from 1, below the line before it; None for neither.
        width: Columns of the terminal; None if unknown.
    """
    if not 1 <= line <= len(lines):
        return
    text = lines[line - 1].rstrip()
    if not text:
        return
    gutter = len(str(line))
    room = min(_LONGEST, (width or _LONGEST) - gutter - 4)
    if column and line > 1 and lines[line - 2].strip():
        yield f" {line - 1:>{gutter}} | {_plain(lines[line - 2].rstrip(), room)}"
    yield f" {line} | {_plain(text, room)}"
    if column:
        start, length = _marked(text, column, room)
        if length:
            yield f" {'':>{gutter}} | {' ' * start}{'^' * length}"


def _plain(text: str, room: int) -> str:
    return truncate(printable(text.expandtabs(4)), room)


def _marked(text: str, column: int, room: int) -> tuple[int, int]:
    """Return where to underline, and for how many columns."""
    begin = column - 1
    if text[:begin].strip() == "":
        begin = len(text) - len(text.lstrip())
    found = _MARKED.match(text, begin)
    marked = found[0].rstrip() if found else ""
    start = columns(printable(text[:begin].expandtabs(4)))
    return start, max(0, min(columns(printable(marked)), room - start))
