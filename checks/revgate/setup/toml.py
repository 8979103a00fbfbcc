"""Write settings as TOML, and append tables to a TOML file without changing the rest."""

from __future__ import annotations

import json
import os
import re
from typing import TYPE_CHECKING

from revgate.errors import UsageError
from revgate.settings import FILES, parse_toml

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from revgate.setup.proposal import Proposal

_WHY = {
    "baseline": "naming, downgrade and live rules apply to later revisions",
    "ignore": "the existing bases merged long ago; a new one would be a new head",
    "linear": "merges, dependencies and branch labels are accepted",
}


def written(proposal: Proposal, *, in_tool: bool) -> str:
    """Write settings as TOML.

    Args:
        proposal: The settings.
        in_tool: As `[tool.revgate]`, for pyproject.toml; else for the top of revgate.toml.
    """
    lines = ["[tool.revgate]"] if in_tool else []
    lines += [*_keys(proposal.common), *_tables(proposal, in_tool=in_tool)]
    return "\n".join(lines).lstrip("\n") + "\n"


def _tables(proposal: Proposal, *, in_tool: bool) -> Iterable[str]:
    prefix = "tool.revgate." if in_tool else ""
    if proposal.severity:
        yield from ("", f"[{prefix}severity]", *_keys(dict(proposal.severity)))
    for environment in proposal.environments:
        yield from ("", f"[[{prefix}environment]]", *_keys(environment))


def _keys(table: Mapping[str, object]) -> Iterable[str]:
    for key, value in table.items():
        why = f"  # {_WHY[key]}" if key in _WHY else ""
        yield f"{key} = {_value(value)}{why}"


def _value(value: object) -> str:
    if isinstance(value, str) and "\\" in value and "'" not in value and value.isprintable():
        return f"'{value}'"  # a pattern stays readable
    return json.dumps(value, ensure_ascii=False)


_TABLE = re.compile(rb"(?m)^[ \t]*\[[ \t]*tool[ \t]*\.[ \t]*revgate[ \t]*\][^\n]*(\n|\Z)")


def insert(data: bytes, proposal: Proposal, name: str) -> bytes:
    """Add settings to a file that has others: keys before its tables, tables at its end.

    Args:
        data: The file.
        proposal: The settings, none of which the file has.
        name: The file's, relative to the repository root.

    Raises:
        UsageError: As for `append`.
    """
    in_tool = name != FILES[0]
    header = _TABLE.search(data) if in_tool else None
    if in_tool and header is None:
        return append(data, written(proposal, in_tool=True), name)
    newline = b"\r\n" if b"\r\n" in data else b"\n"
    keys = b"".join(line.encode() + newline for line in _keys(proposal.common))
    at = header.end() if header else 0
    gap = newline if at and not data[:at].endswith(b"\n") else b""
    between = newline if not in_tool and keys else b""
    result = data[:at] + gap + keys + between + data[at:]
    if not _holds(parse_toml(data, name), result, name):
        raise _by_hand(name, written(proposal, in_tool=in_tool))
    tables = "\n".join(_tables(proposal, in_tool=in_tool)).lstrip("\n")
    return append(result, f"{tables}\n", name) if tables else result


def append(data: bytes, table: str, name: str) -> bytes:
    """Append tables to a TOML file, with its own line endings.

    Args:
        data: The file.
        table: What to append, with line feeds.
        name: The file's, for a message.

    Raises:
        UsageError: The file is not valid TOML, or would not be with the table.
    """
    before = parse_toml(data, name)
    newline = "\r\n" if b"\r\n" in data else "\n"
    text = data.decode("utf-8")
    gap = "" if not text or text.endswith(f"{newline}{newline}") else newline
    end = "" if not text or text.endswith("\n") else newline
    result = f"{text}{end}{gap}{table.replace(chr(10), newline)}".encode()
    if not _holds(before, result, name):
        raise _by_hand(name, table)
    return result


def _by_hand(name: str, table: str) -> UsageError:
    return UsageError(
        f"{name} cannot be edited automatically: append this by hand, or rewrite it"
        f" in another form\n{table}{os.linesep}"
    )


def _holds(before: Mapping[str, object], result: bytes, name: str) -> bool:
    """Whether the file still has all its values."""
    try:
        after = parse_toml(result, name)
    except UsageError:
        return False
    return all(_kept(value, after.get(key)) for key, value in before.items())


def _kept(before: object, after: object) -> bool:
    if isinstance(before, dict) and isinstance(after, dict):
        return all(_kept(value, after.get(key)) for key, value in before.items())
    if isinstance(before, list) and isinstance(after, list):
        return after[: len(before)] == before
    return before == after
