"""The docstring header of a revision file, as Alembic's templates write it.

Knows three lines of text: `Revision ID:`, `Revises:`, `Create Date:`.
"""

import re

from revgate.history.revision import Header, Stated

_STATED = re.compile(r"[ \t]*(Revision ID|Revises|Create Date):[ \t]*(.*)")


def read_header(data: bytes, first: int, last: int) -> Header:
    """Read the docstring that stands between two lines of a file, both counted from 1.

    It is read as text and not as a value: positions are then those of the file.
    """
    data = data.removeprefix(b"\xef\xbb\xbf")
    lines = data.splitlines() if b"\f" not in data else re.split(rb"\r\n|\r|\n", data)
    found: dict[str, Stated] = {}
    for number, line in enumerate(lines[first - 1 : last], first):
        if b":" not in line:
            continue
        text = line.decode("utf-8", "replace")
        bare = text.lstrip("rRuU \"'") if number == first else text
        match = _STATED.match(bare)
        if match and match[1] not in found:
            said = match[2].strip().removesuffix('"""').removesuffix("'''").strip()
            found[match[1]] = Stated(said, (number, text.index(match[1]) + 1))
    return Header(found.get("Revision ID"), found.get("Revises"), found.get("Create Date"))
