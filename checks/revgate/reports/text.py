"""The report for people: each finding with its code and what to do, and a verdict."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from revgate.findings import ERROR
from revgate.reports import (
    MOST_OF_A_RULE,
    ORDERS,
    SLOW_MS,
    deploy_order,
    durations,
    in_reading_order,
    passes,
    steps,
    verdict,
    worth_showing,
)
from revgate.reports.advice import pieces
from revgate.reports.excerpt import excerpt
from revgate.reports.wrapping import wrapped
from revgate.text import count, harmless, printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from revgate.findings import Finding
    from revgate.reports import Style
    from revgate.result import Judged, Result
    from revgate.roundtrip.observed import Step

_RED, _YELLOW, _GREEN, _BOLD, _DIM = "31", "33", "32", "1", "2"
_SLOWEST = 5
_SHOWN = 0.005
"""Seconds that are not shown as 0.00."""
_HELP_INDENT = " " * len("  help: ")
_FEW = 3
"""So many findings can be counted at a glance."""


def render(result: Result, style: Style) -> str:
    """Write the result; every line ends in a newline."""
    lines = [*(_statistics(result) if style.statistics else _findings(result, style))]
    if not style.quiet:
        lines += _passes(result)
        for note in result.remarks:
            lines += wrapped(f"note: {printable(note)}", style.width, "      ")
        lines += [_environment(judged) for judged in result.environments]
        color = _RED if result.errors else _GREEN
        lines.append(_paint(verdict(result), color, style))
    return "".join(f"{harmless(line)}\n" for line in lines)


def _findings(result: Result, style: Style) -> Iterator[str]:
    shown = worth_showing(result, show_all=style.show_all)
    last = {finding.rule: number for number, finding in enumerate(shown)}
    total = Counter(finding.rule for finding in result.findings)
    for number, finding in enumerate(shown):
        yield from _finding(finding, style)
        left = total[finding.rule] - MOST_OF_A_RULE
        if not style.show_all and left > 0 and last[finding.rule] == number:
            yield f"... and {left:,} more of {finding.rule}; `--show all` shows them"
        yield ""
    if len(result.findings) > _FEW:
        yield from _statistics(result)


def _statistics(result: Result) -> Iterator[str]:
    """Yield the number of findings of each rule, the worst first."""
    total = Counter((each.rule, each.severity.value) for each in in_reading_order(result))
    for (rule, severity), number in total.items():
        yield f"{number:>6,}  {severity:<7}  {rule}"
    if total:
        yield ""


def _finding(finding: Finding, style: Style) -> Iterator[str]:
    color = _RED if finding.severity is ERROR else _YELLOW
    rule = f"{finding.severity.value}[{finding.rule}]"
    first, *rest = wrapped(f"{rule} {printable(finding.message)}", style.width, "  ")
    yield _paint(rule, color, style) + first.removeprefix(rule)
    yield from rest
    place = _place(finding.path, f"{finding.line}:{finding.column}", style)
    yield f"  --> {_paint(place, _BOLD, style)}"
    yield from _excerpt(style, finding.path, finding.line, finding.column)
    for related in finding.related:
        where = _place(related.path, str(related.line), style)
        yield from wrapped(f"  {where}: {printable(related.message)}", style.width, "    ")
        yield from _excerpt(style, related.path, related.line)
    yield from _help(finding, style)


def _help(finding: Finding, style: Style) -> Iterator[str]:
    """Yield what to do; longer code has lines of its own, to be copied."""
    for number, (is_code, piece) in enumerate(pieces(finding.help)):
        if is_code:
            yield f"{_HELP_INDENT}    {piece}"
            continue
        label = "  help: " if number == 0 else _HELP_INDENT
        text, *more = wrapped(f"{label}{piece}", style.width, _HELP_INDENT)
        yield text.replace("help:", _paint("help:", _DIM, style), 1) if number == 0 else text
        yield from more


def _excerpt(style: Style, path: str, line: int, column: int | None = None) -> Iterator[str]:
    for each in excerpt(style.sources.get(path, ()), line, column, style.width):
        yield _paint(each, _DIM, style) if column is None else each


def _place(path: str, position: str, style: Style) -> str:
    """Name a place; if the terminal supports links, the path links to the file."""
    shown = printable(path)
    if style.links_to is None:
        return f"{shown}:{position}"
    import os

    from revgate.reports.uri import quoted

    target = quoted(os.path.join(style.links_to, path))
    return f"\033]8;;file://{target}\033\\{shown}\033]8;;\033\\:{position}"


def _passes(result: Result) -> Iterator[str]:
    if not result.roundtrips:
        return
    from revgate.roundtrip.observed import PRODUCTION, TOTAL

    server = result.roundtrips[0].server
    yield printable(f"PostgreSQL {server.version} ({server.kind})")
    taken = 0.0
    for name, each in passes(result):
        taken += each.seconds
        tables = count(each.tables, "table")
        meaning = "" if each.complete else "  failed"
        if each.name == PRODUCTION:
            meaning += "  (all at once, as a deployment runs it)"
        yield f"  {printable(name):<14} {tables:>11} {each.seconds:>8.2f} s{meaning}"
    for name, seconds in durations(result):
        meaning = ""
        if name == TOTAL and seconds < taken:
            meaning = "  (passes ran side by side)"
        taken += seconds
        if seconds >= _SHOWN:
            yield f"  {name:<14} {'':>11} {seconds:>8.2f} s{meaning}"
    if order := deploy_order(result.roundtrips):
        yield f"deploy-order: {order} ({ORDERS[order]})"
    slow = [step for step in steps(result) if step.longest_ms >= SLOW_MS]
    slow.sort(key=lambda step: step.longest_ms, reverse=True)
    yield from (printable(_slow(step)) for step in slow[:_SLOWEST])
    if len(slow) > _SLOWEST:
        yield f"  {len(slow) - _SLOWEST:,} more took over a second"


def _slow(step: Step) -> str:
    """Describe a slow revision with the locks it held for that long."""
    up, down = ((each or 0.0) / 1000 for each in (step.upgrade_ms, step.downgrade_ms))
    held = [f"{lock.mode} on {lock.table}" for _, lock in step.locks]
    held += [f"rewrites {table}" for table in step.rewrites]
    also = f", {', '.join(dict.fromkeys(held))}" if held else ""
    return f"  slow: {step.revision.id} took {up:.2f} s up and {down:.2f} s down{also}"


def _environment(judged: Judged) -> str:
    heads = ", ".join(judged.heads) or "none"
    word = "head" if len(judged.heads) == 1 else "heads"
    revisions = count(judged.revisions, "revision")
    return printable(f"{judged.environment.name}: {revisions}, {word} {heads}")


def _paint(text: str, code: str, style: Style) -> str:
    return f"\033[{code}m{text}\033[0m" if style.color else text
