"""Append an entry to a list in a YAML file, without changing the rest of the file.

Handles block lists below a top-level key, as people write `repos:` and `include:`. Any other form
is rejected.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_COMMENT = re.compile(r"\s*(#[^\n]*\n?)?")
_PLAIN = re.compile(r"""(?:[^\s\[\]{}&*!|>%@`#,'"-][^#]*?|'[^']*'|"[^"\\]*")""")


class NotEditedError(Exception):
    """A list has a form that cannot be edited automatically; the message says which."""


class _Lines(NamedTuple):
    """The lines of a file that belong to a list, as indices."""

    key: int
    first: int
    """The first item; equal to `end` where there is none."""
    end: int
    """Where the new item goes."""


def append(text: str, key: str, entry: str) -> str:
    """Append an entry to a top-level list of a YAML file; the list is created if it is missing.

    Args:
        text: The file.
        key: The list's, at the left margin.
        entry: The item's lines, from its `- ` on, at the left margin and with line feeds.

    Raises:
        NotEditedError: The list has a form that cannot be edited.
    """
    newline = "\r\n" if "\r\n" in text else "\n"
    if "\r" in text.replace("\r\n", ""):
        raise NotEditedError("its lines end in carriage returns")
    lines = re.findall(r"[^\n]*\n|[^\n]+", text)
    found = [at for at, line in enumerate(lines) if _is_key(line, key)]
    if len(found) > 1 or _documents(lines) > 1:
        raise NotEditedError("it has several documents, or the list twice")
    if lines and not lines[-1].endswith("\n"):
        lines[-1] += newline
    if not found:
        return _begun(lines, key, entry, newline)
    place, lines = _opened(lines, found[0], key, newline)
    indent = _indent(lines[place.first]) if place.first < place.end else 2
    shifted = [" " * indent + line + newline for line in entry.splitlines()]
    return "".join([*lines[: place.end], *shifted, *lines[place.end :]])


def _is_key(line: str, key: str) -> bool:
    return re.match(rf"(['\"]?){re.escape(key)}\1\s*:(\s|$)", line) is not None


def _documents(lines: list[str]) -> int:
    """Count the documents; a marker before the first content does not start one."""
    marks = [at for at, line in enumerate(lines) if re.match(r"---(\s|$)", line)]
    inner = [at for at in marks if any(not _COMMENT.fullmatch(line) for line in lines[:at])]
    return 1 + len(inner)


def _begun(lines: list[str], key: str, entry: str, newline: str) -> str:
    """Add the list at the end."""
    if any(re.match(r"\.\.\.(\s|$)|[\[{]", line) for line in lines):
        raise NotEditedError("it is written on one line, or ends with a document marker")
    gap = [newline] if lines and lines[-1].strip() else []
    own = [f"{key}:", *("  " + line for line in entry.splitlines())]
    return "".join([*lines, *gap, *(line + newline for line in own)])


def _opened(lines: list[str], at: int, key: str, newline: str) -> tuple[_Lines, list[str]]:
    """Find the items of a list; a list on one line is expanded into a block first."""
    value = lines[at].partition(":")[2].strip()
    if value and not value.startswith("#"):
        return _unfolded(lines, at, key, value, newline)
    end = next((n for n in range(at + 1, len(lines)) if _ends(lines[n])), len(lines))
    content = [n for n in range(at + 1, end) if not _COMMENT.fullmatch(lines[n])]
    if not content:
        return _Lines(at, at + 1, at + 1), lines
    if not re.match(r"\s*-(\s|$)", lines[content[0]]):
        raise NotEditedError(f"its `{key}` is not a block list")
    return _Lines(at, content[0], _after(lines, content, end)), lines


def _unfolded(
    lines: list[str], at: int, key: str, value: str, newline: str
) -> tuple[_Lines, list[str]]:
    head = lines[at].partition(":")[0]
    found = re.fullmatch(r"(.*?)(\s+#.*)?", value)
    written, comment = (found[1], found[2] or "") if found else (value, "")
    if re.fullmatch(r"\[\s*\]|null|~", written):
        opened = [f"{head}:{comment}{newline}"]
    elif _PLAIN.fullmatch(written) and not re.search(r":(\s|$)", written):
        opened = [f"{head}:{newline}", f"  - {written}{comment}{newline}"]
    else:
        raise NotEditedError(f"its `{key}` is not a block list")
    following = lines[at + 1 :]
    if any(re.match(r"\s+[^\s#]", line) for line in following[:1]):
        raise NotEditedError(f"its `{key}` spans several lines")
    end = at + len(opened)
    return _Lines(at, at + 1, end), [*lines[:at], *opened, *following]


def _ends(line: str) -> bool:
    """Whether a line at the left margin belongs to something else."""
    return re.match(r"[^\s#-]|---|-[^\s]", line) is not None


def _after(lines: list[str], content: list[int], end: int) -> int:
    """Return where the last item ends, with the comments that are indented like its content."""
    indent = _indent(lines[content[0]])
    last = content[-1]
    for at in range(last + 1, end):
        if not lines[at].strip():
            continue
        if _indent(lines[at]) <= indent:
            break
        last = at
    return last + 1


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))
