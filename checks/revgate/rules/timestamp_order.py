"""A revision is stamped earlier than its parent.

## Why it hurts
Files lie in the order of their names, and a reader takes that for the order in which they run.
It happens when a branch is put behind another without a fresh timestamp.

## Example
    # 20251118120000_add_invoices.py
    down_revision = "20251119080000"

## Instead
    # 20251119090000_add_invoices.py
    down_revision = "20251119080000"
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from revgate.rules import ERROR, NAMING, Finding, Related, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from revgate.history.history import History


@rule(severity=ERROR, group=NAMING)
def timestamp_order(history: History) -> Iterator[Finding]:
    """Yield each revision whose timestamp is before that of a parent."""
    by_id = history.graph.by_id
    for revision in history.revisions:
        stamp = revision.stamp
        for parent in [by_id[key] for key in revision.parents if key in by_id]:
            before = parent.stamp
            # Stamps of different length come from different forms and do not compare.
            if stamp < before and len(before) == len(stamp):
                yield Finding.at(
                    revision,
                    revision.parents_at,
                    f"`{revision.id}` is stamped {stamp}, before its parent `{parent.id}`"
                    f" ({before})",
                    help=f"give `{revision.id}` a fresh timestamp: rename `{revision.name}`, and"
                    " change the id in it and in the `down_revision` of what follows",
                    related=[Related(parent.path, parent.id_at[0], "the parent")],
                )
