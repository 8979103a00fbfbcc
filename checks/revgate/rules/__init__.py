"""Defines what a rule is and discovers all of them: one module per rule, named after the rule.

The name of a rule's only parameter says what the rule judges, its subject:

- `head`: a file's name and the top of its contents;
- `script`: a whole file and nothing else, so that its findings can be cached;
- `history`: all revisions of one environment;
- `merge`: the result of merging into the target branch;
- `observed`: what a round trip observed;
- `settled`: the inline `allow` comments, and which of them suppressed a finding;
- `change`: the settings before and after a merge.
"""

from __future__ import annotations

import os
from enum import StrEnum
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

from revgate.findings import ERROR, WARNING, Finding, Related, Severity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from revgate.history.graph import Graph
    from revgate.history.revision import Revision
    from revgate.settings import Settings

__all__ = [
    "CHAIN",
    "CONTENT",
    "DOWNGRADE",
    "ERROR",
    "FILES",
    "HOUSEKEEPING",
    "LIVE",
    "NAMING",
    "PUBLISHED",
    "SCHEMA",
    "WARNING",
    "Finding",
    "Group",
    "Related",
    "Rule",
    "Settled",
    "all_rules",
    "ask",
    "rule",
    "rules_that_judge",
]


class Group(StrEnum):
    """The topic of a rule, in the order in which rules are listed."""

    CHAIN = "chain"
    NAMING = "naming"
    DOWNGRADE = "downgrade"
    CONTENT = "content"
    PUBLISHED = "published"
    LIVE = "live"
    SCHEMA = "schema"
    FILES = "files"
    HOUSEKEEPING = "housekeeping"


CHAIN = Group.CHAIN
NAMING = Group.NAMING
DOWNGRADE = Group.DOWNGRADE
CONTENT = Group.CONTENT
PUBLISHED = Group.PUBLISHED
LIVE = Group.LIVE
SCHEMA = Group.SCHEMA
FILES = Group.FILES
HOUSEKEEPING = Group.HOUSEKEEPING


SUBJECTS = ("head", "script", "history", "merge", "observed", "settled", "change")
"""What a rule can judge; see the top of this module."""


class Settled(NamedTuple):
    """The subject of the housekeeping rules."""

    revisions: Sequence[Revision]
    """Those that have an `allow`."""
    ran: frozenset[str]
    """Names of the rules that ran in this stage; an `allow` of any other cannot be judged."""
    used: frozenset[tuple[str, int, str]]
    """Path, line of the comment, and rule of each `allow` that suppressed a finding."""
    exempt: frozenset[str] = frozenset()
    """Ids of revisions that only the rules on the chain and on what is published judged."""


class SettingsChange(NamedTuple):
    """The subject of the rule on settings."""

    before: Settings
    after: Settings
    path: str
    """The file that holds them after the merge, or did before."""
    text: str
    """Its contents after the merge."""
    graphs: Sequence[Graph]
    """Those of all environments, before the merge and after it."""
    left_out: tuple[str, ...] = ()
    """Environments that the settings after the merge do not name."""
    rewritten: tuple[str, ...] = ()
    """Files that `prepare` names, and whose contents differ."""

    def line_of(self, key: str) -> int:
        """Return the first line that sets a key; 1 if there is none."""
        for number, line in enumerate(self.text.splitlines(), 1):
            if line.strip().strip("[]").removeprefix("tool.revgate.").startswith(key):
                return number
        return 1

    def is_before(self, key: str | None, other: str | None) -> bool:
        """Whether a revision comes before another one."""
        return any(
            other in graph.by_id and key in graph.ancestors(other or "") for graph in self.graphs
        )


class Rule(NamedTuple):
    """One rule and its metadata."""

    name: str
    """The module's name with dashes, as used in reports, settings and `allow`."""
    group: Group
    severity: Severity
    judges: str
    """One of `SUBJECTS`."""
    check: Callable[[Any], Iterable[Finding]]
    documentation: str
    """The module's docstring: Markdown, with the summary on the first line."""
    lasting: bool = True
    """False if the verdict on an unchanged file can change with time."""
    enabled: bool = True
    """Whether it runs unless the settings say otherwise; one that is off has to be named."""
    reported: bool = True
    """False if its findings are only counted, since the run ignores it or selects others."""
    proved: Severity | None = None
    """The severity of findings that it does not mark as milder, if that is not `severity`."""

    def with_severity(self, configured: str | None) -> Rule:
        """Return the rule with the severity that the settings give it, if any."""
        if configured is None:
            return self
        severity = Severity(configured)
        return self._replace(severity=severity, proved=self.proved and severity)

    def severity_of(self, finding: Finding) -> Severity:
        """Return how much one of its findings matters."""
        if self.proved:
            return self.severity if finding.severity is WARNING else self.proved
        return WARNING if finding.severity is WARNING else self.severity

    @property
    def is_live(self) -> bool:
        """Whether it needs a round trip."""
        return self.judges == "observed"

    @property
    def traits(self) -> str:
        """Group and severity, and whether it is off, as readers see them."""
        off = "" if self.enabled else ", off unless enabled"
        return f"{self.group}, {self.severity}{off}"

    @property
    def summary(self) -> str:
        """The first line of the documentation, without the full stop."""
        return self.documentation.partition("\n")[0].rstrip(".")


def rule(
    *,
    severity: Severity,
    group: Group,
    lasting: bool = True,
    enabled: bool = True,
    proved: Severity | None = None,
) -> Callable[[Callable[[Any], Iterable[Finding]]], Rule]:
    """Turn a function that yields findings into a rule, documented by its module's docstring.

    Raises:
        TypeError: At import, if the function takes anything but one parameter that names a subject.
    """

    def declare(check: Callable[[Any], Iterable[Finding]]) -> Rule:
        name = check.__module__.rpartition(".")[2].replace("_", "-")
        return Rule(
            name=name,
            group=group,
            severity=severity,
            judges=_subject(name, check),
            check=check,
            documentation=(check.__globals__["__doc__"] or "").strip(),
            lasting=lasting,
            enabled=enabled,
            proved=proved,
        )

    return declare


def _subject(name: str, check: Callable[..., object]) -> str:
    """Return the name of a rule's parameter. `inspect` would cost the hooks 10 ms."""
    code = check.__code__
    count = code.co_argcount + code.co_kwonlyargcount
    count += bool(code.co_flags & _VARARGS) + bool(code.co_flags & _VARKEYWORDS)
    parameters = code.co_varnames[:count]
    if code.co_argcount != 1 or count != 1 or parameters[0] not in SUBJECTS:
        raise TypeError(
            f"the rule {name!r} must take one parameter, named {', '.join(SUBJECTS[:-1])} or"
            f" {SUBJECTS[-1]}, not ({', '.join(parameters)})"
        )
    return parameters[0]


_VARARGS, _VARKEYWORDS = 0x04, 0x08  # as in `inspect.CO_VARARGS` and `CO_VARKEYWORDS`


@cache
def all_rules() -> dict[str, Rule]:
    """Return every rule by name, sorted by group and then by name."""
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
    """Return the rules that judge a subject, as in `rules_that_judge("script")`."""
    return tuple(each for each in all_rules().values() if each.judges == subject)


def ask(rule: Rule, subjects: Iterable[object], environment: str) -> Iterator[Finding]:
    """Run one rule, and add its name, its severity and the environment to its findings."""
    for subject in subjects:
        for finding in rule.check(subject):
            severity = rule.severity_of(finding)
            yield finding._replace(rule=rule.name, severity=severity, environment=environment)
