"""A file in the versions folder cannot be read as a revision.

## Why it hurts
Alembic imports every `.py` file in the folder, so one broken file stops every command. And a check
that skipped the file would report a history as clean without having seen all of it.

Reports files that are not valid Python for the version that runs revgate, a `revision` or
`down_revision` that is missing or not a literal, and ids with characters that Alembic rejects.

## Example
    revision = make_id("add invoices")
    down_revision = PREVIOUS

## Instead
    revision = "20251118120000"
    down_revision = "20251117000000"
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from revgate.rules import CHAIN, ERROR, Finding, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from revgate.history.history import History


@rule(severity=ERROR, group=CHAIN)
def unreadable_revision(history: History) -> Iterator[Finding]:
    """Yield every problem of every unreadable file."""
    for unreadable in history.unreadable:
        for problem in unreadable.problems:
            line, column = problem.position
            yield Finding(
                problem.message, problem.help, unreadable.path, line, column, unreadable.id
            )
