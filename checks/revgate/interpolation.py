"""Interpolates the values of alembic.ini and pyproject.toml as Alembic does, in bounded time."""

from __future__ import annotations

import re

LONGEST = 4096
"""A longer value is cut off; none is a path."""
_REFERENCE = re.compile(r"%(?:(%)|\(([^)]+)\)s)?")
_DEEPEST = 10
_LARGE_NUMBER = re.compile(r"%(?:\([^)]*\))?[-#0 +.]*[0-9.]*[0-9]{5}")
_ENDLESS = "refers to itself, or to others more than ten deep"
_STRAY = "has a stray `%`; a literal one is `%%`"


class FaultError(Exception):
    """A value cannot be interpolated."""

    def __init__(self, what: str, option: str = "", at: int = 0) -> None:
        super().__init__(what)
        self.what = what
        self.option = option
        """The option with the fault: one that the value refers to, or empty for itself."""
        self.at = at
        """How many characters of its value end with the fault."""


def interpolated(name: str, values: dict[str, str], known: dict[str, tuple[str, int]]) -> str:
    """Interpolate an option of an ini, as `configparser.BasicInterpolation` does.

    Args:
        name: The option, in lower case.
        values: Every option that it may refer to, as written.
        known: Keeps results, so that no file makes this exponential.

    Raises:
        FaultError: The parser of Alembic would raise.
    """
    return _resolved(name, values, known, 1)[0]


def _resolved(
    name: str, values: dict[str, str], known: dict[str, tuple[str, int]], depth: int
) -> tuple[str, int]:
    """Return the text of an option, and how deep its references go."""
    if name not in known:
        if depth > _DEEPEST and "%" in values[name]:
            raise FaultError(_ENDLESS)
        known[name] = _expanded(name, values, known, depth)
    text, height = known[name]
    if height and depth + height - 1 > _DEEPEST:
        raise FaultError(_ENDLESS)
    return text, height


def _expanded(
    name: str, values: dict[str, str], known: dict[str, tuple[str, int]], depth: int
) -> tuple[str, int]:
    written = values[name]
    if "%" not in written:
        return written[: LONGEST + 1], 0
    parts, size, height, end = [""], 0, 0, 0
    for match in _REFERENCE.finditer(written):
        parts.append(written[end : match.start()])
        end = match.end()
        if match[1]:
            parts.append("%")
        else:
            text, below = _referred(name, match, values, known, depth)
            height = max(height, below)
            parts.append(text if size <= LONGEST else "")
            size += len(text)
    return "".join([*parts, written[end:]])[: LONGEST + 1], height + 1


def _referred(
    name: str,
    match: re.Match[str],
    values: dict[str, str],
    known: dict[str, tuple[str, int]],
    depth: int,
) -> tuple[str, int]:
    other = (match[2] or "").lower()
    if not other:
        raise FaultError(_STRAY, name, match.end())
    if other not in values:
        raise FaultError(_unset(match[2]), name, match.end())
    return _resolved(other, values, known, depth + 1)


def _unset(name: str) -> str:
    return f"refers to %({name:.60})s, which is not set in the file; a literal `%` is `%%`"


def formatted(written: str, here: str) -> str:
    """Interpolate a value of a pyproject.toml, with Python's own formatting as Alembic does.

    Raises:
        FaultError: Alembic would raise, or the result is too long for a path.
    """
    if "%" not in written:
        return written
    if len(written) > LONGEST or _LARGE_NUMBER.search(written):
        raise FaultError("is too long for a path")
    try:
        return written % {"here": here}
    except KeyError as error:
        raise FaultError(_unset(error.args[0])) from None
    except (ValueError, TypeError, OverflowError):
        raise FaultError(_STRAY) from None
