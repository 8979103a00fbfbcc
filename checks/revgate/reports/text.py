"""The report for people: findings as `path:line:column`, what to do, and a verdict."""

from __future__ import annotations

from typing import TYPE_CHECKING

from revgate.findings import ERROR
from revgate.reports import ORDERS, SLOW_MS, deploy_order, durations, passes, steps, verdict
from revgate.text import count, harmless, printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from revgate.findings import Finding
    from revgate.reports import Style
    from revgate.result import Judged, Result
    from revgate.roundtrip.observed import Step

_RED, _YELLOW, _GREEN, _BOLD, _DIM = "31", "33", "32", "1", "2"
_SLOWEST = 5
_SHOWN = 0.005
"""Seconds that are not shown as 0.00."""
_HELP = "    help: "


def render(result: Result, style: Style) -> str:
    """Write the result; every line ends in a newline."""
    lines: list[str] = []
    for finding in result.findings:
        lines += _finding(finding, style)
    if not style.quiet:
        if lines:
            lines.append("")
        lines += _passes(result)
        lines += [f"note: {printable(note)}" for note in result.remarks]
        lines += [_environment(judged) for judged in result.environments]
        color = _RED if result.errors else _GREEN
        lines.append(_paint(verdict(result), color, style))
    return "".join(f"{harmless(line)}\n" for line in lines)


def _finding(finding: Finding, style: Style) -> Iterator[str]:
    place = _place(finding.path, f"{finding.line}:{finding.column}", style)
    color = _RED if finding.severity is ERROR else _YELLOW
    rule = _paint(f"{finding.severity.value}[{finding.rule}]", color, style)
    yield f"{_paint(place, _BOLD, style)} {rule} {printable(finding.message)}"
    for related in finding.related:
        yield f"    {_place(related.path, str(related.line), style)} {printable(related.message)}"
    for number, line in enumerate(finding.help.splitlines()):
        label = _paint("help:", _DIM, style) if number == 0 else "     "
        for part in _wrapped(printable(line), style):
            yield f"    {label} {part}"
            label = "     "


def _place(path: str, position: str, style: Style) -> str:
    """Name a place; if the terminal supports links, the path links to the file."""
    shown = printable(path)
    if style.links_to is None:
        return f"{shown}:{position}:"
    import os

    from revgate.reports.uri import quoted

    target = quoted(os.path.join(style.links_to, path))
    return f"\033]8;;file://{target}\033\\{shown}\033]8;;\033\\:{position}:"


def _wrapped(text: str, style: Style) -> Sequence[str]:
    """Wrap a line of help at the terminal width, but never within backticks: that is code."""
    if style.width is None or len(text) + len(_HELP) <= style.width:
        return [text]
    lines = [""]
    for word in _words(text):
        if lines[-1] and len(_HELP) + len(lines[-1]) + 1 + len(word) > style.width:
            lines.append(word)
        else:
            lines[-1] += f" {word}" if lines[-1] else word
    return lines


def _words(text: str) -> Iterator[str]:
    word = ""
    for part in text.split(" "):
        word = f"{word} {part}" if word else part
        if word.count("`") % 2 == 0:
            yield word
            word = ""
    if word:
        yield word


def _passes(result: Result) -> Iterator[str]:
    if not result.roundtrips:
        return
    server = result.roundtrips[0].server
    yield printable(f"PostgreSQL {server.version} ({server.kind})")
    for name, each in passes(result):
        tables = count(each.tables, "table")
        yield f"  {printable(name):<14} {tables:>11} {each.seconds:>8.2f} s"
    for name, seconds in durations(result):
        if seconds >= _SHOWN:
            yield f"  {name:<14} {'':>11} {seconds:>8.2f} s"
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
