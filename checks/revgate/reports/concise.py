"""One line for each finding, for editors and grep: `path:line:column: severity[rule] message`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from revgate.reports import in_reading_order, verdict
from revgate.text import harmless, printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from revgate.reports import Style
    from revgate.result import Result


def render(result: Result, style: Style) -> str:
    """Write the result; every line ends in a newline."""
    return "".join(f"{harmless(line)}\n" for line in _lines(result, style))


def _lines(result: Result, style: Style) -> Iterator[str]:
    for finding in in_reading_order(result):
        place = f"{finding.path}:{finding.line}:{finding.column}"
        yield printable(f"{place}: {finding.severity.value}[{finding.rule}] {finding.message}")
    if not style.quiet:
        yield from (f"note: {printable(note)}" for note in result.remarks)
        yield verdict(result)
