"""Progress bars on a terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Report = Callable[[str], None]
"""Called with the name of the pass after each step."""


@contextmanager
def progress(revisions: int, *, shown: bool) -> Iterator[Report]:
    """Show one bar for each pass, and its time, on standard error if that is a terminal."""
    if not (shown and sys.stderr.isatty()):
        yield lambda _name: None
        return
    try:
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            TextColumn,
            TimeElapsedColumn,
        )
    except ImportError:
        yield lambda _name: None
        return
    description = TextColumn("{task.description:>14}")
    columns = (description, BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        tasks: dict[str, object] = {}
        # It pulses until the first step, since the server and env.py take a while to start.
        setup = bars.add_task("setup", total=None)

        def report(name: str) -> None:
            bars.update(setup, total=1, completed=1)
            if name not in tasks:
                tasks[name] = bars.add_task(name, total=revisions)
            bars.advance(tasks[name])  # type: ignore[arg-type]

        yield report
