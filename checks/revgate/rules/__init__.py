"""The rules: one module a rule, found by looking, never listed by hand.

Knows what a rule is and how to find all of them; a rule's file name is its name. What a rule
judges is the name of its parameter:

- `head`: the top of one file, and its name;
- `script`: one whole file, and nothing beside it, so that what it finds can be cached;
- `history`: all revisions of one environment together;
- `merge`: what merging into a base would do;
- `observed`: what a round trip saw;
- `settled`: the inline allows, and which of them took a finding back.
"""

from __future__ import annotations

import os
from enum import StrEnum
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

from revgate.findings import ERROR, WARNING, Finding, Related, Severity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

__all__ = [
    "CHAIN",
    "COMING",
    "CONTENT",
    "DOWNGRADE",
    "ERROR",
    "HOUSEKEEPING",
    "LIVE",
    "NAMING",
    "PUBLISHED",
    "WARNING",
    "Finding",
    "Group",
    "Related",
    "Rule",
    "all_rules",
    "ask",
    "rule",
    "rules_that_judge",
]


class Group(StrEnum):
    """What a rule is about, in the order in which rules are listed."""

    CHAIN = "chain"
    NAMING = "naming"
    DOWNGRADE = "downgrade"
    CONTENT = "content"
    PUBLISHED = "published"
    LIVE = "live"
    HOUSEKEEPING = "housekeeping"


CHAIN = Group.CHAIN
NAMING = Group.NAMING
DOWNGRADE = Group.DOWNGRADE
CONTENT = Group.CONTENT
PUBLISHED = Group.PUBLISHED
LIVE = Group.LIVE
HOUSEKEEPING = Group.HOUSEKEEPING


COMING: tuple[str, ...] = ()
"""Live rules whose names are settled and that are not built yet: settings may name them already."""


class Rule(NamedTuple):
    """One rule, with all that is known of it."""

    name: str
    """As in reports, settings and `allow`: the module's name with dashes."""
    group: Group
    severity: Severity
    judges: str
    """`head`, `script`, `history`, `merge`, `observed` or `settled`."""
    check: Callable[[Any], Iterable[Finding]]
    documentation: str
    """The module's docstring: Markdown, first line the summary."""
    lasting: bool = True
    """False where the same file may be judged otherwise tomorrow."""

    @property
    def summary(self) -> str:
        """The first line of the documentation, without its full stop."""
        return self.documentation.partition("\n")[0].rstrip(".")


def rule(
    *, severity: Severity, group: Group, lasting: bool = True
) -> Callable[[Callable[[Any], Iterable[Finding]]], Rule]:
    """Make a rule of a function that yields findings; its module's docstring documents it."""

    def declare(check: Callable[[Any], Iterable[Finding]]) -> Rule:
        return Rule(
            name=check.__module__.rpartition(".")[2].replace("_", "-"),
            group=group,
            severity=severity,
            judges=check.__code__.co_varnames[0],
            check=check,
            documentation=(check.__globals__["__doc__"] or "").strip(),
            lasting=lasting,
        )

    return declare


@cache
def all_rules() -> dict[str, Rule]:
    """Every rule by name, in the order of groups and then of names."""
    folder = os.path.dirname(__file__)
    modules = sorted(
        name[:-3]
        for name in os.listdir(folder)
        if name.endswith(".py") and not name.startswith("_")
    )
    found = [getattr(import_module(f"{__name__}.{module}"), module) for module in modules]
    order = list(Group)
    found.sort(key=lambda each: (order.index(each.group), each.name))
    return {each.name: each for each in found}


@cache
def rules_that_judge(subject: str) -> tuple[Rule, ...]:
    """Return the rules whose parameter has a name: `rules_that_judge("script")`."""
    return tuple(each for each in all_rules().values() if each.judges == subject)


def ask(rule: Rule, subjects: Iterable[object], environment: str) -> Iterator[Finding]:
    """Ask one rule, and put its name, its severity and the environment on what it finds."""
    for subject in subjects:
        for finding in rule.check(subject):
            yield finding._replace(rule=rule.name, severity=rule.severity, environment=environment)
