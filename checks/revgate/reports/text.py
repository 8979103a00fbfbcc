"""The report for people: findings as `path:line:column`, what to do, and a verdict."""

from typing import TYPE_CHECKING

from revgate.findings import ERROR
from revgate.reports import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from revgate.findings import Finding, Judged, Result
    from revgate.reports import Style

_RED, _YELLOW, _GREEN, _BOLD, _DIM = "31", "33", "32", "1", "2"


def render(result: "Result", style: "Style") -> str:
    """Write the result; every line ends in a newline."""
    lines: list[str] = []
    for finding in result.findings:
        lines += _finding(finding, style)
    if not style.quiet:
        if lines:
            lines.append("")
        lines += _passes(result)
        lines += [f"note: {printable(note)}" for note in result.notes]
        lines += [_environment(judged) for judged in result.environments]
        lines.append(_verdict(result, style))
    return "".join(f"{line}\n" for line in lines)


def _finding(finding: "Finding", style: "Style") -> "Iterator[str]":
    place = f"{printable(finding.path)}:{finding.line}:{finding.column}:"
    color = _RED if finding.severity is ERROR else _YELLOW
    rule = _paint(f"{finding.severity.value}[{finding.rule}]", color, style)
    yield f"{_paint(place, _BOLD, style)} {rule} {printable(finding.message)}"
    for related in finding.related:
        yield f"    {printable(related.path)}:{related.line}: {printable(related.message)}"
    for number, line in enumerate(finding.help.splitlines()):
        label = _paint("help:", _DIM, style) if number == 0 else "     "
        yield f"    {label} {printable(line)}"


def _passes(result: "Result") -> "Iterator[str]":
    if result.roundtrip is None:
        return
    server = result.roundtrip["server"]
    yield printable(f"PostgreSQL {server['version']} ({server['kind']})")
    for each in result.roundtrip["passes"]:
        tables = _count(each["tables"], "table")
        yield f"  {each['name']:<14} {tables:>11} {each['seconds']:>8.2f} s"


def _environment(judged: "Judged") -> str:
    heads = ", ".join(judged.heads) or "none"
    word = "head" if len(judged.heads) == 1 else "heads"
    count = _count(judged.revisions, "revision")
    return printable(f"{judged.environment.name}: {count}, {word} {heads}")


def _verdict(result: "Result", style: "Style") -> str:
    allowed = f", {result.allowed} allowed" if result.allowed else ""
    if result.errors:
        return _paint(
            f"✗ {_count(result.errors, 'error')}, {_count(result.warnings, 'warning')}{allowed}",
            _RED,
            style,
        )
    warnings = f", {_count(result.warnings, 'warning')}" if result.warnings else ""
    return _paint(f"✓ no errors{warnings}{allowed}", _GREEN, style)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")


def _paint(text: str, code: str, style: "Style") -> str:
    return f"\033[{code}m{text}\033[0m" if style.color else text
