"""Lists the rules as text, JSON or Markdown, from their own docstrings."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from revgate.errors import UsageError
from revgate.rules import all_rules
from revgate.text import nearest

if TYPE_CHECKING:
    from collections.abc import Iterator


def render(form: str) -> str:
    """List every rule in a format: text, json or markdown."""
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
    lines = _markdown() if form == "markdown" else _text()
    return "".join(f"{line}\n" for line in lines)


def explain(name: str) -> str:
    """Write the documentation of one rule.

    Raises:
        UsageError: There is no such rule; the error names the nearest one.
    """
    rules = all_rules()
    if name not in rules:
        raise UsageError(f"unknown rule {name!r}{nearest(name, list(rules))}")
    rule = rules[name]
    return f"{rule.name} ({rule.traits})\n\n{rule.documentation}\n"


def _text() -> Iterator[str]:
    rules = all_rules().values()
    width = max(len(rule.name) for rule in rules)
    group = None
    for rule in rules:
        if rule.group is not group:
            if group is not None:
                yield ""
            yield f"{rule.group}:" if rule.enabled else f"{rule.group}, off unless enabled:"
            group = rule.group
        yield f"  {rule.name:<{width}}  {rule.severity:<7}  {rule.summary}"


def _markdown() -> Iterator[str]:
    yield "| rule | group | severity | what is wrong |"
    yield "| --- | --- | --- | --- |"
    for rule in all_rules().values():
        severity = rule.severity if rule.enabled else f"{rule.severity}, off"
        yield f"| `{rule.name}` | {rule.group} | {severity} | {rule.summary} |"
