"""Two files have the same revision id.

## Why it hurts
Alembic keeps one of them and drops the other with only a warning: its migration never runs. This
happens when a revision is created by copying a file.

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
    """Yield one finding per shared id, at the last file that has it."""
    for key, revisions in sorted(history.graph.duplicates.items()):
        *others, last = revisions
        yield Finding.at(
            last,
            last.id_at,
            f"the id `{key}` is also the id of {', '.join(f'`{each.path}`' for each in others)}",
            help=f"give one of the files a unique id; if `{last.name}` is the copy, change its"
            " `revision`, and the `down_revision` of the revisions that follow it",
            related=[
                Related(each.path, each.id_at[0], f"`{key}` is also the id of this file")
                for each in others
            ],
        )
