"""The top of a revision file without parsing the file, where that is certain to be right.

Knows the few forms in which Alembic's templates write the four names. Whatever looks different
is left to `parse`; nothing is guessed. Reading ten thousand heads this way takes a twentieth of
what Python's parser takes for the files.
"""

import re
from typing import TYPE_CHECKING

from revgate.history.revision import NOWHERE, Header, Revision
from revgate.history.stated import read_header

if TYPE_CHECKING:
    from revgate.history.revision import Position

_TEXT = rb"\"[^\"\\\n]*\"|'[^'\\\n]*'"
# A literal on one line: None, a string, or a tuple or list of strings.
# Two strings without a comma between them are one, so a comma is wanted.
_VALUE = rb"None|%b|[(\[][ ]*(?:(?:%b)[ ]*(?:,[ ]*(?:%b)[ ]*)*,?[ ]*)?[)\]]" % (_TEXT, _TEXT, _TEXT)
_ASSIGNMENT = re.compile(
    rb"^(revision|down_revision|branch_labels|depends_on)(?:: [\w |\[\],.]+)? = (%b)[ ]*(?:#.*)?$"
    % _VALUE,
    re.MULTILINE,
)
_STRING = re.compile(_TEXT)
# Neither kind of quotes within itself: what follows the first closing ones is code.
_DOCSTRING = re.compile(
    rb"\A(?:[ \t]*(?:#[^\n]*)?\n)*[rR]?"
    rb"(?:\"\"\"[^\"\\]*(?:\"\"?[^\"\\]+)*\"\"\"|\'\'\'[^'\\]*(?:''?[^'\\]+)*\'\'\')[ \t]*\n"
)
_COMMENT_LINE = re.compile(rb"^[ \t]*#[^\n]*$", re.MULTILINE)
_NAME = re.compile(rb"\b(?:revision|down_revision|branch_labels|depends_on)\b")
_FUNCTION = re.compile(rb"^(?:async )?def ", re.MULTILINE)
# What the scanner leaves to the parser: other line ends, an encoding cookie, a comment of ours.
_LEFT_ALONE = re.compile(rb"[\r\0\f]|coding[:=]|revgate")


def scan(path: str, data: bytes) -> tuple[Revision, Header] | None:
    """Read the top of a file; None where only the parser can tell.

    The answer is what `parse` would give, as long as the rest of the file is Python.
    """
    if _LEFT_ALONE.search(data) or not data.isascii():
        return None
    docstring = _DOCSTRING.match(data)
    start = docstring.end() if docstring else 0
    function = _FUNCTION.search(data, start)
    end = function.start() if function else len(data)
    top = data[start:end]
    # A string over several lines might hold what only looks like an assignment.
    if b'"""' in top or b"'''" in top or b"\\" in top:
        return None
    found = {match[1]: match for match in _ASSIGNMENT.finditer(data, start, end)}
    bare = _COMMENT_LINE.sub(b"", data[start:])
    if len(_NAME.findall(bare)) != len(found) or not {b"revision", b"down_revision"} <= {*found}:
        return None
    revision = _revision(path, data, found)
    if revision is None:
        return None
    header = read_header(data, 1, data.count(b"\n", 0, start)) if docstring else Header()
    return revision, header


def _revision(path: str, data: bytes, found: "dict[bytes, re.Match[bytes]]") -> Revision | None:
    values = {name: _values(match[2]) for name, match in found.items()}
    at = {name: _position(data, match.start()) for name, match in found.items()}
    ids = values[b"revision"]
    if len(ids) != 1 or not ids[0].isalnum() or found[b"revision"][2][:1] not in b"\"'":
        return None
    return Revision(
        path,
        ids[0],
        values[b"down_revision"],
        values.get(b"branch_labels", ()),
        values.get(b"depends_on", ()),
        at[b"revision"],
        at[b"down_revision"],
        at.get(b"branch_labels", NOWHERE),
        at.get(b"depends_on", NOWHERE),
    )


def _values(written: bytes) -> tuple[str, ...]:
    texts = [match[0][1:-1].decode("ascii") for match in _STRING.finditer(written)]
    return tuple(dict.fromkeys(texts))


def _position(data: bytes, offset: int) -> "Position":
    return data.count(b"\n", 0, offset) + 1, 1
