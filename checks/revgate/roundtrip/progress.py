"""Progress bars on a terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Report = Callable[[str], None]
"""Called with the name of the pass after each step."""


@contextmanager
def progress(revisions: int, *, shown: bool) -> Iterator[Report]:
    """Show one bar for each pass on standard error, if it is a terminal."""
    if not (shown and sys.stderr.isatty()):
        yield lambda _name: None
        return
    try:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
    except ImportError:
        yield lambda _name: None
        return
    columns = (TextColumn("{task.description:>14}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        tasks: dict[str, object] = {}

        def report(name: str) -> None:
            if name not in tasks:
                tasks[name] = bars.add_task(name, total=revisions)
            bars.advance(tasks[name])  # type: ignore[arg-type]

        yield report
