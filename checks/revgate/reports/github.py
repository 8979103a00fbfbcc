"""Annotations on a pull request, written as GitHub workflow commands.

Escapes and limits follow `command.ts` of actions/toolkit and
https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from revgate.findings import ERROR
from revgate.reports import most_severe_first, verdict
from revgate.text import count, harmless, printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from revgate.findings import Finding
    from revgate.reports import Style
    from revgate.result import Result

MOST = 10
"""Annotations of one type that GitHub shows per step; it silently drops the rest."""


def render(result: Result, style: Style) -> str:  # noqa: ARG001 - every format's signature
    """Write a command for each finding that GitHub will show, and count the others."""
    return "".join(f"{line}\n" for line in _lines(result))


def _lines(result: Result) -> Iterator[str]:
    left = {"error": MOST, "warning": MOST}
    for at in most_severe_first(result):
        finding = result.findings[at]
        kind = finding.severity.value
        left[kind] -= 1
        if left[kind] >= 0:
            yield _annotation(finding)
    if more := [f"{count(-number, kind)}" for kind, number in left.items() if number < 0]:
        said = f"and {' and '.join(more)} more, which GitHub does not show here"
        yield f"::notice title=revgate::{said}"
    for note in result.remarks:
        yield harmless(f"note: {printable(note)}")
    yield f"revgate: {verdict(result)}"


def _annotation(finding: Finding) -> str:
    kind = "error" if finding.severity is ERROR else "warning"
    properties = {
        "file": printable(finding.path),
        "line": str(finding.line),
        "col": str(finding.column),
        "title": f"revgate: {finding.rule}",
    }
    written = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    return f"::{kind} {written}::{_data(_message(finding))}"


def _message(finding: Finding) -> str:
    lines = [printable(finding.message)]
    lines += [
        f"{printable(each.path)}:{each.line}: {printable(each.message)}" for each in finding.related
    ]
    lines += [
        f"{'help: ' if number == 0 else '      '}{printable(line)}"
        for number, line in enumerate(finding.help.splitlines())
    ]
    # Annotations are also printed to the log, line by line.
    return "\n".join(map(harmless, lines))


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
