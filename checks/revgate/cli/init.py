"""`revgate init` on the terminal: show what would be written, ask, and write it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from revgate.cli.output import show, write
from revgate.errors import UsageError
from revgate.setup.run import SetupOptions, apply, propose
from revgate.text import printable

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable


def run(start: str, arguments: argparse.Namespace) -> tuple[str, ...]:
    """Set up a repository.

    Args:
        start: A folder of it.
        arguments: `ci`, `dry_run` and `yes`.

    Returns:
        Errors that no setting exempts; `revgate check` reports them.

    Raises:
        UsageError: There is something to write, and no terminal to ask on.
    """
    outcome = propose(start, SetupOptions(arguments.ci))
    write(_lines(outcome.lines))
    show(outcome.diff)
    if not outcome.changes and not outcome.problems:
        write("nothing to do: revgate is already set up\n")
    if outcome.changes and not arguments.dry_run and _agreed(yes=arguments.yes):
        apply(outcome)
        write(_lines(outcome.next))
    return outcome.problems


def _lines(texts: Iterable[str]) -> str:
    return "".join(f"{printable(text)}\n" for text in texts)


def _agreed(*, yes: bool) -> bool:
    if yes:
        return True
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError("nothing was written: pass --yes to write this, or --dry-run to preview")
    try:
        answer = input("write this? [y/N] ")
    except EOFError:
        answer = ""
    if answer.strip().lower() in ("y", "yes"):
        return True
    write("nothing was written\n")
    return False
