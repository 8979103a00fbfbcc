"""A revision's timestamp is earlier than its parent's.

## Why it hurts
Files are sorted by name, and readers assume that they run in that order. This happens when a branch
is moved after another one without a new timestamp.

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
            # Timestamps of different lengths have different formats and are not comparable.
            if stamp < before and len(before) == len(stamp):
                yield Finding.at(
                    revision,
                    revision.parents_at,
                    f"the timestamp {stamp} of `{revision.id}` is earlier than {before} of its"
                    f" parent `{parent.id}`",
                    help=f"give `{revision.id}` a new timestamp: rename `{revision.name}`, and"
                    " change its id and the `down_revision` of the revisions that follow",
                    related=[Related(parent.path, parent.id_at[0], "the parent")],
                )
