"""Report formats: pure functions from a result to text, one module per format.

Anything that came from a repository (file names, ids, messages) is data: it can never become
markup, a command or a terminal escape.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from revgate import FORMATS
from revgate.text import count

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from revgate.reports.detail import Detail
    from revgate.result import Result
    from revgate.roundtrip.observed import Pass, RoundTrip, Step

__all__ = [
    "DETAILED",
    "FORMATS",
    "HOME",
    "SITE",
    "SLOW_MS",
    "WITH_OPERATIONS",
    "Style",
    "most_severe_first",
    "passes",
    "render",
    "rule_link",
    "steps",
    "verdict",
]

SLOW_MS = 1000
"""Milliseconds from which a revision counts as slow."""

HOME = "https://github.com/revgate/revgate"
"""The prefix of links in reports."""

SITE = "https://revgate.github.io/revgate"
"""The documentation, with a page for each rule."""

DETAILED = frozenset(("comment", "html", "junit", "markdown"))
"""Formats that show the revisions themselves, and so need `details`."""

WITH_OPERATIONS = frozenset(("html",))
"""Formats that also show what each revision does: every file is then fully parsed."""


class Style(NamedTuple):
    """What the output device can show."""

    color: bool = False
    quiet: bool = False
    """Findings only, without the summary."""
    links_to: str | None = None
    """The absolute path of the repository root if the terminal supports links; else None."""
    width: int | None = None
    """Columns of the terminal; None to leave lines unwrapped."""


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
        style: What the output device can show; only the text format uses it.
        details: The environments' revisions, for the formats in `DETAILED`; without them, these
            formats show only the result itself.
    """
    from importlib import import_module

    module = import_module(f"{__name__}.{form}")
    if form in DETAILED:
        draw: Callable[[Result, Sequence[Detail]], str] = module.render
        return draw(result, details)
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
    return f"{'✗' if result.errors else '✓'} {', '.join(said)}"


def most_severe_first(result: Result) -> Iterable[int]:
    """Return the indexes of findings, errors before warnings, otherwise in order."""
    findings = result.findings
    return sorted(range(len(findings)), key=lambda at: findings[at].severity != "error")
