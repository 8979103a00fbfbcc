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
# What the scanner leaves to the parser: other line ends, and a comment of ours.
_LEFT_ALONE = (b"\r", b"\0", b"\f", b"revgate")
_WORDS = (b"revision", b"branch_labels", b"depends_on")


def scan(path: str, data: bytes) -> tuple[Revision, Header] | None:
    """Read the top of a file; None where only the parser can tell.

    The answer is what `parse` would give, as long as the rest of the file is Python.
    """
    if not data.isascii() or any(each in data for each in _LEFT_ALONE):
        return None
    docstring = _DOCSTRING.match(data)
    start = docstring.end() if docstring else 0
    end = _first_function(data, start)
    top = data[start:end]
    # A string over several lines might hold what only looks like an assignment; a cookie might
    # make other letters of the bytes.
    if b'"""' in top or b"'''" in top or b"\\" in top or b"coding" in data[:200]:
        return None
    found = {match[1]: match for match in _ASSIGNMENT.finditer(data, start, end)}
    if not {b"revision", b"down_revision"} <= found.keys():
        return None
    # Each of the four names may stand once, and nowhere else but in a comment.
    names = _NAME.findall(_COMMENT_LINE.sub(b"", top))
    rest = data[end:]
    if any(word in rest for word in _WORDS):
        names += _NAME.findall(_COMMENT_LINE.sub(b"", rest))
    if len(names) != len(found):
        return None
    revision = _revision(path, data, found)
    if revision is None:
        return None
    header = read_header(data[:start], 1, data.count(b"\n", 0, start)) if docstring else Header()
    return revision, header


def _first_function(data: bytes, start: int) -> int:
    """Return where the first function of the module begins; the end of the file where none does."""
    places = [data.find(word, start) for word in (b"\ndef ", b"\nasync def ")]
    found = [place for place in places if place >= 0]
    return min(found) + 1 if found else len(data)


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
