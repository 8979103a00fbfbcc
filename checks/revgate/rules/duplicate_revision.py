"""Two files have the same revision id.

## Why it hurts
Alembic keeps the one and drops the other with no more than a warning: its migration never runs.
It happens when a revision is made by copying a file.

## Example
    # 20251118120000_add_invoices.py
    revision = "20251118120000"

    # 20251118130000_add_receipts.py
    revision = "20251118120000"

## Instead
    # 20251118130000_add_receipts.py
    revision = "20251118130000"
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from revgate.rules import CHAIN, ERROR, Finding, Related, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from revgate.history.history import History


@rule(severity=ERROR, group=CHAIN)
def duplicate_revision(history: History) -> Iterator[Finding]:
    """Yield one finding a shared id, at the last file that has it."""
    for key, revisions in sorted(history.graph.duplicates.items()):
        *others, last = revisions
        yield Finding.at(
            last,
            last.id_at,
            f"the id `{key}` is also the id of {', '.join(f'`{each.path}`' for each in others)}",
            help=f"give one of the files an id of its own; where `{last.name}` is the copy, change"
            " its `revision`, and the `down_revision` of what follows it",
            related=[
                Related(each.path, each.id_at[0], f"`{key}` is the id of this file too")
                for each in others
            ],
        )
