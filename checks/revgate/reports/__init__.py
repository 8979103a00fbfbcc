"""The formats: pure functions from a result to text, one module a format.

Knows how a result looks, and nothing of where it came from. Whatever stood in a repository (file
names, ids, messages) is data here, and can become neither markup nor a command nor a terminal
escape.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from revgate import FORMATS
from revgate.text import count

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any

    from revgate.reports.detail import Detail
    from revgate.result import Result

__all__ = [
    "DETAILED",
    "FORMATS",
    "HOME",
    "SITE",
    "WITH_OPERATIONS",
    "Style",
    "most_severe_first",
    "pass_name",
    "render",
    "rule_link",
    "verdict",
]

HOME = "https://github.com/revgate/revgate"
"""What links in reports begin with."""

SITE = "https://revgate.github.io/revgate"
"""The documentation, with a page for each rule."""

DETAILED = frozenset(("comment", "html", "junit", "markdown"))
"""Formats that show the revisions themselves, and so want `details`."""

WITH_OPERATIONS = frozenset(("html",))
"""Those that show too what each revision does: every file is then parsed whole."""


class Style(NamedTuple):
    """What the place that the text goes to can show."""

    color: bool = False
    quiet: bool = False
    """Findings only, without the summary."""
    links_to: str | None = None
    """The repository root, an absolute path, where the terminal can follow a link; else None."""
    width: int | None = None
    """Columns of the terminal; None where lines are left as they are."""


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
        style: What the place that it goes to can show; the text alone looks at it.
        details: The environments' revisions, for the formats in `DETAILED`; without them, these
            formats show what the result itself tells.
    """
    from importlib import import_module

    module = import_module(f"{__name__}.{form}")
    if form in DETAILED:
        draw: Callable[[Result, Sequence[Detail]], str] = module.render
        return draw(result, details)
    write: Callable[[Result, Style], str] = module.render
    return write(result, style)


def pass_name(result: Result, told: dict[str, Any]) -> str:
    """Say which pass it is; and of which environment, where several were run."""
    name = str(told["name"])
    if len(result.environments) < 2 or "environment" not in told:
        return name
    return f"{told['environment']}: {name}"


def rule_link(name: str) -> str:
    """Return where a rule is documented."""
    return f"{SITE}/rules/{name}/" if name else HOME


def verdict(result: Result) -> str:
    """Say in a few words how a run ended."""
    said = [count(result.errors, "error") if result.errors else "no errors"]
    if result.errors or result.warnings:
        said.append(count(result.warnings, "warning"))
    if result.allowed:
        said.append(f"{result.allowed} allowed")
    return f"{'✗' if result.errors else '✓'} {', '.join(said)}"


def most_severe_first(result: Result) -> Iterable[int]:
    """Return the places of findings in the result, errors before warnings, else as they stand."""
    findings = result.findings
    return sorted(range(len(findings)), key=lambda at: findings[at].severity != "error")
