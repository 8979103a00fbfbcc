"""The docstring header of a revision file, as Alembic's templates write it.

Knows three lines of text: `Revision ID:`, `Revises:`, `Create Date:`.
"""

from __future__ import annotations

import re

from revgate.history.revision import Header, Stated

# On its first line the docstring's own prefix and quotes go before.
_STATED = re.compile(
    rb"^(?:\A[rRuU \"']*)?[ \t]*(Revision ID|Revises|Create Date):[ \t]*(.*)", re.MULTILINE
)


def read_header(data: bytes, first: int, last: int) -> Header:
    """Read the docstring that stands between two lines of a file, both counted from 1.

    It is read as text and not as a value: positions are then those of the file.
    """
    lines = data.removeprefix(b"\xef\xbb\xbf").splitlines()
    return header_in(b"\n".join(lines[first - 1 : last]), first)


def header_in(text: bytes, first: int) -> Header:
    """Read a docstring's lines, without carriage returns, the first of which has a number."""
    found: dict[bytes, Stated] = {}
    for match in _STATED.finditer(text):
        name, written = match.groups()
        if name not in found:
            said = written.decode("utf-8", "replace").strip()
            begin = match.start()
            line = first + text.count(b"\n", 0, begin)
            found[name] = Stated(
                said.removesuffix('"""').removesuffix("'''").strip(),
                (line, match.start(1) - begin + 1),
            )
    return Header(found.get(b"Revision ID"), found.get(b"Revises"), found.get(b"Create Date"))
