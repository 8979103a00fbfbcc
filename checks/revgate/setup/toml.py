"""Write settings as TOML, and append tables to a TOML file without changing the rest."""

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
        return f"'{value}'"  # a pattern stays readable
    return json.dumps(value, ensure_ascii=False)


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
        raise UsageError(
            f"{name} cannot be edited automatically: append this by hand, or rewrite it"
            f" in another form\n{table}{os.linesep}"
        )
    return result


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
