"""Reads the docstring header of a revision file: `Revision ID:`, `Revises:`, `Create Date:`."""

from __future__ import annotations

import re

from revgate.history.revision import Header, Stated

# On the first line, the prefix and quotes of the docstring come first.
_STATED = re.compile(
    rb"""^(?:\A[rRuU "']*)?[ \t]*(Revision ID|Revises|Create Date):[ \t]*"""
    # A further id may follow on a line of its own: indented, after a comma, or in a list.
    rb"""(.*(?:(?:(?<=,)\n[ \t]*|\n[ \t]+|\n[ \t]*[-*][ \t]+)"""
    rb"""["'`(\[]*[\w\-]+["'`)\]]*(?:[ \t]+\(\w+\))?,?(?:[ \t]*[)\]])?[ \t]*$)*)""",
    re.MULTILINE,
)


def read_header(data: bytes, first: int, last: int) -> Header:
    """Read the docstring between two lines of a file, both counted from 1.

    It is read as text, not as a value, so that positions are those in the file.
    """
    lines = data.removeprefix(b"\xef\xbb\xbf").splitlines()
    return header_in(b"\n".join(lines[first - 1 : last]), first)


def header_in(text: bytes, first: int) -> Header:
    """Read the lines of a docstring, without carriage returns, given the number of the first."""
    found: dict[bytes, Stated] = {}
    for match in _STATED.finditer(text):
        name, written = match.groups()
        if name not in found:
            said = " ".join(written.decode("utf-8", "replace").split())
            begin = match.start()
            line = first + text.count(b"\n", 0, begin)
            found[name] = Stated(
                said.removesuffix('"""').removesuffix("'''").strip(),
                (line, match.start(1) - begin + 1),
            )
    return Header(found.get(b"Revision ID"), found.get(b"Revises"), found.get(b"Create Date"))
