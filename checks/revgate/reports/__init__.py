"""Report formats: pure functions from a result to text, one module per format.

Anything that came from a repository (file names, ids, messages) is data: it can never become
markup, a command or a terminal escape.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from revgate import FORMATS
from revgate.text import count

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from revgate.findings import Finding
    from revgate.reports.about import About
    from revgate.reports.detail import Detail
    from revgate.result import Result
    from revgate.roundtrip.observed import Pass, RoundTrip, Step

__all__ = [
    "DETAILED",
    "FORMATS",
    "HOME",
    "MOST_OF_A_RULE",
    "SITE",
    "SLOW_MS",
    "WITH_OPERATIONS",
    "WITH_SOURCES",
    "Style",
    "in_reading_order",
    "most_severe_first",
    "passes",
    "render",
    "rule_link",
    "steps",
    "verdict",
    "worth_showing",
]

SLOW_MS = 1000
"""Milliseconds from which a revision counts as slow."""

HOME = "https://github.com/revgate/revgate"
"""The prefix of links in reports."""

MOST_OF_A_RULE = 20
"""Findings of one rule that are shown unless all are asked for."""

SITE = "https://revgate.github.io/revgate"
"""The documentation, with a page for each rule."""

DETAILED = frozenset(("comment", "html", "junit", "markdown"))
"""Formats that show the revisions themselves, and so need `details`."""

WITH_OPERATIONS = frozenset(("html",))
"""Formats that also show what each revision does: every file is then fully parsed."""


WITH_SOURCES = frozenset(("comment", "html", "markdown", "text"))
"""Formats that show the code of a finding."""


class Style(NamedTuple):
    """What the output device can show."""

    color: bool = False
    quiet: bool = False
    """Findings only, without the summary."""
    links_to: str | None = None
    """The absolute path of the repository root if the terminal supports links; else None."""
    width: int | None = None
    """Columns of the terminal; None to leave lines unwrapped."""
    sources: Mapping[str, Sequence[str]] = {}
    """The lines of files that findings are about, by path, for the formats in `WITH_SOURCES`."""
    about: About | None = None
    """The repository and the commit, for the format `html`."""
    show_all: bool = False
    """Whether to show every finding, also where a rule has very many."""
    statistics: bool = False
    """Whether to count the findings of each rule instead of showing them."""


def render(
    result: Result,
    form: str,
    style: Style = Style(),  # noqa: B008 - immutable
    details: Sequence[Detail] = (),
) -> str:
    """Write a result in one of `FORMATS`.

    Args:
        result: What was found.
        form: The format.
        style: What the output device can show, and the sources of what is shown.
        details: The environments' revisions, for the formats in `DETAILED`; without them, these
            formats show only the result itself.
    """
    from importlib import import_module

    module = import_module(f"{__name__}.{form}")
    if form in DETAILED:
        draw: Callable[[Result, Sequence[Detail], Style], str] = module.render
        return draw(result, details, style)
    write: Callable[[Result, Style], str] = module.render
    return write(result, style)


def passes(result: Result) -> Iterator[tuple[str, Pass]]:
    """Yield every pass and its name, with its environment if there are several."""
    for trip in result.roundtrips:
        prefix = f"{trip.environment.name}: " if len(result.environments) > 1 else ""
        for each in trip.passes:
            yield f"{prefix}{each.name}", each


def durations(result: Result) -> Iterator[tuple[str, float]]:
    """Yield what took time outside of the passes, in seconds, over all environments."""
    seconds: dict[str, float] = {}
    for trip in result.roundtrips:
        for name, each in trip.durations:
            seconds[name] = seconds.get(name, 0.0) + each
    yield from seconds.items()


def deploy_order(trips: Iterable[RoundTrip]) -> str:
    """Return what can be deployed first in all environments; empty if that is known of none."""
    orders = {trip.deploy_order for trip in trips if trip.deploy_order}
    orders = orders - {"either"} or orders
    return orders.pop() if len(orders) == 1 else "neither" if orders else ""


ORDERS = {
    "migrate first": "the running code works on the new schema; the new code needs the migration",
    "code first": "the new code works on the schema as it is; the migration breaks the old code",
    "either": "the running code works on the new schema, and the new code on the schema as it is",
    "neither": "the migration breaks the running code, and the new code needs the migration",
}
"""What each deploy order means."""


def steps(result: Result) -> list[Step]:
    """Return the steps of all round trips."""
    return [step for trip in result.roundtrips for step in trip.steps]


def rule_link(name: str) -> str:
    """Return the URL of the documentation of a rule."""
    return f"{SITE}/rules/{name}/" if name else HOME


def verdict(result: Result) -> str:
    """Say in a few words how a run ended."""
    # "no errors" would not be true of what is not shown.
    clean = "no errors" if not result.ignored else "0 errors"
    said = [count(result.errors, "error") if result.errors else clean]
    if result.errors or result.warnings:
        said.append(count(result.warnings, "warning"))
    if result.allowed:
        said.append(f"{result.allowed} allowed")
    if result.ignored:
        said.append(f"{result.ignored} ignored")
    if result.problem:
        said.append("and the round trip could not run")
    return f"{'✗' if result.errors or result.problem else '✓'} {', '.join(said)}"


def most_severe_first(result: Result) -> Iterable[int]:
    """Return the indexes of findings, errors before warnings, otherwise in order."""
    findings = result.findings
    return sorted(range(len(findings)), key=lambda at: findings[at].severity != "error")


def in_reading_order(result: Result) -> list[Finding]:
    """Return the findings as people read them: errors first, the chain before names, by rule."""
    if not result.findings:
        return []  # a run that finds nothing, as most hooks, loads no rules
    from revgate.rules import Group, all_rules

    rules, groups = all_rules(), [*Group]
    unknown = (len(groups), "")

    def rank(finding: Finding) -> tuple[bool, tuple[int, str]]:
        rule = rules.get(finding.rule)
        place = (groups.index(rule.group), rule.name) if rule else unknown
        return finding.severity != "error", place

    return sorted(result.findings, key=rank)


def worth_showing(result: Result, *, show_all: bool) -> list[Finding]:
    """Return the findings in reading order, of each rule only some unless all are asked for."""
    found = in_reading_order(result)
    if show_all:
        return found
    seen: dict[str, int] = {}
    kept = []
    for finding in found:
        seen[finding.rule] = seen.get(finding.rule, 0) + 1
        if seen[finding.rule] <= MOST_OF_A_RULE:
            kept.append(finding)
    return kept
