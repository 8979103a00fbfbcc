"""A revision has more than one parent.

## Why it hurts
A merge point mends a fork after the fact, and makes the order of the revisions an accident: two
databases may have run the two branches in different orders, and `alembic downgrade -1` no longer
has one meaning. Where `linear = true`, the default, the later branch is put behind the earlier
one instead.

## Example
    down_revision = ("20251118120000", "20251118130000")

## Instead
    # 20251118130000_add_receipts.py, whose parent was the parent of 20251118120000
    down_revision = "20251118120000"

Histories that merge on purpose set `linear = false`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from revgate.rules import CHAIN, ERROR, Finding, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from revgate.history.history import History


@rule(severity=ERROR, group=CHAIN)
def merge_revision(history: History) -> Iterator[Finding]:
    """Yield each merge point, where the history is to be linear."""
    if not history.scope.linear:
        return
    for revision in history.revisions:
        if len(revision.parents) > 1:
            parents = ", ".join(f"`{parent}`" for parent in revision.parents)
            first, *others = revision.parents
            yield Finding.at(
                revision,
                revision.parents_at,
                f"`{revision.id}` has {len(revision.parents)} parents: {parents}",
                help=f"put the branches one behind the other: let the first revision of the branch"
                f" of `{others[0]}` follow `{first}`, and remove this file unless it does more than"
                " merge; where merges are wanted, set `linear = false`",
            )
