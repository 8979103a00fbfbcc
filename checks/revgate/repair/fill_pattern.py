"""Makes a file name by a pattern of the setting `file-name`, such as `revgate init` proposes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple
from uuid import uuid4

from revgate.history.names import read_valid_name

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from revgate.history.revision import Revision

_PIECE = re.compile(
    r"(?P<stamp>\(\?P<stamp>(?P<inner>[^()]*)\))"
    r"|(?P<slug>\(\?P<slug>[^()]*\))"
    r"|(?P<digits>(?:\[0-9\]|\\d)(?:\{(?P<count>[0-9]{1,2})\}))"
    r"|(?P<hash>\[(?:0-9a-f|a-f0-9)\]\{(?P<length>[0-9]{1,2})\})"
    r"|(?P<literal>[A-Za-z0-9_-]|\\[._-])"
    r"|(?P<nothing>[\^$])"
)
_LONGEST_HASH = 32


class Name(NamedTuple):
    """A file name without its suffix, and the id that it goes with."""

    text: str
    key: str


def fill_pattern(pattern: str, slug: str, made: datetime, parent: Revision | None) -> Name | None:
    """Make the name of a revision on top of another; None if the pattern has other parts."""
    pattern = pattern.removesuffix("$").removesuffix(r"\.py")
    pieces = list(_pieces(pattern))
    if sum(len(each[0]) for each in pieces) != len(pattern):
        return None
    parts: list[str] = []
    keys: dict[str, str] = {}
    for piece in pieces:
        kind = piece.lastgroup or ""
        text = _text(piece, kind, slug, made, parent)
        parts.append(text)
        keys.setdefault(kind, text)
    name = "".join(parts)
    if read_valid_name(f"{name}.py", pattern) is None:
        return None
    return Name(name, _key(keys, parent, made))


def _pieces(pattern: str) -> Iterator[re.Match[str]]:
    at = 0
    while at < len(pattern) and (found := _PIECE.match(pattern, at)):
        yield found
        at = found.end()


def _text(
    piece: re.Match[str], kind: str, slug: str, made: datetime, parent: Revision | None
) -> str:
    match kind:
        case "slug":
            return slug
        case "stamp":
            return _stamp(piece["inner"], made)
        case "hash":
            return uuid4().hex[-min(int(piece["length"]), _LONGEST_HASH) :]
        case "digits":
            return _next_number(int(piece["count"]), parent)
        case "literal":
            return piece[0].removeprefix("\\")
    return ""


def _stamp(inner: str, made: datetime) -> str:
    """Write the time with the digits and separators of a pattern."""
    digits = iter(made.strftime("%Y%m%d%H%M%S"))

    def take(match: re.Match[str]) -> str:
        return "".join(digit for _, digit in zip(range(int(match[1])), digits, strict=False))

    return re.sub(r"(?:\[0-9\]|\\d)\{([0-9]{1,2})\}", take, inner).replace("\\", "")


def _next_number(count: int, parent: Revision | None) -> str:
    found = re.match(f"[0-9]{{{count}}}(?![0-9])", parent.name) if parent else None
    return str(int(found[0]) + 1 if found else 1).zfill(count)


def _key(texts: dict[str, str], parent: Revision | None, made: datetime) -> str:
    """Return the id: the part of the name that it is for the parent, or one like the parent's."""
    if "hash" in texts:
        return texts["hash"]
    own = texts.get("digits") or texts.get("stamp")
    if own and (parent is None or parent.name.startswith(parent.id)):
        return own
    if parent is not None and not re.fullmatch("[0-9]{14}", parent.id):
        return uuid4().hex[-12:]
    return made.strftime("%Y%m%d%H%M%S")
