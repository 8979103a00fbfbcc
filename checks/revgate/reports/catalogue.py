"""Lists the rules as text, JSON or Markdown, from their own docstrings."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from revgate.errors import UsageError
from revgate.reports.wrapping import wrapped, wrapped_paragraphs
from revgate.rules import all_rules
from revgate.text import nearest

if TYPE_CHECKING:
    from collections.abc import Iterator


def render(form: str, width: int | None = None) -> str:
    """List every rule.

    Args:
        form: The format: text, json or markdown.
        width: The columns of the terminal, for text; None to leave lines unwrapped.
    """
    if form == "json":
        rules = [
            {
                "rule": rule.name,
                "group": rule.group.value,
                "severity": rule.severity.value,
                "summary": rule.summary,
                "documentation": rule.documentation,
            }
            for rule in all_rules().values()
        ]
        return json.dumps({"schema": 1, "rules": rules}, indent=2) + "\n"
    lines = _markdown() if form == "markdown" else _text(width)
    return "".join(f"{line}\n" for line in lines)


def explain(name: str, width: int | None = None) -> str:
    """Write the documentation of one rule.

    Args:
        name: Its name.
        width: The columns of the terminal; None to leave lines unwrapped.

    Raises:
        UsageError: There is no such rule; the error names the nearest one.
    """
    rules = all_rules()
    if name not in rules:
        raise UsageError(f"unknown rule {name!r}{nearest(name, list(rules))}")
    rule = rules[name]
    lines = [f"{rule.name} ({rule.traits})", "", *rule.documentation.splitlines()]
    return "".join(f"{line}\n" for line in wrapped_paragraphs(lines, width)).rstrip("\n") + "\n"


def _text(width: int | None) -> Iterator[str]:
    rules = all_rules().values()
    longest = max(len(rule.name) for rule in rules)
    group = None
    for rule in rules:
        if rule.group is not group:
            if group is not None:
                yield ""
            yield f"{rule.group}:" if rule.enabled else f"{rule.group}, off unless enabled:"
            group = rule.group
        line = f"  {rule.name:<{longest}}  {rule.severity:<7}  "
        yield from wrapped(line + rule.summary, width, " " * len(line))


def _markdown() -> Iterator[str]:
    yield "| rule | group | severity | what is wrong |"
    yield "| --- | --- | --- | --- |"
    for rule in all_rules().values():
        severity = rule.severity if rule.enabled else f"{rule.severity}, off"
        yield f"| `{rule.name}` | {rule.group} | {severity} | {rule.summary} |"
