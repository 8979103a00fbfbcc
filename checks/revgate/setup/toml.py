"""Settings as TOML, and a table more at the end of a TOML file: nothing else of it changes.

Knows how TOML is written; not what the settings mean.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

from revgate.errors import UsageError
from revgate.settings import parse_toml

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from revgate.setup.proposal import Proposal

_WHY = {
    "baseline": "names and downgrades are asked of what comes after it",
    "ignore": "these met long ago; another beginning would be another head",
    "linear": "merges, dependencies and branch labels are accepted",
}


def written(proposal: Proposal, *, in_tool: bool) -> str:
    """Write settings as TOML.

    Args:
        proposal: The settings.
        in_tool: As `[tool.revgate]`, for pyproject.toml; else for the top of revgate.toml.
    """
    prefix = "tool.revgate." if in_tool else ""
    lines = ["[tool.revgate]"] if in_tool else []
    lines += _keys(proposal.common)
    if proposal.severity:
        lines += ["", f"[{prefix}severity]", *_keys(dict(proposal.severity))]
    for environment in proposal.environments:
        lines += ["", f"[[{prefix}environment]]", *_keys(environment)]
    return "\n".join(lines).lstrip("\n") + "\n"


def _keys(table: Mapping[str, object]) -> Iterable[str]:
    for key, value in table.items():
        why = f"  # {_WHY[key]}" if key in _WHY else ""
        yield f"{key} = {_value(value)}{why}"


def _value(value: object) -> str:
    if isinstance(value, str) and "\\" in value and "'" not in value and value.isprintable():
        return f"'{value}'"  # a pattern is read as it is meant
    return json.dumps(value, ensure_ascii=False)


def append(data: bytes, table: str, name: str) -> bytes:
    """Append tables to a TOML file, in its own line ends.

    Args:
        data: The file.
        table: What to append, with line feeds.
        name: The file's, for a message.

    Raises:
        UsageError: The file is no TOML, or with the table it would be none.
    """
    before = parse_toml(data, name)
    newline = "\r\n" if b"\r\n" in data else "\n"
    text = data.decode("utf-8")
    gap = "" if not text or text.endswith(f"{newline}{newline}") else newline
    end = "" if not text or text.endswith("\n") else newline
    result = f"{text}{end}{gap}{table.replace(chr(10), newline)}".encode()
    if not _holds(before, result, name):
        raise UsageError(
            f"{name} is written in a way that is not edited: append this by hand, or write it"
            f" another way\n{table}{os.linesep}"
        )
    return result


def _holds(before: Mapping[str, object], result: bytes, name: str) -> bool:
    """Whether the file says all that it said, and more."""
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
